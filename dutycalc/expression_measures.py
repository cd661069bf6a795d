"""What stands after the stroke of `5 EUR/100kg`, as the canonical notation and the publications write it."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache
from typing import Final

from dutycalc.errors import FactsError
from dutycalc.expression_tree import Per
from dutycalc.expression_working import PARTS
from dutycalc.units import QUALIFIERS, UNITS, factors, measurement
from dutycalc.words import near

NUMBER: Final = r"(?:[1-9][0-9]{0,2}(?:,[0-9]{3})+|0|[1-9][0-9]*)(?:\.[0-9]+)?(?![.,]?[0-9])"
"""A number as schedules print it; a comma stands only between thousands."""


def read_number(text: str) -> Decimal:
    """Return the number without its commas and idle zeros."""
    digits = text.replace(",", "")
    return Decimal(digits.rstrip("0").rstrip(".") if "." in digits else digits)


@lru_cache(maxsize=256)
def read_part(phrase: str) -> str:
    """Return the fact that ` on the case` names; FactsError where no part of goods is called so."""
    words = " ".join(phrase.split()).lower().removeprefix("the ")
    for name in (words, f"{words} value"):
        if name in PARTS:
            return name
    raise FactsError(f"no percentage is taken of {words!r}{near(words, PARTS)}")


def _close(word: str) -> str:
    """Return the word without spaces, points and capitals, as publications vary in them."""
    return re.sub(r"[\s.]+", "", word).lower()


_UNITS: Final = {_close(word): word for word in UNITS} | {
    "tonne": "t", "tonnes": "t", "items": "item", "article": "item", "each": "item", "p/st": "item",
    "litre": "l", "litres": "l", "liter": "l", "liters": "l", "pairs": "pair", "pa": "pair", "pr": "pair",
    "vol%": "%vol", "%saccha": "%sacchar", "%sucrose": "%sacchar", "m²": "m2", "m³": "m3", "cm³": "cm3",
    "linm": "m", "lalc100%": "lpa", "dozen": "doz", "c/k": "ct", "carat": "ct",
}  # fmt: skip

_QUALIFIERS: Final = {_close(word): word for word in QUALIFIERS} | {
    "netdrainedwt": "drained", "drainedwt": "drained", "drainedweight": "drained", "eda": "drained",
    "neteda": "drained", "br": "gross", "mas": "dry", "netmas": "dry", "netdry": "dry", "net": "",
    "stdqual": "standard quality", "tot/alc": "alcohol", "totalc": "alcohol", "liveweight": "live",
}  # fmt: skip
"""Qualifiers as publications write them; `net` says only what an unqualified mass already is."""

_SEGMENT: Final = re.compile(
    rf"(?:(?P<multiple>[1-9][0-9,]*)\s*)?(?P<word>.*?)(?:\s+(?P<bound>over|under)\s+(?P<number>{NUMBER}))?"
)
_CODE: Final = re.compile(r"\s*/?\s*([A-Z]{3}(?:\s[A-Z])?)\s*")
_SLASH: Final = re.compile(r"(?<!\bp)(?<!\bc)(?<!\btot)/")
_POWER_OF_TEN: Final = re.compile(r"10+")


@lru_cache(maxsize=1024)
def read_measures(phrase: str) -> tuple[Per, ...]:
    """Return the measures of ` / 100 kg / net drained wt`, or of a code of TARIC such as ` DTN E`."""
    code = _CODE.fullmatch(phrase)
    if code:
        found = measurement(code[1])
        first, *others = (one.name for one in factors(found.measure))
        return (Per(first, found.multiplier), *map(Per, others))
    blank, *segments = _SLASH.split(phrase)
    if blank.strip() or not segments:
        raise FactsError(f"{phrase.strip()!r} is no measure: write it after a stroke, such as /100kg")
    pers: list[Per] = []
    for segment in segments:
        _extend(pers, segment.strip())
    return tuple(pers)


def _extend(pers: list[Per], segment: str) -> None:
    """Add to the measures what one segment of a phrase states: a measure, or a qualifier of the last."""
    found = _SEGMENT.fullmatch(segment)
    assert found is not None
    multiple, word = found["multiple"], found["word"]
    bound = read_number(found["number"]) if found["number"] else None
    over, under = (bound, None) if found["bound"] == "over" else (None, bound)
    last = pers[-1] if pers and pers[-1].over is None and pers[-1].under is None else None
    if last and not multiple and (qualifier := _qualifier(last.measure, word)) is not None:
        name = f"{last.measure}/{qualifier}" if qualifier else last.measure
        pers[-1] = Per(name, last.multiple, over, under)
        return
    measure = _measure(word)
    if any(_dimension(measure) == _dimension(one.measure) for one in pers):
        raise FactsError(f"{segment!r} measures a second time what stands before it")
    pers.append(Per(measure, _multiple(multiple), over, under))


def _dimension(measure: str) -> str:
    return factors(measure)[0].unit.dimension


def _multiple(text: str | None) -> Decimal:
    if text is None:
        return Decimal(1)
    digits = text.replace(",", "")
    if not _POWER_OF_TEN.fullmatch(digits):
        raise FactsError(f"{text} is no multiple of a unit: these are 10, 100, 1000 …")
    return Decimal(digits)


def _qualifier(measure: str, word: str) -> str | None:
    """Return the qualifier that the word is after this measure; None where it is none."""
    found = _QUALIFIERS.get(_close(word))
    if found is None or "/" in measure:
        return None
    if not found:
        return found if UNITS[measure].dimension == "mass" else None
    return found if len(factors(f"{measure}/{found}")) == 1 else None


def _measure(word: str) -> str:
    """Return the measure that a segment names: `kg`, `% vol`, `kg eda`."""
    found = _UNITS.get(_close(word))
    if found:
        return found
    head, _, tail = word.partition(" ")
    unit = _UNITS.get(_close(head))
    if unit and tail:
        qualifier = _qualifier(unit, tail)
        if qualifier is not None:
            return f"{unit}/{qualifier}" if qualifier else unit
    return factors(word)[0].name
