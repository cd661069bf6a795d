"""Law as dated, cited records: what is in force on a day, and what was known of it on another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import Final, Generic, Literal, TypeVar

from dutycalc.errors import ConflictError, NotInForceError
from dutycalc.values import Frozen

Confidence = Literal["confirmed", "secondary", "unverified"]

ALWAYS: Final = date.max
"""The end of a record that nothing follows yet."""

_A_DAY: Final = timedelta(days=1)

T = TypeVar("T")


class Citation(Frozen):
    """Where a rule is written: a source of the tables, at article level."""

    source: str
    title: str
    url: str
    published: date


class Provision(Frozen, Generic[T]):
    """A value, the days on which it is law, and where it is written.

    `record` is its name in the tables, such as `de/tax_class.standard`; `known_from` the first day on
    which a careful reader could know it; `valid_until` the last day in force.
    """

    record: str
    value: T
    valid_from: date
    valid_until: date
    known_from: date
    citations: tuple[Citation, ...]
    confidence: Confidence = "confirmed"
    note: str = ""
    variant: str = ""
    stated_end: bool = False
    end_known_from: date | None = None

    def end_known_on(self, known_on: date | None) -> date:
        """Return the stated end as a reader knew it on a day (default: as known now), or `ALWAYS`."""
        unknown = known_on is not None and self.end_known_from is not None and known_on < self.end_known_from
        return ALWAYS if unknown or not self.stated_end else self.valid_until

    def at(self, value: object, part: str = "") -> Provision[object]:
        """Return the same record of law for one value within it."""
        return self.replaced(value=value, record=f"{self.record}.{part}" if part else self.record)  # type: ignore[no-any-return]


class Series(Generic[T]):
    """The records of one rule in time; a later record ends the one before."""

    __slots__ = ("name", "records")

    def __init__(self, name: str, records: Iterable[Provision[T]]) -> None:
        self.name = name
        self.records = tuple(sorted(records, key=lambda one: (one.valid_from, one.known_from)))

    def __iter__(self) -> Iterator[Provision[T]]:
        return iter(self.records)

    def __len__(self) -> int:
        return len(self.records)

    def find(
        self, day: date, *, known_on: date | None = None, variants: frozenset[str] = frozenset()
    ) -> Provision[T] | None:
        """Return the record in force on the day, as known on `known_on` (default: as known now), or None."""
        usable = self._usable(known_on, variants)
        chosen: Provision[T] | None = None
        after: Provision[T] | None = None
        for one in usable:
            if one.valid_from > day:
                after = one
                break
            chosen = one
        if chosen is None:
            return None
        end = chosen.end_known_on(known_on)
        if end < day:
            return None
        if after is not None:
            end = min(end, after.valid_from - _A_DAY)
        return chosen if end == chosen.valid_until else chosen.replaced(valid_until=end)

    def on(
        self, day: date, *, known_on: date | None = None, variants: frozenset[str] = frozenset()
    ) -> Provision[T]:
        """Return the record in force on the day; NotInForceError where there is none."""
        found = self.find(day, known_on=known_on, variants=variants)
        if found is None:
            raise NotInForceError(f"{self.name}: no record is in force on {day}", table=self.name, day=day)
        return found

    def _usable(self, known_on: date | None, variants: frozenset[str]) -> list[Provision[T]]:
        """Return the records of the chosen reading that were known on the day, one for each first day."""
        chosen: dict[date, Provision[T]] = {}
        named = {one.variant for one in self.records if one.variant in variants and one.variant}
        if len(named) > 1:
            raise ConflictError(
                f"{self.name}: variants {', '.join(sorted(named))} exclude each other",
                records=sorted(named),
            )
        for one in self.records:
            if known_on is not None and one.known_from > known_on:
                continue
            if one.variant and one.variant not in variants:
                continue
            rival = chosen.get(one.valid_from)
            if rival is None or (one.variant in named, one.known_from) >= (
                rival.variant in named,
                rival.known_from,
            ):
                chosen[one.valid_from] = one
        return [chosen[first] for first in sorted(chosen)]

    def change_days(self) -> set[date]:
        """Return the days on which this rule starts, ends or changes."""
        days = {one.valid_from for one in self.records}
        days |= {one.valid_until + _A_DAY for one in self.records if one.stated_end}
        return days
