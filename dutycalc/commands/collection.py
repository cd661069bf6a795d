"""`dutycalc models` and `dutycalc compare`: who may collect what, and one cart under each lawful model."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterable
from typing import Final

from dutycalc.commands.carts import opened, read_carts, read_tables
from dutycalc.commands.parsing import (
    Commands,
    add_choice_of_tables,
    add_command,
    add_format,
    add_reading,
    read_day,
    read_territory,
)
from dutycalc.commands.tables import write_json
from dutycalc.commands.terminal import DONE, write_page
from dutycalc.compare import Comparison, Remittance, compare
from dutycalc.errors import FactsError
from dutycalc.goods import Consignment
from dutycalc.models import SchemeModel, models
from dutycalc.render.formats import Formats
from dutycalc.render.pages import (
    Block,
    Branch,
    Column,
    Heading,
    Outline,
    Page,
    Paragraph,
    Section,
    Table,
)
from dutycalc.wording import FIRST_PRESENT, joined, liable_in_words, spaced


def show_models(options: Namespace) -> int:
    """Show every collection scheme in force for a destination on a day."""
    tariffs = read_tables(options)
    found = models(tariffs, options.code, options.on, known_on=options.known_on, variants=options.variant)
    if options.format == "json":
        write_json(
            {
                "destination": options.code,
                "on": options.on.isoformat(),
                "models": [one.to_dict() for one in found],
            }
        )
        return DONE
    schemes = tuple(_branch(one) for one in found if not one.default)
    defaults = tuple(_branch(one) for one in found if one.default)
    name = tariffs.territory(options.code).name
    write_page(
        Page(
            f"Collection models of {options.code} ({name}) on {options.on}",
            (
                Heading("Schemes"),
                Outline(schemes) if schemes else Paragraph("No scheme is in force."),
                Heading("At the border by default"),
                Outline(defaults) if defaults else Paragraph("No record is in force."),
            ),
        )
    )
    return DONE


def _branch(one: SchemeModel) -> Branch:
    lines = [f"applies: {'; '.join(one.conditions)}"] if one.conditions else []
    lines += [f"limit {spaced(limit.name)} ({limit.side}): {limit.words}" for limit in one.limits]
    only = f"; {FIRST_PRESENT}" if one.first_present else ""
    lines.append(f"liable: {liable_in_words(one.liable)}{only}")
    if one.collector is not None:
        lines.append(f"collected by the {one.collector}")
    if one.registration is not None:
        number = one.registration
        pictures = f", number {' or '.join(number.pictures)}" if number.pictures else ""
        choice = "by choice" if one.optional else "required"
        lines.append(f"registration {number.key} ({number.title}), {choice}{pictures}")
    if one.turnover:
        lines.append(f"binding from a {one.turnover}")
    lines += list(one.taking)
    if not one.default:
        lines.append(f"left to the border: {joined(map(spaced, one.left_at_delivery))}")
    if one.returns:
        lines.append(f"returns {one.returns}: what is taken on the day asked for is due by {one.due}")
    if one.declare:
        lines.append("the number goes with the parcel's data" + (" and may be printed" if one.print else ""))
    for record in one.law:
        lines += [f"law: {cite.title} <{cite.url}>" for cite in record.citations]
    standing = "" if one.provision.confidence == "confirmed" else f", {one.provision.confidence}"
    return Branch(
        "",
        f"{spaced(one.name) if one.default else one.name} ({one.model} model{standing})",
        inside=tuple(Branch("", line) for line in dict.fromkeys(lines)),
    )


_COLUMNS: Final = (
    Column("model", wraps=True),
    Column("at checkout", right=True),
    Column("at the door", right=True),
    Column("the seller", right=True),
    Column("remitted by", wraps=True),
)

_ON_TOP: Final = (
    "Sums are charges on top of the prices; what prices include is part of what is paid at checkout."
)


def show_comparison(options: Namespace) -> int:
    """Show one cart under every lawful model."""
    tariffs = read_tables(options)
    with opened(options.file) as stream:
        batch = read_carts(stream)
        if batch.form != "one":
            raise FactsError("several carts: compare takes one")
        stated = next(batch.carts).stated
    cart = Consignment.model_validate_json(stated)
    found = compare(
        cart, tariffs, known_on=options.known_on, variants=options.variant, partial=options.partial
    )
    if options.format == "json":
        write_json(
            {
                "destination": cart.destination,
                "sold_on": cart.sold_on.isoformat(),
                "models": [one.to_dict() for one in found],
            }
        )
        return DONE
    formats = Formats(options.locale)
    answered = [one for one in found if one.total is not None]
    refused = [one for one in found if one.total is None]
    blocks: list[Block] = []
    if answered:
        alike: dict[tuple[str, ...], list[Comparison]] = {}
        for one in answered:
            alike.setdefault((one.name.partition(":")[0], *_outcome(one, formats)), []).append(one)
        rows = tuple((_names(group), *key[1:]) for key, group in alike.items())
        blocks += [Paragraph(_ON_TOP), Table(_COLUMNS, (Section(rows),))]
    risks = _told((risk, one) for one in answered for risk in one.risks)
    if risks:
        blocks += [Heading("May be taken twice"), Paragraph(bullets=risks)]
    if refused:
        bullets = _told((f"{why.error}: {why.text}", one) for one in refused for why in one.refusals)
        blocks += [Heading("Refused"), Paragraph(bullets=bullets)]
    way = f"{formats.place(cart.dispatch)} to {formats.place(cart.destination)}"
    write_page(Page(f"{way}, {formats.day(cart.sold_on)}: one cart, {len(answered)} models", tuple(blocks)))
    return DONE


def _told(texts: Iterable[tuple[str, Comparison]]) -> tuple[str, ...]:
    """Return every text once, with the models that it concerns."""
    found: dict[str, list[str]] = {}
    for text, one in texts:
        found.setdefault(text, []).append(one.name)
    return tuple(f"{text} ({'; '.join(names)})" for text, names in found.items())


def _names(group: list[Comparison]) -> str:
    """Return one name for models with the same outcome: what they share, then each way to send."""
    ways = "; ".join(
        f"{one.channel} {one.delivery_term}{' (as stated)' if one.stated else ''}" for one in group
    )
    made_up = " (made-up number)" if group[0].placeholder else ""
    return f"{group[0].name.partition(':')[0]}{made_up}: {ways}"


def _outcome(one: Comparison, formats: Formats) -> tuple[str, ...]:
    sums = (one.at_checkout, one.at_door, one.by_seller)
    remitted = "; ".join(_remittance(each, formats) for each in one.remittances)
    return (*(formats.money(each) if each is not None and each.amount else "" for each in sums), remitted)


def _remittance(one: Remittance, formats: Formats) -> str:
    under = f" under {one.scheme}" if one.scheme is not None else ""
    due = f" by {formats.day(one.due)}" if one.due is not None else ""
    charges = joined(map(spaced, one.charges))
    return f"{one.collector} {formats.money(one.amount)} ({charges}){under}{due}"


_MODELS: Final = """
    List every collection scheme in force for a destination on a day: in which
    circumstances, who is liable, which registration it needs, what it takes at the
    sale, what is left to be paid at delivery, by when it is remitted, and the law;
    then who collects at the border by default.
"""


def add_models(commands: Commands) -> None:
    """Add `dutycalc models`."""
    example = "\nexample:\n\n  $ dutycalc models NO --on 2026-11-20\n"
    parser = add_command(commands, "models", "who may collect what, and how", _MODELS, example, show_models)
    parser.add_argument(
        "code", metavar="DEST", type=read_territory, help="the destination, such as DE or CA-ON"
    )
    parser.add_argument(
        "--on", metavar="DAY", type=read_day, required=True, help="the day, such as 2026-11-20"
    )
    add_reading(parser)
    add_format(parser)
    add_choice_of_tables(parser)


_COMPARE: Final = """
    Lay one cart out under every lawful model side by side: platform or own shop, each
    registration that a scheme knows or none, post or express, DAP or DDP. For each,
    what the buyer pays at checkout and at the door, and what each collector remits by
    when. A registration that nobody in the cart has is tried with a made-up number and
    marked; a model that the law or the tables refuse is listed with the reason.
"""


def add_compare(commands: Commands) -> None:
    """Add `dutycalc compare`."""
    example = "\nexample:\n\n  $ dutycalc compare cart.json\n"
    parser = add_command(
        commands, "compare", "one cart under every model", _COMPARE, example, show_comparison
    )
    parser.add_argument("file", metavar="CART", help="a file of JSON with one cart, or - for stdin")
    parser.add_argument("--locale", default="en", metavar="NAME", help="how amounts and days are written")
    parser.add_argument(
        "--partial", action="store_true", help="leave out what is not calculable, instead of refusing a model"
    )
    add_reading(parser)
    add_format(parser)
    add_choice_of_tables(parser)
