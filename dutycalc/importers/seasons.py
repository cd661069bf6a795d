"""Days of the year on which a rate holds, put together from rows that each state one stretch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Final

from dutycalc.errors import FactsError
from dutycalc.expression_tree import MONTHS

Day = tuple[int, int]

_LEAP: Final = date(2020, 1, 1)
YEAR: Final[tuple[Day, ...]] = tuple(
    (day.month, day.day) for day in (_LEAP + timedelta(days=n) for n in range(366))
)
"""Every day of a year, the 29th of February among them."""

_PLACE: Final = {day: n for n, day in enumerate(YEAR)}


def stretch(first: Day, last: Day) -> list[int]:
    """Return the places of the days from the first to the last, over the end of the year if need be."""
    for day in (first, last):
        if day not in _PLACE:
            raise FactsError(f"{day[1]}-{day[0]} is no day of the year")
    start, end = _PLACE[first], _PLACE[last]
    return list(range(start, end + 1)) if start <= end else [*range(start, 366), *range(end + 1)]


def seasonal(parts: Iterable[tuple[str, Day, Day]]) -> str:
    """Return one seasonal text for rates and their stretches; FactsError where two rates share a day."""
    holder: dict[int, str] = {}
    for rate, first, last in parts:
        for place in stretch(first, last):
            if holder.setdefault(place, rate) != rate:
                month, day = YEAR[place]
                raise FactsError(f"both {holder[place]} and {rate} are stated for {day} {MONTHS[month - 1]}")
    rates = dict.fromkeys(holder.values())
    if len(holder) == 366 and len(rates) == 1:
        return next(iter(rates))
    return ", ".join(
        f"{rate} ({', '.join(_ranges([n for n, one in holder.items() if one == rate]))})" for rate in rates
    )


def _ranges(places: Sequence[int]) -> list[str]:
    """Return the stretches that the places make up, the turn of the year not counting as a break."""
    found = sorted(places)
    runs: list[list[int]] = []
    for place in found:
        if runs and place == runs[-1][-1] + 1:
            runs[-1].append(place)
        else:
            runs.append([place])
    if len(runs) > 1 and runs[0][0] == 0 and runs[-1][-1] == 365:
        runs[0] = runs.pop() + runs[0]
    return [f"{_day(run[0])}-{_day(run[-1])}" for run in runs]


def _day(place: int) -> str:
    month, day = YEAR[place]
    return f"{day} {MONTHS[month - 1]}"
