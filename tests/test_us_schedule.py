"""Lines of the schedule of the United States as another reader of it has them: rates exact, kinds alike.

A kind is how that reader sorts a text of the schedule; what stands for it here is a form of expression.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Final

import pytest

from dutycalc import Money, load_tariffs
from dutycalc.errors import DutycalcError
from dutycalc.expression_tree import AdValorem, Free, Reference
from dutycalc.expressions import Expression, parse
from dutycalc.measures import MeasureKind
from dutycalc.schedules import Schedule

FILE = Path(__file__).parent / "golden" / "schedules" / "us_schedule.csv"
with FILE.open(encoding="utf-8") as stream:
    LINES = list(csv.DictReader(line for line in stream if not line.startswith("#")))

DAY = date(2026, 8, 3)
COLUMNS: Final[dict[str, MeasureKind]] = {"general": "third_country", "column2": "column_2"}

RATES = [(line["code"], column, line[column]) for line in LINES for column in COLUMNS if line[column]]
KINDS_SEEN = [(line["code"], column, line[f"{column}_kind"]) for line in LINES for column in COLUMNS]


def percentages(one: Expression) -> bool:
    """Tell whether a percentage of the whole value is part of it."""
    return any(isinstance(each, AdValorem) and not each.needs for each in one.walk())


FORMS: Final[dict[str, Callable[[Expression], bool]]] = {
    "free": lambda one: isinstance(one, Free),
    "ad_valorem": lambda one: one.ad_valorem is not None and not isinstance(one, Free),
    "specific": lambda one: bool(one.units) and not percentages(one) and not one.needs,
    "compound": lambda one: bool(one.units) and percentages(one) and not one.needs,
    "component": lambda one: bool(one.needs),
    "conditional": lambda one: any(isinstance(each, Reference) for each in one.walk()),
}

READ_FURTHER: Final = {"33 1/3%"}
"""Texts that the other reader takes for conditional and that are rates."""


@pytest.fixture(scope="module")
def schedule() -> Schedule:
    found = load_tariffs().schedule("US")
    assert found is not None
    return found


def stated(schedule: Schedule, code: str, kind: MeasureKind) -> list[str]:
    """Return what the table states for the longest beginning of the code that it has."""
    for length in range(len(code), 3, -1):
        found = [one.expression_text for one in schedule.stated(code[:length]) if one.kind == kind]
        if found:
            return found
    return []


@pytest.mark.parametrize(("code", "column", "rate"), RATES)
def test_a_rate_is_exact(schedule: Schedule, code: str, column: str, rate: str) -> None:
    (text,) = stated(schedule, code, COLUMNS[column])
    assert parse(text).ad_valorem == Decimal(rate) * 100
    assert parse(text).amount(Money.parse("10000 USD"), {}) == Money(Decimal(rate) * 10000, "USD")


@pytest.mark.parametrize(("code", "column", "rate"), [one for one in RATES if one[0] < "98"])
def test_lookup_gives_the_same_rate(schedule: Schedule, code: str, column: str, rate: str) -> None:
    # Chapters 98 and 99 are no articles: a lookup refuses them by name.
    origin = "DE" if column == "general" else "CU"
    found = schedule.lookup(code, origin, DAY).only().expression_text
    assert parse(found).ad_valorem == Decimal(rate) * 100


@pytest.mark.parametrize(("code", "column", "kind"), KINDS_SEEN)
def test_a_text_is_of_the_same_kind(schedule: Schedule, code: str, column: str, kind: str) -> None:
    texts = stated(schedule, code, COLUMNS[column])
    if kind == "empty":
        assert texts in ([], ["free"])
        return
    (text,) = texts
    if kind == "conditional" and text in READ_FURTHER:
        assert parse(text).ad_valorem is not None
        return
    assert FORMS[kind](parse(text)), text


def test_a_conditional_text_is_refused_by_name_and_never_a_number(schedule: Schedule) -> None:
    texts = {
        text
        for code, column, kind in KINDS_SEEN
        if kind == "conditional"
        for text in stated(schedule, code, COLUMNS[column])
        if text not in READ_FURTHER
    }
    assert len(texts) > 10
    for text in texts:
        with pytest.raises((DutycalcError, ExceptionGroup)):
            parse(text).amount(Money.parse("100 USD"), {})


def test_every_row_is_there() -> None:
    assert (len(LINES), len(RATES), len(KINDS_SEEN)) == (426, 549, 852)
