"""The command line: its commands, and how each of them ends."""

from __future__ import annotations

import os
import sys
from argparse import Namespace, RawDescriptionHelpFormatter
from collections.abc import Callable, Sequence
from importlib.metadata import PackageNotFoundError, version
from textwrap import dedent
from typing import Final

from dutycalc.commands import terminal
from dutycalc.commands.agrees import add_agrees
from dutycalc.commands.audit import add_audit
from dutycalc.commands.carts import add_assess, add_explain
from dutycalc.commands.collection import add_compare, add_models
from dutycalc.commands.expression import add_expression
from dutycalc.commands.limits import add_limits
from dutycalc.commands.parsing import Parser
from dutycalc.commands.selftest import add_selftest
from dutycalc.commands.tables_parser import add_tables
from dutycalc.commands.verify import add_verify
from dutycalc.errors import DutycalcError

INTERRUPTED: Final = 130
BROKEN_PIPE: Final = 141

_ABOUT: Final = """
    Customs duty, VAT and fees on cross-border parcels: what is due on each line,
    under which law, and who collects it.
"""

_FIRST: Final = """
    a first answer:

      $ dutycalc assess - <<'END'
      {"destination": "DE", "dispatch": "CN", "sold_on": "2026-11-20", "channel": "post",
       "buyer": {"kind": "consumer"},
       "items": [{"id": "1", "commodity": "61091000", "origin": "CN",
                  "quantity": "2", "unit_price": "12.50 EUR"}]}
      END

    exit codes: 0 done; 1 findings (a law that is not in the tables, a refused cart
    among several, faulty tables); 2 bad input. Faults are lines on stderr that begin
    with `error:`.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return 0 done, 1 findings, 2 bad input, 130 interrupted, 141 where nobody reads on."""
    terminal.prepare()
    try:
        found = _run(arguments)
        sys.stdout.flush()
        return found
    except BrokenPipeError:
        # What is left in the buffer would be written at exit, and fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    except KeyboardInterrupt:
        return INTERRUPTED


def _run(arguments: Sequence[str] | None) -> int:
    try:
        options = _parser().parse_args(arguments)
        run: Callable[[Namespace], int] = options.run
        return run(options)
    except SystemExit as left:
        return left.code if isinstance(left.code, int) else terminal.DONE
    except DutycalcError as fault:
        sys.stdout.flush()
        faults = list(terminal.faults_in(fault))
        terminal.write_faults(faults)
        return terminal.exit_code(faults)
    except BrokenPipeError:
        raise
    except OSError as fault:
        terminal.write_error(f"{fault.filename}: {fault.strerror}" if fault.filename else str(fault))
        return terminal.BAD_INPUT


def _parser() -> Parser:
    parser = Parser(
        prog="dutycalc",
        description=dedent(_ABOUT),
        epilog=dedent(_FIRST),
        formatter_class=RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"dutycalc {_version()}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True, title="commands")
    add_assess(commands)
    add_explain(commands)
    add_models(commands)
    add_compare(commands)
    add_limits(commands)
    add_tables(commands)
    add_expression(commands)
    add_verify(commands)
    add_agrees(commands)
    add_selftest(commands)
    add_audit(commands)
    return parser


def _version() -> str:
    try:
        return version("dutycalc")
    except PackageNotFoundError:
        return "(not installed)"
