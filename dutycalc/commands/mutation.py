"""`dutycalc tables mutate`: which records of law no golden case would miss."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Mapping
from typing import Any, Final

from dutycalc.commands.carts import read_tables
from dutycalc.commands.parsing import Commands, add_choice_of_tables, add_command, read_territory
from dutycalc.commands.tables import write_json
from dutycalc.commands.terminal import DONE, FINDINGS, progress, write_error, write_page
from dutycalc.errors import FactsError
from dutycalc.loader import load_tariffs
from dutycalc.render.pages import Block, Column, Heading, Page, Paragraph, Section, Table
from dutycalc.testing.golden import read_cases
from dutycalc.testing.tables import Finding, Report, lint, mutate
from dutycalc.words import near

FORMATS: Final = ("text", "markdown", "json")


def mutate_tables(options: Namespace) -> int:
    """Show what catches each nudge; 1 where a case does not hold, or with --strict where one is missed."""
    cases = read_cases(options.cases)
    tariffs = load_tariffs(options.dir) if options.dir is not None else read_tables(options)
    codes = tuple(options.only) or tariffs.codes
    for code in codes:
        if code not in tariffs.codes:
            raise FactsError(f"--only {code}: no tables of law for this territory{near(code, tariffs.codes)}")
    findings = lint(tariffs, codes=codes)
    with progress("nudges") as told:
        report = mutate(tariffs, cases, codes=codes, tell=told.tell)
    if options.format == "json":
        write_json(_report_dict(report, findings, len(cases)))
    elif options.format == "markdown":
        from dutycalc.render.markup import write_markdown  # noqa: PLC0415 # only who asks for it pays for it

        sys.stdout.write(write_markdown(_page(report, findings, len(cases), each=bool(options.only))))
    else:
        write_page(_page(report, findings, len(cases), each=bool(options.only)))
    for one in report.unsound:
        write_error(f"golden case {one}")
    return FINDINGS if report.unsound or (options.strict and report.missed) else DONE


def _report_dict(report: Report, findings: list[Finding], cases: int) -> dict[str, Any]:
    return {
        "cases": cases,
        "unsound": list(report.unsound),
        "nudges": len(report.outcomes),
        "caught": len(report.outcomes) - len(report.missed),
        "untested": list(report.untested),
        "unread": list(report.unread),
        "missed": [one.to_dict() for one in report.missed],
        "findings": [one.to_dict() for one in findings],
    }


def _page(report: Report, findings: list[Finding], cases: int, *, each: bool) -> Page:
    """Return the report: shares, then the records that nothing tests; with `each` every nudge missed."""
    all_, missed = len(report.outcomes), len(report.missed)
    seen = sum(one.cart is not None for one in report.missed)
    records = len({one.record for one in report.outcomes})
    said = (
        f"{all_:,} nudges of {records:,} records, {cases:,} golden cases",
        f"{all_ - missed:,} caught ({_share(all_ - missed, all_)}), {missed:,} missed",
        f"of those missed, {seen:,} are seen to change a cart like a golden one: such a case is missing",
        f"{len(report.untested):,} records of which no nudge is caught",
        f"{len(report.unread):,} records on which no golden case's answer rests",
    )
    blocks: list[Block] = [Paragraph(bullets=said)]
    if all_:
        blocks += [Heading("By what is nudged"), _shares("nudge", report.shares("kind"))]
        blocks += [Heading("By territory"), _shares("territory", report.shares())]
    if report.untested:
        blocks += [Heading("Records that nothing tests"), Paragraph(bullets=_by_folder(report))]
    if each and report.missed:
        rows = tuple((one.record, one.says, "yes" if one.cart is not None else "") for one in report.missed)
        columns = (Column("record", wraps=True), Column("nudge", wraps=True), Column("shows in a cart"))
        blocks += [Heading("Nudges that nothing catches"), Table(columns, (Section(rows),))]
    if findings:
        told = tuple(f"{one.rule}: {one.record}: {one.text}" for one in findings)
        blocks += [Heading("What looks wrong"), Paragraph(bullets=told)]
    return Page("The tables under test", tuple(blocks))


def _shares(what: str, shares: Mapping[str, tuple[int, int]]) -> Table:
    columns = (
        Column(what), Column("nudges", right=True), Column("caught", right=True), Column("share", right=True)
    )  # fmt: skip
    rows = tuple(
        (name, f"{of:,}", f"{caught:,}", _share(caught, of)) for name, (caught, of) in shares.items()
    )
    return Table(columns, (Section(rows),))


def _share(part: int, whole: int) -> str:
    """Return a share in whole per cent, cut: only all of them are 100%."""
    return f"{100 * part // whole}%" if whole else "none"


def _by_folder(report: Report) -> tuple[str, ...]:
    """Return the untested records of each folder on one line."""
    found: dict[str, list[str]] = {}
    for one in report.untested:
        folder, _, name = one.partition("/")
        found.setdefault(folder, []).append(name)
    return tuple(f"{folder}: {', '.join(names)}" for folder, names in found.items())


_MUTATE: Final = """
    Show what the golden cases would not miss. Each record of law is nudged, one thing at
    a time (a rate one step up, a day one day off, a limit one minor unit off, `at most`
    for `below`, a part of a base left out, another party), and the cases that could
    notice are run. What none of them catches, and no check of the tables, is law that
    nothing tests. docs/testing-tables.md has the form of a case.

    With --only every nudge missed is listed; with --format json also a cart that it
    changes, where one was found. 1 where a case does not hold; with --strict also where
    a nudge is missed.
"""


def add_mutate(inside: Commands) -> None:
    """Add `dutycalc tables mutate`."""
    example = """
    examples:

      $ dutycalc tables mutate my-tables --cases cases.jsonl --strict
      $ dutycalc tables mutate --only NO --cases tests/golden/*.jsonl
    """
    one = add_command(
        inside, "mutate", "which records no golden case would miss", _MUTATE, example, mutate_tables
    )
    one.add_argument("dir", metavar="DIR", nargs="?", help="a folder of tables, tested by itself")
    one.add_argument(
        "--cases", metavar="FILE", nargs="+", required=True, help="golden cases, one of JSON on each line"
    )
    one.add_argument(
        "--only", metavar="CODE", type=read_territory, action="append", default=[],
        help="only the records of this territory (repeatable)",
    )  # fmt: skip
    one.add_argument("--strict", action="store_true", help="exit with 1 where a nudge is missed")
    one.add_argument("--format", choices=FORMATS, default="text", help="default: text")
    add_choice_of_tables(one)
