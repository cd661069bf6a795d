"""Series of records as they bear on a territory: on which days, in which of the disputed readings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from dutycalc.errors import TableError
from dutycalc.law import ALWAYS, Provision, Series

if TYPE_CHECKING:
    from dutycalc.loader import Territory

ORDINARY: Final[frozenset[str]] = frozenset()
"""The reading of whoever chooses no variant."""

_A_DAY: Final = timedelta(days=1)

Key = tuple[str, str]
"""A family and a name."""

Days = tuple[date, date]
"""The first and the last of a stretch of days."""


class Span(NamedTuple):
    """A record, and the first and last day on which it is in force."""

    first: date
    last: date
    provision: Provision[Any]


class Rule:
    """A series as it bears on a territory: its own, or one that lies under it on the days of a membership."""

    def __init__(
        self, key: Key, path: str, series: Series[Any], days: tuple[Days, ...], *, own: bool
    ) -> None:
        self.family, self.name = key
        self.path = path
        self.series = series
        self.days = days
        self.own = own
        self._spans: dict[frozenset[str], list[Span]] = {}

    @property
    def label(self) -> str:
        """Return the name of the series, as its records' heads have it."""
        return f"{self.family}.{self.name}" if self.name else self.family

    @cached_property
    def variants(self) -> set[str]:
        """Return the disputed readings that the series holds."""
        return {one.variant for one in self.series if one.variant}

    @cached_property
    def steady_from(self) -> date:
        """Return the day from which some record is in force for ever, whatever the reading; else no day."""
        first = next((one.valid_from for one in self.series if not one.variant), ALWAYS)
        if len(self.days) != 1 or self.days[0][1] != ALWAYS or any(one.stated_end for one in self.series):
            return ALWAYS
        return max(first, self.days[0][0])

    def spans(self, reading: frozenset[str]) -> list[Span]:
        """Return the records of a reading with the days on which they are in force here."""
        reading = reading & self.variants
        if reading not in self._spans:
            self._spans[reading] = self._found(reading)
        return self._spans[reading]

    def _found(self, reading: frozenset[str]) -> list[Span]:
        found: list[Span] = []
        for first in sorted(self.series.change_days()):
            one = self.series.find(first, variants=reading)
            if one is not None and (not found or found[-1].last < first):
                found.append(Span(first, one.valid_until, one))
        return [
            Span(max(first, start), min(last, end), one)
            for first, last, one in found
            for start, end in self.days
            if first <= end and last >= start
        ]


Rules = dict[Key, list[Rule]]


def rules_of(territory: Territory) -> Rules:
    """Return every series that bears on a territory, with the days on which it does."""
    since = territory.covered_from
    found: Rules = {}
    for file in territory.files:
        for family, named in file.records.items():
            for name, series in named.items():
                found[family, name] = [Rule((family, name), file.path, series, ((since, ALWAYS),), own=True)]
    membership = found.get(("member_of", ""))
    for span in membership[0].spans(ORDINARY) if membership else ():
        parent = territory.tariffs.territory(span.provision.value.code)
        for key, rules in rules_of(parent).items():
            if key[1] in territory.own.get(key[0], {}):
                continue
            for rule in rules:
                days = tuple(_common(rule.days, ((span.first, span.last),)))
                found.setdefault(key, []).append(Rule(key, rule.path, rule.series, days, own=False))
    return found


def _common(some: Iterable[Days], others: Iterable[Days]) -> Iterator[Days]:
    for first, last in some:
        for start, end in others:
            if first <= end and last >= start:
                yield max(first, start), min(last, end)


def told_reading(reading: frozenset[str]) -> str:
    """Return a disputed reading in words, nothing for the ordinary one."""
    return f" in the variant {', '.join(reading)}" if reading else ""


def readings_of(rules: Iterable[Rule]) -> list[frozenset[str]]:
    """Return the readings in which some of the rules differ: the ordinary one, and each variant alone."""
    variants = sorted({variant for rule in rules for variant in rule.variants})
    return [ORDINARY, *(frozenset({one}) for one in variants)]


def first_gap(days: Days, borne: Iterable[Days]) -> date | None:
    """Return the first of the days on which nothing is borne, or None."""
    day = days[0]
    for first, last in borne:
        if first > day:
            return day
        if last >= days[1]:
            return None
        day = max(day, last + _A_DAY)
    return day


def days_in_force(rules: Iterable[Rule], reading: frozenset[str] = ORDINARY) -> list[Days]:
    """Return the stretches of days on which some record of the rules is in force, in order."""
    return sorted((one.first, one.last) for rule in rules for one in rule.spans(reading))


def fault_in(path: str, label: str, one: Provision[Any], text: str) -> TableError:
    """Return a fault of a record, named by its series and first day."""
    record = f"{label} of {one.valid_from}"
    reading = f" (variant {one.variant})" if one.variant else ""
    return TableError(f"{path}: {record}{reading}: {text}", file=path, record=record)


def lacking(rule: Rule, provision: Provision[Any], targets: list[Rule], text: str) -> TableError:
    """Return the fault of a record; where it lies below, that of the series put in its way."""
    if rule.own:
        return fault_in(rule.path, rule.label, provision, text)
    own = next(one for one in targets if one.own)
    needed = f"{rule.path}: {rule.label} of {provision.valid_from}"
    return fault_in(own.path, own.label, own.series.records[0], f"does not go with {needed}: {text}")
