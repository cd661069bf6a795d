"""Flat rows: columns that name fields of a consignment and of a booking; rows of one id made one entry."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from importlib import import_module
from typing import Any, BinaryIO, Final

from pydantic_core import from_json

from dutycalc.auditing.entries import Booking, Entry, Unreadable, read_booking
from dutycalc.errors import FactsError
from dutycalc.goods import Buyer, Consignment, GoodsItem, Party
from dutycalc.money import plain
from dutycalc.values import Frozen
from dutycalc.words import near

ID: Final = "consignment"
BOOKED: Final = ("charge", "amount", "collector", "number")
REQUIRED: Final = (ID, "charge", "amount")
ITEM: Final = "item"

_PARTIES: Final = {
    "seller": Party, "platform": Party, "redeliverer": Party, "payment_service": Party,
    "buyer": Buyer,
}  # fmt: skip
_WHOLE: Final = tuple(name for name in Consignment.model_fields if name != "items")
_ROWS_AT_ONCE: Final = 8_192

Path = tuple[str, ...]


class Row(Frozen):
    """A row: its lines, its size in the ledger, its id, its cells, and why it cannot be read, if so."""

    first: int
    last: int
    size: int
    id: str
    cells: Sequence[Any]
    fault: str


class Columns:
    """What each column of a ledger is; FactsError names every column that is nothing."""

    def __init__(self, header: Sequence[str], name: str) -> None:
        faults = [
            f"column {one!r} stands twice" for one in sorted({x for x in header if header.count(x) > 1})
        ]
        faults += [f"column {one!r}: not there" for one in REQUIRED if one not in header]
        self.width = len(header)
        self.whole: list[tuple[int, Path]] = []
        self.item: list[tuple[int, Path]] = []
        self.booked: list[tuple[int, str]] = []
        for n, column in enumerate(header):
            if column == ID:
                self.id = n
            elif column in BOOKED:
                self.booked.append((n, column))
            elif column.startswith(f"{ITEM}.") and _is_field(_path(column)[1:], GoodsItem):
                self.item.append((n, _path(column)[1:]))
            elif _is_field(_path(column), Consignment):
                self.whole.append((n, _path(column)))
            else:
                faults.append(f"column {column!r}: names no field{near(column, KNOWN)}")
        if faults:
            raise FactsError(f"{name}: {'; '.join(faults)}")

    def row(self, cells: Sequence[Any], fault: str, first: int, last: int, size: int) -> Row:
        """Return a row with its id."""
        if not fault and len(cells) != self.width:
            fault = f"{len(cells)} cells stand under {self.width} columns"
        id = str(cells[self.id] or "") if self.id < len(cells) else ""
        return Row(first, last, size, id, cells, fault or ("" if id else f"{ID}: not stated"))

    def entry(self, rows: Sequence[Row], read: int) -> Entry | Unreadable:
        """Return the consignment of rows that share an id, or every reason why they make none."""
        faults: list[str] = []
        whole: dict[Path, Any] = {}
        items: dict[str, dict[Path, Any]] = {}
        bookings: list[Booking] = []
        for row in rows:
            mark = f"line {row.first}: " if len(rows) > 1 else ""
            if row.fault:
                faults.append(mark + row.fault)
                continue
            try:
                own = {path: cell for n, path in self.item if (cell := _cell(row.cells[n])) is not None}
                all_ = {path: cell for n, path in self.whole if (cell := _cell(row.cells[n])) is not None}
                booked = {name: _cell(row.cells[n]) for n, name in self.booked}
            except ValueError as fault:
                faults.append(f"{mark}{fault}")
                continue
            _merge(whole, all_, "", mark, faults)
            item = ""
            if own:
                item = str(own.setdefault(("id",), "1"))
                _merge(items.setdefault(item, {}), own, f"{ITEM}.", mark, faults)
            if any(value is not None for value in booked.values()):
                found = read_booking(booked | {"item": item}, faults, mark)
                if found is not None:
                    bookings.append(found)
        first, last, id = rows[0].first, rows[-1].last, rows[0].id
        if faults:
            return Unreadable(first, last, id, tuple(faults), read)
        facts = _nested(whole) | {"items": [_nested(one) for one in items.values()]}
        return Entry(first, last, id, facts, tuple(bookings), read)


def _path(column: str) -> Path:
    return tuple(column.split("."))


def _is_field(path: Path, shape: Any) -> bool:
    """Tell whether a path names a field: of the shape, of a party in it, or an entry of a mapping in it."""
    name, *rest = path
    if name == "items" or name not in shape.model_fields:
        return False
    if not rest:
        return name not in _PARTIES
    if name in _PARTIES:
        return _is_field(tuple(rest), _PARTIES[name])
    return len(rest) == 1 and bool(rest[0]) and name in ("registrations", "measures", "facts")


KNOWN: Final = (
    *REQUIRED, "collector", "number", *(name for name in _WHOLE if name not in _PARTIES),
    *(f"{party}.{name}" for party, shape in _PARTIES.items() for name in shape.model_fields),
    *(f"{ITEM}.{name}" for name in GoodsItem.model_fields),
)  # fmt: skip
"""Columns that a slip may have meant."""


def _cell(value: Any) -> Any:
    """Return what a cell states, None for an empty one; text that opens a bracket is JSON."""
    if value is None or value == "":
        return None
    if isinstance(value, str):
        if value[0] in "[{":
            try:
                return from_json(value)
            except ValueError as fault:
                raise ValueError(f"{value!r} is no JSON: {fault}") from None
        if not value.isprintable() and any("\udc80" <= one <= "\udcff" for one in value):
            raise ValueError(f"{value!r} is not UTF-8")
        return value
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, date) and not isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, (list, dict)):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise ValueError(
        f"{value!r} of {type(value).__name__} is neither text, a whole number, a decimal nor a day"
    )


def _merge(
    into: dict[Path, Any], more: Mapping[Path, Any], before: str, mark: str, faults: list[str]
) -> None:
    for path, value in more.items():
        known = into.setdefault(path, value)
        if known != value:
            name = before + ".".join(path)
            faults.append(f"{mark}{name} is {value!r}, and {known!r} on an earlier line of the consignment")


def _nested(flat: Mapping[Path, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for path, value in flat.items():
        inner = found
        for name in path[:-1]:
            inner = inner.setdefault(name, {})
        inner[path[-1]] = value
    return found


def parquet_rows(stream: BinaryIO, name: str, skip: int) -> tuple[Columns, Iterator[Row]]:
    """Return the columns of a Parquet file and its rows after the first `skip`; FactsError for doubles."""
    try:
        parquet, types = import_module("pyarrow.parquet"), import_module("pyarrow.types")
    except ModuleNotFoundError:
        raise FactsError(f"{name}: reading Parquet needs the extra 'columns'") from None
    file = parquet.ParquetFile(stream)
    schema = file.schema_arrow
    doubles = [field.name for field in schema if types.is_floating(field.type)]
    if doubles:
        raise FactsError(
            f"{name}: of doubles, which are not exact: {', '.join(doubles)}; write decimals or text"
        )
    columns = Columns(schema.names, name)

    def rows() -> Iterator[Row]:
        place = 0
        for batch in file.iter_batches(batch_size=_ROWS_AT_ONCE):
            if place + batch.num_rows <= skip:
                place += batch.num_rows
                continue
            for cells in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                place += 1
                if place > skip:
                    yield columns.row(cells, "", place, place, 1)

    return columns, rows()
