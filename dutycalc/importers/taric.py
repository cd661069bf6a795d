"""TARIC's monthly workbook of import duties, read row by row with the standard library alone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import IO, Final
from xml.etree.ElementTree import Element, iterparse
from zipfile import BadZipFile, ZipFile

from dutycalc.errors import TableError
from dutycalc.importers.drafts import Draft
from dutycalc.importers.single_measures import Stated, add, begin, finish

COLUMNS: Final = ("Goods code", "Start date", "End date", "Duty", "Origin code", "Meas. type code")

_MAIN: Final = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_STRINGS: Final = "xl/sharedStrings.xml"
_SHEET: Final = "xl/worksheets/sheet1.xml"
_LETTERS: Final = re.compile(r"[A-Z]+")
_SERIAL: Final = re.compile(r"\d{5}(\.0+)?", re.ASCII)
_FIRST_DAY: Final = date(1899, 12, 30)
"""The day from which workbooks count."""


def rows(file: Path) -> Iterator[dict[str, str]]:
    """Yield the rows of the first sheet by their column names; TableError for anything but a workbook."""
    try:
        with ZipFile(file) as archive:
            names = set(archive.namelist())
            if _SHEET not in names:
                raise TableError(f"{file.name} has no first sheet", file=str(file))
            strings = _shared(archive.open(_STRINGS)) if _STRINGS in names else []
            with archive.open(_SHEET) as sheet:
                yield from _named(_cells(sheet, strings), file)
    except BadZipFile:
        raise TableError(f"{file.name} is no workbook", file=str(file)) from None


def _named(cells: Iterator[Mapping[int, str]], file: Path) -> Iterator[dict[str, str]]:
    names: dict[int, str] = {}
    for row in cells:
        if names:
            yield {name: row.get(place, "") for place, name in names.items()}
        else:
            names = {place: text.strip() for place, text in row.items()}
            lacking = [name for name in COLUMNS if name not in names.values()]
            if lacking:
                raise TableError(f"{file.name} lacks the columns {', '.join(lacking)}", file=str(file))


def _shared(stream: IO[bytes]) -> list[str]:
    found: list[str] = []
    with stream:
        for _, element in iterparse(stream):
            if element.tag == f"{_MAIN}si":
                found.append("".join(text.text or "" for text in element.iter(f"{_MAIN}t")))
                element.clear()
    return found


def _cells(stream: IO[bytes], strings: Sequence[str]) -> Iterator[dict[int, str]]:
    """Yield each row as its texts by place of column, and let go of it."""
    sheet: Element | None = None
    for event, element in iterparse(stream, events=("start", "end")):
        if event == "start":
            sheet = element if element.tag == f"{_MAIN}sheetData" else sheet
        elif element.tag == f"{_MAIN}row":
            yield {
                _place(cell.get("r", ""), n): _text(cell, strings)
                for n, cell in enumerate(element.findall(f"{_MAIN}c"))
            }
            if sheet is not None:
                sheet.clear()


def _place(reference: str, default: int) -> int:
    letters = _LETTERS.match(reference)
    if letters is None:
        return default
    place = 0
    for letter in letters[0]:
        place = place * 26 + ord(letter) - 64
    return place - 1


def _text(cell: Element, strings: Sequence[str]) -> str:
    if cell.get("t") == "inlineStr":
        return "".join(text.text or "" for text in cell.iter(f"{_MAIN}t"))
    value = cell.findtext(f"{_MAIN}v") or ""
    return strings[int(value)] if cell.get("t") == "s" else value


def _day(text: str) -> str:
    """Return a day, also from a workbook's count of days."""
    if _SERIAL.fullmatch(text):
        return (_FIRST_DAY + timedelta(days=int(text.partition(".")[0]))).isoformat()
    return text


def read(file: Path, draft: Draft) -> None:
    """Gather the measures that are duties."""
    begin(draft)
    for row in rows(file):
        add(
            Stated(
                code=row["Goods code"].replace(" ", "")[:10],
                measure_type=row["Meas. type code"].strip(),
                area=row["Origin code"].strip(),
                excluded=(),
                duty=row["Duty"],
                start=_day(row["Start date"]),
                end=_day(row["End date"]),
                additional_code=row.get("Add code", "").strip(),
                order_number=row.get("Order No.", "").strip(),
            ),
            draft,
        )
    finish(draft)
