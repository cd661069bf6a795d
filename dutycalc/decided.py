"""A charge once its tests are decided: how it came about, who is made to pay it, how much, by when."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final, NamedTuple

from dutycalc.law import Citation, Provision
from dutycalc.money import EXACT, LOOSE, quantum
from dutycalc.stages.amounts import Way
from dutycalc.stages.charges import Traced
from dutycalc.stages.collection import EXEMPT, Outcome
from dutycalc.steps import Program, Unknown
from dutycalc.tables import Returns


class Decided(NamedTuple):
    """A charge whose tests are decided: the outcome and the way it came about, its amount or None."""

    traced: Traced
    outcome: Outcome
    way: Way
    amount: Decimal | None


def decide(one: Traced, program: Program, values: list[Any]) -> Decided:
    """Return a charge with the outcome and the way that the tests have decided."""
    amount = values[program.places[id(one.amount)]]
    outcome, way = _taken(one, program.places, values)
    test = outcome.risk_test
    if test is not None and values[program.places[id(test)]] is not True:
        outcome = outcome.otherwise or outcome
    if unknown(amount):
        return Decided(one, outcome, way, None)
    if outcome.at == "border" and (way.exempt or not amount):
        outcome = EXEMPT
    return Decided(one, outcome, way, in_minor_units(amount, one.amount.unit))


def _taken(one: Traced, places: dict[int, int], values: list[Any]) -> tuple[Outcome, Way]:
    outcome = one.border
    for test, found, way in one.taken:
        if test is None or values[places[id(test)]] is True:
            if found.at == "sale" or found is EXEMPT:
                return found, way
            outcome = found
            break
    for way in one.ways:
        if way.test is None or values[places[id(way.test)]] is True:
            return outcome, way
    raise AssertionError(f"{one.name}: no way in which it comes about is without a test")


def stated_of(one: Traced, outcome: Outcome, way: Way) -> dict[str, Any]:
    """Return what of a charge depends on no amount, as fields of Charge."""
    shape = one.provision.value
    records = tuple(
        {
            (each.record, each.valid_from): each for each in (*way.provisions, outcome.provision) if each
        }.values()
    )
    return {
        "name": one.name,
        "kind": shape.kind,
        "title": shape.title or one.name.replace("_", " "),
        "type_code": one.heading or shape.type_code,
        "rate": way.rate,
        "citations": _cites(records),
        "records": records,
    }


def collected_of(outcome: Outcome) -> dict[str, Any]:
    """Return what of a collection depends on no number and no day, as fields of Collection."""
    return {
        "model": outcome.model,
        "at": None if outcome.model == "exempt" else outcome.at,
        "liable": outcome.liable,
        "collector": outcome.collector,
        "payer": outcome.payer,
        "moment": outcome.moment,
        "scheme": outcome.scheme,
        "print": outcome.print and outcome.declare and outcome.risk != "number_missing",
        "double_collection_risk": outcome.risk,
    }


def unknown(value: Any) -> bool:
    """Tell whether a value is not known."""
    return value != value or isinstance(value, Unknown)


def in_minor_units(amount: Decimal, currency: str) -> Decimal:
    """Return the amount with its currency's minor units shown, and no needless zeros beyond them."""
    return in_units(amount, quantum(currency))


def in_units(amount: Decimal, unit: Decimal) -> Decimal:
    """Return the amount with a unit's digits shown, and no needless zeros beyond them."""
    if amount.same_quantum(unit):
        return amount
    shown = amount.quantize(unit, None, LOOSE)
    return shown if shown == amount else amount.normalize(EXACT)


def _cites(provisions: Sequence[Provision[Any]]) -> tuple[Citation, ...]:
    return tuple(dict.fromkeys(cite for one in provisions for cite in one.citations))


def due_day(returns: Returns, day: date) -> date:
    """Return the day by which a sum taken on `day` must be remitted, from a scheme's return period."""
    others = tuple((one.ends_in, one.months_after, one.day) for one in returns.but) if returns.but else ()
    month, found = _due(
        returns.every, returns.ends, returns.months_after, returns.day, others, day.year, day.month
    )
    if returns.business_day is None:
        return found
    return _business_day(month, returns.business_day, returns.holidays)


_MONTHS: Final = {"month": 1, "two_months": 2, "quarter": 3, "half_year": 6, "year": 12}

_SATURDAY: Final = 5


@lru_cache(maxsize=4096)
def _due(
    every: str,
    ends: tuple[int, ...],
    months_after: int,
    due_on: int | str,
    others: tuple[tuple[int, int, int | str], ...],
    year: int,
    month: int,
) -> tuple[date, date]:
    """Return the first day of the month in which a sum of a month must be remitted, and the due day in it."""
    from dateutil.relativedelta import relativedelta  # noqa: PLC0415 # only a due day pays for it

    ends = ends or tuple(one for one in range(1, 13) if one % _MONTHS[every] == 0)
    last = date(year, month, 1)
    while last.month not in ends:
        last += relativedelta(months=1)
    for ends_in, after, on in others:
        if ends_in == last.month:
            months_after, due_on = after, on
    first: date = last + relativedelta(months=months_after)
    found: date = first + relativedelta(day=due_on if isinstance(due_on, int) else 31)
    return first, found


@lru_cache(maxsize=256)
def _business_day(month: date, place: int, holidays: tuple[date, ...]) -> date:
    """Return the n-th day from the first of a month that is neither of a weekend nor a holiday."""
    day = month
    while True:
        if day.weekday() < _SATURDAY and day not in holidays:
            place -= 1
        if not place:
            return day
        day += timedelta(days=1)
