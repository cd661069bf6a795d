"""Measures of a tariff: what kind of duty, on which code, for which origins, from which publication."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Final, Literal, get_args

from dutycalc.law import Citation, Confidence, Provision
from dutycalc.values import Frozen

MeasureKind = Literal[
    "third_country", "column_2", "temporary", "treaty", "treaty_bound",
    "preference", "suspension", "quota", "preferential_quota",
    "additional_duty", "trade_defence",
]  # fmt: skip
"""The closed list of measures.

third_country       the duty on any origin (most-favoured-nation, general, conventional)
column_2            replaces it for the origins of its group
temporary           replaces the third-country duty while it is law
treaty              replaces both for the origins of its group, where the publisher shows it to be lower
treaty_bound        a bound rate that the publisher shows not to be lower: never applied, kept for the record
preference          for an origin of its group, when claimed with proof
suspension          a reduction that must be claimed (end use, certificate)
quota               a reduction while a quota lasts; `preferential_quota` for an origin of its group
additional_duty     added to every option
trade_defence       anti-dumping, countervailing, safeguard: added to every option
"""

KINDS: Final[tuple[MeasureKind, ...]] = get_args(MeasureKind)

Entry = tuple[MeasureKind, tuple[str, ...], str, str]
"""A measure without its code: kind, origin groups (none: every origin), expression, what it requires."""


class Publication(Frozen):
    """What a table was made from: which text of which day, and how far it may be read."""

    territory: str
    name: str
    title: str
    publisher: str
    url: str
    published: date
    covered_from: date
    checked_on: date
    nomenclature: str
    terms: str
    format: str
    confidence: Confidence = "confirmed"
    chapters: tuple[str, str] = ("01", "97")
    complete: bool = True
    notice: str = ""

    @property
    def source(self) -> str:
        """Return its name in the tables: `gb/measures_preferences`."""
        return f"{self.territory}/{self.name}"

    @property
    def citation(self) -> Citation:
        """Return the publication as a source of law."""
        return Citation(self.source, self.title, self.url, self.published)

    def notices(self, day: date) -> tuple[str, ...]:
        """Return what a reader of the table on that day should know."""
        found = [self.notice] if self.notice else []
        if day > self.checked_on:
            found.append(
                f"{self.source} was last checked on {self.checked_on}: changes made by {day} may be missing"
            )
        if self.confidence != "confirmed":
            found.append(f"{self.source} rests on a {self.confidence} source")
        return tuple(found)


@dataclass(frozen=True, slots=True)
class Measure:
    """One measure of a tariff: what kind of duty, on which code, for which origins, on which days.

    `origin_group` is empty where it is for every origin; `requires` names what must be shown besides
    origin. `valid_until` is the last day.
    """

    code: str
    kind: MeasureKind
    origin_group: str
    expression_text: str
    valid_from: date
    valid_until: date
    requires: str = ""
    publication: Publication = field(repr=False, compare=False, kw_only=True)

    @property
    def source(self) -> str:
        """Return the name of the publication."""
        return self.publication.source

    def provision(self) -> Provision[str]:
        """Return the measure as a record of law, its expression as the value."""
        group = f" {self.origin_group}" if self.origin_group else ""
        return Provision(
            record=f"{self.source} {self.code} {self.kind}{group}",
            value=self.expression_text,
            valid_from=self.valid_from,
            valid_until=self.valid_until,
            known_from=self.publication.published,
            citations=(self.publication.citation,),
            confidence=self.publication.confidence,
        )


class Column(Frozen):
    """What a column of expressions means; a column of kind `set` names sets of measures."""

    name: str
    kind: MeasureKind | Literal["set"]
    origin_group: str = ""
    requires: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """What a table says of one code."""

    code: str
    unit: str
    note: str
    entries: tuple[Entry, ...]
    valid_from: date
    valid_until: date

    def on(self, day: date) -> bool:
        """Return whether the row is law on the day."""
        return self.valid_from <= day <= self.valid_until


def measures_of(row: Row, publication: Publication) -> Iterator[Measure]:
    """Yield the measures of a row, one for each origin group."""
    for kind, groups, text, requires in row.entries:
        for group in [one for one in groups if one[0] != "-"] or ("",):
            yield Measure(
                row.code,
                kind,
                group,
                text,
                row.valid_from,
                row.valid_until,
                requires,
                publication=publication,
            )
