"""`dutycalc verify`: an assessment done again from its own JSON, without the engine."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Mapping
from typing import Any, Final

from pydantic_core import from_json

from dutycalc.commands.carts import opened, read_tables
from dutycalc.commands.parsing import Commands, add_choice_of_tables, add_command
from dutycalc.commands.terminal import DONE, FINDINGS
from dutycalc.errors import FactsError
from dutycalc.replay import replay


def run(options: Namespace) -> int:
    """Write what does not hold, a line each, or that everything holds; 1 where something does not."""
    assessment = _read(options.file)
    cart = None if options.cart is None else _read(options.cart)
    digest = read_tables(options).digest if _names_tables(options) else None
    found = replay(assessment, cart, digest=digest)
    for one in found:
        sys.stdout.write(f"{one}\n")
    if found:
        return FINDINGS
    checked = ["steps, charges, totals and citations"]
    checked += ["facts and days"] if cart is not None else []
    checked += ["digest of the tables"] if digest is not None else []
    left = "" if cart is not None else "; facts and days are not checked without --cart"
    sys.stdout.write(f"{len(assessment['working'])} steps hold ({', '.join(checked)}){left}\n")
    return DONE


def _names_tables(options: Namespace) -> bool:
    return bool(options.against_tables or options.tables or options.only_tables)


def _read(name: str) -> Mapping[str, Any]:
    with opened(name) as stream:
        text = stream.read()
    try:
        found = from_json(text)
    except ValueError as fault:
        raise FactsError(f"{name}: no JSON: {fault}") from None
    if not isinstance(found, Mapping):
        raise FactsError(f"{name}: holds no single object of JSON")
    return found


_VERIFY: Final = """
    Do an assessment again from its own JSON, with arithmetic written apart from the
    engine: every step, every charge against its step, the totals, and that every rule
    of law is cited. With the cart, also that each fact is the one stated and each rule
    was in force. The first step that fails is named first; the exit code is then 1.
"""

_VERIFY_EXAMPLES: Final = """
    examples:

      $ dutycalc assess cart.json --format json > answer.json
      $ dutycalc verify answer.json --cart cart.json
      $ dutycalc verify answer.json --against-tables
"""


def add_verify(commands: Commands) -> None:
    """Add `dutycalc verify`."""
    parser = add_command(commands, "verify", "check an assessment", _VERIFY, _VERIFY_EXAMPLES, run)
    parser.add_argument("file", metavar="FILE", help="an assessment as JSON; - for stdin")
    parser.add_argument("--cart", metavar="CART", help="the cart that was assessed, as JSON")
    parser.add_argument(
        "--against-tables", action="store_true", help="compare the digest with that of the bundled tables"
    )
    add_choice_of_tables(parser)
