"""`dutycalc tables coverage`: what the tables hold of each territory on a day, and how sure it is."""

from __future__ import annotations

from argparse import Namespace
from typing import Final

from dutycalc.commands.carts import read_tables
from dutycalc.commands.parsing import Commands, add_choice_of_tables, add_command, add_format, read_day
from dutycalc.commands.tables import write_json
from dutycalc.commands.terminal import DONE, write_page
from dutycalc.coverage import AREAS, Coverage, coverage
from dutycalc.render.pages import Column, Page, Paragraph, Section, Table

_WORDS: Final = (
    "The weakest record in force counts: confirmed by an authority's own text, secondary (by another who "
    "reports it), unverified, or absent: no record."
)


def show_coverage(options: Namespace) -> int:
    """Show the coverage of every territory on a day."""
    found = coverage(read_tables(options), on=options.on)
    if options.format == "json":
        write_json({"on": options.on.isoformat(), "territories": [one.to_dict() for one in found]})
        return DONE
    columns = (
        Column("code"), Column("name", wraps=True), *(Column(area) for area in AREAS), Column("checked on"),
    )  # fmt: skip
    rows = tuple(map(_row, found))
    title = f"Coverage of {len(found)} territories on {options.on}"
    write_page(Page(title, (Paragraph(_WORDS), Table(columns, (Section(rows),)))))
    return DONE


def _row(one: Coverage) -> tuple[str, ...]:
    checked = one.checked_on.isoformat() if one.checked_on is not None else ""
    return (one.code, one.name, *(one.standing[area] for area in AREAS), checked)


_COVERAGE: Final = """
    Show what the tables hold of every territory on a day: duty, tax, limits, collection,
    fees and the tariff, each confirmed, secondary, unverified or absent, as its weakest
    record in force is; and the day on which it was last compared with its sources.
"""


def add_coverage(inside: Commands) -> None:
    """Add `dutycalc tables coverage`."""
    example = "\nexample:\n\n  $ dutycalc tables coverage --on 2026-11-20\n"
    one = add_command(
        inside, "coverage", "what is in the tables, and how sure", _COVERAGE, example, show_coverage
    )
    one.add_argument("--on", metavar="DAY", type=read_day, required=True, help="the day, such as 2026-11-20")
    add_format(one)
    add_choice_of_tables(one)
