"""Reading a ledger: CSV, JSON Lines or Parquet in, consignments with their bookings out, one at a time."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator
from itertools import groupby
from typing import Any, BinaryIO, Final, Literal

from pydantic_core import from_json

from dutycalc.auditing.entries import Booking, Entry, Unreadable, read_booking
from dutycalc.auditing.rows import Columns, Row, parquet_rows
from dutycalc.errors import FactsError
from dutycalc.words import near

LedgerForm = Literal["csv", "jsonl", "parquet"]

_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_PARQUET: Final = b"PAR1"
_CHUNK: Final = 1 << 20
_KEYS: Final = ("id", "consignment", "charged")


class Ledger:
    """A ledger that is being read: its form, how far it is read, and the SHA-256 of what is read.

    `read` counts bytes, of a Parquet file rows; `line` is the last line that is read. Iterating yields
    each consignment, or the rows that cannot be read, once.
    """

    def __init__(self, stream: BinaryIO, name: str = "the ledger") -> None:
        from hashlib import sha256  # noqa: PLC0415 # loads OpenSSL: only whoever audits pays for it

        self.name = name
        self.read = 0
        self.line = 0
        self._stream = stream
        self._hash = sha256()
        self._waiting: deque[bytes] = deque()
        self._taken = 0
        head = stream.readline()
        self._lines = self._raw(head)
        if head.startswith(_PARQUET):
            self.form: LedgerForm = "parquet"
            self._hash_whole()
        elif head.removeprefix(_BYTE_ORDER_MARK).lstrip().startswith(b"{"):
            self.form = "jsonl"
        else:
            self.form = "csv"
            self._read_header()

    @property
    def digest(self) -> str:
        """Return the SHA-256 of what is read; of a Parquet file, of the whole."""
        return f"sha256:{self._hash.hexdigest()}"

    def skip(self, read: int, line: int, digest: str) -> None:
        """Go on after what an earlier reading had read; FactsError where that has changed since."""
        if self.form != "parquet":
            while self.read < read and (raw := next(self._lines, b"")):
                self._settle(len(raw))
        if self.digest != digest or self.read not in (read, 0):
            raise FactsError(f"{self.name}: it is not the ledger whose audit was begun, or has changed since")
        self.read, self.line = read, line

    def __iter__(self) -> Iterator[Entry | Unreadable]:
        if self.form == "jsonl":
            yield from self._objects()
            return
        if self.form == "parquet":
            columns, rows = parquet_rows(self._stream, self.name, self.read)
        else:
            columns, rows = self._columns, self._csv_rows()
        for group in _groups(rows):
            found = list(group)
            self._settle(sum(row.size for row in found))
            self.line = found[-1].last
            yield columns.entry(found, self.read)
        if self.form == "csv":
            self._settle(sum(map(len, self._waiting)))

    def _raw(self, head: bytes) -> Iterator[bytes]:
        """Yield the lines, and keep them until what stands in them is settled."""
        line = head
        while line:
            self._waiting.append(line)
            self._taken += len(line)
            yield line
            line = self._stream.readline()

    def _settle(self, size: int) -> None:
        """Count the next `size` bytes, or rows of a Parquet file, as read."""
        self.read += size
        while size > 0 and self.form != "parquet":
            line = self._waiting.popleft()
            self._hash.update(line)
            size -= len(line)

    def _hash_whole(self) -> None:
        if not self._stream.seekable():
            raise FactsError(f"{self.name}: Parquet is read from a file, not from a pipe")
        self._stream.seek(0)
        while chunk := self._stream.read(_CHUNK):
            self._hash.update(chunk)
        self._stream.seek(0)

    def _objects(self) -> Iterator[Entry | Unreadable]:
        for raw in self._lines:
            self.line += 1
            self._settle(len(raw))
            text = raw.removeprefix(_BYTE_ORDER_MARK)
            if text.strip():
                yield _entry_in(text, self.line, self.read)

    def _read_header(self) -> None:
        texts = (
            raw.removeprefix(_BYTE_ORDER_MARK if not self.read else b"").decode("utf-8", "surrogateescape")
            for raw in self._lines
        )
        self._csv = csv.reader(texts, strict=True)
        try:
            header = next(self._csv, None)
        except csv.Error as fault:
            raise FactsError(f"{self.name}: its header cannot be read: {fault}") from None
        if header is None:
            raise FactsError(f"{self.name}: the ledger is empty")
        self._columns = Columns(header, self.name)
        self._settle(self._taken)
        self.line = self._csv.line_num

    def _csv_rows(self) -> Iterator[Row]:
        line, before = self.line, self._taken
        ahead = line - self._csv.line_num
        while True:
            fault, cells = "", None
            try:
                cells = next(self._csv, None)
            except csv.Error as found:
                fault = f"no row of CSV: {found}"
            if cells is None and not fault:
                return
            last = self._csv.line_num + ahead
            if cells or fault:
                yield self._columns.row(cells or (), fault, line + 1, last, self._taken - before)
                before = self._taken
            line = last


def _groups(rows: Iterator[Row]) -> Iterator[Iterator[Row]]:
    """Yield the rows of each consignment: those of one id that follow each other.

    A row whose id cannot be read counts to the consignment before it, which is then not judged: judged
    without that row, it might be accused of what the row would explain.
    """
    id = ""

    def of(row: Row) -> str:
        nonlocal id
        id = row.id or id
        return id

    for _, group in groupby(rows, key=of):
        yield group


def _entry_in(text: bytes, line: int, read: int) -> Entry | Unreadable:
    try:
        stated = from_json(text)
    except ValueError as fault:
        return Unreadable(line, line, f"line {line}", (f"no JSON: {fault}",), read)
    return entry_of(stated, line, read)


def entry_of(stated: Any, line: int, read: int = 0) -> Entry | Unreadable:
    """Return the entry that a plain value states: `consignment`, `charged`, and an `id` if it has one."""
    id = f"line {line}"
    if not isinstance(stated, dict):
        return Unreadable(line, line, id, ("no JSON object",), read)
    faults = [f"{key}: unknown field{near(key, _KEYS)}" for key in stated if key not in _KEYS]
    if stated.get("id") is not None:
        if isinstance(stated["id"], str) and stated["id"]:
            id = stated["id"]
        else:
            faults.append(f"id: {stated['id']!r} is no text")
    facts, charged = stated.get("consignment"), stated.get("charged")
    if not isinstance(facts, dict):
        faults.append("consignment: not stated" if facts is None else "consignment: no JSON object")
    bookings: list[Booking] = []
    if not isinstance(charged, (list, tuple)):
        faults.append("charged: not stated" if charged is None else "charged: no list")
        charged = ()
    for n, one in enumerate(charged):
        if not isinstance(one, dict):
            faults.append(f"charged[{n}]: no JSON object")
            continue
        found = read_booking(one, faults, f"charged[{n}].")
        if found is not None:
            bookings.append(found)
    if faults or not isinstance(facts, dict):
        return Unreadable(line, line, id, tuple(faults), read)
    return Entry(line, line, id, facts, tuple(bookings), read)
