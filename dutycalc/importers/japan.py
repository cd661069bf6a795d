"""The tariff of Japan: statutory rates, bound rates, preferences and agreements, column by column.

The temporary rate replaces the general one while it is law. The rate bound in the WTO applies to the
origins it is for where it is lower; the publication puts it in brackets where it is not.
"""

from __future__ import annotations

import csv
import gzip
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Final

from dutycalc.expressions import parse
from dutycalc.importers.british import rows
from dutycalc.importers.drafts import Draft
from dutycalc.importers.japan_texts import bracketed, plain
from dutycalc.measures import Column, Entry

AGREEMENTS: Final[Mapping[str, str]] = {
    "gsp": "GSP", "ldc": "LDC", "epa_SG": "SG", "epa_MX": "MX", "epa_MY": "MY", "epa_CL": "CL",
    "epa_TH": "TH", "epa_ID": "ID", "epa_BN": "BN", "epa_ASEAN": "ASEAN", "epa_PH": "PH", "epa_CH": "CH",
    "epa_VN": "VN", "epa_IN": "IN", "epa_PE": "PE", "epa_AU": "AU", "epa_MN": "MN", "epa_CPTPP": "CPTPP",
    "epa_EU": "EU", "epa_GB": "GB", "epa_RCEP_ASEAN_AU_NZ": "RCEP", "epa_RCEP_CN": "RCEP-CN",
    "epa_RCEP_KR": "RCEP-KR", "epa_US": "US",
}  # fmt: skip
"""The origin group of each preferential column."""

_QUOTA: Final = "関税割当数量以内のもの"
_BEYOND: Final = re.compile(r" (?:関税割当数量以外のもの|その他のもの) ")
_NUMBER: Final = re.compile(r"(?<![\w.])\d+(?:\.\d+)?", re.ASCII)


def read(file: Path, draft: Draft) -> None:
    """Gather the lines of the schedule with all their columns."""
    draft.columns = [
        Column("general", "third_country"),
        Column("temporary", "temporary"),
        Column("wto", "treaty", "WTO"),
        Column("wto_not_lower", "treaty_bound", "WTO"),
        Column("agreements", "set"),
    ]
    draft.names = ["code", "unit", *(column.name for column in draft.columns)]
    for row in _rows(file):
        draft.record()
        code = row["code9"]
        if not code.isdecimal() or len(code) != 9:
            draft.drop(code, "code9", code, "no code of nine digits")
            continue
        draft.lines.append(_line(code, row, draft))
    draft.lines.sort()


def _rows(file: Path) -> Iterator[dict[str, str]]:
    needed = ("code9", "unit1", "unit2", "general", "temporary", "wto", *AGREEMENTS)
    if file.suffix != ".gz":
        yield from rows(file, needed)
        return
    with gzip.open(file, "rt", encoding="utf-8", newline="") as stream:
        yield from csv.DictReader(stream)


def _line(code: str, row: Mapping[str, str], draft: Draft) -> tuple[str, ...]:
    general = draft.expression("general", row["general"], record=code)
    temporary = draft.expression("temporary", row["temporary"], record=code) if row["temporary"] else ""
    wto = lower = ""
    if row["wto"]:
        wto = draft.expression("wto", row["wto"], record=code)
        if not bracketed(row["wto"]):
            lower = lower_of(temporary or general, wto)
            wto = "" if lower else wto
    units = "|".join(filter(None, (row["unit1"].strip(), row["unit2"].strip())))
    return (code, units, general, temporary, lower, wto, draft.set_of(_agreements(code, row, draft)))


def lower_of(statutory: str, bound: str) -> str:
    """Return the bound rate where it is lower whatever the goods, nothing where it never is, else both.

    Where the goods decide, both stand with `MAX` between them: the duty is the lower. A form that refuses
    by name stays what it is: the other must not stand in for it.
    """
    if "ref " in bound:
        return bound
    if "ref " in statutory:
        return statutory
    if statutory == "free":
        return ""
    order = _order(statutory, bound)
    if order is None:
        return str(parse(f"({statutory}) MAX ({bound})"))
    return bound if order else ""


def _order(statutory: str, bound: str) -> bool | None:
    """Return whether the bound rate is the lower; None where the goods decide."""
    if bound == "free":
        return True
    if _NUMBER.sub("#", statutory) != _NUMBER.sub("#", bound) or "MIN free" in bound:
        return None
    pairs = [
        (Decimal(one), Decimal(two))
        for one, two in zip(_NUMBER.findall(statutory), _NUMBER.findall(bound), strict=True)
    ]
    if all(two <= one for one, two in pairs):
        return True
    return False if all(two >= one for one, two in pairs) else None


def _agreements(code: str, row: Mapping[str, str], draft: Draft) -> list[Entry]:
    """Return the preferences of the line, those of one rate together; a quota apart from what is beyond."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for name, group in AGREEMENTS.items():
        if not row[name]:
            continue
        text = plain(row[name])
        within, beyond = "", text
        if text.startswith(_QUOTA + " "):
            parts = _BEYOND.split(text.removeprefix(_QUOTA + " "), maxsplit=1)
            within, beyond = parts[0], parts[1] if len(parts) > 1 else ""
        for kind, part, requires in (
            ("preferential_quota", within, "tariff quota certificate"),
            ("preference", beyond, ""),
        ):
            if part:
                rate = draft.expression(name, part, record=code)
                if rate != "not covered":
                    found.setdefault((kind, rate, requires), []).append(group)
    return [(kind, tuple(groups), rate, requires) for (kind, rate, requires), groups in sorted(found.items())]  # type: ignore[misc]
