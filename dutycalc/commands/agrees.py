"""`dutycalc agrees`: a program that calculates, asked about generated carts over pipes."""

from __future__ import annotations

import sys
from argparse import Namespace
from typing import Final

from dutycalc.commands.carts import read_tables
from dutycalc.commands.parsing import Commands, add_choice_of_tables, add_command, add_generated, read_count
from dutycalc.commands.selftest import need_hypothesis
from dutycalc.commands.terminal import DONE, FINDINGS
from dutycalc.testing.agreement import FIELDS, PROFILES, DisagreementError, assert_agrees, chosen


def run(options: Namespace) -> int:
    """Write on how many carts the program agrees, or the smallest on which it does not; 1 in that case."""
    from dutycalc.testing.programs import Program  # noqa: PLC0415 # only this needs processes

    need_hypothesis("dutycalc agrees")
    tariffs = read_tables(options)
    destinations = chosen(options.destinations, tariffs)
    with Program(options.program, timeout=options.timeout) as calculate:
        try:
            found = assert_agrees(
                calculate,
                tariffs,
                destinations=destinations,
                max_examples=options.max_examples or PROFILES[options.profile],
                fields=[one.strip() for one in options.fields.split(",")],
                compare_refusals=options.compare_refusals,
                seed=options.seed,
            )
        except DisagreementError as fault:
            sys.stdout.write(f"{fault}\n")
            return FINDINGS
    sys.stdout.write(f"{found}\n")
    return DONE


_AGREES: Final = """
    Hold a calculator of your own against the law in the tables. PROGRAM is started once
    and asked about generated carts that crowd the edges of the law: one cart of JSON on
    each line of its stdin, one answer of JSON on each line of its stdout, flushed.

      {"charges": {"vat": "4.75 EUR"}, "collectors": {"vat": "platform"}}

    `null` or {"refused": "why"} declines. The smallest cart on which the two differ is
    shown, with the fields that differ and dutycalc's working of them; the exit code is
    then 1. A program that ends, is silent or writes no JSON is an error.
    docs/testing-a-calculator.md has the contract.
"""

_AGREES_EXAMPLES: Final = """
    examples:

      $ dutycalc agrees --destinations DE,FR -- node calculator.js
      $ dutycalc agrees --profile audit --fields charges,collectors,lines -- ./calculator
"""


def add_agrees(commands: Commands) -> None:
    """Add `dutycalc agrees`."""
    parser = add_command(commands, "agrees", "test a calculator of your own", _AGREES, _AGREES_EXAMPLES, run)
    parser.add_argument(
        "program", metavar="PROGRAM", nargs="+", help="the program and its arguments, after --"
    )
    add_generated(parser, PROFILES, "carts")
    parser.add_argument(
        "--fields",
        default="charges,collectors",
        metavar="NAMES",
        help=f"what is compared, of {', '.join(FIELDS)} (default: charges,collectors)",
    )
    parser.add_argument(
        "--compare-refusals",
        action="store_true",
        help="also differ where only one of the two declines, instead of passing such carts over",
    )
    parser.add_argument(
        "--timeout",
        metavar="SECONDS",
        type=read_count,
        default=10,
        help="how long an answer may take (default: 10)",
    )
    add_choice_of_tables(parser)
