"""`dutycalc models` and `dutycalc compare`: who may collect what, and one cart under each lawful model."""

from __future__ import annotations

from argparse import Namespace

from dutycalc.commands.carts import read_tables
from dutycalc.commands.tables import write_json
from dutycalc.commands.terminal import DONE, write_page
from dutycalc.models import SchemeModel, models
from dutycalc.render.pages import Branch, Heading, Outline, Page, Paragraph
from dutycalc.wording import joined, liable_in_words, spaced


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
    lines.append(f"liable: {liable_in_words(one.liable)}")
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
