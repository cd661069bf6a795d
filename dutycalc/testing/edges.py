"""What the tables of a territory turn on: its sums, codes, days, classes, schemes and options."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from functools import cache, lru_cache
from typing import Any, Final

from dutycalc.loader import Law, Tariffs
from dutycalc.money import Money, quantum
from dutycalc.nomenclature import hs_2022
from dutycalc.tables import Condition, FurtherMeasure, Goods, Limit, Scheme, Special, Waiver
from dutycalc.units import UNITS
from dutycalc.values import Frozen
from dutycalc.words import Role

A_DAY: Final = timedelta(days=1)
_PLACE: Final = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,3})?", re.ASCII)
_SIGNS: Final = str.maketrans({"#": "1", "@": "A", "*": "1"})


class Number(Frozen):
    """A well-formed registration: the role that may hold it, the scheme's key and a number."""

    role: Role
    key: str
    number: str


class Edges(Frozen):
    """What the law of one territory turns on, on one day; every list without repetition, in order.

    `rates` are the plain rates of tax in force, by which a limit on an amount of tax is aimed at.
    """

    code: str
    day: date
    currency: str
    sums: tuple[Money, ...]
    rates: tuple[Decimal, ...]
    codes: tuple[str, ...]
    classes: tuple[str, ...]
    numbers: tuple[Number, ...]
    turnovers: tuple[Money, ...]
    places: tuple[str, ...]
    elections: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    unmodelled: tuple[str, ...]
    has_schedule: bool


@lru_cache(maxsize=16)
def lawful_destinations(tariffs: Tariffs) -> tuple[str, ...]:
    """Return the territories to which goods can be sent: countries and subdivisions that have charges."""
    found = []
    for code in tariffs.codes:
        if _PLACE.fullmatch(code):
            territory = tariffs.territory(code)
            law = territory.law(territory.checked_on)
            classes = law.all("tax_class")
            if law.find("currency") and law.all("border") and (not classes or "standard" in classes):
                found.append(code)
    return tuple(found)


@lru_cache(maxsize=1024)
def days_of(tariffs: Tariffs, code: str) -> tuple[date, ...]:
    """Return the day before, on and after each change of law in a territory, the days last checked first."""
    territory = tariffs.territory(code)
    found: dict[date, None] = {territory.checked_on: None}
    for change in reversed(territory.changes):
        for day in (change, change - A_DAY, change + A_DAY):
            if day >= territory.covered_from:
                found[day] = None
    found[territory.covered_from] = None
    return tuple(found)


@lru_cache(maxsize=4096)
def edges_of(tariffs: Tariffs, code: str, day: date) -> Edges:
    """Return what the law of a territory turns on, on a day; NotInForceError before the tables begin."""
    territory = tariffs.territory(code)
    law = territory.law(day)
    schedule = territory.schedule()
    goods = list(_goods(law))
    conditions = list(_conditions(law))
    entries = [entry for one in goods for entry in one.commodities]
    facts = [(name, answer) for one in goods for name, answers in one.facts.items() for answer in answers]
    facts += [
        (name, answer) for one in conditions for name, answers in one.facts.items() for answer in answers
    ]
    places = [place for one in goods for place in one.origins]
    places += [
        place
        for one in conditions
        for field in (one.dispatch, one.not_dispatch, one.origin, one.not_origin)
        for place in field
    ]
    schemes: list[Scheme] = [one.value for one in law.all("scheme").values()]
    return Edges(
        code=code,
        day=day,
        currency=law.on("currency").value.code,
        sums=_once(_sums(law)),
        rates=_once(one.value.rate for one in law.all("tax_class").values() if one.value.rate),
        codes=_once(code for entry in entries for code in around(entry)),
        classes=tuple(law.all("tax_class")),
        numbers=_once(_numbers(law, schemes)),
        turnovers=_once(
            one.turnover.at_least or one.turnover.above for one in schemes if one.turnover is not None
        ),
        places=_once(place for place in places if len(place) == 2),
        elections=_once(name for one in conditions for name in (*one.elected, *one.not_elected)),
        facts=_once(facts),
        unmodelled=_once(one.value.kind for one in law.all("unmodelled").values() if one.value.kind),
        has_schedule=schedule is not None and schedule.publication.covered_from <= day,
    )


def around(entry: str) -> tuple[str, ...]:
    """Return subheadings just inside and just outside a prefix or a range of codes, such as 2203-2208."""
    first, _, last = entry.partition("-")
    known = _subheadings()
    start = bisect_left(known, first[:6])
    end = bisect_left(known, (last or first)[:6] + "a")
    found = [known[n] for n in (start, end - 1, start - 1, end) if 0 <= n < len(known)]
    if len(first) > 6:
        found.insert(0, first)
    return tuple(dict.fromkeys(found))


@cache
def _subheadings() -> tuple[str, ...]:
    return tuple(sorted(hs_2022()))


def _once(values: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(dict.fromkeys(one for one in values if one is not None))


def _records(law: Law) -> Iterator[Any]:
    for named in law.families.values():
        for one in named.values():
            yield one.value


def _goods(law: Law) -> Iterator[Goods]:
    for one in _records(law):
        for field in ("not_for", "only_for"):
            goods = getattr(one, field, None)
            if goods is not None:
                yield goods
        if isinstance(one, Special):
            for bucket in one.buckets:
                yield Goods(commodities=bucket.commodities)


def _conditions(law: Law) -> Iterator[Condition]:
    for one in _records(law):
        yield from getattr(one, "when", ())


def _sums(law: Law) -> Iterator[Money]:
    for one in _records(law):
        if isinstance(one, (Limit, Waiver)):
            compared: list[Limit | Waiver | FurtherMeasure] = [one]
            compared += one.also if isinstance(one, Limit) else []
            for each in compared:
                yield from _money(each.at_most or each.below)


def _money(limit: Money | str | None) -> Iterator[Money]:
    if isinstance(limit, Money):
        yield limit
    elif limit and limit.rpartition(" ")[2] not in UNITS:
        yield Money.parse(limit)


def _numbers(law: Law, schemes: Iterable[Scheme]) -> Iterator[Number]:
    for scheme in schemes:
        if scheme.registration is None:
            continue
        rule = law.find("registration", scheme.registration)
        pictures = rule.value.pictures if rule is not None else []
        for role in scheme.liable:
            number = (pictures[0] if pictures else "########").translate(_SIGNS)
            yield Number(role, scheme.registration, number)


def next_to(limit: Money) -> tuple[Money, ...]:
    """Return the limit, one minor unit below it and one above it."""
    unit = quantum(limit.currency)
    found = [Money(limit.amount + step * unit, limit.currency) for step in (0, -1, 1)]
    return tuple(one for one in found if one.amount >= 0)
