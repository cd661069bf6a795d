"""Reading `tariffs/`: files of law in, indexed territories out; every fault of every file at once."""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pydantic_core import ValidationError

from dutycalc.cross_checks import faults_across
from dutycalc.errors import DutycalcError, NotInForceError, NotModelledError, TableError, refuse
from dutycalc.law import ALWAYS, Citation, Provision, Series
from dutycalc.schedules import Schedule, load_schedule
from dutycalc.shipped import tariffs_folder
from dutycalc.tables import FAMILIES, Header, Record
from dutycalc.values import Frozen
from dutycalc.words import near

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

Records = dict[str, dict[str, Series[Any]]]

HEADER: Final = frozenset(Header.model_fields)
_MEMBER_OF: Final = re.compile(r'^\[\[member_of\]\][^\[]*?^code = "([A-Z-]+)"', re.MULTILINE)
_REGISTRATION: Final = re.compile(r"^\[\[registration\.([A-Za-z0-9_-]+)\]\]", re.MULTILINE)

LAW_KEPT: Final = 512
"""Views of a territory's law kept ready, one for each stretch of days without a change."""


class File(Frozen):
    """One file of law: its path below `tariffs/`, the days it covers, and its records."""

    path: str
    header: Header
    records: Records


class Law:
    """The law of one territory on one day, as known on another, in one choice of disputed readings.

    `kept` is where readers keep what they make of it once, such as an index.
    """

    __slots__ = ("code", "day", "families", "kept", "known_on", "variants")

    def __init__(
        self,
        code: str,
        day: date,
        families: Mapping[str, Mapping[str, Provision[Any]]],
        known_on: date | None,
        variants: frozenset[str],
    ) -> None:
        self.code = code
        self.day = day
        self.families = families
        self.known_on = known_on
        self.variants = variants
        self.kept: dict[Any, Any] = {}

    def all(self, family: str) -> Mapping[str, Provision[Any]]:
        """Return the records of a family in force, by name, in the order of the files."""
        return self.families.get(family, {})

    def find(self, family: str, name: str = "") -> Provision[Any] | None:
        """Return the record in force, or None."""
        return self.families.get(family, {}).get(name)

    def on(self, family: str, name: str = "") -> Provision[Any]:
        """Return the record in force; NotInForceError where there is none."""
        found = self.find(family, name)
        if found is None:
            table = f"{self.code.lower()}/{family}{'.' if name else ''}{name}"
            raise NotInForceError(f"{table}: no record is in force on {self.day}", table=table, day=self.day)
        return found


class Territory:
    """A territory's files: its own records, and the union or country whose records lie under them."""

    def __init__(self, code: str, own: tuple[File, ...], tariffs: Tariffs) -> None:
        self.code = code
        self.files = own
        self.tariffs = tariffs
        self._laws: dict[tuple[int, date | None, frozenset[str]], Law] = {}

    @cached_property
    def name(self) -> str:
        """Return the territory's name in English."""
        return self.files[0].header.name

    @cached_property
    def own(self) -> Records:
        """Return the territory's own series: those of a later layer replace those of an earlier one."""
        found: Records = {}
        for file in self.files:
            for family, series in file.records.items():
                found.setdefault(family, {}).update(series)
        return found

    @cached_property
    def parents(self) -> tuple[Territory, ...]:
        """Return the unions and countries that this territory has been a member of."""
        members = self.own.get("member_of", {}).get("", ())
        return tuple(
            self.tariffs.territory(code) for code in dict.fromkeys(one.value.code for one in members)
        )

    @cached_property
    def all_files(self) -> tuple[File, ...]:
        """Return the files that bear on this territory, its own first."""
        return self.files + tuple(file for parent in self.parents for file in parent.all_files)

    @cached_property
    def covered_from(self) -> date:
        """Return the first day on which every file that bears on this territory is complete."""
        return max(file.header.covered_from for file in self.all_files)

    @cached_property
    def checked_on(self) -> date:
        """Return the oldest day on which a file that bears on this territory was last checked."""
        return min(file.header.checked_on for file in self.all_files)

    @cached_property
    def changes(self) -> tuple[date, ...]:
        """Return the days on which any rule here starts, ends or changes, in order."""
        days: set[date] = set()
        for series in self.series():
            days |= series.change_days()
        for parent in self.parents:
            days |= set(parent.changes)
        return tuple(sorted(days))

    def series(self) -> Iterator[Series[Any]]:
        """Yield the territory's own series."""
        for named in self.own.values():
            yield from named.values()

    def epoch(self, day: date) -> int:
        """Return the number of the stretch of days without a change that holds the day."""
        return bisect_right(self.changes, day)

    def law(self, day: date, *, known_on: date | None = None, variants: frozenset[str] = frozenset()) -> Law:
        """Return the law of a day; NotInForceError before the first day that the files cover."""
        if day < self.covered_from:
            raise NotInForceError(
                f"{self.code}: the tables begin on {self.covered_from} and do not cover {day}",
                table=self.code,
                day=day,
            )
        key = (self.epoch(day), known_on, variants)
        found = self._laws.get(key)
        if found is None:
            if len(self._laws) >= LAW_KEPT:
                self._laws.clear()
            found = Law(self.code, day, self._in_force(day, known_on, variants), known_on, variants)
            self._laws[key] = found
        return found

    def _in_force(
        self, day: date, known_on: date | None, variants: frozenset[str]
    ) -> dict[str, dict[str, Provision[Any]]]:
        families: dict[str, dict[str, Provision[Any]]] = {}
        member = self.own.get("member_of", {}).get("")
        above = member.find(day, known_on=known_on, variants=variants) if member else None
        if above is not None:
            parent = self.tariffs.territory(above.value.code)
            for family, named in parent._in_force(day, known_on, variants).items():
                own = self.own.get(family, {})
                families[family] = {name: one for name, one in named.items() if name not in own}
        for family, series in self.own.items():
            for name, one in series.items():
                found = one.find(day, known_on=known_on, variants=variants)
                if found is not None:
                    families.setdefault(family, {})[name] = found
        return families

    def variants(self) -> dict[str, list[Provision[Any]]]:
        """Return the disputed readings that can be chosen here, with their records."""
        found: dict[str, list[Provision[Any]]] = {}
        for series in self.series():
            for one in series:
                if one.variant:
                    found.setdefault(one.variant, []).append(one)
        for parent in self.parents:
            for name, records in parent.variants().items():
                found.setdefault(name, []).extend(records)
        return found

    def schedule(self) -> Schedule | None:
        """Return the tariff schedule that bears on this territory, or None where none is in the tables."""
        for territory in (self, *self.parents):
            found = self.tariffs.schedule(territory.code)
            if found is not None:
                return found
        return None


class Tariffs:
    """Tables of law, read territory by territory as they are asked for.

    `layers` are folders; a series of a later one replaces the series of the same name below it.
    """

    def __init__(self, layers: tuple[Traversable, ...]) -> None:
        self.layers = layers
        self._territories: dict[str, Territory] = {}
        self._schedules: dict[str, Schedule | None] = {}
        self._unions: dict[str, frozenset[str]] = {}
        self.programs: dict[Any, Any] = {}

    @cached_property
    def codes(self) -> tuple[str, ...]:
        """Return the codes of all territories in the tables, unions included."""
        found = {
            folder.name.upper() for layer in self.layers for folder in layer.iterdir() if folder.is_dir()
        }
        return tuple(sorted(found))

    @cached_property
    def digest(self) -> str:
        """Return the SHA-256 of every file's path and bytes: the same on any machine."""
        from hashlib import sha256  # noqa: PLC0415 # loads OpenSSL: only whoever shows the digest pays for it

        whole = sha256()
        for depth, layer in enumerate(self.layers):
            for path, file in sorted(_walk(layer)):
                whole.update(f"{depth}/{path}\0".encode())
                whole.update(sha256(file.read_bytes()).digest())
        return f"sha256:{whole.hexdigest()}"

    @cached_property
    def registrations(self) -> frozenset[str]:
        """Return the key of every kind of registration that any table knows."""
        found: set[str] = set()
        for layer in self.layers:
            for _, file in _walk(layer):
                if file.name.endswith(".toml"):
                    found.update(_REGISTRATION.findall(file.read_bytes().decode("utf-8", "replace")))
        return frozenset(found)

    def unions_of(self, code: str) -> frozenset[str]:
        """Return the unions and countries that a territory has ever been a member of, by its files' text.

        Its records are not read for it: a consignment's place of dispatch is seldom a member of anything.
        """
        found = self._unions.get(code)
        if found is None:
            texts = [
                file.read_bytes().decode("utf-8", "replace")
                for layer in self.layers
                if (folder := layer.joinpath(code.lower())).is_dir()
                for file in folder.iterdir()
                if file.name.endswith(".toml")
            ]
            found = frozenset(union for text in texts for union in _MEMBER_OF.findall(text))
            self._unions[code] = found
        return found

    def territory(self, code: str) -> Territory:
        """Return a territory; NotModelledError where the tables lack it, TableError for faulty files."""
        found = self._territories.get(code)
        if found is None:
            found, faults = self._read(code)
            if not found.files and not faults:
                others = [one for one in self.codes if one != code]
                raise NotModelledError(
                    f"{code}: no tables of law for this territory{near(code, others)}", subject=code
                )
            if faults:
                refuse(f"the tables of {code} are faulty", faults)
            self._territories[code] = found
            faults = faults_across(found)
            if faults:
                del self._territories[code]
                refuse(f"the tables of {code} are faulty", faults)
        return found

    def schedule(self, code: str) -> Schedule | None:
        """Return the tariff schedule of a territory's own folder, or None."""
        if code not in self._schedules:
            self._schedules[code] = None
            for layer in reversed(self.layers):
                folder = layer.joinpath(code.lower())
                if folder.joinpath("measures.csv").is_file():
                    self._schedules[code] = load_schedule(folder)
                    break
        return self._schedules[code]

    def check(self) -> list[DutycalcError]:
        """Return every fault of every file."""
        found: list[DutycalcError] = []
        for layer in self.layers:
            for entry in layer.iterdir():
                if not entry.is_dir() and entry.name.endswith(".toml"):
                    found.append(
                        TableError(f"{entry.name}: law lies in a folder for its territory", file=entry.name)
                    )
        read = Tariffs(self.layers)
        for code in self.codes:
            territory, faults = read._read(code)
            found.extend(faults)
            if territory.files:
                read._territories[code] = territory
        for territory in list(read._territories.values()):
            found.extend(faults_across(territory))
        for code in self.codes:
            try:
                read.schedule(code)
            except DutycalcError as fault:
                found.append(fault)
        return found

    def _read(self, code: str) -> tuple[Territory, list[DutycalcError]]:
        own: list[File] = []
        faults: list[DutycalcError] = []
        for layer in self.layers:
            folder = layer.joinpath(code.lower())
            if not folder.is_dir():
                continue
            here: list[File] = []
            for entry in sorted(folder.iterdir(), key=lambda one: one.name):
                if entry.name.endswith(".toml"):
                    file, found = read_file(entry, f"{code.lower()}/{entry.name}", code)
                    faults.extend(found)
                    faults.extend(_told_twice(file, here) if file else ())
                    here.extend([file] if file else [])
            own.extend(here)
        return Territory(code, tuple(own), self), faults


def _told_twice(file: File, others: Iterable[File]) -> Iterator[DutycalcError]:
    """Yield a fault for each series that another file of the same folder holds already."""
    for other in others:
        for family, named in file.records.items():
            for name in named.keys() & other.records.get(family, {}).keys():
                record = f"{family}.{name}" if name else family
                yield TableError(
                    f"{file.path}: {record}: stands in {other.path} as well; a series has one file",
                    file=file.path,
                    record=record,
                )


def load_tariffs(path: str | Path | None = None, *, over: Tariffs | None = None) -> Tariffs:
    """Return the bundled tables, a user's own folder, or a user's folder laid over other tables.

    Files are read when a territory is first asked for; TableError then names every fault in them.
    """
    if path is None:
        return Tariffs((tariffs_folder(),))
    folder = Path(path)
    if not folder.is_dir():
        raise TableError(f"{folder}: no such folder of tables", file=str(folder))
    return Tariffs((*(over.layers if over else ()), folder))


def _walk(folder: Traversable, under: str = "") -> Iterator[tuple[str, Traversable]]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _walk(entry, f"{under}{entry.name}/")
        elif entry.name.endswith((".toml", ".csv")):
            yield f"{under}{entry.name}", entry


def read_file(file: Traversable, path: str, code: str) -> tuple[File | None, list[DutycalcError]]:
    """Return a file's records, and all its faults."""
    try:
        data = tomllib.loads(file.read_bytes().decode("utf-8"), parse_float=Decimal)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
        return None, [TableError(f"{path}: {fault}", file=path)]
    faults: list[DutycalcError] = []
    header: Header | None = None
    try:
        header = Header.model_validate({key: value for key, value in data.items() if key in HEADER})
    except ValidationError as fault:
        faults.extend(_told(fault, path, "the header"))
    if header is not None and header.code != code:
        faults.append(TableError(f"{path}: holds code {header.code}, in the folder of {code}", file=path))
    sources = data.get("sources", {})
    reader = _Reader(path, sources if isinstance(sources, dict) else {}, faults)
    for family, body in data.items():
        if family not in HEADER:
            reader.family(family, body)
    for slug in reader.sources.keys() - reader.cited:
        faults.append(
            TableError(f"{path}: nobody cites source {slug!r}", file=path, record=f"sources.{slug}")
        )
    return (File(path, header, reader.records()) if header else None), faults


class _Reader:
    """Reads the records of one file, keeping every fault."""

    def __init__(self, path: str, sources: dict[str, Any], faults: list[DutycalcError]) -> None:
        self.path = path
        self.sources = sources
        self.faults = faults
        self.cited: set[str] = set()
        self.found: dict[str, dict[str, list[Provision[Any]]]] = {}

    def fault(self, record: str, text: str) -> None:
        self.faults.append(TableError(f"{self.path}: {record}: {text}", file=self.path, record=record))

    def family(self, family: str, body: Any) -> None:
        if family not in FAMILIES:
            self.fault(family, f"unknown family of records{near(family, FAMILIES)}")
            return
        shape, named = FAMILIES[family]
        if not named:
            self.series(family, "", shape, body)
        elif not isinstance(body, dict):
            self.fault(family, f"its records have names: write [[{family}.name]]")
        else:
            for name, records in body.items():
                self.series(family, name, shape, records)

    def series(self, family: str, name: str, shape: type[Record], body: Any) -> None:
        label = f"{family}.{name}" if name else family
        if not isinstance(body, list) or not all(isinstance(one, dict) for one in body):
            self.fault(label, f"records stand in arrays: write [[{label}]]")
            return
        for place, data in enumerate(body, start=1):
            first = data.get("valid_from")
            where = f"{label} of {first}" if first else f"{label}, record {place}"
            try:
                record = shape.model_validate(data)
            except ValidationError as fault:
                self.faults.extend(_told(fault, self.path, where))
                continue
            provision = self.provision(family, label, where, record)
            others = self.found.setdefault(family, {}).setdefault(name, [])
            for other in others:
                if (other.valid_from, other.known_from, other.variant) == (
                    provision.valid_from, provision.known_from, provision.variant,
                ):  # fmt: skip
                    self.fault(where, "two records start, and could be known, on the same day")
            others.append(provision)

    def provision(self, family: str, label: str, where: str, record: Record) -> Provision[Any]:
        citations = []
        for slug in record.cite:
            self.cited.add(slug)
            source = self.sources.get(slug)
            if not isinstance(source, dict):
                self.fault(
                    where, f"cites {slug!r}, which is no source of this file{near(slug, self.sources)}"
                )
            elif {"title", "url", "published"} <= source.keys():
                citations.append(Citation(slug, source["title"], source["url"], source["published"]))
        published = citations[0].published if citations else record.valid_from
        return Provision(
            record=f"{self.path.partition('/')[0]}/{label}",
            value=record,
            valid_from=record.valid_from,
            valid_until=record.valid_until or ALWAYS,
            known_from=record.known_from or published,
            citations=tuple(citations),
            confidence=record.confidence,
            note=record.note,
            variant=record.variant,
            stated_end=record.valid_until is not None,
            end_known_from=record.end_known_from,
        )

    def records(self) -> Records:
        folder = self.path.partition("/")[0]
        return {
            family: {
                name: Series(f"{folder}/{family}{'.' if name else ''}{name}", records)
                for name, records in named.items()
            }
            for family, named in self.found.items()
        }


def _told(fault: ValidationError, path: str, record: str) -> Iterable[DutycalcError]:
    for one in fault.errors(include_url=False, include_context=False):
        field = ".".join(str(part) for part in one["loc"])
        text = one["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
        if one["type"] == "extra_forbidden":
            text = "unknown field"
        yield TableError(f"{path}: {record}{f': {field}' if field else ''}: {text}", file=path, record=record)
