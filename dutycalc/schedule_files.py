"""The compact form of a tariff table: one publication, its header records, and the measures of each code.

A file is plain CSV. Records that begin with `#` stand first:

* `#title`, `#publisher`, `#url`, `#published`, `#covered_from`, `#checked_on`, `#nomenclature`, `#chapters`,
  `#complete`, `#confidence`, `#terms`, `#notice`, `#format`: what was published, where and when, and how
  far it may be read;
* `#column,NAME,KIND,GROUP,REQUIRES`: what a column of expressions means; KIND `set` for a column that
  names a set;
* `#set,ID,KIND,GROUPS,EXPRESSION,REQUIRES`: one measure of a set of measures that many codes share. The id
  is a digest of what the set says, so that a new edition renames no set that it does not change.

Then comes a line of column names, and a line for each code. The columns `code`, `unit`, `note`,
`valid_from` and `valid_until` have their fixed meaning. A file of single measures has `kind`,
`origin_group`, `expression` and `requires` instead of declared columns. Several groups in one field are
separated by a space, and `-CH` leaves an origin or a group out.
"""

from __future__ import annotations

import csv
import os
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self, get_args

from dutycalc.errors import TableError
from dutycalc.law import ALWAYS, Confidence
from dutycalc.measures import KINDS, Column, Entry, Measure, MeasureKind, Publication, Row, measures_of

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

FIXED: Final = ("code", "unit", "note", "valid_from", "valid_until")
SINGLE: Final = ("kind", "origin_group", "expression", "requires")


class TableFile:
    """One file, read: raw lines by code, turned into measures only when asked for."""

    __slots__ = ("_cells", "_codes", "_lines", "_places", "_rows", "columns", "path", "publication", "sets")

    def __init__(
        self,
        path: Traversable,
        publication: Publication,
        columns: Sequence[Column],
        sets: Mapping[str, tuple[Entry, ...]],
        names: Sequence[str],
    ) -> None:
        self.path = path
        self.publication = publication
        self.columns = tuple(columns)
        self.sets = sets
        self._places = _places(path, names, columns)
        self._cells = [(column, self._places[column.name]) for column in columns]
        self._lines: dict[str, list[list[str]]] = {}
        self._codes: list[str] = []
        self._rows: dict[str, tuple[Row, ...]] = {}

    @classmethod
    def read(cls, path: Traversable, territory: str) -> Self:
        """Return the file's table; TableError where it breaks the format."""
        with path.open(encoding="utf-8") as stream:
            lines = csv.reader(stream)
            header, columns, sets, names = _read_header(path, lines)
            table = cls(path, _publication(path, territory, header), columns, sets, names)
            table.fill(lines)
        return table

    @property
    def single(self) -> bool:
        """Return whether each line of the file is a single measure, so that a code has several."""
        return "kind" in self._places

    def fill(self, lines: Iterable[list[str]]) -> None:
        """Take in the lines, each as its fields; equal texts are kept once."""
        found, width = self._lines, len(self._places)
        same = dict[str, str]().setdefault
        for line in lines:
            if len(line) != width:
                raise TableError(
                    f"{self.path.name}: {line[:1]} has {len(line)} fields, not {width}", file=str(self.path)
                )
            fields = [same(text, text) for text in line]
            code = fields[0]
            if code in found:
                found[code].append(fields)
            else:
                found[code] = [fields]
        self._codes = sorted(found)

    def __len__(self) -> int:
        return len(self._codes)

    def __contains__(self, code: str) -> bool:
        return code in self._lines

    @property
    def codes(self) -> Sequence[str]:
        """Return every code, in order."""
        return self._codes

    def below(self, prefix: str) -> Sequence[str]:
        """Return the codes that begin with the prefix, itself included."""
        first = bisect_left(self._codes, prefix)
        return self._codes[first : bisect_left(self._codes, prefix + ":", first)]

    def rows(self, code: str) -> tuple[Row, ...]:
        """Return what the table says of exactly this code; several rows where it is split unnumbered."""
        found = self._rows.get(code)
        if found is None:
            lines = self._lines.get(code)
            if lines is None:
                return ()
            found = self._rows[code] = tuple(self._row(line) for line in lines)
        return found

    def _row(self, line: list[str]) -> Row:
        entries: list[Entry] = []
        for column, place in self._cells:
            text = line[place]
            if not text:
                continue
            if column.kind == "set":
                entries.extend(self.sets[text])
            else:
                groups = (column.origin_group,) if column.origin_group else ()
                entries.append((column.kind, groups, text, column.requires))
        if self.single:
            entries.append(_single_entry(self.path, line, self._places))
        places = self._places
        unit, note, first, last = (line[places[name]] if name in places else "" for name in FIXED[1:])
        return Row(
            line[0],
            unit,
            note,
            tuple(entries),
            date.fromisoformat(first) if first else self.publication.covered_from,
            date.fromisoformat(last) if last else ALWAYS,
        )

    def origin_groups(self) -> frozenset[str]:
        """Return every origin group that a measure of the table is for."""
        found = {column.origin_group for column in self.columns}
        found |= {group for entries in self.sets.values() for entry in entries for group in entry[1]}
        if self.single:
            place = self._places["origin_group"]
            for lines in self._lines.values():
                found.update(*(line[place].split() for line in lines))
        return frozenset(found - {""})

    def measures(self) -> Iterator[Measure]:
        """Yield every measure of the table, one for each origin group, in order of code."""
        for code in self._codes:
            for row in self.rows(code):
                yield from measures_of(row, self.publication)


def _single_entry(path: Traversable, line: Sequence[str], places: Mapping[str, int]) -> Entry:
    kind, groups, text, requires = (line[places[name]] for name in SINGLE)
    return (_kind(path, kind), tuple(groups.split()), text, requires)


def _read_header(
    path: Traversable, lines: Iterator[list[str]]
) -> tuple[dict[str, str], list[Column], dict[str, tuple[Entry, ...]], list[str]]:
    header: dict[str, str] = {}
    columns: list[Column] = []
    sets: dict[str, tuple[Entry, ...]] = {}
    for line in lines:
        if not line:
            continue
        if not line[0].startswith("#"):
            return header, columns, sets, line
        name, *fields = line
        if name == "#set":
            set_id, kind, groups, text, requires = (*fields, "")[:5]
            sets[set_id] = (*sets.get(set_id, ()), (_kind(path, kind), tuple(groups.split()), text, requires))
        elif name == "#column":
            title, kind, group, requires = (*fields, "", "")[:4]
            columns.append(Column(title, "set" if kind == "set" else _kind(path, kind), group, requires))
        else:
            header[name[1:]] = fields[0] if fields else ""
    raise TableError(f"{path.name} has no line of column names", file=str(path))


def _kind(path: Traversable, text: str) -> MeasureKind:
    if text not in KINDS:
        raise TableError(f"{path.name}: {text!r} is no kind of measure", file=str(path))
    return text


def _places(path: Traversable, names: Sequence[str], columns: Sequence[Column]) -> dict[str, int]:
    known = {*FIXED, *SINGLE, *(column.name for column in columns)}
    unknown = [name for name in names if name not in known]
    lacking = [column.name for column in columns if column.name not in names]
    lacking += [name for name in SINGLE if "kind" in names and name not in names]
    if unknown or lacking or names[:1] != ["code"]:
        raise TableError(
            f"{path.name}: the first column is `code`; not declared: {', '.join(unknown) or 'none'}; "
            f"missing: {', '.join(lacking) or 'none'}",
            file=str(path),
        )
    return {name: place for place, name in enumerate(names)}


def _publication(path: Traversable, territory: str, header: Mapping[str, str]) -> Publication:
    try:
        first, _, last = (header.get("chapters") or "01-97").partition("-")
        found = Publication(
            territory=territory,
            name=path.name.removesuffix(".csv"),
            title=header["title"],
            publisher=header["publisher"],
            url=header["url"],
            published=date.fromisoformat(header["published"]),
            covered_from=date.fromisoformat(header["covered_from"]),
            checked_on=date.fromisoformat(header["checked_on"]),
            nomenclature=header["nomenclature"],
            terms=header["terms"],
            format=header["format"],
            chapters=(first, last),
            complete=header.get("complete", "yes") == "yes",
            notice=header.get("notice", ""),
        )
    except (KeyError, ValueError) as fault:
        raise TableError(f"{path.name}: the header lacks or spoils {fault}", file=str(path)) from None
    confidence = header.get("confidence", "confirmed")
    if confidence not in get_args(Confidence):
        raise TableError(f"{path.name}: {confidence!r} is no degree of confidence", file=str(path))
    return found.replaced(confidence=confidence)  # type: ignore[no-any-return]


def header_records(publication: Publication) -> list[tuple[str, str]]:
    """Return the header of a file that tells of this publication."""
    one = publication
    records: list[tuple[str, str]] = [
        ("#title", one.title), ("#publisher", one.publisher), ("#url", one.url),
        ("#published", one.published.isoformat()), ("#covered_from", one.covered_from.isoformat()),
        ("#checked_on", one.checked_on.isoformat()), ("#nomenclature", one.nomenclature),
        ("#chapters", "-".join(one.chapters)), ("#complete", "yes" if one.complete else "no"),
        ("#confidence", one.confidence), ("#terms", one.terms), ("#format", one.format),
    ]  # fmt: skip
    return [*records, ("#notice", one.notice)] if one.notice else records


def set_name(entries: Sequence[Entry]) -> str:
    """Return the name of a set of measures: a digest of what it says."""
    text = "\n".join("\t".join((kind, " ".join(groups), *rest)) for kind, groups, *rest in entries)
    from hashlib import sha256  # noqa: PLC0415 # loads OpenSSL: only who writes a table pays for it

    return sha256(text.encode()).hexdigest()[:8]


def write_table(
    path: Path,
    publication: Publication,
    names: Sequence[str],
    lines: Iterable[Sequence[str]],
    *,
    columns: Sequence[Column] = (),
    sets: Mapping[str, Sequence[Entry]] | None = None,
) -> None:
    """Write a table beside its place and put it there when it is whole."""
    beside = path.with_name(path.name + ".new")
    try:
        with beside.open("w", encoding="utf-8", newline="") as stream:
            out = csv.writer(stream, lineterminator="\n")
            out.writerows(header_records(publication))
            for column in columns:
                out.writerow(["#column", column.name, column.kind, column.origin_group, column.requires])
            for name, entries in sorted((sets or {}).items()):
                for kind, groups, text, requires in entries:
                    out.writerow(["#set", name, kind, " ".join(groups), text, requires])
            out.writerow(names)
            out.writerows(lines)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)
