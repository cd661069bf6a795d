"""What the parsers of all commands share: how they report, and the options that several of them have."""

from __future__ import annotations

import re
import sys
from argparse import (
    ArgumentParser,
    ArgumentTypeError,
    Namespace,
    RawDescriptionHelpFormatter,
    _SubParsersAction,
)
from collections.abc import Callable, Mapping
from datetime import date
from textwrap import dedent
from typing import Final, NoReturn, TypeAlias

from dutycalc.commands.terminal import BAD_INPUT, write_error

_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


class Parser(ArgumentParser):
    """A parser that says what is wrong on one line, as all commands do."""

    def error(self, message: str) -> NoReturn:
        """Exit as bad input."""
        write_error(f"{message} (see {self.prog} --help)")
        sys.exit(BAD_INPUT)


Commands: TypeAlias = "_SubParsersAction[Parser]"


def read_day(text: str) -> date:
    """Return the day that an option states."""
    try:
        if _DAY.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise ArgumentTypeError(f"{text!r} is no day: write one such as 2026-11-20")


def read_territory(text: str) -> str:
    """Return the code of a territory, in whichever case it was typed."""
    return text.upper()


def read_count(text: str) -> int:
    """Return a whole number above zero."""
    if text.isascii() and text.isdecimal() and int(text):
        return int(text)
    raise ArgumentTypeError(f"{text!r} is no number above zero")


def add_command(
    commands: Commands, name: str, help: str, about: str, examples: str, run: Callable[[Namespace], int]
) -> Parser:
    """Add a command, with what it does, examples of it and the function that runs it."""
    found: Parser = commands.add_parser(
        name,
        help=help,
        description=dedent(about),
        epilog=dedent(examples),
        formatter_class=RawDescriptionHelpFormatter,
    )
    found.set_defaults(run=run)
    return found


def add_choice_of_tables(parser: ArgumentParser) -> None:
    """Add the options that say which tables are read."""
    group = parser.add_mutually_exclusive_group()
    group.add_argument("--tables", metavar="DIR", help="tables of your own, laid over the bundled ones")
    group.add_argument("--only-tables", metavar="DIR", help="tables of your own, instead of the bundled ones")


def add_reading(parser: ArgumentParser) -> None:
    """Add the options that say how the law is read."""
    parser.add_argument(
        "--known-on", metavar="DAY", type=read_day, help="read the law as it could be known on that day"
    )
    parser.add_argument(
        "--variant",
        metavar="NAME",
        action="append",
        default=[],
        help="take this reading of a disputed rule (repeatable)",
    )


def add_format(parser: ArgumentParser) -> None:
    """Add the choice between text and JSON."""
    parser.add_argument(
        "--format", choices=("text", "json"), default="text", help="text (the default) or json"
    )


def add_generated(parser: ArgumentParser, profiles: Mapping[str, int], what: str) -> None:
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
        "--max-examples", metavar="N", type=read_count, help=f"how many {what}, instead of a profile"
    )
    parser.add_argument(
        "--destinations", metavar="CODES", help="only these, such as DE,CH,CA-ON (default: every one)"
    )
    parser.add_argument("--seed", metavar="N", type=int, default=0, help=f"which {what} (default: 0)")
