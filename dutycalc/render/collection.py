"""Who collects a charge, from whom, when and under which number, in words."""

from __future__ import annotations

from dutycalc.answer import Charge, Collection
from dutycalc.assessment import Assessment
from dutycalc.render.formats import Formats

MOMENTS = {"checkout": "at checkout", "delivery": "at the door"}


def in_a_cell(taken: Collection) -> str:
    """Return who collects, when and under which scheme, short enough for a table."""
    if taken.model == "exempt":
        return "nobody"
    words: list[str] = [taken.collector or "collector not known"]
    if taken.payer == "buyer":
        words.append(MOMENTS.get(taken.moment or "", ""))
    elif taken.payer is not None:
        words.append(f"from the {taken.payer}")
    scheme = f" ({taken.scheme.replace('_', ' ')})" if taken.scheme else ""
    return ", ".join(filter(None, words)) + scheme


def in_a_sentence(taken: Collection, formats: Formats) -> str:
    """Return the whole outcome: model, liable, collector, payer, moment, scheme, number, due day."""
    if taken.model == "exempt":
        return "Nobody collects it: the law relieves or waives it."
    where = "with the price" if taken.at == "sale" else "at the border"
    words = f"The {taken.collector} collects it from the {taken.payer}, {where}"
    if taken.payer == "buyer" and taken.moment is not None:
        words += f", {MOMENTS[taken.moment]}"
    if taken.scheme:
        words += f", under {taken.scheme.replace('_', ' ')}"
    if taken.declare:
        words += f" with number {taken.declare}"
    words += f"; liable is the {taken.liable} ({taken.model} collection)"
    if taken.due is not None:
        words += f"; to be remitted by {formats.day(taken.due)}"
    return words + "."


def numbers_to_declare(assessment: Assessment, formats: Formats) -> tuple[str, ...]:
    """Return what the seller has to do about schemes: numbers to send, days by which to remit."""
    found: dict[str, None] = {}
    for _, charge in assessment.all_charges():
        for words in _duties(charge, formats):
            found[words] = None
    return tuple(found)


def _duties(charge: Charge, formats: Formats) -> list[str]:
    taken = charge.collection
    if taken.scheme is None or (
        charge.amount is not None and not charge.amount.amount and taken.declare is None
    ):
        return []
    name = taken.scheme.replace("_", " ")
    found = []
    if taken.declare is not None:
        printed = "it may be printed on the parcel" if taken.print else "do not print it on the parcel"
        found.append(f"{name}: send number {taken.declare} with the parcel data; {printed}")
    if taken.due is not None:
        found.append(f"{name}: the {taken.collector} remits by {formats.day(taken.due)}")
    return found
