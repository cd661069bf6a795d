"""`dutycalc audit`: a ledger of what was charged against the law of each day."""

from __future__ import annotations

import sys
from argparse import Namespace
from pathlib import Path
from typing import Final

from dutycalc.audit import Difference, Finding, Summary, Unreadable, audit_file
from dutycalc.auditing.findings import WORST_KEPT, Sums
from dutycalc.commands.carts import STDIN, read_tables
from dutycalc.commands.parsing import Commands, add_choice_of_tables, add_command, add_reading
from dutycalc.commands.tables import write_json
from dutycalc.commands.terminal import (
    BAD_INPUT,
    DONE,
    EVERY,
    FINDINGS,
    Progress,
    progress,
    write_error,
    write_page,
)
from dutycalc.errors import FactsError
from dutycalc.money import Money, plain
from dutycalc.render.markup import write_html
from dutycalc.render.pages import (
    Block,
    Branch,
    Column,
    Heading,
    Note,
    Notes,
    Outline,
    Page,
    Paragraph,
    Section,
    Table,
)
from dutycalc.stages.duty import CLASSIFICATIONS

_AMOUNTS: Final = (
    Column("findings", right=True), Column("charged", right=True), Column("owed", right=True),
    Column("too much", right=True), Column("too little", right=True),
)  # fmt: skip


def run(options: Namespace) -> int:
    """Audit a ledger; return 0, 1 where there are findings, 2 where rows cannot be read."""
    if options.worst < 0:
        raise FactsError("--worst: a number of findings is zero or more")
    if options.file == STDIN and options.resume is not None:
        raise FactsError("--resume: a ledger from stdin cannot be resumed")
    name = "stdin" if options.file == STDIN else Path(options.file).name
    with progress("lines", _size_of(options.file)) as told:
        summary = audit_file(
            sys.stdin.buffer if options.file == STDIN else options.file,
            read_tables(options),
            findings=options.findings,
            state=options.resume,
            tell=_Told(told, name),
            known_on=options.known_on,
            variants=options.variant,
            classification=options.classification,
            worst=options.worst,
        )
    if options.format == "json":
        write_json({"ledger": name} | summary.to_dict())
    elif options.format == "html":
        sys.stdout.write(write_html(_page(summary, name)))
    else:
        write_page(_page(summary, name))
    return BAD_INPUT if summary.unreadable_count else FINDINGS if summary.findings else DONE


def _size_of(file: str) -> int | None:
    try:
        return Path(file).stat().st_size if file != STDIN else None
    except OSError:
        return None


class _Told:
    """Shows progress, and every row that cannot be read."""

    def __init__(self, shown: Progress, name: str) -> None:
        self.shown = shown
        self.name = name
        self.thousands = 0

    def __call__(self, lines: int, read: int, found: list[Finding | Unreadable]) -> None:
        for one in found:
            if isinstance(one, Unreadable):
                self.shown.end()
                for reason in one.reasons:
                    write_error(f"{self.name}: {one.where}: {reason}")
        if lines // EVERY > self.thousands:
            self.thousands = lines // EVERY
            self.shown.tell(self.thousands * EVERY, read)


def _page(summary: Summary, name: str) -> Page:
    blocks: list[Block] = [Paragraph(_counts(summary))]
    if summary.findings:
        blocks += [
            Heading("By cause"),
            _table(
                (Column("cause"),),
                [(currency, (cause,), sums) for (currency, cause), sums in summary.by_cause().items()],
            ),
            Heading("By cause and month of the sale"),
            _table(
                (Column("cause"), Column("month")),
                [
                    (currency, (cause, month), sums)
                    for currency, cause, month, sums in summary.ordered_totals()
                ],
            ),
        ]
    if summary.worst:
        blocks += _worst(summary)
    if summary.unreadable:
        rows = tuple(f"{one.where}: {'; '.join(one.reasons)}" for one in summary.unreadable)
        left = summary.unreadable_count - len(rows)
        more = (f"and {left} more",) if left else ()
        blocks += [Heading("Not read, and not judged"), Paragraph(bullets=rows + more)]
    count = f"{_count(summary.findings, 'finding')} on {_count(summary.items, 'line')} of goods"
    return Page(f"Audit of {name}: {count}", tuple(blocks))


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _counts(summary: Summary) -> str:
    counts = (
        _count(summary.lines, "row"), _count(summary.consignments, "consignment"),
        f"{_count(summary.items, 'line')} of goods",
    )  # fmt: skip
    unread = f" Not read, and not judged: {_count(summary.unreadable_count, 'place')} in the ledger."
    return ", ".join(counts) + "." + (unread if summary.unreadable_count else "")


def _table(first: tuple[Column, ...], rows: list[tuple[str, tuple[str, ...], Sums]]) -> Table:
    """Return sums, a section for each currency: sums of different currencies are not compared."""
    sections: dict[str, list[tuple[str, ...]]] = {}
    unjudged = any(sums.unjudged for _, _, sums in rows)
    for currency, words, sums in rows:
        amounts = [sums.charged, sums.owed, sums.over, sums.under, *([sums.unjudged] if unjudged else [])]
        cells = [plain(one) if one else "" for one in amounts]
        sections.setdefault(currency, []).append((*words, str(sums.findings), *cells))
    more = (Column("not judged", right=True),) if unjudged else ()
    return Table(
        (*first, *_AMOUNTS, *more),
        tuple(Section(tuple(found), currency or "nothing booked") for currency, found in sections.items()),
    )


def _worst(summary: Summary) -> list[Block]:
    """Return the worst findings, and the law of each as numbered notes."""
    shown = len(summary.worst)
    of_all = "" if shown == summary.findings else f": {shown} of {summary.findings}"
    cited: dict[str, int] = {}
    branches = []
    for one in summary.worst:
        notes = tuple(cited.setdefault(title, len(cited) + 1) for title in one.sources)
        lines = (*map(_difference, one.differences), f"why: {one.explanation}")
        inside = tuple(Branch("", line) for line in lines)
        branches.append(Branch("", f"{one.where}: {one.cause}", notes, inside))
    blocks: list[Block] = [Heading(f"The worst first{of_all}"), Outline(tuple(branches))]
    if cited:
        blocks += [Heading("Law"), Notes(tuple(Note(number, text) for text, number in cited.items()))]
    return blocks


def _difference(one: Difference) -> str:
    owed = f"owed {one.owed}" if one.owed is not None else "owed: not known"
    return f"{one.charge}: charged {one.charged}, {owed}{_off(one.difference)}"


def _off(difference: Money | None) -> str:
    if difference is None or not difference.amount:
        return ""
    size = Money(difference.amount.copy_abs(), difference.currency)
    return f", {size} too {'much' if difference.amount > 0 else 'little'}"


_AUDIT: Final = """
    Hold a ledger of what was charged against the law of each day, line by line. Every
    difference has a cause: rounding, wrong day, wrong regime, wrong rate, not collected,
    collected twice, wrong collector, or unknown; the sums are by cause and month, the
    worst first. docs/ledgers.md has the form of a ledger.

    The ledger may be of any size: it is read row by row. The exit code is 1 where there
    are findings, and 2 where rows cannot be read; those are named on stderr.
"""

_AUDIT_EXAMPLES: Final = """
    examples:

      $ dutycalc audit ledger.csv
      $ dutycalc audit ledger.jsonl --format json | jq .totals
      $ dutycalc audit ledger.parquet --findings findings.jsonl --resume audit.state
"""


def add_audit(commands: Commands) -> None:
    """Add `dutycalc audit`."""
    parser = add_command(
        commands, "audit", "a ledger of what was charged, against the law", _AUDIT, _AUDIT_EXAMPLES, run
    )
    parser.add_argument("file", metavar="LEDGER", help="CSV, JSON Lines or Parquet; - for stdin")
    parser.add_argument("--format", choices=("text", "json", "html"), default="text")
    parser.add_argument("--findings", metavar="FILE", help="write every finding here, as JSON Lines")
    parser.add_argument(
        "--resume", metavar="STATE", help="save here where the audit stands, and go on from there"
    )
    parser.add_argument(
        "--worst",
        metavar="N",
        type=int,
        default=WORST_KEPT,
        help="findings shown of each currency (default: 20)",
    )
    parser.add_argument(
        "--classification", choices=CLASSIFICATIONS, default="strict",
        help="of a code whose lines bear different duties: as for assess",
    )  # fmt: skip
    add_reading(parser)
    add_choice_of_tables(parser)
