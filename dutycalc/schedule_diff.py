"""What one edition of a tariff changes in another: measures added, ended, and charged differently."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from dutycalc.measures import Measure
from dutycalc.schedules import Schedule

Name = tuple[str, str, str]
Said = tuple[tuple[str, str, date], ...]


@dataclass(frozen=True, slots=True)
class Change:
    """A measure that both editions have with different duties or days."""

    old: tuple[Measure, ...]
    new: tuple[Measure, ...]

    @property
    def code(self) -> str:
        """Return the code that the measure is on."""
        return self.new[0].code

    def __str__(self) -> str:
        one = self.new[0]
        return (
            f"{' '.join(filter(None, (one.code, one.kind, one.origin_group, one.requires)))}: "
            f"{_texts(self.old)} -> {_texts(self.new)}"
        )


@dataclass(frozen=True, slots=True)
class ScheduleDiff:
    """The difference between two editions, in order of code."""

    added: tuple[Measure, ...]
    ended: tuple[Measure, ...]
    changed: tuple[Change, ...]

    def __bool__(self) -> bool:
        return bool(self.added or self.ended or self.changed)


def diff_schedules(old: Schedule, new: Schedule) -> ScheduleDiff:
    """Return what the new edition adds, ends and changes.

    A measure is the same where its code, kind, origin group and what it requires are the same.
    """
    added: list[Measure] = []
    ended: list[Measure] = []
    changed: list[Change] = []
    codes = {code for schedule in (old, new) for table in schedule.tables for code in table.codes}
    for code in sorted(codes):
        before, after = _by_name(old.stated(code)), _by_name(new.stated(code))
        for name in sorted(before.keys() | after.keys()):
            was, now = before.get(name, []), after.get(name, [])
            if not was:
                added.extend(now)
            elif not now:
                ended.extend(was)
            elif _said(was) != _said(now):
                changed.append(Change(tuple(was), tuple(now)))
    return ScheduleDiff(tuple(added), tuple(ended), tuple(changed))


def _by_name(measures: Iterable[Measure]) -> dict[Name, list[Measure]]:
    found: dict[Name, list[Measure]] = {}
    for one in measures:
        found.setdefault((one.kind, one.origin_group, one.requires), []).append(one)
    return found


def _said(measures: Iterable[Measure]) -> Said:
    """Return what the measures say; a first day that is only the table's own counts for nothing."""
    return tuple(
        sorted(
            (
                one.expression_text,
                "" if one.valid_from == one.publication.covered_from else one.valid_from.isoformat(),
                one.valid_until,
            )
            for one in measures
        )
    )


def _texts(measures: Iterable[Measure]) -> str:
    return " | ".join(one.expression_text for one in measures)
