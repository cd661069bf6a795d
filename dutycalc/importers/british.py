"""Tables of the United Kingdom: the global tariff beside the common tariff, and preferences by agreement."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from dutycalc.errors import FactsError, TableError
from dutycalc.expressions import Reference
from dutycalc.importers.drafts import Draft, is_unreadable, unreadable
from dutycalc.importers.seasons import Day, seasonal
from dutycalc.measures import Column, Entry

FLAGS: Final = {
    "trade_remedy_applies": Column("trade_remedy", "trade_defence"),
    "suspension_applies": Column("suspension", "suspension"),
    "atq_applies": Column("quota", "quota"),
}
"""What the table of the global tariff says to exist without saying how much."""

MARKED: Final = {
    "trade_remedy": Reference("trade remedy, its rate is not in the table"),
    "suspension": Reference("suspension, its rate is not in the table"),
    "quota": Reference("autonomous quota, its rate is not in the table"),
}

AGREEMENTS: Final[Mapping[str, str]] = {
    "Albania": "AL", "Andean - Colombia": "CO", "Andean - Ecuador": "EC", "Andean - Peru": "PE",
    "Botswana - SACUM": "BW", "CARIFORUM - EPA": "CARIFORUM", "Cameroon - EPA": "CM", "Canada": "CA",
    "Central America": "CENTRAL-AMERICA", "Chile": "CL", "Cote d'Ivoire - EPA": "CI", "EU": "EU",
    "ESA - EPA": "ESA", "Egypt": "EG", "Eswatini - SACUM": "SZ", "Faroe Islands": "FO", "Georgia": "GE",
    "Ghana - EPA": "GH", "Iceland": "IS", "Israel": "IL", "Japan": "JP", "Jordan": "JO", "Kenya - EPA": "KE",
    "Kosovo": "XK", "Lebanon": "LB", "Lesotho - SACUM": "LS", "Mexico": "MX", "Moldova": "MD",
    "Morocco": "MA", "Mozambique - SACUM": "MZ", "Namibia - SACUM": "NA", "North Macedonia": "MK",
    "Norway": "NO", "Pacific States - EPA": "PACIFIC", "Palestinian Authority": "PS",
    "Republic of Korea": "KR", "Serbia": "RS", "Singapore": "SG", "South Africa - SACUM": "ZA",
    "Switzerland": "CH", "Tunisia": "TN", "Turkey": "TR", "Ukraine": "UA", "Viet Nam": "VN",
}  # fmt: skip
"""The origin group of each agreement, as the table of preferences names them."""

_STRETCH: Final = re.compile(r"(\d{1,2})-(\d{1,2}) to (\d{1,2})-(\d{1,2})", re.ASCII)
_END_USE: Final = re.compile(r"(.+?) ?\(end-use\)", re.ASCII)


def rows(file: Path, needed: Iterable[str], *, delimiter: str = ",") -> Iterator[dict[str, str]]:
    """Yield the records of a CSV file; TableError where it lacks a column."""
    with file.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.DictReader(stream, delimiter=delimiter)
        lacking = [name for name in needed if name not in (reader.fieldnames or ())]
        if lacking:
            raise TableError(f"{file.name} lacks the columns {', '.join(lacking)}", file=str(file))
        yield from reader


def translate(text: str) -> str:
    """Return the text for the parser, which reads British and European notation as it is."""
    return " ".join(text.replace("\xa0", " ").split())


def read_global_tariff(file: Path, draft: Draft) -> None:
    """Gather the rates of the UK Global Tariff, and what it marks as existing beside them."""
    _read_rates(file, draft, "uk_ukgt_duty", FLAGS)


def read_common_tariff(file: Path, draft: Draft) -> None:
    """Gather the rates of the EU's common tariff that stand beside those of the United Kingdom."""
    _read_rates(file, draft, "eu_cet_duty", {})


def _read_rates(file: Path, draft: Draft, rate: str, flags: Mapping[str, Column]) -> None:
    draft.columns = [Column("third_country", "third_country"), *flags.values()]
    draft.names = ["code", *(column.name for column in draft.columns)]
    for row in rows(file, ["commodity", rate, *flags]):
        draft.record()
        code = row["commodity"]
        if not code.isdecimal() or len(code) not in (8, 10):
            draft.drop(code, "commodity", code, "no code of eight or ten digits")
            continue
        marks = [
            str(MARKED[column.name]) if row[flag].casefold() == "true" else ""
            for flag, column in flags.items()
        ]
        draft.lines.append((code, draft.expression("third_country", row[rate], record=code), *marks))
    draft.lines.sort()


def read_preferences(file: Path, draft: Draft) -> None:
    """Gather the preferences of the agreements, the seasons of one code put together."""
    stated: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for row in rows(file, ["country", "commodity_code", "preferential_rate_2022", "validity"]):
        draft.record()
        code, country = row["commodity_code"], row["country"]
        if not code.isdecimal() or len(code) % 2 or not 2 <= len(code) <= 10:
            draft.drop(code, "commodity_code", code, "no code of two to ten digits")
        elif country not in AGREEMENTS:
            draft.drop(code, "country", country, "no agreement that is known")
        else:
            parts = stated.setdefault((code, AGREEMENTS[country]), [])
            part = (row["preferential_rate_2022"], row["validity"])
            if part not in parts:
                parts.append(part)
    by_code: dict[str, dict[tuple[str, str], list[str]]] = {}
    for (code, group), parts in stated.items():
        measure = _preference(code, group, parts, draft)
        by_code.setdefault(code, {}).setdefault(measure, []).append(group)
    draft.columns = [Column("preferences", "set")]
    draft.names = ["code", "preferences"]
    for code in sorted(by_code):
        entries: list[Entry] = [
            ("preference", tuple(sorted(groups)), text, requires)
            for (text, requires), groups in sorted(by_code[code].items())
        ]
        draft.lines.append((code, draft.set_of(entries)))


def _preference(code: str, group: str, parts: Sequence[tuple[str, str]], draft: Draft) -> tuple[str, str]:
    """Return the rate of one agreement on one code, and what it requires besides origin."""
    requires = ""
    readable: list[tuple[str, str]] = []
    for text, validity in parts:
        end_use = _END_USE.fullmatch(text)
        requires = "end use" if end_use else requires
        rate = draft.expression("preference", end_use[1] if end_use else text, record=f"{code} {group}")
        readable.append((rate, validity))
    whole = "; ".join(f"{rate} ({validity})" for rate, validity in parts)
    if any(is_unreadable(rate) for rate, _ in readable):
        return (readable[0][0] if len(readable) == 1 else unreadable(whole)), requires
    try:
        return _with_seasons(readable), requires
    except FactsError as fault:
        draft.drop(f"{code} {group}", "preference", whole, str(fault))
        return unreadable(whole), requires


def _with_seasons(parts: Sequence[tuple[str, str]]) -> str:
    whole = [rate for rate, validity in parts if validity in ("", "-")]
    seasons = [(rate, *_days(validity)) for rate, validity in parts if validity not in ("", "-")]
    if not seasons:
        if len(set(whole)) > 1:
            raise FactsError(f"several rates for the whole year: {', '.join(whole)}")
        return whole[0]
    if whole:
        seasons += [(rate, (1, 1), (12, 31)) for rate in whole]
    return seasonal(seasons)


def _days(validity: str) -> tuple[Day, Day]:
    found = _STRETCH.fullmatch(validity)
    if found is None:
        raise FactsError(f"{validity!r} is no stretch of days such as 01-06 to 31-10")
    first_day, first_month, last_day, last_month = map(int, found.groups())
    return (first_month, first_day), (last_month, last_day)
