"""Tables that state one measure in each record, by the measure types of the European tariff."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from dutycalc.errors import FactsError
from dutycalc.expressions import Reference
from dutycalc.importers.drafts import Draft, unreadable
from dutycalc.measures import MeasureKind
from dutycalc.schedule_files import SINGLE

TYPES: Final[Mapping[str, tuple[MeasureKind, str]]] = {
    "103": ("third_country", ""), "105": ("suspension", "end use"),
    "106": ("preference", "customs union"), "142": ("preference", ""), "145": ("preference", "end use"),
    "112": ("suspension", "autonomous suspension"), "115": ("suspension", "end use"),
    "117": ("suspension", "ships and platforms"), "119": ("suspension", "airworthiness certificate"),
    "141": ("suspension", "preferential suspension"),
    "122": ("quota", ""), "123": ("quota", "end use"),
    "143": ("preferential_quota", ""), "146": ("preferential_quota", "end use"),
    "147": ("preferential_quota", "customs union"),
    "551": ("trade_defence", "provisional anti-dumping"), "552": ("trade_defence", "anti-dumping"),
    "553": ("trade_defence", "provisional countervailing"), "554": ("trade_defence", "countervailing"),
    "555": ("trade_defence", "anti-dumping pending collection"),
    "695": ("additional_duty", ""), "696": ("trade_defence", "safeguard"),
}  # fmt: skip
"""Types of measures that are duties; every other type is a prohibition, a control or a tax."""

ERGA_OMNES: Final = "1011"

_CONDITION: Final = re.compile(r"^Cond: *")
_LETTER: Final = re.compile(r"(?:^|; *)([A-Z])\b")
_CERTIFICATE: Final = re.compile(r"cert: *([A-Z0-9]-?\d{3})")


@dataclass(frozen=True, slots=True)
class Stated:
    """A record as the publisher states it."""

    code: str
    measure_type: str
    area: str
    excluded: Sequence[str]
    duty: str
    start: str
    end: str
    additional_code: str = ""
    order_number: str = ""


def translate(text: str) -> str:
    """Return the text for the parser; conditions become a reference that names letters and documents."""
    text = " ".join(text.replace("\xa0", " ").split())
    if _CONDITION.match(text):
        conditions = _CONDITION.sub("", text)
        letters = sorted(set(_LETTER.findall(conditions)))
        documents = list(dict.fromkeys(_CERTIFICATE.findall(conditions)))
        return str(
            Reference(f"conditions {' '.join(letters)}{': ' if documents else ''}{' '.join(documents)}")
        )
    return text


def read_day(text: str) -> str:
    """Return a day as ISO writes it, from `2021-01-31`, `31-01-2021`, `31/01/2021` or `20210131`."""
    text = text.strip()[:10]
    if not text:
        return ""
    digits = re.split(r"[-/.]", text)
    if len(digits) == 1 and len(text) == 8:
        digits = [text[:4], text[4:6], text[6:]]
    try:
        year, month, day = map(int, digits if len(digits[0]) == 4 else digits[::-1])
        return date(year, month, day).isoformat()
    except (ValueError, TypeError):
        raise FactsError(f"{text!r} is no day") from None


def begin(draft: Draft) -> None:
    """Give the draft the columns of single measures."""
    draft.names = ["code", "valid_from", "valid_until", *SINGLE]


def add(stated: Stated, draft: Draft) -> None:
    """Add a record to the draft; leave out what is no duty, quarantine what cannot be."""
    draft.record()
    found = TYPES.get(stated.measure_type)
    if found is None:
        return
    kind, requires = found
    if kind == "third_country" and stated.area != ERGA_OMNES:
        kind = "column_2"  # A third-country duty of some origins only replaces the one of all for them.
    code = _shortened(stated.code)
    record = f"{stated.code} {stated.measure_type} {stated.area}".strip()
    if not stated.code.isdecimal() or len(stated.code) != 10:
        draft.drop(record, "code", stated.code, "no code of ten digits")
        return
    try:
        first, last = read_day(stated.start), read_day(stated.end)
    except FactsError as fault:
        draft.drop(record, "dates", f"{stated.start} {stated.end}", str(fault))
        return
    if last and first and last < first:
        draft.drop(record, "dates", f"{first} {last}", "ends before it starts")
        return
    if not stated.duty.strip():
        draft.drop(record, kind, "", "states no duty")
        return
    # A quota or an additional code tells measures of one type apart.
    marks = [requires]
    marks += [f"order {stated.order_number}"] if stated.order_number else []
    marks += [f"additional code {stated.additional_code}"] if stated.additional_code else []
    duty = draft.expression(kind, stated.duty, record=record)
    groups = [] if stated.area == ERGA_OMNES else [stated.area]
    groups += [f"-{one}" for one in stated.excluded]
    draft.lines.append((code, first, last, kind, " ".join(groups), duty, ", ".join(filter(None, marks))))


def _shortened(code: str) -> str:
    """Return the code without the pairs of zeros that only fill it up to ten digits."""
    while len(code) > 4 and code.endswith("00"):
        code = code[:-2]
    return code


def finish(draft: Draft) -> None:
    """Sort the lines; where two state different duties for one thing on one day, the line refuses by name."""
    lines = sorted(set(draft.lines))
    by_thing: dict[tuple[str, ...], list[tuple[str, ...]]] = {}
    for line in lines:
        code, _, _, kind, groups, _, requires = line
        by_thing.setdefault((code, kind, groups, requires), []).append(line)
    draft.lines = []
    for thing, several in by_thing.items():
        draft.lines.extend(_without_conflict(thing, several, draft))
    draft.lines.sort()


def _without_conflict(
    thing: tuple[str, ...], lines: Sequence[tuple[str, ...]], draft: Draft
) -> list[tuple[str, ...]]:
    code, kind, groups, requires = thing
    found: list[tuple[str, ...]] = []
    for line in lines:
        _, first, last, _, _, duty, _ = line
        before = found[-1] if found else None
        if before is None or (before[2] and first > before[2]):
            found.append(line)
            continue
        ends = max(before[2], last) if before[2] and last else ""
        if before[5] != duty:
            texts = f"{before[5]} | {duty}"
            draft.drop(f"{code} {groups}".strip(), kind, texts, f"two duties on {first}: neither is taken")
            duty = unreadable(texts)
        found[-1] = (code, before[1], ends, kind, groups, duty, requires)
    return found
