"""Properties of duty expressions: drawn at random, read back, added up by hand, monotone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from math import gcd
from typing import Literal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from dutycalc.errors import (
    FactsError,
    NotInForceError,
)
from dutycalc.expressions import (
    COMPONENTS,
    PARTS,
    AdValorem,
    Component,
    Dated,
    EntryPrice,
    Expression,
    Free,
    Limit,
    NotCovered,
    Per,
    Range,
    Rate,
    Reference,
    Season,
    Seasons,
    Specific,
    Sum,
    parse,
)
from dutycalc.money import MINOR_UNITS, Money
from dutycalc.units import QUALIFIERS, UNITS, factors


def numbers(*, min_value: int = 0) -> st.SearchStrategy[Decimal]:
    """Return rates and amounts as schedules state them."""
    return st.builds(lambda n, k: Decimal(n).scaleb(-k), st.integers(min_value, 10**7), st.integers(0, 5))


def percentages(*, parts: st.SearchStrategy[str]) -> st.SearchStrategy[AdValorem]:
    """Return percentages, also in thirds and sevenths."""

    def fraction(top: int, bottom: int, part: str) -> AdValorem:
        assume(gcd(top, bottom) == 1)
        return AdValorem(Decimal(top), bottom, part)

    thirds = st.builds(fraction, st.integers(1, 2000), st.sampled_from([3, 6, 7, 9, 11, 12, 15]), parts)
    return st.builds(AdValorem, numbers(), st.just(1), parts) | thirds


MEASURES = sorted(UNITS) + sorted(
    f"{word}/{qualifier}"
    for word, one in UNITS.items()
    for qualifier, (dimensions, _) in QUALIFIERS.items()
    if one.dimension in dimensions.split(", ")
)


@st.composite
def specifics(draw: st.DrawFn, *, currencies: st.SearchStrategy[str]) -> Specific:
    """Return amounts per measures of different dimensions."""
    pers: list[Per] = []
    for name in draw(st.lists(st.sampled_from(MEASURES), max_size=2)):
        assume(all(_dimension(name) != _dimension(one.measure) for one in pers))
        # `kg/gross` is a mass with its packing, and no kilogram times twelve dozen.
        assume(not (name == "gross" and pers and _dimension(pers[-1].measure) == "mass"))
        bound = draw(st.sampled_from(["", "", "over", "under"]))
        multiple = Decimal(10) ** draw(st.integers(0, 4))
        pers.append(Per(name, multiple, **({bound: draw(numbers())} if bound else {})))
    return Specific(draw(numbers()), draw(currencies), tuple(pers))


def _dimension(measure: str) -> str:
    return factors(measure)[0].unit.dimension


def rates(*, numeric: bool = False) -> st.SearchStrategy[Rate]:
    """Return whole rates; `numeric` ones have an amount in EUR as soon as their measures are given."""
    leaves: st.SearchStrategy[Rate] = st.one_of(
        st.just(Free()),
        percentages(parts=st.sampled_from(["", "", *PARTS])),
        specifics(currencies=st.just("EUR") if numeric else st.sampled_from(sorted(MINOR_UNITS))),
        st.builds(Component, st.sampled_from(sorted(COMPONENTS))),
    )
    if not numeric:
        leaves |= st.just(EntryPrice()) | st.builds(Reference, st.text(max_size=30))
    return st.recursive(leaves, _compound, max_leaves=6)


def _compound(inner: st.SearchStrategy[Rate]) -> st.SearchStrategy[Rate]:
    terms = st.lists(inner, min_size=1, max_size=3).map(tuple)
    minus = st.lists(inner, max_size=2).map(tuple)
    sums = st.builds(Sum, terms, minus).filter(lambda one: len(one.terms) + len(one.minus) > 1)
    return st.builds(Limit, st.sampled_from(["MIN", "MAX"]), inner, inner) | sums


LEAP_YEAR = [date(2028, 1, 1) + timedelta(days=n) for n in range(366)]


@st.composite
def seasons(draw: st.DrawFn) -> Seasons:
    """Return seasons that share no day, with gaps, the last of which may run over the end of the year."""
    ends = draw(st.lists(st.integers(0, 365), min_size=2, max_size=8, unique=True).map(sorted))
    days = [(LEAP_YEAR[n].month, LEAP_YEAR[n].day) for n in ends]
    ranges = [Range(days[n], days[n + 1]) for n in range(0, len(days) - 1, 2)]
    if draw(st.booleans()):
        ranges = [Range(ranges[-1].last, ranges[0].first)] if len(ranges) > 1 else ranges
    parts = draw(st.lists(rates(), min_size=len(ranges), max_size=len(ranges)))
    if len(ranges) > 2 and draw(st.booleans()):
        return Seasons((Season(parts[0], tuple(ranges[:2])), *(
            Season(part, (one,)) for part, one in zip(parts[2:], ranges[2:], strict=True)
        )))  # fmt: skip
    return Seasons(tuple(Season(part, (one,)) for part, one in zip(parts, ranges, strict=True)))


@st.composite
def dated(draw: st.DrawFn) -> Dated:
    """Return rates by the day from which they hold."""
    inner = rates() | seasons() | st.just(NotCovered())
    starts = sorted(draw(st.sets(st.dates(), min_size=1, max_size=3)))
    return Dated(draw(st.none() | inner), tuple((start, draw(inner)) for start in starts))


expressions = rates() | seasons() | dated() | st.just(NotCovered())


@given(expressions)
def test_what_is_written_reads_back_as_the_same_tree(expression: Expression) -> None:
    assert reads_back(expression)
    assert str(parse(str(expression))) == str(expression)


@given(st.text(alphabet='0123456789%.,/ +-()EURkgMINAXfreOonv;"', max_size=30))
def test_any_text_is_read_whole_or_refused(text: str) -> None:
    try:
        found: Expression | str = parse(text)
    except FactsError as refusal:
        found = str(refusal)
    assert found.startswith(f"{text!r} at position ") if isinstance(found, str) else reads_back(found)


def reads_back(expression: Expression) -> bool:
    """Tell whether what is written reads back as the same tree."""
    return parse(str(expression)) == expression


TINY = Decimal("1E-15")
"""Above what cutting the quotients of one expression can come to, below all that a schedule states."""

values = st.decimals(min_value=0, max_value=10**7, places=2)


@st.composite
def facts(draw: st.DrawFn, rate: Rate) -> dict[str, Decimal]:
    """Return all that the rate needs."""
    return {name: draw(values) for name in sorted(rate.units | rate.needs)}


@st.composite
def cases(draw: st.DrawFn, source: st.SearchStrategy[Rate]) -> tuple[Rate, Decimal, dict[str, Decimal]]:
    """Return a rate, a value and all that the rate needs."""
    rate = draw(source)
    return rate, draw(values), draw(facts(rate))


def by_hand(rate: Rate, value: Decimal, measures: Mapping[str, Decimal]) -> Fraction:
    """Return the amount in fractions, by another road than the steps."""

    def quantity(per: Per) -> Fraction:
        asked, divisor = per.counted
        found = Fraction(measures[asked]) / Fraction(divisor)
        if per.over is not None:
            found = max(found - Fraction(per.over), Fraction(0))
        if per.under is not None:
            found = max(Fraction(per.under) - found, Fraction(0))
        return found / Fraction(per.multiple)

    match rate:
        case AdValorem(percent, divisor, part):
            return Fraction(percent) / divisor / 100 * Fraction(measures[part] if part else value)
        case Specific(number, _, per):
            product = Fraction(number)
            for one in per:
                product *= quantity(one)
            return product
        case Component(name):
            return Fraction(measures[name]) * Fraction(measures["kg"]) / 100
        case Sum(terms, minus):
            more = sum((by_hand(one, value, measures) for one in terms), Fraction(0))
            return more - sum((by_hand(one, value, measures) for one in minus), Fraction(0))
        case Limit(word, inner, limit):
            both = by_hand(inner, value, measures), by_hand(limit, value, measures)
            return min(both) if word == "MAX" else max(both)
        case _:
            assert rate == Free()
            return Fraction(0)


@given(cases(rates(numeric=True)))
def test_the_steps_give_the_sum_made_by_hand(case: tuple[Rate, Decimal, dict[str, Decimal]]) -> None:
    rate, value, measures = case
    found = Fraction(rate.amount(Money(value, "EUR"), measures).amount)
    assert abs(found - by_hand(rate, value, measures)) < Fraction(TINY)


def falls_nowhere(rate: Rate) -> bool:
    """Tell whether nothing in the rate is taken away as something else grows."""
    return all(
        not (isinstance(one, Sum) and one.minus)
        and not (isinstance(one, Specific) and any(per.under is not None for per in one.per))
        for one in rate.walk()
    )


@given(cases(rates(numeric=True).filter(falls_nowhere)), st.data())
def test_more_value_or_quantity_is_never_less_duty(
    case: tuple[Rate, Decimal, dict[str, Decimal]], data: st.DataObject
) -> None:
    rate, value, measures = case
    more = {name: quantity + data.draw(values) for name, quantity in measures.items()}
    less_duty = rate.amount(Money(value, "EUR"), measures)
    assert less_duty.amount <= rate.amount(Money(value + data.draw(values), "EUR"), more).amount + TINY


@given(cases(rates(numeric=True)), rates(numeric=True), st.sampled_from(["MIN", "MAX"]), st.data())
def test_a_limit_holds(
    case: tuple[Rate, Decimal, dict[str, Decimal]],
    limit: Rate,
    word: Literal["MIN", "MAX"],
    data: st.DataObject,
) -> None:
    rate, value, measures = case
    measures = {**data.draw(facts(limit)), **measures}
    found = Limit(word, rate, limit).amount(Money(value, "EUR"), measures)
    alone = rate.amount(Money(value, "EUR"), measures), limit.amount(Money(value, "EUR"), measures)
    assert found in alone
    assert all(found <= one for one in alone) if word == "MAX" else all(found >= one for one in alone)


@given(cases(specifics(currencies=st.just("EUR"))), st.data())
def test_a_quantity_may_be_stated_in_any_unit_of_its_dimension(
    case: tuple[Specific, Decimal, dict[str, Decimal]], data: st.DataObject
) -> None:
    rate, value, measures = case
    stated: dict[str, Decimal] = {}
    for name, quantity in measures.items():
        measure = factors(name)[0]
        same = [one for one in UNITS.values() if one.dimension == measure.unit.dimension]
        other = data.draw(st.sampled_from(same))
        factor = Fraction(measure.unit.factor) / Fraction(other.factor)
        converted = quantity * Decimal(factor.numerator)
        assume(factor.denominator == 1)
        stated[f"{other.word}/{measure.qualifier}" if measure.qualifier else other.word] = converted
    there, here = (rate.amount(Money(value, "EUR"), one).amount for one in (stated, measures))
    assert abs(there - here) <= abs(here) * TINY


@given(seasons(), st.sampled_from(LEAP_YEAR))
def test_a_season_is_found_by_walking_the_calendar(expression: Seasons, day: date) -> None:
    def walk(one: Range) -> set[tuple[int, int]]:
        days = [(each.month, each.day) for each in LEAP_YEAR]
        at, found = days.index(one.first), {one.first}
        while days[at] != one.last:
            at = (at + 1) % len(days)
            found.add(days[at])
        return found

    today = (day.month, day.day)
    due = [part.rate for part in expression.parts if any(today in walk(one) for one in part.ranges)]
    if due:
        assert [expression.on(day)] == due
    else:
        with pytest.raises(NotInForceError):
            expression.on(day)
