"""`dutycalc agrees`: a program that calculates, asked about generated carts over pipes."""

from __future__ import annotations

import sys
from argparse import Namespace

from dutycalc.commands.carts import read_tables
from dutycalc.commands.selftest import need_hypothesis
from dutycalc.commands.terminal import DONE, FINDINGS
from dutycalc.testing.agreement import PROFILES, DisagreementError, assert_agrees, chosen


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
