"""`dutycalc selftest`: the engine held against the invariants, on generated consignments."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any, Final

from dutycalc.commands.carts import read_tables
from dutycalc.commands.parsing import (
    Commands,
    add_choice_of_tables,
    add_command,
    add_format,
    add_generated,
    read_count,
)
from dutycalc.commands.tables import write_json
from dutycalc.commands.terminal import DONE, EVERY, FINDINGS, Progress, progress, write_page
from dutycalc.errors import FactsError
from dutycalc.render.pages import Block, Column, Heading, Page, Paragraph, Section, Table
from dutycalc.testing.agreement import chosen
from dutycalc.testing.invariants import INVARIANTS
from dutycalc.testing.selfcheck import PROFILES, Share, Tables, Tally, selfcheck, shares, together


def run(options: Namespace) -> int:
    """Examine consignments to every destination and write what was found; 1 where an invariant is broken."""
    need_hypothesis("dutycalc selftest")
    tariffs = read_tables(options)
    work = shares(
        tariffs,
        destinations=chosen(options.destinations, tariffs),
        examples=options.max_examples or PROFILES[options.profile],
        seed=options.seed,
        tables=Tables(options.tables, options.only_tables),
    )
    tallies = []
    with progress("consignments", len(work)) as told:
        for one in selfcheck(work, processes=options.processes):
            tallies.append(one)
            _tell(told, tallies)
    found = together(tallies)
    if options.format == "json":
        write_json(_as_json(found, work, options.seed))
    else:
        write_page(_page(found, work, options.seed))
        for broken in found.broken:
            cart = json.dumps(json.loads(broken.cart), ensure_ascii=False, indent=1)
            sys.stdout.write("\n".join(["", *map(str, broken.violations), cart, ""]))
    return FINDINGS if found.broken else DONE


def need_hypothesis(command: str) -> None:
    """Refuse where Hypothesis, which makes the consignments, is not installed."""
    if find_spec("hypothesis") is None:
        raise FactsError(f"{command} needs Hypothesis: install dutycalc[tests]")


def _tell(told: Progress, tallies: Sequence[Tally]) -> None:
    now = sum(one.consignments for one in tallies)
    for thousand in range((now - tallies[-1].consignments) // EVERY, now // EVERY):
        told.tell((thousand + 1) * EVERY, len(tallies))


def _page(found: Tally, work: Sequence[Share], seed: int) -> Page:
    refused = found.consignments - found.answered
    columns = (
        Column(""), Column("invariant", wraps=True), Column("held", right=True), Column("no say", right=True)
    )  # fmt: skip
    broken = {one.number for each in found.broken for one in each.violations}
    examined = max(found.held.values())
    rows = tuple(
        (
            f"({one.number})",
            one.sentence,
            "BROKEN" if one.number in broken else f"{found.held[one.number]:,}",
            f"{examined - found.held[one.number]:,}",
        )
        for one in INVARIANTS
    )
    blocks: list[Block] = [
        Paragraph(f"{found.answered:,} answered in full, {refused:,} refused by name:"),
        Paragraph(bullets=tuple(f"{name}: {count:,}" for name, count in found.refusals.items()) or ("none",)),
        Table(columns, (Section(rows),)),
    ]
    if found.broken:
        count = len(found.broken)
        blocks.append(Heading(f"{count} broken: the smallest consignment found for each destination"))
    title = f"{found.consignments:,} consignments to {len(work)} destinations, seed {seed}"
    return Page(f"{title}: {'BROKEN' if found.broken else 'no violation'}", tuple(blocks))


def _as_json(found: Tally, work: Sequence[Share], seed: int) -> dict[str, Any]:
    return {
        "seed": seed,
        "destinations": [one.destination for one in work],
        "consignments": found.consignments,
        "answered": found.answered,
        "refusals": found.refusals,
        "held": {str(number): count for number, count in found.held.items()},
        "broken": [
            {
                "consignment": json.loads(one.cart),
                "violations": [
                    {"number": each.number, "sentence": each.sentence, "text": each.text}
                    for each in one.violations
                ],
            }
            for one in found.broken
        ],
    }


_SELFTEST: Final = """
    Hold this library against its own invariants (docs/testing.md) on generated
    consignments that crowd the edges of the law of every territory. The same seed gives
    the same consignments, however many processes share the work. The exit code is 1
    where an invariant is broken; the smallest consignment that breaks it is then shown.
"""


def add_selftest(commands: Commands) -> None:
    """Add `dutycalc selftest`."""
    example = "\nexample:\n\n  $ dutycalc selftest --profile ci\n"
    parser = add_command(
        commands, "selftest", "hold the library against its invariants", _SELFTEST, example, run
    )
    add_generated(parser, PROFILES, "consignments")
    parser.add_argument(
        "--processes", metavar="N", type=read_count, default=2, help="how many share the work (default: 2)"
    )
    add_format(parser)
    add_choice_of_tables(parser)
