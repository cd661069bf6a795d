"""What an importer gathers before a table is written: lines, sets, counts, and what could not be read."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from dutycalc.errors import FactsError
from dutycalc.expressions import EntryPrice, Expression, NotCovered, Reference, parse
from dutycalc.law import Confidence
from dutycalc.measures import Column, Entry
from dutycalc.schedule_files import set_name

Translate = Callable[[str], str]
"""Turn a publisher's text into the canonical notation; FactsError with the reason where it cannot."""

Progress = Callable[[int], None]
"""Told how many records have been read, now and then."""

STEP: Final = 1000
"""Records between two reports of progress."""

_UNREADABLE: Final = "unreadable: "
_LONGEST: Final = 100


@dataclass(frozen=True, slots=True)
class Edition:
    """Which edition a file is, as its reader states it: formats seldom say so themselves.

    `name` is the file to write; `covered_from` and `checked_on` default to the day of publication.
    """

    published: date
    covered_from: date | None = None
    checked_on: date | None = None
    name: str = "measures"
    title: str = ""
    url: str = ""
    publisher: str = ""
    terms: str = ""
    notice: str = ""
    confidence: Confidence = "confirmed"
    complete: bool = True


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A text that was not read: where it stands, what it says, why not."""

    record: str
    column: str
    text: str
    reason: str


@dataclass(slots=True)
class ColumnCount:
    """How the texts of one column were read: to numbers, to forms that refuse by name, or not."""

    texts: int = 0
    parsed: int = 0
    referred: int = 0
    quarantined: int = 0
    distinct: set[str] = field(default_factory=set)


class Draft:
    """A table in the making; `notice` is what whoever reads the table should know of how it was made."""

    def __init__(self, translate: Translate, progress: Progress | None = None) -> None:
        self.columns: list[Column] = []
        self.names: list[str] = []
        self.lines: list[tuple[str, ...]] = []
        self.sets: dict[str, tuple[Entry, ...]] = {}
        self.counts: dict[str, ColumnCount] = {}
        self.quarantine: list[Quarantined] = []
        self.notice = ""
        self.records = 0
        self._translate = translate
        self._progress = progress
        self._read: dict[str, Expression | FactsError] = {}

    def record(self) -> None:
        """Count a record of the source, and tell of progress."""
        self.records += 1
        if self._progress is not None and self.records % STEP == 0:
            self._progress(self.records)

    def expression(self, column: str, text: str, *, record: str) -> str:
        """Return the canonical notation of a text; what is not read is quarantined and refuses by name."""
        count = self.counts.setdefault(column, ColumnCount())
        count.texts += 1
        count.distinct.add(text)
        found = self._understood(text)
        if isinstance(found, FactsError):
            count.quarantined += 1
            self.drop(record, column, text, str(found))
            return unreadable(text)
        if refers(found):
            count.referred += 1
        else:
            count.parsed += 1
        return str(found)

    def _understood(self, text: str) -> Expression | FactsError:
        if text not in self._read:
            try:
                self._read[text] = parse(self._translate(text))
            except FactsError as fault:
                self._read[text] = fault
        return self._read[text]

    def drop(self, record: str, column: str, text: str, reason: str) -> None:
        """Put a text into quarantine."""
        self.quarantine.append(Quarantined(record, column, text, reason))

    def set_of(self, entries: Iterable[Entry]) -> str:
        """Return the name of a set of measures, kept once; empty for none."""
        whole = tuple(entries)
        if not whole:
            return ""
        name = set_name(whole)
        if self.sets.setdefault(name, whole) != whole:
            raise AssertionError(f"two sets of measures share the name {name}")
        return name


def unreadable(text: str) -> str:
    """Return what a line bears whose text was not read: it is in the nomenclature, its rate is refused."""
    return str(Reference(f"{_UNREADABLE}{' '.join(text.split())[:_LONGEST] or 'no text'}"))


def is_unreadable(text: str) -> bool:
    """Return whether the text stands for one that was not read."""
    return text.startswith(f'ref "{_UNREADABLE}')


def refers(expression: Expression) -> bool:
    """Return whether a part of the expression refuses by name instead of giving a number."""
    return any(isinstance(one, Reference | EntryPrice | NotCovered) for one in expression.walk())
