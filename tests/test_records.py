"""Every record of every table, on its first day and the day before, on its last day and the day after."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import date, timedelta
from typing import Any, NamedTuple

import pytest

from dutycalc import Tariffs, load_tariffs
from dutycalc.errors import DutycalcError, NotInForceError, NotModelledError
from dutycalc.law import ALWAYS, Provision, Series
from dutycalc.loader import Territory
from dutycalc.schedules import Schedule

A_DAY = timedelta(days=1)
TARIFFS = load_tariffs()


class Case(NamedTuple):
    """One record of law, where it stands in the tables."""

    territory: Territory
    family: str
    name: str
    series: Series[Any]
    record: Provision[Any]

    @property
    def variants(self) -> frozenset[str]:
        """Return the reading in which the record counts."""
        return frozenset({self.record.variant}) if self.record.variant else frozenset()

    @property
    def known_on(self) -> date | None:
        """Return a late day of reading: for a record corrected since, the last before its correction."""
        one = self.record
        corrections = [
            other.known_from
            for other in self.series
            if (other.valid_from, other.variant) == (one.valid_from, one.variant)
            and other.known_from > one.known_from
        ]
        return min(corrections) - A_DAY if corrections else None

    def found(self, day: date) -> Provision[Any] | None:
        """Return what is law on the day by this rule, as an assessment would read it."""
        if day < self.territory.covered_from:
            return self.series.find(day, known_on=self.known_on, variants=self.variants)
        law = self.territory.law(day, known_on=self.known_on, variants=self.variants)
        return law.find(self.family, self.name)

    def is_law(self, day: date) -> bool:
        """Tell whether this very record is law on the day."""
        found = self.found(day)
        return found is not None and found.value is self.record.value


def sound(tariffs: Tariffs) -> Iterator[Territory]:
    """Yield the territories that can be read; the test of faulty ones is `test_malformed_tables`."""
    for code in tariffs.codes:
        with suppress(DutycalcError):
            yield tariffs.territory(code)


TERRITORIES = list(sound(TARIFFS))


def cases() -> Iterator[Case]:
    for territory in TERRITORIES:
        for family, named in territory.own.items():
            for name, series in named.items():
                for record in series:
                    yield Case(territory, family, name, series, record)


def label(case: Case) -> str:
    one = case.record
    known = f" known {one.known_from}" if case.known_on else ""
    return f"{one.record} of {one.valid_from}{f' {one.variant}' if one.variant else ''}{known}"


CASES = list(cases())


@pytest.mark.parametrize("code", TARIFFS.codes)
def test_every_folder_holds_law_or_a_tariff_that_can_be_read(code: str) -> None:
    try:
        assert TARIFFS.territory(code).files
    except NotModelledError:
        assert TARIFFS.schedule(code) is not None


@pytest.mark.parametrize("case", CASES, ids=label)
def test_a_record_is_law_on_its_first_day_and_not_the_day_before(case: Case) -> None:
    assert case.is_law(case.record.valid_from)
    assert not case.is_law(case.record.valid_from - A_DAY)


@pytest.mark.parametrize("case", CASES, ids=label)
def test_a_record_is_law_on_its_last_day_and_not_the_day_after(case: Case) -> None:
    first = case.found(case.record.valid_from)
    assert first is not None
    last = first.valid_until
    if case.record.stated_end:
        assert last <= case.record.valid_until
    if last == ALWAYS:
        assert case.is_law(max(case.record.valid_from, case.territory.checked_on) + 1000 * A_DAY)
        return
    assert case.is_law(last)
    assert not case.is_law(last + A_DAY)


@pytest.mark.parametrize("case", CASES, ids=label)
def test_a_record_says_where_it_is_written(case: Case) -> None:
    assert case.record.citations
    for cite in case.record.citations:
        assert cite.title.strip()
        assert cite.url.startswith(("https://", "http://"))
        assert cite.published <= case.territory.checked_on


@pytest.mark.parametrize("case", [case for case in CASES if case.record.variant], ids=label)
def test_a_disputed_reading_counts_only_where_it_is_chosen(case: Case) -> None:
    plain = case.series.find(case.record.valid_from)
    assert plain is None or plain.value is not case.record.value
    assert case.record.variant in case.territory.variants()


@pytest.mark.parametrize("territory", TERRITORIES, ids=lambda one: one.code)
def test_no_day_is_law_before_the_first_that_the_tables_cover(territory: Territory) -> None:
    assert territory.law(territory.covered_from).families
    with pytest.raises(NotInForceError):
        territory.law(territory.covered_from - A_DAY)


SCHEDULES = {code: found for code in TARIFFS.codes if (found := TARIFFS.schedule(code)) is not None}


@pytest.mark.parametrize("code", SCHEDULES)
def test_a_row_of_a_tariff_is_law_from_its_first_day_to_its_last(code: str) -> None:
    for table in SCHEDULES[code].tables:
        for line in table.codes:
            for row in table.rows(line):
                assert row.on(row.valid_from)
                assert not row.on(row.valid_from - A_DAY)
                assert row.on(row.valid_until)
                assert row.valid_until == ALWAYS or not row.on(row.valid_until + A_DAY)


@pytest.mark.parametrize("code", SCHEDULES)
def test_a_tariff_answers_on_its_first_day_and_not_the_day_before(code: str) -> None:
    schedule: Schedule = SCHEDULES[code]
    first = schedule.publication.covered_from
    lines = [line for line in schedule.main.codes if line[:2] < "98"]
    for line in lines[:: max(1, len(lines) // 50)]:
        assert schedule.lookup(line, "CN", first).codes
        with pytest.raises(NotInForceError):
            schedule.lookup(line, "CN", first - A_DAY)
