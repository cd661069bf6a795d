"""The Harmonized Tariff Schedule of the United States, from the JSON that the USITC exports."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from dutycalc.errors import FactsError, TableError
from dutycalc.importers.drafts import Draft
from dutycalc.importers.usitc_texts import split_special, tidy
from dutycalc.measures import Column, Entry

KEYS: Final = frozenset(
    ("htsno", "indent", "description", "superior", "units", "general", "special", "other", "footnotes")
)
"""What every object has, besides quotas, additional duties and a misspelt duplicate of these."""

RATES: Final = ("general", "special", "other")
_CHUNK: Final = 1 << 16
_NUMBER: Final = re.compile(r"[0-9]{4}(\.[0-9]{2}){0,3}", re.ASCII)


def objects(file: Path) -> Iterator[dict[str, Any]]:
    """Yield the objects of a JSON list one by one, plain or compressed by gzip."""
    decoder = json.JSONDecoder()
    with (
        gzip.open(file, "rt", encoding="utf-8")
        if file.suffix == ".gz"
        else file.open(encoding="utf-8") as stream
    ):
        waiting = stream.read(_CHUNK).lstrip()
        if not waiting.startswith("["):
            raise TableError(f"{file.name} is no list of tariff lines", file=str(file))
        waiting = waiting[1:]
        while True:
            waiting = waiting.lstrip(", \r\n\t")
            if waiting.startswith("]"):
                return
            try:
                found, end = decoder.raw_decode(waiting)
            except json.JSONDecodeError:
                more = stream.read(_CHUNK)
                if not more:
                    raise TableError(f"{file.name} ends in the middle of a line", file=str(file)) from None
                waiting += more
                continue
            yield found
            waiting = waiting[end:]


@dataclass(slots=True)
class _Subheading:
    """An eight-digit subheading: the texts that reach it, by column, and the units of its lines."""

    texts: dict[str, list[str]] = field(default_factory=lambda: {name: [] for name in RATES})
    units: list[str] = field(default_factory=list)


def read(file: Path, draft: Draft) -> None:
    """Gather the eight-digit subheadings of chapters 01 to 97, each with the rates it inherits."""
    draft.columns = [
        Column("general", "third_country"),
        Column("column_2", "column_2", "column-2"),
        Column("special", "set"),
    ]
    draft.names = ["code", "unit", *(column.name for column in draft.columns)]
    found = _subheadings(file, draft, "01", "97")
    for code in sorted(found):
        _line(code, found[code], draft)


def read_special_chapters(file: Path, draft: Draft) -> None:
    """Gather what chapters 98 and 99 state: provisions that change the duty of an article, no articles."""
    draft.columns = [Column("general", "third_country"), Column("column_2", "column_2", "column-2")]
    draft.names = ["code", *(column.name for column in draft.columns)]
    found = _subheadings(file, draft, "98", "99")
    for code in sorted(found):
        texts = _chosen(code, found[code], draft)
        stated = [
            draft.expression(column, texts[name], record=code) if texts[name] else ""
            for column, name in (("general", "general"), ("column_2", "other"))
        ]
        if any(stated):
            draft.lines.append((code, *stated))


def _subheadings(file: Path, draft: Draft, first: str, last: str) -> dict[str, _Subheading]:
    """Return the eight-digit subheadings of the chapters, each with the texts that reach it from above."""
    found: dict[str, _Subheading] = {}
    above: list[tuple[int, dict[str, str]]] = []
    for one in objects(file):
        draft.record()
        if not one.keys() >= KEYS:
            raise TableError(f"{file.name}: {one.get('htsno')!r} lacks {KEYS - one.keys()}", file=str(file))
        code = one["htsno"].replace(".", "")
        # Three rows write their depth as "03" or "04"; int() reads them like the others.
        depth = int(one["indent"])
        while above and above[-1][0] >= depth:
            above.pop()
        inherited = above[-1][1] if above else {}
        texts = {name: tidy(one[name] or "") or inherited.get(name, "") for name in RATES}
        above.append((depth, texts))
        if code and not _NUMBER.fullmatch(one["htsno"]):
            draft.drop(one["htsno"], "htsno", one["htsno"], "no number of the schedule")
        elif len(code) >= 8 and first <= code[:2] <= last:
            _gather(found.setdefault(code[:8], _Subheading()), texts, one["units"], own=len(code) == 8)
    return found


def _gather(into: _Subheading, texts: dict[str, str], units: Iterable[str], *, own: bool) -> None:
    for name, text in texts.items():
        if text and text not in into.texts[name]:
            if own:
                into.texts[name].insert(0, text)
            else:
                into.texts[name].append(text)
    unit = "+".join(filter(None, (one.replace("²", "2").replace("³", "3").strip() for one in units)))
    if unit and unit not in into.units:
        into.units.append(unit)


def _chosen(code: str, found: _Subheading, draft: Draft) -> dict[str, str]:
    """Return the text of each column; where a line below states another, the subheading's own stands."""
    for name, texts in found.texts.items():
        for text in texts[1:]:
            draft.drop(code, name, text, f"a second text beside {texts[0]!r}: the subheading's own stands")
    return {name: texts[0] if texts else "" for name, texts in found.texts.items()}


def _line(code: str, found: _Subheading, draft: Draft) -> None:
    texts = _chosen(code, found, draft)
    if not texts["general"] or not texts["other"]:
        draft.drop(code, "general", "", "no rate of its own and none above it")
        return
    draft.lines.append(
        (
            code,
            "|".join(sorted(found.units)),
            draft.expression("general", texts["general"], record=code),
            draft.expression("column_2", texts["other"], record=code),
            draft.set_of(_special(code, texts["special"], draft)),
        )
    )


def _special(code: str, text: str, draft: Draft) -> Iterator[Entry]:
    """Yield the special rates: one measure for each rate, with the programmes it is for."""
    if not text:
        return
    try:
        parts = split_special(text)
    except FactsError as fault:
        draft.expression("special", text, record=code)
        draft.drop(code, "special", text, str(fault))
        return
    for rate, symbols in parts:
        yield ("preference", symbols, draft.expression("special", rate, record=code), "")
