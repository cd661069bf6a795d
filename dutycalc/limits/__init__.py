"""Three carts for each limit: one minor unit under it, at it, and one over, and what comes of each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from types import MappingProxyType
from typing import Any, Final

from dutycalc.law import Provision
from dutycalc.limits.builder import Builder, in_words
from dutycalc.limits.circumstances import (
    DISPATCH,
    DUTIES,
    GOODS,
    Comparison,
    Rates,
    Varies,
    comparisons_of,
)
from dutycalc.limits.outcomes import SIDES, LimitCarts, Outcome, Side
from dutycalc.loader import Law, Tariffs, Territory
from dutycalc.stages.relief import SCOPED
from dutycalc.tables import Scoped, Waiver
from dutycalc.wording import spaced

__all__ = [
    "DISPATCH", "DUTIES", "GOODS", "NO_RATES", "SIDES", "Comparison", "LimitCarts", "Outcome", "Rates",
    "Side", "Varies", "carts_around", "in_words", "last_day_of_use", "limit_carts", "limits_of",
]  # fmt: skip

_A_DAY: Final = timedelta(days=1)
_QUIET: Final = ("unmodelled", "notice")
"""Families whose records are told of a limit only where no other record turns on it."""

_WAYS: Final = 12
"""Kinds of cart that are tried for one record before the best of them is taken."""

_MOST: Final = 3
"""Records for which the carts around one comparison are told."""

NO_RATES: Final[Rates] = MappingProxyType({})


def carts_around(
    tariffs: Tariffs, destination: str, day: date, name: str, *, rates: Rates = NO_RATES
) -> tuple[LimitCarts, ...]:
    """Return the carts around a limit or a waiver (`waiver.small`), for every record that turns on it.

    Prices are in the limit's own currency; `rates` must hold what the law converts, else a cart is refused
    as it would be by `assess`. Records for which the limit changes nothing are left out where another shows
    a change, and none is told twice. Empty where no plain cart reaches the limit.
    """
    territory = tariffs.territory(destination)
    law = territory.law(day)
    family, _, label = name.rpartition(".")
    provision = law.on(family or "limit", label)
    found: list[LimitCarts] = []
    for comparison in comparisons_of(provision.value):
        each: list[LimitCarts] = []
        for turning, record in _turning(law, provision, label):
            builder = Builder(tariffs, territory, day, provision, comparison, record, rates)
            best = _best(builder, turning, label, day)
            quiet = turning.startswith(_QUIET) and any(one.turns for one in each)
            if best is not None and not quiet:
                each.append(best)
        turns = [one for one in each if one.shows] or [one for one in each if one.turns]
        found += _unlike(turns or each[:1])[:_MOST]
    return tuple(found)


def limits_of(law: Law) -> tuple[str, ...]:
    """Return the names of the limits in force, and those of the waivers as `waiver.name`."""
    return (*law.all("limit"), *(f"waiver.{name}" for name in law.all("waiver")))


def last_day_of_use(territory: Territory, name: str, day: date) -> date | None:
    """Return the last day up to `day` on which some record turns on a limit, or None."""
    family, _, label = name.rpartition(".")
    days = [day, *(one - _A_DAY for one in reversed(territory.changes) if one <= day)]
    for each in days:
        if each < territory.covered_from:
            break
        law = territory.law(each)
        provision = law.find(family or "limit", label)
        if provision is not None and next(iter(_turning(law, provision, label)), None) is not None:
            return each
    return None


def _turning(law: Law, provision: Provision[Any], label: str) -> Iterator[tuple[str, Scoped]]:
    """Yield the records that turn on a limit, notices last; a waiver turns on itself."""
    if isinstance(provision.value, Waiver):
        yield f"waiver {spaced(label)}", provision.value
        return
    for family in sorted(SCOPED, key=lambda one: one in _QUIET):
        for name, one in law.all(family).items():
            record: Scoped = one.value
            if label in (record.within, record.above):
                yield f"{family} {spaced(name)}", record


def _best(builder: Builder, turning: str, label: str, day: date) -> LimitCarts | None:
    """Return the carts in which the limit shows most: it changes something, and little is refused."""
    best: tuple[tuple[bool, bool, int], LimitCarts] | None = None
    for plainly in (True, False):
        for n, stated in enumerate(builder.ways(plainly=plainly)):
            if n == _WAYS:
                break
            found = builder.carts(stated, turning, label, day)
            if found is None:
                continue
            answered = sum(one.assessment is not None for one in found.outcomes)
            score = (found.turns and answered > 0, found.close, answered)
            if best is None or score > best[0]:
                best = (score, found)
            if best[0] == (True, True, len(SIDES)):
                return best[1]
        if best is not None and best[0][0]:
            break
    return best[1] if best is not None else None


def _unlike(each: Iterable[LimitCarts]) -> list[LimitCarts]:
    """Return the carts without those whose outcomes another already shows."""
    found: dict[tuple[Any, ...], LimitCarts] = {}
    for one in each:
        found.setdefault(tuple(side.signature(amounts=True) for side in one.outcomes), one)
    return list(found.values())


def limit_carts(
    tariffs: Tariffs, destination: str, day: date, *, rates: Rates = NO_RATES
) -> tuple[LimitCarts, ...]:
    """Return the carts around every limit and waiver in force at a destination on a day."""
    law = tariffs.territory(destination).law(day)
    return tuple(
        one for name in limits_of(law) for one in carts_around(tariffs, destination, day, name, rates=rates)
    )
