"""Pages: paragraphs, tables, outlines and notes, laid out as plain text; `markup` has the other forms."""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

WIDTH: Final = 100
"""Columns of a page that goes anywhere but to a terminal."""

NARROWEST: Final = 14
"""Columns below which a wrapped cell is not squeezed."""

_GAP: Final = "  "
_STEP: Final = "  "


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading within a page."""

    text: str


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Words; a list of them where `bullets` are given."""

    text: str = ""
    bullets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: numbers stand right, and long words wrap where that is allowed."""

    title: str = ""
    right: bool = False
    wraps: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """Rows of a table under one title."""

    rows: tuple[tuple[str, ...], ...]
    title: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """Sections that share their columns."""

    columns: tuple[Column, ...]
    sections: tuple[Section, ...]


@dataclass(frozen=True, slots=True)
class Branch:
    """A line of an outline: its mark, its words, the notes it points to, and what it rests on.

    `anchor` makes it a place that others point to; `see` is such a place.
    """

    mark: str
    text: str
    notes: tuple[int, ...] = ()
    inside: tuple[Branch, ...] = ()
    anchor: bool = False
    see: str = ""


@dataclass(frozen=True, slots=True)
class Outline:
    """Branches under each other."""

    branches: tuple[Branch, ...]


@dataclass(frozen=True, slots=True)
class Note:
    """A numbered note: words, and links each with its title."""

    number: int
    text: str
    links: tuple[tuple[str, str], ...] = ()
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Notes:
    """Numbered notes at the foot of a page."""

    notes: tuple[Note, ...]


Block = Heading | Paragraph | Table | Outline | Notes


@dataclass(frozen=True, slots=True)
class Page:
    """A title and what stands under it."""

    title: str
    blocks: tuple[Block, ...]


def clean(text: str) -> str:
    """Return the text without what could move a cursor: control characters are written as escapes."""
    if text.isprintable():
        return text
    return "".join(
        one
        if one.isprintable() or unicodedata.category(one) == "Zs"
        else one.encode("unicode_escape").decode()
        for one in text
    )


def columns_of(text: str) -> int:
    """Return how many columns of a terminal the text takes."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(one) else 2 if unicodedata.east_asian_width(one) in "WF" else 1
        for one in text
    )


def numbers(notes: Sequence[int]) -> str:
    """Return the numbers of notes, runs of three or more drawn together: `1, 3-5`."""
    runs: list[list[int]] = []
    for one in sorted(set(notes)):
        if runs and one == runs[-1][-1] + 1:
            runs[-1].append(one)
        else:
            runs.append([one])
    parts = [f"{run[0]}-{run[-1]}" if len(run) > 2 else ", ".join(map(str, run)) for run in runs]
    return ", ".join(parts)


def write_text(page: Page, width: int = WIDTH) -> str:
    """Return the page as plain text, ending in a line break; spaces that do not break become plain ones."""
    title = clean(page.title)
    lines = [title, "=" * min(columns_of(title), width)]
    for block in page.blocks:
        lines += ["", *text_lines(block, width)]
    text = "\n".join(line.rstrip() for line in lines)
    return text.replace("\u00a0", " ").replace("\u202f", " ") + "\n"


def text_lines(block: Block, width: int) -> Iterator[str]:
    """Yield the lines of a block."""
    match block:
        case Heading(text):
            yield clean(text)
            yield "-" * min(columns_of(clean(text)), width)
        case Paragraph(text, bullets):
            if text:
                yield from _wrapped(text, width)
            for bullet in bullets:
                yield from _wrapped(bullet, width, "* ", "  ")
        case Table():
            yield from _table_lines(block, width)
        case Outline(branches):
            marks = max((len(mark) for one in branches for mark in _marks(one)), default=0)
            for place, branch in enumerate(branches):
                if place and not branch.mark:
                    yield ""
                yield from _branch_lines(branch, "", marks, width)
        case Notes(notes):
            for note in notes:
                yield from _note_lines(note, width)


def _wrapped(text: str, width: int, first: str = "", later: str = "") -> list[str]:
    return textwrap.wrap(
        clean(text), max(width, len(later) + 40), initial_indent=first, subsequent_indent=later,
        break_long_words=False, break_on_hyphens=False,
    ) or [first]  # fmt: skip


def _marks(branch: Branch) -> Iterator[str]:
    yield branch.mark
    for one in branch.inside:
        yield from _marks(one)


def _branch_lines(branch: Branch, indent: str, marks: int, width: int) -> Iterator[str]:
    mark = f"{branch.mark:<{marks}}  " if marks else ""
    text = branch.text + (f"; {branch.see}" if branch.see else "")
    if branch.notes:
        text += f" [{numbers(branch.notes)}]"
    yield from _wrapped(text, width, mark + indent, " " * len(mark) + indent + _STEP * 2)
    for one in branch.inside:
        yield from _branch_lines(one, indent + _STEP, marks, width)


def _note_lines(note: Note, width: int) -> Iterator[str]:
    mark = f"[{note.number}] "
    space = " " * len(mark)
    yield from _wrapped(note.text, width, mark, space)
    for title, url in note.links:
        yield from _wrapped(title, width, space, space + _STEP)
        if url:
            yield from _wrapped(url, width, space + _STEP, space + _STEP)
    if note.remark:
        yield from _wrapped(note.remark, width, space, space)


def column_widths(table: Table, width: int) -> list[int]:
    """Return the width of every column, wrapping ones squeezed until the table fits."""
    rows = [row for section in table.sections for row in section.rows]
    widths = [
        max([columns_of(column.title), *(columns_of(row[n]) for row in rows)])
        for n, column in enumerate(table.columns)
    ]
    room = width - len(_GAP) * (len(widths) - 1)
    while sum(widths) > room:
        wide = [n for n, column in enumerate(table.columns) if column.wraps and widths[n] > NARROWEST]
        if not wide:
            break
        widths[max(wide, key=lambda n: widths[n])] -= 1
    return widths


def _table_lines(table: Table, width: int) -> Iterator[str]:
    indent = _STEP if any(section.title for section in table.sections) else ""
    widths = column_widths(table, width - len(indent))
    titles = tuple(column.title for column in table.columns)
    if any(titles):
        yield from _row_lines(titles, table.columns, widths, indent)
    for place, section in enumerate(table.sections):
        if section.title:
            if place or any(titles):
                yield ""
            yield from _wrapped(section.title, width, "", _STEP * 2)
        elif any(titles):
            yield indent + "-" * (sum(widths) + len(_GAP) * (len(widths) - 1))
        for row in section.rows:
            yield from _row_lines(row, table.columns, widths, indent)


def _row_lines(
    row: tuple[str, ...], columns: tuple[Column, ...], widths: list[int], indent: str
) -> Iterator[str]:
    cells = [
        textwrap.wrap(clean(text), width, break_on_hyphens=False) if column.wraps and columns_of(text) > width
        else [clean(text)]
        for text, column, width in zip(row, columns, widths, strict=True)
    ]  # fmt: skip
    for n in range(max(len(cell) for cell in cells)):
        parts = []
        for cell, column, width in zip(cells, columns, widths, strict=True):
            text = cell[n] if n < len(cell) else ""
            space = " " * (width - columns_of(text))
            parts.append(space + text if column.right else text + space)
        yield (indent + _GAP.join(parts)).rstrip()
