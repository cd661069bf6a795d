"""Law in time: which record is in force on a day, as known on another, in which disputed reading."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dutycalc import Citation
from dutycalc.errors import ConflictError, NotInForceError
from dutycalc.law import ALWAYS, Provision, Series

ACT = Citation("act", "Customs Act, Article 1", "https://law.example/act", date(2015, 1, 1))
A_DAY = timedelta(days=1)


def record(value: str, valid_from: str, **fields: Any) -> Provision[str]:
    """Return a record known since 2015, without an end of its own unless one is given."""
    until = fields.pop("valid_until", None)
    known = fields.pop("known_from", "2015-01-01")
    return Provision(
        record="zz/rule",
        value=value,
        valid_from=date.fromisoformat(valid_from),
        valid_until=date.fromisoformat(until) if until else ALWAYS,
        known_from=date.fromisoformat(known),
        citations=(ACT,),
        stated_end=until is not None,
        **fields,
    )


def value_on(series: Series[str], day: str, **options: Any) -> str | None:
    if "known_on" in options:
        options["known_on"] = date.fromisoformat(options["known_on"])
    if "variants" in options:
        options["variants"] = frozenset(options["variants"])
    found = series.find(date.fromisoformat(day), **options)
    return found.value if found else None


def test_a_record_is_law_from_its_first_day_until_the_next_one_starts() -> None:
    series = Series("zz/rule", [record("new", "2021-01-01"), record("old", "2020-01-01")])
    days = ["2019-12-31", "2020-01-01", "2020-12-31", "2021-01-01", "2099-12-31"]
    assert [value_on(series, day) for day in days] == [None, "old", "old", "new", "new"]


def test_the_end_of_a_record_is_the_day_before_the_next_one() -> None:
    series = Series("zz/rule", [record("old", "2020-01-01"), record("new", "2021-01-01")])
    assert series.on(date(2020, 6, 1)).valid_until == date(2020, 12, 31)
    assert series.on(date(2021, 6, 1)).valid_until == ALWAYS


def test_a_stated_end_leaves_a_gap_that_nothing_fills() -> None:
    series = Series(
        "zz/rule", [record("old", "2020-01-01", valid_until="2020-06-30"), record("new", "2021-01-01")]
    )
    days = ["2020-06-30", "2020-07-01", "2020-12-31", "2021-01-01"]
    assert [value_on(series, day) for day in days] == ["old", None, None, "new"]


def test_a_later_record_cuts_a_stated_end_short() -> None:
    series = Series(
        "zz/rule", [record("old", "2020-01-01", valid_until="2021-12-31"), record("new", "2021-01-01")]
    )
    assert series.on(date(2020, 6, 1)).valid_until == date(2020, 12, 31)
    assert value_on(series, "2021-01-01") == "new"


def test_a_day_without_a_record_is_refused_with_the_rule_and_the_day() -> None:
    series = Series("zz/limit.low_value", [record("old", "2020-01-01")])
    with pytest.raises(NotInForceError, match="zz/limit.low_value: .*2019-12-31") as refusal:
        series.on(date(2019, 12, 31))
    assert (refusal.value.table, refusal.value.day) == ("zz/limit.low_value", date(2019, 12, 31))


def test_a_rule_is_unknown_before_the_day_on_which_it_could_be_known() -> None:
    series = Series(
        "zz/rule", [record("old", "2020-01-01"), record("new", "2021-01-01", known_from="2021-03-01")]
    )
    known = ["2014-12-31", "2015-01-01", "2021-02-28", "2021-03-01"]
    assert [value_on(series, "2021-02-01", known_on=day) for day in known] == [None, "old", "old", "new"]


def test_an_unknown_successor_leaves_the_older_rule_without_an_end() -> None:
    series = Series(
        "zz/rule", [record("old", "2020-01-01"), record("new", "2021-01-01", known_from="2021-03-01")]
    )
    assert series.on(date(2020, 6, 1), known_on=date(2021, 2, 28)).valid_until == ALWAYS
    assert series.on(date(2020, 6, 1), known_on=date(2021, 3, 1)).valid_until == date(2020, 12, 31)


def test_of_two_records_for_the_same_days_the_one_known_later_corrects_the_other() -> None:
    series = Series(
        "zz/rule", [record("corrected", "2020-01-01", known_from="2020-05-01"), record("first", "2020-01-01")]
    )
    assert value_on(series, "2020-02-01") == "corrected"
    assert value_on(series, "2020-02-01", known_on="2020-04-30") == "first"


def test_a_disputed_reading_counts_only_where_it_is_chosen() -> None:
    series = Series(
        "zz/rule", [record("plain", "2020-01-01"), record("other", "2020-01-01", variant="other_reading")]
    )
    assert value_on(series, "2020-06-01") == "plain"
    assert value_on(series, "2020-06-01", variants=["another_rule"]) == "plain"
    assert value_on(series, "2020-06-01", variants=["other_reading"]) == "other"


def test_a_disputed_reading_may_begin_or_end_on_days_of_its_own() -> None:
    series = Series(
        "zz/rule", [record("plain", "2020-01-01"), record("other", "2021-01-01", variant="other_reading")]
    )
    assert value_on(series, "2021-06-01") == "plain"
    assert value_on(series, "2020-06-01", variants=["other_reading"]) == "plain"
    assert value_on(series, "2021-06-01", variants=["other_reading"]) == "other"


def test_two_readings_of_one_rule_exclude_each_other() -> None:
    series = Series(
        "zz/rule",
        [
            record("plain", "2020-01-01"),
            record("a", "2020-01-01", variant="a"),
            record("b", "2020-01-01", variant="b"),
        ],
    )
    with pytest.raises(ConflictError, match="variants a, b exclude each other") as refusal:
        series.find(date(2020, 6, 1), variants=frozenset({"a", "b"}))
    assert refusal.value.records == ("a", "b")


def test_the_days_of_change_are_first_days_and_days_after_a_stated_end() -> None:
    series = Series(
        "zz/rule", [record("old", "2020-01-01", valid_until="2020-06-30"), record("new", "2021-01-01")]
    )
    assert series.change_days() == {date(2020, 1, 1), date(2020, 7, 1), date(2021, 1, 1)}


def test_a_part_of_a_record_keeps_its_days_and_its_law() -> None:
    whole = record("whole", "2020-01-01")
    one = whole.at("a part", "rounding")
    assert (one.value, one.record, one.citations, one.valid_from) == (
        "a part", "zz/rule.rounding", whole.citations, whole.valid_from,
    )  # fmt: skip
    assert whole.at("other").record == "zz/rule"


def test_law_does_not_change_once_it_is_read() -> None:
    one: Any = record("value", "2020-01-01")
    with pytest.raises(AttributeError):
        one.value = "another"


# Properties

DAYS = st.dates(date(2018, 1, 1), date(2028, 12, 31))


@st.composite
def histories(draw: st.DrawFn) -> list[Provision[str]]:
    """Return records of one rule, each starting on a day of its own, some with a stated end."""
    starts = draw(st.lists(DAYS, min_size=1, max_size=6, unique=True))
    found = []
    for n, start in enumerate(starts):
        end = draw(st.none() | st.dates(start, start + timedelta(days=900)))
        known = draw(st.dates(date(2017, 1, 1), date(2029, 1, 1)))
        found.append(
            record(
                str(n), start.isoformat(), valid_until=end and end.isoformat(), known_from=known.isoformat()
            )
        )
    return found


@given(records=histories(), day=DAYS, known_on=st.none() | DAYS)
def test_the_record_in_force_is_the_latest_that_has_started_and_was_known(
    records: list[Provision[str]], day: date, known_on: date | None
) -> None:
    started = [
        one for one in records if one.valid_from <= day and (known_on is None or one.known_from <= known_on)
    ]
    latest = max(started, key=lambda one: one.valid_from, default=None)
    expected = latest.value if latest and day <= latest.valid_until else None
    found = Series("zz/rule", records).find(day, known_on=known_on)
    assert (found.value if found else None) == expected


@given(records=histories(), day=DAYS)
def test_a_record_is_law_on_every_day_up_to_its_derived_end_and_not_after(
    records: list[Provision[str]], day: date
) -> None:
    series = Series("zz/rule", records)
    found = series.find(day)
    if found is None:
        return
    last = min(found.valid_until, date(2040, 1, 1))
    for one in (found.valid_from, last):
        on_day = series.find(one)
        assert on_day is not None
        assert on_day.value == found.value
    if found.valid_until != ALWAYS:
        after = series.find(found.valid_until + A_DAY)
        assert after is None or after.value != found.value


@given(records=histories(), day=DAYS)
def test_nothing_changes_but_on_a_day_of_change(records: list[Provision[str]], day: date) -> None:
    series = Series("zz/rule", records)
    before, after = series.find(day - A_DAY), series.find(day)
    if (before and before.value) != (after and after.value):
        assert day in series.change_days()


def test_the_end_of_a_record_counts_from_the_day_on_which_it_could_be_known() -> None:
    ended = record("old", "2020-01-01", valid_until="2020-12-31", end_known_from=date(2020, 6, 1))
    series = Series("zz/rule", [ended])
    known = ["2020-05-31", "2020-06-01", "2020-06-02"]
    assert [value_on(series, "2021-01-01", known_on=day) for day in known] == ["old", None, None]
    assert series.on(date(2020, 3, 1), known_on=date(2020, 5, 31)).valid_until == ALWAYS
    assert series.on(date(2020, 3, 1), known_on=date(2020, 6, 1)).valid_until == date(2020, 12, 31)
    assert value_on(series, "2021-01-01") is None


def test_an_end_without_a_day_of_its_own_is_known_whenever_the_record_is() -> None:
    series = Series("zz/rule", [record("old", "2020-01-01", valid_until="2020-12-31")])
    assert value_on(series, "2021-01-01", known_on="2015-01-01") is None


def test_an_end_that_nobody_stated_is_no_end() -> None:
    bare = Provision("zz/rule", "old", date(2020, 1, 1), date(2020, 12, 31), date(2015, 1, 1), (ACT,))
    assert (bare.stated_end, bare.end_known_on(None)) == (False, ALWAYS)
