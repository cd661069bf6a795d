"""The working of an assessment, charge by charge, as a page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, Final

from dutycalc.answer import Step
from dutycalc.assessment import Assessment
from dutycalc.law import ALWAYS, Provision
from dutycalc.render.collection import in_a_sentence
from dutycalc.render.formats import Formats
from dutycalc.render.outline import ExplainedCharge, Laws, Node, outline, tree
from dutycalc.render.pages import Block, Branch, Heading, Note, Notes, Outline, Page, Paragraph
from dutycalc.render.summary import NOT_CALCULABLE, tables_read, total

_SEE: Final = {"here": "", "above": "as above", "consignment": "worked under the consignment"}


def explain_page(assessment: Assessment, formats: Formats, *, item: str | None, charge: str | None) -> Page:
    """Return the page of the working."""
    found = outline(assessment, item=item, charge=charge)
    writer = _Writer(formats)
    stated = assessment.consignment
    blocks: list[Block] = [
        Paragraph(
            f"{formats.place(stated.dispatch)} to {formats.place(stated.destination)}, sold "
            f"{formats.day(stated.sold_on)}, imported {formats.day(stated.import_day)}. "
            "Numbers in brackets name the law at the foot."
        )
    ]
    lines = {stated.id: stated for stated in stated.items}
    for name in dict.fromkeys(one.item for one in found.charges):
        commodity = f": {lines[name].commodity} from {formats.place(lines[name].origin)}" if name else ""
        blocks.append(Heading(f"Line {name}{commodity}" if name else "Charges on the consignment"))
        blocks.append(Outline(tuple(writer.charge(one) for one in found.charges if one.item == name)))
        settled = found.settled.get(name, ())
        if settled:
            blocks.append(Paragraph("Also settled by what was stated:"))
            blocks.append(Outline(tuple(writer.branch(Node(step)) for step in settled)))
    if found.consignment:
        blocks.append(Heading("The consignment"))
        blocks.append(Outline(tuple(writer.branch(one) for one in found.consignment)))
    if assessment.missing:
        reasons = tuple(
            f"line {one.item}: {one.reason}" if one.item else one.reason for one in assessment.missing
        )
        blocks += [Heading("Not calculable"), Paragraph(bullets=reasons)]
    if writer.laws.records:
        blocks += [Heading("Law"), Notes(writer.notes())]
    blocks.append(Paragraph(tables_read(assessment, formats)))
    return Page(f"Working: {total(assessment, formats)}", tuple(blocks))


def working_page(title: str, working: Sequence[Step], formats: Formats) -> Page:
    """Return the page of a working by itself: the last step and what it rests on."""
    writer = _Writer(formats)
    root = tree(working)
    words = formats.value(root.step.value or "", root.step.unit)
    return Page(f"{title}: {words}", (Outline((writer.branch(root),)),))


class _Writer:
    """Writes steps as branches of an outline, and keeps the law that they name."""

    def __init__(self, formats: Formats) -> None:
        self.formats = formats
        self.laws = Laws()
        self.anchored: set[str] = set()
        self.values: dict[str, str] = {}

    def charge(self, one: ExplainedCharge) -> Branch:
        charge = one.charge
        amount = self.formats.money(charge.amount) if charge.amount is not None else NOT_CALCULABLE
        on = (
            f" on {self.formats.money(charge.base)}" if charge.base is not None and charge.base.amount else ""
        )
        rate = f", {self.formats.rate(charge.rate)}{on}" if charge.rate else ""
        return Branch(
            mark="",
            text=f"{charge.title.upper()}: {amount}{rate}",
            notes=self.laws.numbers(charge.records),
            inside=(Branch("", in_a_sentence(charge.collection, self.formats)), self.branch(one.working)),
        )

    def branch(self, node: Node, role: str = "") -> Branch:
        step = node.step
        anchor = node.shown == "here" and step.id not in self.anchored
        if anchor:
            self.anchored.add(step.id)
        return Branch(
            mark=step.id,
            text=role + self.words(node),
            notes=(self.laws.number(step.law),) if step.law is not None else (),
            inside=self.inside(node),
            anchor=anchor,
            see=_SEE[node.shown],
        )

    def inside(self, node: Node) -> tuple[Branch, ...]:
        roles = ("(test) ", "(taken) ") if node.step.op == "decide" else ("",) * len(node.inside)
        return tuple(self.branch(one, role) for one, role in zip(node.inside, roles, strict=False))

    def words(self, node: Node) -> str:
        step = node.step
        value = self.value(step)
        if step.op == "given":
            return f"{step.label}: {value}, stated at {step.fact}"
        # A sum or a split of many lines is written out where it is worked, and not again on each line.
        told = node.shown == "here" or (node.shown == "consignment" and step.op in _COMPARED)
        how = worked(step, [self.value(one) for one in node.inputs]) if told else ""
        return f"{step.label}: {value}{how}" if told or " | " not in value else step.label

    def value(self, step: Step) -> str:
        if step.value is None:
            return NOT_CALCULABLE
        if step.op == "because":
            return step.value
        if step.id not in self.values:
            self.values[step.id] = self.formats.value(step.value, step.unit)
        return self.values[step.id]

    def notes(self) -> tuple[Note, ...]:
        return tuple(law_note(n, one, self.formats.day) for n, one in enumerate(self.laws.records, start=1))


_SIGNS: Final = {"add": " + ", "total": " + ", "subtract": " - ", "times": " x ", "divide": " / "}
_ENDS: Final = {"least": "the least of ", "greatest": "the greatest of "}
_COMPARED: Final = frozenset({"at_most", "below"})
_TESTS: Final = {
    ("at_most", "yes"): " <= ",
    ("at_most", "no"): " > ",
    ("below", "yes"): " < ",
    ("below", "no"): " >= ",
}


def worked(step: Step, inputs: Sequence[str]) -> str:
    """Return how a step's value comes from those of its inputs, to be set behind it; empty where plain."""
    if step.op in _SIGNS:
        return f" = {_SIGNS[step.op].join(inputs)}" if len(inputs) > 1 else ""
    if step.op in _ENDS:
        return f", {_ENDS[step.op]}{', '.join(inputs)}"
    sign = _TESTS.get((step.op, step.value or ""))
    if sign is not None:
        return f": {sign.join(inputs)}"
    match step.op:
        case "floor":
            return f", the whole part of {inputs[0]}"
        case "split":
            return f", {inputs[0]} shared over the lines"
        case "round":
            return f" = {inputs[0]} rounded {step.detail}"
        case _:
            return ""


def law_note(number: int, one: Provision[Any], day: Callable[[date], str]) -> Note:
    """Return a record of law as a note: its name, its days, its standing, where it is written."""
    words = f"{one.record}, in force from {day(one.valid_from)}"
    if one.valid_until != ALWAYS:
        words += f" to {day(one.valid_until)}"
    if one.variant:
        words += f", reading {one.variant!r}"
    if one.confidence != "confirmed":
        words += f", {one.confidence}"
    links = tuple((cite.title, cite.url) for cite in one.citations)
    return Note(number, words, links, one.note)
