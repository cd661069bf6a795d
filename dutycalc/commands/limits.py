"""`dutycalc limits`: three carts for each limit of a destination, and what comes of each."""

from __future__ import annotations

from argparse import Namespace
from decimal import Decimal
from typing import Final

from dutycalc.commands.carts import read_tables
from dutycalc.commands.parsing import (
    Commands,
    add_choice_of_tables,
    add_command,
    add_format,
    read_day,
    read_territory,
)
from dutycalc.commands.tables import write_json
from dutycalc.commands.terminal import DONE, write_page
from dutycalc.errors import FactsError
from dutycalc.limits import carts_around, limits_of
from dutycalc.money import MINOR_UNITS, read_decimal
from dutycalc.render.limits import limit_blocks
from dutycalc.render.pages import Block, Page, Paragraph


def show_limits(options: Namespace) -> int:
    """Show the carts under, at and over every limit in force for a destination on a day."""
    territory = read_tables(options).territory(options.code)
    rates = dict(map(_rate, options.rate))
    names = limits_of(territory.law(options.on))
    found = {
        name: carts_around(territory.tariffs, territory.code, options.on, name, rates=rates) for name in names
    }
    if options.format == "json":
        carts = [one.to_dict() for each in found.values() for one in each]
        write_json({"destination": territory.code, "on": options.on.isoformat(), "limits": carts})
        return DONE
    blocks: list[Block] = list(limit_blocks(one for each in found.values() for one in each))
    unreached = tuple(name.replace("_", " ") for name, each in found.items() if not each)
    if unreached:
        text = "No cart was made: nothing turns on the limit, or no rate of exchange is stated (--rate)."
        blocks.append(Paragraph(text, unreached))
    if not names:
        blocks.append(Paragraph("No limit is in force."))
    write_page(
        Page(f"Carts around the limits of {territory.code} ({territory.name}) on {options.on}", tuple(blocks))
    )
    return DONE


def _rate(text: str) -> tuple[tuple[str, str], Decimal]:
    """Return a stated rate of exchange such as USD/BRL=5.42; FactsError where it is none."""
    pair, _, number = text.partition("=")
    source, _, target = pair.partition("/")
    if source not in MINOR_UNITS or target not in MINOR_UNITS or source == target:
        raise FactsError(
            f"--rate: {text!r} is no rate of exchange: write one such as USD/BRL=5.42", fact="rate"
        )
    rate = read_decimal(number)
    if rate <= 0:
        raise FactsError(f"--rate: {text!r} is not above zero", fact="rate")
    return (source, target), rate


_LIMITS: Final = """
    Show what happens around every limit of a destination on a day: one item one minor
    unit under the limit, at it and one over, made for the records that turn on it, with
    each charge, the total and who collects. Where the law compares in another currency
    than the charges are in, state a rate.
"""


def add_limits(commands: Commands) -> None:
    """Add `dutycalc limits`."""
    example = (
        "\nexamples:\n\n  $ dutycalc limits NO --on 2026-11-20\n"
        "  $ dutycalc limits BR-SP --on 2026-11-20 --rate USD/BRL=5.42\n"
    )
    parser = add_command(
        commands, "limits", "carts under, at and over every limit", _LIMITS, example, show_limits
    )
    parser.add_argument(
        "code", metavar="DEST", type=read_territory, help="the destination, such as DE or CA-ON"
    )
    parser.add_argument(
        "--on", metavar="DAY", type=read_day, required=True, help="the day, such as 2026-11-20"
    )
    parser.add_argument(
        "--rate", metavar="PAIR=NUMBER", action="append", default=[],
        help="a rate of exchange, such as USD/BRL=5.42: what one USD is in BRL (repeatable)",
    )  # fmt: skip
    add_format(parser)
    add_choice_of_tables(parser)
