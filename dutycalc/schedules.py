"""The tariff of one territory: what duty a code bears for an origin on a day, and what may be claimed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import takewhile
from typing import TYPE_CHECKING, Final, NoReturn

from dutycalc.claims import DutyClaim, option_claimed, options_by_line
from dutycalc.errors import (
    ConflictError,
    FactsError,
    MissingFactError,
    NotInForceError,
    NotModelledError,
    TableError,
)
from dutycalc.expressions import parse
from dutycalc.lookups import RANKS, Lookup, Option, together
from dutycalc.measures import Measure, MeasureKind, Publication, Row, measures_of
from dutycalc.nomenclature import HS_2022_FROM, hs_2022
from dutycalc.origin_groups import OriginGroups
from dutycalc.schedule_files import TableFile
from dutycalc.values import Frozen

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

REMEMBERED: Final = 65_536
"""Answers that a schedule keeps; it forgets them all when there are more."""

ON_TOP: Final = frozenset({"additional_duty", "trade_defence"})
"""Measures that come on top of whichever option is chosen."""

_BY_ORIGIN: Final = frozenset({"treaty", "treaty_bound"})
_BY_DAY: Final = re.compile(r"\(\d+ [A-Z]{3}-|; | from \d")
_COMMODITY: Final = re.compile(r"[0-9]{4,12}", re.ASCII)
_FURTHER: Final = re.compile(r"measures_[a-z0-9_]+\.csv", re.ASCII)
_NEAR: Final = 6


class _Line(Frozen):
    """A line of the nomenclature as the main table has it: its code and its rows in force."""

    code: str
    rows: tuple[Row, ...]


class Schedule:
    """The tariff of one territory: its main table `measures.csv`, further tables, and groups of origins."""

    __slots__ = ("_answers", "_claims", "_groups_of", "groups", "main", "tables", "territory")

    def __init__(self, territory: str, tables: Sequence[TableFile], groups: OriginGroups) -> None:
        if not tables:
            raise TableError(f"no table of the tariff of {territory.upper()}")
        self.territory = territory
        self.tables = tuple(tables)
        self.main = self.tables[0]
        self.groups = groups
        self._answers: dict[tuple[str, str, date], Lookup] = {}
        self._claims: dict[tuple[str, str, date, str, str], Option] = {}
        self._groups_of: dict[TableFile, frozenset[str]] = {}

    @property
    def publication(self) -> Publication:
        """Return what the main table was made from."""
        return self.main.publication

    def measures(self) -> Iterator[Measure]:
        """Yield every measure of every table."""
        for table in self.tables:
            yield from table.measures()

    def stated(self, code: str) -> tuple[Measure, ...]:
        """Return every measure that any table states for exactly this code, whatever the day and origin.

        Also for codes that are no articles, such as the provisions of chapters 98 and 99 of the United
        States, which `lookup` refuses.
        """
        return tuple(
            one
            for table in self.tables
            for row in table.rows(code)
            for one in measures_of(row, table.publication)
        )

    def lookup(self, commodity: str, origin: str, day: date) -> Lookup:
        """Return what the tariff says of a code of 4 to 12 digits, an ISO country and a day.

        Refuses a day before the table begins (NotInForceError), a code that is not in the nomenclature
        (FactsError, with near codes), and one that the table does not reach (NotModelledError).
        """
        key = (commodity, origin, day)
        found = self._answers.get(key)
        if found is None:
            found = self._find(commodity, origin, day)
            if len(self._answers) >= REMEMBERED:
                self._answers.clear()
            self._answers[key] = found
        return found

    def claim(
        self, commodity: str, origin: str, day: date, programme: str, kind: DutyClaim = "preference"
    ) -> Option:
        """Return the option that a claim gives; refuse a claim that cannot hold, with the reason.

        `programme` is a symbol of the schedule (`S`), a programme's name (`USMCA`), or for a suspension
        or quota what it requires. FactsError for an origin outside or a line not covered, NotInForceError
        for a programme that has lapsed or not begun, NotModelledError where its members are not known.
        Where the duty on every origin is free, a claim that holds gives that duty.
        """
        key = (commodity, origin, day, programme, kind)
        found = self._claims.get(key)
        if found is None:
            answer = self.lookup(commodity, origin, day)
            groups = self._claimable(programme, origin, day) if kind == "preference" else ()
            found = option_claimed(answer, kind, programme, groups)
            if len(self._claims) >= REMEMBERED:
                self._claims.clear()
            self._claims[key] = found
        return found

    def claim_by_line(
        self, commodity: str, origin: str, day: date, programme: str, kind: DutyClaim = "preference"
    ) -> tuple[tuple[str, Option], ...]:
        """Return every duty that goods of a short code may bear under a claim, each with its code.

        Where the claim does not cover a line, that line's own duty. Refuses as `claim` does, but for
        digits that the claim would need.
        """
        groups = self._claimable(programme, origin, day) if kind == "preference" else ()
        return options_by_line(self.lookup(commodity, origin, day), kind, programme, groups)

    def _claimable(self, programme: str, origin: str, day: date) -> tuple[str, ...]:
        """Return the groups by which the origin may claim; refuse with the reason where there is none."""
        if not any(self._groups_in(table) for table in self.tables):
            raise NotModelledError(
                f"the preferences of {self.territory.upper()} are not in the tables",
                subject=f"{self.territory}/{programme}",
            )
        if self.groups.knows(programme):
            found = self.groups.check(self.groups.named(programme), origin, day)
        elif not any(programme in self._groups_in(table) for table in self.tables):
            found = self.groups.named(programme)
        elif programme == origin:
            found = (programme,)
        else:
            raise NotModelledError(
                f"the origins of {programme} are not in the tables: the claim cannot be checked",
                subject=f"{self.territory}/{programme}",
            )
        first = min(
            (table.publication.covered_from for table in self.tables if self._groups_in(table) & {*found}),
            default=day,
        )
        if day < first:
            raise NotInForceError(
                f"the preferences under {found[0]} are in the tables from {first}, not on {day}",
                table=f"{self.territory}/{found[0]}",
                day=day,
            )
        return found

    def _groups_in(self, table: TableFile) -> frozenset[str]:
        if table not in self._groups_of:
            self._groups_of[table] = table.origin_groups()
        return self._groups_of[table]

    def _find(self, commodity: str, origin: str, day: date) -> Lookup:
        self._check(commodity, origin, day)
        lines = self._lines(commodity, day)
        if not lines:
            self._unknown(commodity, day)
        answers = [self._answer(commodity, line, origin, day) for line in lines]
        return answers[0] if len(answers) == 1 else together(commodity, answers)

    def _check(self, commodity: str, origin: str, day: date) -> None:
        if not _COMMODITY.fullmatch(commodity):
            raise FactsError(f"commodity {commodity!r} is not 4 to 12 digits", fact="commodity")
        if not origin:
            raise MissingFactError("the duty depends on the origin, which is not stated", fact="origin")
        publication = self.publication
        if day < publication.covered_from:
            raise NotInForceError(
                f"the tariff of {self.territory.upper()} in the tables begins on "
                f"{publication.covered_from}: nothing is known of {day}",
                table=f"{self.territory}/measures",
                day=day,
            )
        first, last = publication.chapters
        if not first <= commodity[:2] <= last:
            raise NotModelledError(
                f"chapter {commodity[:2]} of the tariff of {self.territory.upper()} is not in the tables, "
                f"which hold the articles of chapters {first} to {last}",
                subject=f"{self.territory}/measures chapter {commodity[:2]}",
            )
        if self._is_carried_forward(day):
            self._kept_by_hs_2022(commodity, day)

    def _is_carried_forward(self, day: date) -> bool:
        return self.publication.nomenclature == "HS2017" and day >= HS_2022_FROM

    def _kept_by_hs_2022(self, commodity: str, day: date) -> None:
        """Refuse a subheading that HS 2022 dropped or made: the table is of HS 2017."""
        subheading = commodity[:6]
        if len(subheading) < 6:
            return
        old, new = bool(self.main.below(subheading)), subheading in hs_2022()
        if old != new:
            changed = "ended with HS 2017" if old else "is new in HS 2022"
            raise NotModelledError(
                f"subheading {subheading} {changed}, and the tariff of {self.territory.upper()} in the "
                f"tables is of {self.publication.published}: nothing is known of it on {day}",
                subject=f"{self.territory}/measures {subheading}",
            )

    def _lines(self, commodity: str, day: date) -> list[_Line]:
        """Return the longest line that the code falls under, and every line that falls under the code."""
        codes = list(self.main.below(commodity))
        for length in range(len(commodity), 3, -1):
            if self._rows(commodity[:length], day):
                if length < len(commodity):
                    codes.insert(0, commodity[:length])
                break
        if self._is_carried_forward(day):
            codes = [code for code in codes if code[:6] in hs_2022()]
        found: list[_Line] = []
        for code in codes:
            rows = self._rows(code, day)
            if rows:
                found += [_Line(code, rows)] if self.main.single else [_Line(code, (row,)) for row in rows]
        return found

    def _rows(self, code: str, day: date) -> tuple[Row, ...]:
        """Return the rows in force that make the code a line: those with a duty on every origin."""
        rows = self.main.rows(code)
        if rows:
            rows = tuple(row for row in rows if row.on(day))
        return rows if any(entry[0] == "third_country" for row in rows for entry in row.entries) else ()

    def _answer(self, commodity: str, line: _Line, origin: str, day: date) -> Lookup:
        key = commodity if commodity.startswith(line.code) else line.code
        found = self._gather(key, line, origin, day)
        partial = tuple(self._partial(key, origin, day))
        selected, reason = self._selected(found, origin, day)
        claimable = [self._option(one, origin, day) for one in found if RANKS.get(one.kind, 0) > 1]
        ranked = sorted(
            (one for one in claimable if one is not None),
            key=lambda one: (one.rank, one.measure.origin_group, one.measure.requires),
        )
        return Lookup(
            territory=self.territory,
            commodity=commodity,
            origin=origin,
            day=day,
            codes=(line.code,),
            selected=selected,
            reason=reason,
            options=(selected, *ranked),
            additional=tuple(one for one in found if one.kind == "additional_duty"),
            # A duty on top of a part of the line marks the line: more digits may tell, or may not.
            trade_defence=(
                *(one for one in found if one.kind == "trade_defence"),
                *(one for one in partial if one.kind in ON_TOP),
            ),
            partial=partial,
            notices=self._notices(line, day),
            unit=next((row.unit for row in line.rows if row.unit), ""),
        )

    def _notices(self, line: _Line, day: date) -> tuple[str, ...]:
        """Return what a reader of the line should know: of its table, and by its own note."""
        notes = [
            f"{row.note} of {self.publication.source} bears on {line.code}: the rate may be for a time only"
            for row in line.rows
            if row.note
        ]
        return (*self.publication.notices(day), *notes)

    def _gather(self, key: str, line: _Line, origin: str, day: date) -> list[Measure]:
        """Return the measures on the line for the origin; the longest code speaks for each kind and group."""
        found: dict[tuple[str, str, str], Measure] = {}
        for table in self.tables:
            if day < table.publication.covered_from:
                continue
            for length in range(len(key), 1, -1):
                code = key[:length]
                if code not in table:
                    continue
                rows = line.rows if table is self.main and code == line.code else table.rows(code)
                for one in self._applying(rows, table.publication, origin, day):
                    name = (one.kind, one.origin_group, one.requires)
                    rival = found.setdefault(name, one)
                    if rival.code == one.code and rival.expression_text != one.expression_text:
                        raise ConflictError(
                            f"{one.source}: {one.code} has both {rival.expression_text} and "
                            f"{one.expression_text} as {' '.join(name).strip()} on {day}",
                            records=[rival.expression_text, one.expression_text],
                        )
        return list(found.values())

    def _applying(
        self, rows: Iterable[Row], publication: Publication, origin: str, day: date
    ) -> Iterator[Measure]:
        """Yield the measures of the rows that the origin can have, or that cannot be excluded for it."""
        within = self.groups.of(origin, day)
        for row in rows:
            if not row.on(day):
                continue
            for kind, groups, text, requires in row.entries:
                if not groups:
                    concerned: Iterable[str] = ("",)
                elif any(group[0] == "-" and group[1:] in within for group in groups):
                    continue
                else:
                    concerned = [group for group in groups if group[0] != "-"] or ("",)
                for group in concerned:
                    if not group or group in within or self._cannot_be_excluded(kind, group):
                        yield Measure(
                            row.code, kind, group, text, row.valid_from, row.valid_until, requires,
                            publication=publication,
                        )  # fmt: skip

    def _cannot_be_excluded(self, kind: MeasureKind, group: str) -> bool:
        """Return whether a measure for a group must be shown to an origin that is not known to be in it."""
        if kind in _BY_ORIGIN:
            return True
        # Duties on top are never left out because the tables do not know whom they strike.
        return kind in ON_TOP and len(group) > 2 and not self.groups.modelled(group)

    def _partial(self, key: str, origin: str, day: date) -> Iterator[Measure]:
        """Yield the measures on parts of the line that the key does not tell apart."""
        for table in self.tables:
            for code in table.below(key):
                if code != key and (table is not self.main or not self._rows(code, day)):
                    yield from self._applying(table.rows(code), table.publication, origin, day)

    def _selected(self, found: Sequence[Measure], origin: str, day: date) -> tuple[Option, str]:
        """Return the duty that applies unless something is claimed, and why."""
        by_kind = {one.kind: one for one in found}
        country = self.territory.upper()
        if "column_2" in by_kind:
            one = by_kind["column_2"]
            member = self.groups.member(one.origin_group, origin, day)
            since = f" since {member.valid_from}" if member and member.valid_from > date.min else ""
            title = member.title if member else one.origin_group
            return _by_itself(one, day), f"{title} applies to origin {origin}{since}"
        treaty = by_kind.get("treaty")
        if treaty and treaty.origin_group in self.groups.of(origin, day):
            return (
                _by_itself(treaty, day),
                f"the {treaty.origin_group} rate applies to origin {origin}: it is below domestic law's",
            )
        note = ""
        if treaty:
            note = (
                f"; origin {origin} is not in {treaty.origin_group}, and whether its lower rate is extended "
                f"to {origin} is not in the tables"
            )
        elif "treaty_bound" in by_kind:
            note = f"; the {by_kind['treaty_bound'].origin_group} rate is not lower"
        if "temporary" in by_kind:
            return (
                _by_itself(by_kind["temporary"], day),
                f"the temporary rate replaces the general rate of {country}{note}",
            )
        if "third_country" not in by_kind:
            raise NotModelledError(
                f"the tariff of {country} leaves origin {origin} out of its duty on every origin, and the "
                f"duty on that origin is not in the tables",
                subject=f"{self.territory}/measures {origin}",
            )
        return (
            _by_itself(by_kind["third_country"], day),
            f"the duty of {country} on every origin: nothing else applies without a claim{note}",
        )

    def _option(self, measure: Measure, origin: str, day: date) -> Option | None:
        """Return a measure as an option to claim, or None out of its season."""
        text = _on_the_day(measure.expression_text, day)
        if text is None:
            return None
        group = measure.origin_group
        member = self.groups.member(group, origin, day) if group else None
        words = measure.kind.replace("_", " ")
        by_origin = f" {group} with proof of origin {origin}" if group else ""
        further = [one for one in (measure.requires, member.requires if member else "") if one]
        return Option(
            RANKS[measure.kind],
            measure,
            text,
            needs=" and ".join([f"a claim of {words}{by_origin}", *further]),
            programme=(member.programme if member else "") or group or measure.requires or measure.kind,
        )

    def _unknown(self, commodity: str, day: date) -> NoReturn:
        country = self.territory.upper()
        if not self.publication.complete:
            raise NotModelledError(
                f"commodity {commodity} is not in the tables of {country}, which are incomplete",
                subject=f"{self.territory}/measures {commodity}",
            )
        near = self.near(commodity)
        if self._is_carried_forward(day):
            raise NotModelledError(
                f"commodity {commodity} is not in the tariff of {country} of {self.publication.published}, "
                f"and what has been added by {day} is not in the tables",
                subject=f"{self.territory}/measures {commodity}",
            )
        hint = f"; near codes: {', '.join(near)}" if near else ""
        raise FactsError(
            f"commodity {commodity} is not in the tariff of {country} on {day}{hint}", fact="commodity"
        )

    def near(self, commodity: str) -> tuple[str, ...]:
        """Return the codes of the same heading, else of the chapter, that are nearest to the code."""
        codes = self.main.below(commodity[:4]) or self.main.below(commodity[:2])

        def distance(code: str) -> tuple[int, int, str]:
            width = max(len(code), len(commodity))
            apart = abs(int(code.ljust(width, "0")) - int(commodity.ljust(width, "0")))
            shared = sum(
                1 for _ in takewhile(lambda two: two[0] == two[1], zip(code, commodity, strict=False))
            )
            return -shared, apart, code

        return tuple(sorted(sorted(codes, key=distance)[:_NEAR]))


def _by_itself(measure: Measure, day: date) -> Option:
    """Return the option that applies without a claim; of a season that is not stated, the whole text."""
    return Option(1, measure, _on_the_day(measure.expression_text, day) or measure.expression_text)


def _on_the_day(text: str, day: date) -> str | None:
    """Return what a seasonal or dated text says on the day, or None where it says nothing of it."""
    if _BY_DAY.search(text) is None:
        return text
    try:
        return str(parse(text).on(day))
    except NotInForceError:
        return None


def load_schedule(folder: Traversable) -> Schedule:
    """Return the tariff in a folder, named as its territory; TableError where a file breaks the format.

    `measures.csv` is the main table: what it has a duty for is the nomenclature. `measures_*.csv` add
    preferences and other measures of other publications; `origin_groups.csv` says whom they are for.
    """
    territory = folder.name
    main = folder.joinpath("measures.csv")
    if not main.is_file():
        raise NotModelledError(
            f"the tariff of {territory.upper()} is not in the tables", subject=f"{territory}/measures"
        )
    further = sorted(
        (file for file in folder.iterdir() if _FURTHER.fullmatch(file.name)), key=lambda file: file.name
    )
    groups = folder.joinpath("origin_groups.csv")
    found = OriginGroups.read(groups, territory) if groups.is_file() else OriginGroups(territory, ())
    return Schedule(territory, [TableFile.read(file, territory) for file in (main, *further)], found)
