"""Records of law as their tables have them: what one says, and what changes between two days."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final, Literal

from dutycalc.expressions import Expression
from dutycalc.law import Provision
from dutycalc.loader import Law
from dutycalc.money import Money, plain
from dutycalc.tables import Record

_ABOUT: Final = frozenset(Record.model_fields)
"""What every record carries: its days, its sources, its standing, a note."""


def fields_of(one: Provision[Any]) -> dict[str, Any]:
    """Return what a record says, as plain JSON values in the words of its file."""
    stated = one.value.model_dump(exclude_unset=True, exclude=_ABOUT)
    found = {name: _plain(value) for name, value in stated.items()}
    return found | ({"note": one.note} if one.note else {})


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, Decimal):
        # A number in a record is a percentage; sums of money, masses and expressions are texts.
        number = plain(value * 100)
        return f"{number.rstrip('0').rstrip('.') if '.' in number else number}%"
    if isinstance(value, Money | Expression):
        return str(value)
    return value.isoformat() if isinstance(value, date) else value


def as_written(value: Any) -> str:
    """Return a value of a record much as TOML writes it."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{name} = {as_written(one)}" for name, one in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(as_written, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class Change:
    """A rule that the law of a later day has, lacks, or has otherwise than that of an earlier one.

    `fields` are those that differ, each with its old and its new value (None where there is none).
    """

    kind: Literal["begins", "ends", "changes"]
    family: str
    old: Provision[Any] | None
    new: Provision[Any] | None
    fields: dict[str, tuple[Any, Any]]

    @property
    def record(self) -> Provision[Any]:
        """Return the record that stands after the change, or the one that ended."""
        found = self.new or self.old
        assert found is not None
        return found


def changes(before: Law, after: Law) -> Iterator[Change]:
    """Yield what the law changes from one day to a later one, family by family, in the order of the files."""
    for family in dict.fromkeys([*before.families, *after.families]):
        old, new = before.all(family), after.all(family)
        for name in dict.fromkeys([*old, *new]):
            one = _change(family, old.get(name), new.get(name))
            if one is not None:
                yield one


def _change(family: str, old: Provision[Any] | None, new: Provision[Any] | None) -> Change | None:
    if old is None or new is None:
        return Change("begins" if old is None else "ends", family, old, new, {})
    was, now = _compared(old), _compared(new)
    fields = {
        name: (was.get(name), now.get(name)) for name in {**was, **now} if was.get(name) != now.get(name)
    }
    return Change("changes", family, old, new, fields) if fields else None


def _compared(one: Provision[Any]) -> dict[str, Any]:
    """Return what a record says and where it is written; a restatement of the same law is no change."""
    return fields_of(one) | {"cite": [cite.title for cite in one.citations], "confidence": one.confidence}
