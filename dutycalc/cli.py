"""The command line: what may be typed, and what each command is."""

from __future__ import annotations

import os
import re
import sys
from argparse import (
    ArgumentParser,
    ArgumentTypeError,
    Namespace,
    RawDescriptionHelpFormatter,
    _SubParsersAction,
)
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from textwrap import dedent
from typing import Final, NoReturn, TypeAlias

from dutycalc.auditing.findings import WORST_KEPT
from dutycalc.commands import (
    agrees,
    audit,
    carts,
    collection,
    expression,
    limits,
    mutation,
    selftest,
    standing,
    tables,
    terminal,
    verify,
)
from dutycalc.errors import DutycalcError
from dutycalc.importers import KINDS
from dutycalc.render import FORMATS
from dutycalc.stages.duty import CLASSIFICATIONS
from dutycalc.testing import agreement, selfcheck

INTERRUPTED: Final = 130
BROKEN_PIPE: Final = 141

_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)

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

_ASSESS: Final = """
    Say what is due on a cart: per line the customs value and every charge with its
    rate, amount and law, who collects it and when; the sums; what the buyer pays at
    checkout and at the door.

    FILE holds one cart as JSON, JSON Lines (a cart on each line) or a JSON array of
    carts, and is told apart by what stands in it. One cart is answered as text,
    several as JSON: one result, or one object with the errors, for each cart.
"""

_ASSESS_EXAMPLES: Final = """
    examples:

      $ dutycalc assess cart.json
      $ dutycalc assess cart.json --format json | jq .totals
      $ dutycalc assess cart.json --locale de --known-on 2026-06-01
      $ zcat carts.jsonl.gz | dutycalc assess - > answers.jsonl
"""

_EXPLAIN: Final = """
    Show how every charge came about: the steps really taken from the stated facts to
    the amount, each with its value and its law; at a test only the branch taken. The
    records of law, their days and sources stand at the foot.
"""

_EXPLAIN_EXAMPLES: Final = """
    examples:

      $ dutycalc explain cart.json
      $ dutycalc explain cart.json --item 2 --charge vat
      $ dutycalc explain cart.json --format html > working.html
"""


class Parser(ArgumentParser):
    """A parser that says what is wrong on one line, as all commands do."""

    def error(self, message: str) -> NoReturn:
        """Exit as bad input."""
        terminal.write_error(f"{message} (see {self.prog} --help)")
        sys.exit(terminal.BAD_INPUT)


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


def _day(text: str) -> date:
    try:
        if _DAY.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise ArgumentTypeError(f"{text!r} is no day: write one such as 2026-11-20")


def _territory(text: str) -> str:
    return text.upper()


Commands: TypeAlias = "_SubParsersAction[Parser]"


def _parser() -> Parser:
    parser = Parser(
        prog="dutycalc",
        description=dedent(_ABOUT),
        epilog=dedent(_FIRST),
        formatter_class=RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"dutycalc {_version()}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True, title="commands")
    _add_assess(commands)
    _add_explain(commands)
    _add_models(commands)
    _add_compare(commands)
    _add_limits(commands)
    _add_tables(commands)
    _add_expression(commands)
    _add_verify(commands)
    _add_agrees(commands)
    _add_selftest(commands)
    _add_audit(commands)
    return parser


def _version() -> str:
    try:
        return version("dutycalc")
    except PackageNotFoundError:
        return "(not installed)"


def _add(
    commands: Commands, name: str, help: str, about: str, examples: str, run: Callable[[Namespace], int]
) -> Parser:
    found: Parser = commands.add_parser(
        name,
        help=help,
        description=dedent(about),
        epilog=dedent(examples),
        formatter_class=RawDescriptionHelpFormatter,
    )
    found.set_defaults(run=run)
    return found


def _add_choice_of_tables(parser: ArgumentParser) -> None:
    group = parser.add_mutually_exclusive_group()
    group.add_argument("--tables", metavar="DIR", help="tables of your own, laid over the bundled ones")
    group.add_argument("--only-tables", metavar="DIR", help="tables of your own, instead of the bundled ones")


def _add_reading(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--known-on", metavar="DAY", type=_day, help="read the law as it could be known on that day"
    )
    parser.add_argument(
        "--variant",
        metavar="NAME",
        action="append",
        default=[],
        help="take this reading of a disputed rule (repeatable)",
    )


def _add_cart(parser: ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="a file of JSON, or - for stdin")
    parser.add_argument("--format", choices=FORMATS, help="default: text for one cart, json for several")
    parser.add_argument(
        "--locale",
        default="en",
        metavar="NAME",
        help="how amounts and days are written, such as de or pt_BR (default: en)",
    )
    parser.add_argument(
        "--partial", action="store_true", help="mark what is not calculable, instead of refusing the cart"
    )
    parser.add_argument(
        "--classification",
        choices=CLASSIFICATIONS,
        default="strict",
        help="of a code whose lines bear different duties: refuse it (the default), or take the duty that is "
        "lowest or highest on this line",
    )
    _add_reading(parser)
    _add_choice_of_tables(parser)


def _add_assess(commands: Commands) -> None:
    parser = _add(
        commands,
        "assess",
        "what is due on a cart, under which law, and who collects it",
        _ASSESS,
        _ASSESS_EXAMPLES,
        carts.run,
    )
    _add_cart(parser)


def _add_explain(commands: Commands) -> None:
    parser = _add(
        commands,
        "explain",
        "the working of every amount, with its law",
        _EXPLAIN,
        _EXPLAIN_EXAMPLES,
        carts.run,
    )
    _add_cart(parser)
    parser.add_argument("--item", metavar="ID", help="only the charges on this line")
    parser.add_argument(
        "--charge", metavar="NAME", help="only charges of this name, such as customs_duty or vat"
    )


_TABLES: Final = """
    Read and check the tables of law, ask what they change between two days, and make
    tables of tariffs from official files.
"""

_TABLES_EXAMPLES: Final = """
    examples:

      $ dutycalc tables list
      $ dutycalc tables show DE --on 2026-11-20 --family tax_class
      $ dutycalc tables diff DE --from 2026-06-30 --to 2026-07-01
      $ dutycalc tables check my-tables
"""

_LIST: Final = """
    List the territories: since when their law is covered, the day on which it was
    last compared with its sources, how many records it has, whether its tariff is in
    the tables.
"""

_SHOW: Final = """
    Show the law of a territory on a day, record by record, that of its union included.
    With --schedule: which publications its tariff was made from, and how many of
    their texts are rates, refer elsewhere, or could not be read.
"""

_CHECK: Final = """
    Write every fault of every file of law. Without DIR the bundled tables are checked.
"""

_DIFF: Final = """
    Show what the law of a territory changes between two days: the records that begin,
    that end, and that change, with old and new values and where both are written. Or,
    for OLD and NEW, two folders of a tariff: the measures that the new edition adds,
    ends and changes.
"""

_IMPORT: Final = f"""
    Make a table of a tariff from an official file. DIR is the folder of the territory
    (its name is the territory's code). What cannot be read goes into a file beside the
    table, with its reason, and the table refuses those rates by name.

    kinds: {", ".join(KINDS[:5])},
           {", ".join(KINDS[5:])}
"""


def _add_tables(commands: Commands) -> None:
    parser = _add(
        commands,
        "tables",
        "the tables of law: list, show, check, diff, import",
        _TABLES,
        _TABLES_EXAMPLES,
        tables.list_tables,
    )
    inside = parser.add_subparsers(dest="tables_command", metavar="COMMAND", required=True, title="commands")
    one = _add(
        inside,
        "list",
        "the territories in the tables",
        _LIST,
        "\nexample:\n\n  $ dutycalc tables list\n",
        tables.list_tables,
    )
    _add_format(one)
    _add_choice_of_tables(one)
    one = _add(
        inside,
        "show",
        "the law of a day",
        _SHOW,
        "\nexamples:\n\n  $ dutycalc tables show NO --on 2025-05-05\n"
        "  $ dutycalc tables show US --schedule\n",
        tables.show_table,
    )
    one.add_argument("code", metavar="CODE", type=_territory, help="the territory, such as DE or CA-ON")
    one.add_argument("--on", metavar="DAY", type=_day, help="the day, such as 2026-11-20")
    one.add_argument("--schedule", action="store_true", help="what its tariff is made from")
    one.add_argument("--family", metavar="NAME", help="only records of this family, such as charge or limit")
    _add_reading(one)
    _add_format(one)
    _add_choice_of_tables(one)
    one = _add(
        inside,
        "check",
        "every fault of every file",
        _CHECK,
        "\nexample:\n\n  $ dutycalc tables check my-tables\n",
        tables.check_tables,
    )
    one.add_argument("dir", metavar="DIR", nargs="?", help="a folder of tables, checked by itself")
    _add_format(one)
    _add_choice_of_tables(one)
    example = (
        "\nexamples:\n\n  $ dutycalc tables diff DE --from 2026-06-30 --to 2026-07-01\n"
        "  $ dutycalc tables diff 2025/us 2026/us\n"
    )
    one = _add(inside, "diff", "what the law changes between two days", _DIFF, example, tables.diff_tables)
    one.add_argument("code", metavar="CODE|OLD", help="the territory, such as DE, or the folder of a tariff")
    one.add_argument("new", metavar="NEW", nargs="?", help="the folder of a later edition of that tariff")
    one.add_argument("--from", dest="from_", metavar="DAY", type=_day, help="the earlier day")
    one.add_argument("--to", metavar="DAY", type=_day, help="the later day")
    _add_reading(one)
    _add_format(one)
    _add_choice_of_tables(one)
    _add_coverage(inside)
    _add_mutate(inside)
    _add_import(inside)


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


def _add_mutate(inside: Commands) -> None:
    example = """
    examples:

      $ dutycalc tables mutate my-tables --cases cases.jsonl --strict
      $ dutycalc tables mutate --only NO --cases tests/golden/*.jsonl
    """
    one = _add(
        inside, "mutate", "which records no golden case would miss", _MUTATE, example, mutation.mutate_tables
    )
    one.add_argument("dir", metavar="DIR", nargs="?", help="a folder of tables, tested by itself")
    one.add_argument(
        "--cases", metavar="FILE", nargs="+", required=True, help="golden cases, one of JSON on each line"
    )
    one.add_argument(
        "--only", metavar="CODE", type=_territory, action="append", default=[],
        help="only the records of this territory (repeatable)",
    )  # fmt: skip
    one.add_argument("--strict", action="store_true", help="exit with 1 where a nudge is missed")
    one.add_argument("--format", choices=mutation.FORMATS, default="text", help="default: text")
    _add_choice_of_tables(one)


def _add_import(inside: Commands) -> None:
    example = """
    example:

      $ dutycalc tables import usitc-hts-json hts.json --out my-tables/us --published 2026-06-08
    """
    one = _add(inside, "import", "make a table from an official file", _IMPORT, example, tables.import_tables)
    one.add_argument("kind", metavar="KIND", choices=KINDS, help="the kind of file (above)")
    one.add_argument("file", metavar="FILE", help="the official file")
    one.add_argument("--out", metavar="DIR", required=True, help="the folder of the territory")
    one.add_argument(
        "--published", metavar="DAY", type=_day, required=True, help="the day on which the file was published"
    )
    one.add_argument(
        "--covered-from", metavar="DAY", type=_day, help="the first day it covers (default: that day)"
    )
    one.add_argument(
        "--checked-on", metavar="DAY", type=_day, help="the day it was last checked (default: that day)"
    )
    one.add_argument("--incomplete", action="store_true", help="the file leaves out lines of the tariff")
    for name, what in (
        ("name", "the table's name (default: measures)"),
        ("title", "the title of the publication"),
        ("publisher", "who published it"),
        ("url", "where it was published"),
        ("terms", "on which terms it may be used"),
        ("notice", "what every answer that reads it has to say"),
    ):
        one.add_argument(f"--{name}", metavar="TEXT", help=what)


def _add_format(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--format", choices=("text", "json"), default="text", help="text (the default) or json"
    )


_EXPRESSION: Final = """
    Work out a duty expression, as tariffs and `stated_duty` have them, on a value and
    on measures of the goods. The amount is not rounded.
"""

_EXPRESSION_EXAMPLES: Final = """
    examples:

      $ dutycalc expression "12% + 5 EUR/100kg MAX 17%" --value "1000 EUR" --measure kg=250
      $ dutycalc expression "9.27 GBP/%vol/hl" --value "1000 GBP" --measure hl=10 --measure %vol=8.4
"""


def _add_expression(commands: Commands) -> None:
    parser = _add(
        commands,
        "expression",
        "what a duty expression comes to",
        _EXPRESSION,
        _EXPRESSION_EXAMPLES,
        expression.run,
    )
    parser.add_argument("text", metavar="TEXT", help="the expression, such as '12%% MIN 3 EUR/kg'")
    parser.add_argument(
        "--value", metavar="MONEY", required=True, help="the customs value, such as '1000 GBP'"
    )
    parser.add_argument(
        "--measure",
        metavar="UNIT=NUMBER",
        action="append",
        default=[],
        help="a measure of the goods, such as hl=10 (repeatable)",
    )
    parser.add_argument(
        "--on", metavar="DAY", type=_day, help="the day, where the expression has seasons or dates"
    )
    parser.add_argument(
        "--locale", default="en", metavar="NAME", help="how amounts are written (default: en)"
    )
    _add_format(parser)


_MODELS: Final = """
    List every collection scheme in force for a destination on a day: in which
    circumstances, who is liable, which registration it needs, what it takes at the
    sale, what is left to be paid at delivery, by when it is remitted, and the law;
    then who collects at the border by default.
"""


def _add_models(commands: Commands) -> None:
    example = "\nexample:\n\n  $ dutycalc models NO --on 2026-11-20\n"
    parser = _add(
        commands, "models", "who may collect what, and how", _MODELS, example, collection.show_models
    )
    parser.add_argument("code", metavar="DEST", type=_territory, help="the destination, such as DE or CA-ON")
    parser.add_argument("--on", metavar="DAY", type=_day, required=True, help="the day, such as 2026-11-20")
    _add_reading(parser)
    _add_format(parser)
    _add_choice_of_tables(parser)


_COMPARE: Final = """
    Lay one cart out under every lawful model side by side: platform or own shop, each
    registration that a scheme knows or none, post or express, DAP or DDP. For each,
    what the buyer pays at checkout and at the door, and what each collector remits by
    when. A registration that nobody in the cart has is tried with a made-up number and
    marked; a model that the law or the tables refuse is listed with the reason.
"""


def _add_compare(commands: Commands) -> None:
    example = "\nexample:\n\n  $ dutycalc compare cart.json\n"
    parser = _add(
        commands, "compare", "one cart under every model", _COMPARE, example, collection.show_comparison
    )
    parser.add_argument("file", metavar="CART", help="a file of JSON with one cart, or - for stdin")
    parser.add_argument("--locale", default="en", metavar="NAME", help="how amounts and days are written")
    parser.add_argument(
        "--partial", action="store_true", help="leave out what is not calculable, instead of refusing a model"
    )
    _add_reading(parser)
    _add_format(parser)
    _add_choice_of_tables(parser)


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


def _add_audit(commands: Commands) -> None:
    parser = _add(
        commands, "audit", "a ledger of what was charged, against the law", _AUDIT, _AUDIT_EXAMPLES, audit.run
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
    _add_reading(parser)
    _add_choice_of_tables(parser)


_LIMITS: Final = """
    Show what happens around every limit of a destination on a day: one item one minor
    unit under the limit, at it and one over, made for the records that turn on it, with
    each charge, the total and who collects. Where the law compares in another currency
    than the charges are in, state a rate.
"""


def _add_limits(commands: Commands) -> None:
    example = (
        "\nexamples:\n\n  $ dutycalc limits NO --on 2026-11-20\n"
        "  $ dutycalc limits BR-SP --on 2026-11-20 --rate USD/BRL=5.42\n"
    )
    parser = _add(
        commands, "limits", "carts under, at and over every limit", _LIMITS, example, limits.show_limits
    )
    parser.add_argument("code", metavar="DEST", type=_territory, help="the destination, such as DE or CA-ON")
    parser.add_argument("--on", metavar="DAY", type=_day, required=True, help="the day, such as 2026-11-20")
    parser.add_argument(
        "--rate", metavar="PAIR=NUMBER", action="append", default=[],
        help="a rate of exchange, such as USD/BRL=5.42: what one USD is in BRL (repeatable)",
    )  # fmt: skip
    _add_format(parser)
    _add_choice_of_tables(parser)


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


def _add_verify(commands: Commands) -> None:
    parser = _add(commands, "verify", "check an assessment", _VERIFY, _VERIFY_EXAMPLES, verify.run)
    parser.add_argument("file", metavar="FILE", help="an assessment as JSON; - for stdin")
    parser.add_argument("--cart", metavar="CART", help="the cart that was assessed, as JSON")
    parser.add_argument(
        "--against-tables", action="store_true", help="compare the digest with that of the bundled tables"
    )
    _add_choice_of_tables(parser)


_COVERAGE: Final = """
    Show what the tables hold of every territory on a day: duty, tax, limits, collection,
    fees and the tariff, each confirmed, secondary, unverified or absent, as its weakest
    record in force is; and the day on which it was last compared with its sources.
"""


def _add_coverage(inside: Commands) -> None:
    example = "\nexample:\n\n  $ dutycalc tables coverage --on 2026-11-20\n"
    one = _add(
        inside, "coverage", "what is in the tables, and how sure", _COVERAGE, example, standing.show_coverage
    )
    one.add_argument("--on", metavar="DAY", type=_day, required=True, help="the day, such as 2026-11-20")
    _add_format(one)
    _add_choice_of_tables(one)


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


def _add_agrees(commands: Commands) -> None:
    parser = _add(commands, "agrees", "test a calculator of your own", _AGREES, _AGREES_EXAMPLES, agrees.run)
    parser.add_argument(
        "program", metavar="PROGRAM", nargs="+", help="the program and its arguments, after --"
    )
    _add_generated(parser, agreement.PROFILES, "carts")
    parser.add_argument(
        "--fields",
        default="charges,collectors",
        metavar="NAMES",
        help=f"what is compared, of {', '.join(agreement.FIELDS)} (default: charges,collectors)",
    )
    parser.add_argument(
        "--compare-refusals",
        action="store_true",
        help="also differ where only one of the two declines, instead of passing such carts over",
    )
    parser.add_argument(
        "--timeout",
        metavar="SECONDS",
        type=_count,
        default=10,
        help="how long an answer may take (default: 10)",
    )
    _add_choice_of_tables(parser)


_SELFTEST: Final = """
    Hold this library against its own invariants (docs/testing.md) on generated
    consignments that crowd the edges of the law of every territory. The same seed gives
    the same consignments, however many processes share the work. The exit code is 1
    where an invariant is broken; the smallest consignment that breaks it is then shown.
"""


def _add_selftest(commands: Commands) -> None:
    example = "\nexample:\n\n  $ dutycalc selftest --profile ci\n"
    parser = _add(
        commands, "selftest", "hold the library against its invariants", _SELFTEST, example, selftest.run
    )
    _add_generated(parser, selfcheck.PROFILES, "consignments")
    parser.add_argument(
        "--processes", metavar="N", type=_count, default=2, help="how many share the work (default: 2)"
    )
    _add_format(parser)
    _add_choice_of_tables(parser)


def _add_generated(parser: ArgumentParser, profiles: Mapping[str, int], what: str) -> None:
    """Add how many are generated, for where, and from which seed."""
    sizes = ", ".join(f"{name} {size:,}" for name, size in profiles.items())
    default = next(iter(profiles))
    parser.add_argument(
        "--profile",
        choices=tuple(profiles),
        default=default,
        help=f"how many {what}: {sizes} (default: {default})",
    )
    parser.add_argument(
        "--max-examples", metavar="N", type=_count, help=f"how many {what}, instead of a profile"
    )
    parser.add_argument(
        "--destinations", metavar="CODES", help="only these, such as DE,CH,CA-ON (default: every one)"
    )
    parser.add_argument("--seed", metavar="N", type=int, default=0, help=f"which {what} (default: 0)")


def _count(text: str) -> int:
    if text.isascii() and text.isdecimal() and int(text):
        return int(text)
    raise ArgumentTypeError(f"{text!r} is no number above zero")
