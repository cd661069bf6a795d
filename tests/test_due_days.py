"""Due days of returns: periods with a day of their own, two-monthly periods, business days."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from pydantic_core import ValidationError

from dutycalc.decided import due_day
from dutycalc.tables import Returns
from dutycalc.wording import returns_in_words


def returns(**fields: Any) -> Returns:
    return Returns.model_validate(fields)


QUARTERS = returns(every="quarter", months_after=1, day=28, but=[{"ends_in": 3, "months_after": 2, "day": 7}])
TERMS = returns(
    every="two_months", months_after=2, day=10, but=[{"ends_in": 6, "months_after": 2, "day": 31}]
)


@pytest.mark.parametrize(
    ("rule", "day", "due"),
    [
        (QUARTERS, "2020-03-31", "2020-05-07"),
        (QUARTERS, "2020-01-01", "2020-05-07"),
        (QUARTERS, "2020-04-01", "2020-07-28"),
        (QUARTERS, "2020-12-31", "2021-01-28"),
        (TERMS, "2026-01-01", "2026-04-10"),
        (TERMS, "2026-02-28", "2026-04-10"),
        (TERMS, "2026-03-01", "2026-06-10"),
        (TERMS, "2026-05-01", "2026-08-31"),
        (TERMS, "2026-07-01", "2026-10-10"),
        (TERMS, "2026-12-31", "2027-02-10"),
    ],
)
def test_a_period_may_have_a_due_day_of_its_own(rule: Returns, day: str, due: str) -> None:
    assert due_day(rule, date.fromisoformat(day)) == date.fromisoformat(due)


@pytest.mark.parametrize(
    ("day", "due"),
    [
        ("2025-09-01", "2025-10-09"),  # the example of jp-reports.com: September 2025 by 9 October
        ("2025-09-30", "2025-10-09"),
        ("2025-08-29", "2025-09-10"),  # the first Monday of September is a holiday
        ("2026-01-31", "2026-02-10"),  # February 2026 begins on a Sunday
    ],
)
def test_the_seventh_business_day_leaves_out_weekends_and_holidays(day: str, due: str) -> None:
    rule = returns(every="month", months_after=1, business_day=7, holidays=["2025-09-01"])
    assert due_day(rule, date.fromisoformat(day)) == date.fromisoformat(due)


def test_without_the_holiday_the_day_is_one_earlier() -> None:
    rule = returns(every="month", months_after=1, business_day=7)
    assert due_day(rule, date(2025, 8, 29)) == date(2025, 9, 9)


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (
            QUARTERS,
            (
                "quarterly, due by day 28 of the month after, "
                "but for those ending in month 3 by day 7 of the month 2 months after"
            ),
        ),
        (
            TERMS,
            (
                "two-monthly, due by day 10 of the month 2 months after, "
                "but for those ending in month 6 by day 31 of the month 2 months after"
            ),
        ),
        (
            returns(every="month", months_after=1, business_day=7),
            "monthly, due by business day 7 of the month after",
        ),
        (returns(every="year", months_after=0), "yearly, due by the last day of its last month"),
    ],
)
def test_a_return_in_words(rule: Returns, words: str) -> None:
    assert returns_in_words(rule) == words


@pytest.mark.parametrize(
    "fields",
    [
        {"business_day": 7, "day": 3},
        {"holidays": ["2025-09-01"]},
        {"business_day": 0},
        {"but": [{"ends_in": 13, "months_after": 1}]},
        {"but": [{"ends_in": 3, "months_after": 1}, {"ends_in": 3, "months_after": 2}]},
    ],
)
def test_a_return_that_contradicts_itself_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        returns(every="month", months_after=1, **fields)
