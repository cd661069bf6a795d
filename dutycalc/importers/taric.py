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

EXCLUSIONS: Final = "Measure exclusions.xlsx"
"""The workbook of the same month, beside the one of duties, that names the origins a measure leaves out."""

_OF_EXCLUSIONS: Final = (
    "Goods code", "Origin code", "Meas. type code", "Excluded country", "Excluded country code",
)  # fmt: skip
_AREA: Final = re.compile(r"[A-Z]{2}|[0-9]{4}", re.ASCII)

Measure = tuple[str, ...]
"""Goods code, additional code, order number, area and type: what an exclusion names its measure by."""

_MAIN: Final = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_STRINGS: Final = "xl/sharedStrings.xml"
_SHEET: Final = "xl/worksheets/sheet1.xml"
_LETTERS: Final = re.compile(r"[A-Z]+")
_SERIAL: Final = re.compile(r"\d{5}(\.0+)?", re.ASCII)
_FIRST_DAY: Final = date(1899, 12, 30)
"""The day from which workbooks count."""


def rows(file: Path, needed: Sequence[str] = COLUMNS) -> Iterator[dict[str, str]]:
    """Yield the rows of the first sheet by their column names; TableError for anything but a workbook."""
    try:
        with ZipFile(file) as archive:
            names = set(archive.namelist())
            if _SHEET not in names:
                raise TableError(f"{file.name} has no first sheet", file=str(file))
            strings = _shared(archive.open(_STRINGS)) if _STRINGS in names else []
            with archive.open(_SHEET) as sheet:
                yield from _named(_cells(sheet, strings), file, needed)
    except BadZipFile:
        raise TableError(f"{file.name} is no workbook", file=str(file)) from None


def _named(cells: Iterator[Mapping[int, str]], file: Path, needed: Sequence[str]) -> Iterator[dict[str, str]]:
    names: dict[int, str] = {}
    for row in cells:
        if names:
            yield {name: row.get(place, "") for place, name in names.items()}
        else:
            names = {place: text.strip() for place, text in row.items()}
            lacking = [name for name in needed if name not in names.values()]
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


def _exclusions(file: Path) -> dict[Measure, list[str]]:
    """Return the areas that each measure leaves out, whenever it did so.

    The heads of the name and the code of an excluded country have been seen the wrong way round.
    """
    found: dict[Measure, list[str]] = {}
    for row in rows(file, _OF_EXCLUSIONS):
        areas = [row[name].strip() for name in ("Excluded country code", "Excluded country")]
        found.setdefault(_named_by(row), []).extend(one for one in areas if _AREA.fullmatch(one))
    return {measure: sorted(set(areas)) for measure, areas in found.items()}


def _named_by(row: Mapping[str, str]) -> Measure:
    code = row["Goods code"].replace(" ", "")[:10]
    more = ("Add code", "Order No.", "Origin code", "Meas. type code")
    return code, *(row.get(name, "").strip() for name in more)


def read(file: Path, draft: Draft) -> None:
    """Gather the measures that are duties, without the origins that the workbook of exclusions leaves out."""
    begin(draft)
    beside = file.with_name(EXCLUSIONS)
    known = beside.is_file()
    excluded = _exclusions(beside) if known else {}
    if not known:
        draft.notice = f"which origins a measure leaves out was not read: {EXCLUSIONS} did not lie beside"
    for row in rows(file):
        add(
            Stated(
                code=row["Goods code"].replace(" ", "")[:10],
                measure_type=row["Meas. type code"].strip(),
                area=row["Origin code"].strip(),
                excluded=excluded.get(_named_by(row), ()),
                duty=row["Duty"],
                start=_day(row["Start date"]),
                end=_day(row["End date"]),
                additional_code=row.get("Add code", "").strip(),
                order_number=row.get("Order No.", "").strip(),
            ),
            draft,
        )
    finish(draft)
