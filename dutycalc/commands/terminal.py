"""Where answers go: tables on a terminal, plain text in a pipe, faults and progress on stderr."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final

from dutycalc.errors import DutycalcError, Refusals
from dutycalc.render.pages import (
    WIDTH,
    Heading,
    Page,
    Section,
    Table,
    clean,
    column_widths,
    text_lines,
    write_text,
)

DONE: Final = 0
FINDINGS: Final = 1
BAD_INPUT: Final = 2

EVERY: Final = 1000
"""Records between two reports of progress."""


def prepare() -> None:
    """Write UTF-8 into a pipe on any machine; on a terminal replace what it cannot show."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is None:
            continue
        if stream.isatty():
            reconfigure(errors="replace")
        else:
            reconfigure(encoding="utf-8", errors="backslashreplace", newline="\n")


def write_page(page: Page) -> None:
    """Write a page: with rich tables on a terminal that has rich, else as plain text."""
    if not sys.stdout.isatty():
        sys.stdout.write(write_text(page))
    elif find_spec("rich") is None:
        sys.stdout.write(write_text(page, width_of_terminal()))
    else:
        _write_rich(page)


def width_of_terminal() -> int:
    """Return the columns of the terminal, within what is still easy to read."""
    return max(60, min(shutil.get_terminal_size((WIDTH, 24)).columns, 140))


@cache
def _rich(module: str, name: str) -> Any:
    return getattr(import_module(f"rich.{module}"), name)


def _write_rich(page: Page) -> None:
    console = _rich("console", "Console")(highlight=False, soft_wrap=False)
    words = _rich("text", "Text")
    width = min(width_of_terminal(), console.width)
    console.print(words(clean(page.title), style="bold"))
    for block in page.blocks:
        console.print()
        if isinstance(block, Table):
            _write_rich_table(console, block, width)
        elif isinstance(block, Heading):
            console.print(words(clean(block.text), style="bold"), soft_wrap=True)
        else:
            for line in text_lines(block, width):
                console.print(words(line), soft_wrap=True)


def _write_rich_table(console: Any, table: Table, width: int) -> None:
    # Between two cells rich sets one column more than a plain table does, and two at either end.
    widths = column_widths(table, width - len(table.columns) - 3)
    for place, section in enumerate(table.sections):
        if place:
            console.print()
        if section.title:
            console.print(_rich("text", "Text")(clean(section.title), style="bold"))
        console.print(_rich_section(table, section, widths))


def _rich_section(table: Table, section: Section, widths: list[int]) -> Any:
    found = _rich("table", "Table")(
        show_header=any(column.title for column in table.columns),
        box=_rich("box", "ROUNDED"),
    )
    for column, width in zip(table.columns, widths, strict=True):
        found.add_column(
            column.title,
            justify="right" if column.right else "left",
            width=width,
            no_wrap=not column.wraps,
        )
    for row in section.rows:
        found.add_row(*(_rich("text", "Text")(clean(text)) for text in row))
    return found


def faults_in(fault: DutycalcError) -> Iterator[DutycalcError]:
    """Yield every single refusal in a refusal or a group of them."""
    if isinstance(fault, Refusals):
        for one in fault.exceptions:
            if isinstance(one, DutycalcError):
                yield from faults_in(one)
    else:
        yield fault


def exit_code(faults: Iterable[DutycalcError]) -> int:
    """Return 1 where the tables lack or contradict the law that was asked for, 2 where the input is bad."""
    return max((FINDINGS if isinstance(one, LookupError) else BAD_INPUT for one in faults), default=DONE)


def write_faults(faults: Iterable[DutycalcError], where: str = "") -> None:
    """Write every fault on a line of stderr."""
    for one in faults:
        write_error(f"{where}: {one}" if where else str(one))


def write_error(text: str) -> None:
    """Write one fault on a line of stderr."""
    sys.stderr.write(f"error: {clean(' '.join(text.split()))}\n")


class Progress:
    """Counts records on stderr, where that is a terminal; one line, written over."""

    def __init__(self, what: str, size: int | None = None) -> None:
        self.what = what
        self.size = size
        self.shown = False
        self.wanted = sys.stderr.isatty()

    def tell(self, count: int, done: int | None = None) -> None:
        """Show the count, and the share of the input that is done where its size is known."""
        if self.wanted and count and count % EVERY == 0:
            share = f", {100 * done // self.size}%" if self.size and done is not None else ""
            sys.stderr.write(f"\r{count:,} {self.what}{share}\x1b[K")
            sys.stderr.flush()
            self.shown = True

    def end(self) -> None:
        """Take the line away."""
        if self.shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()


@contextmanager
def progress(what: str, size: int | None = None) -> Iterator[Progress]:
    """Give a count that is taken away at the end, however that comes."""
    found = Progress(what, size)
    try:
        yield found
    finally:
        found.end()
