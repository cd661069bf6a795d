"""Notices of facts that nobody stated and on which additional duties turn: what each answer would change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal, localcontext
from typing import TYPE_CHECKING, Any

from dutycalc.answer import Notice
from dutycalc.decided import Decided, in_minor_units, unknown
from dutycalc.errors import MissingFactError
from dutycalc.law import Provision
from dutycalc.money import EXACT, Money, round_to
from dutycalc.stages.context import rounding_unit
from dutycalc.stages.layers import Stack, amounts, questions
from dutycalc.stages.tracing import LineProgram
from dutycalc.tables import Charge

if TYPE_CHECKING:
    from dutycalc.assessment import Assessment
    from dutycalc.goods import GoodsItem


def unanswered_of(one: Assessment) -> Iterator[Notice]:
    """Yield, for each fact not stated, each answer that would change a line's layers, and by how much.

    Not where the law frees the line of its duty anyway.
    """
    for place, (item, line, values) in enumerate(
        zip(one.consignment.items, one.lines, one.line_values, strict=True)
    ):
        asked = _questions(line)
        decided = {found.traced.name: found for found in one.decisions_on(place)} if asked else {}
        if not asked or not _charged(decided, line):
            continue
        for fact, answer, then in asked:
            change = _change(line, item, values, decided, then)
            yield Notice("condition", f"{fact} = {answer} would change {change}", item.id)


def _questions(line: LineProgram) -> tuple[tuple[str, str, Stack], ...]:
    """Return the open questions of a line; found once for its program."""
    found: tuple[tuple[str, str, Stack], ...] | None = line.kept.get("questions")
    if found is None:
        trace = line.trace
        known = bool(trace.border.all("layer"))
        found = line.kept["questions"] = tuple(questions(trace, trace.item)) if known else ()
    return found


def _charged(decided: Mapping[str, Decided], line: LineProgram) -> bool:
    """Tell whether nothing takes the ordinary way from the charges that lie on the line."""
    charges = line.trace.border.all("charge")
    return all(
        found.way.base is not None or found.traced.heading
        for name, found in decided.items() if charges[name].value.rate == "schedule"
    )  # fmt: skip


def _change(
    line: LineProgram, item: GoodsItem, values: list[Any], decided: Mapping[str, Decided], then: Stack
) -> str:
    trace = line.trace
    headings = sorted({one.value.heading for name, one in then.items() if trace.layers.get(name) is not one})
    named = f" ({', '.join(headings)})" if headings else ""
    try:
        before, after = (_total(line, item, values, decided, stack) for stack in (trace.layers, then))
    except MissingFactError:
        return f"the additional duties{named}"
    return f"the additional duties from {before} to {after}{named}"


def _total(
    line: LineProgram, item: GoodsItem, values: list[Any], decided: Mapping[str, Decided], stack: Stack
) -> Money:
    """Return what layers come to, each rounded as its charge is; MissingFactError for an unknown value."""
    trace = line.trace
    charges = trace.border.all("charge")
    duty = Decimal(0)
    for name, found in decided.items():
        if charges[name].value.rate == "schedule":
            if found.amount is None or unknown(found.amount):
                raise MissingFactError("customs duty is not known", fact="stated_duty")
            duty = found.amount
    whole = Decimal(0)
    with localcontext(EXACT):
        for name, layer in stack.items():
            provision: Provision[Charge] = charges[name]
            base = Money(_base(line, values, provision), trace.currency)
            each = amounts(trace, {**stack, name: layer}, base, duty, item.measures)[name]
            whole += _rounded(line, each, provision)
    return Money(in_minor_units(whole, trace.currency), trace.currency)


def _base(line: LineProgram, values: list[Any], provision: Provision[Charge]) -> Decimal:
    places = dict(line.values)
    charge = provision.value
    parts = [values[places[name]] for name in charge.base if name in places]
    if any(unknown(one) for one in parts):
        raise MissingFactError("the value is not known", fact="unit_price")
    amount = sum(parts, Decimal(0))
    if charge.base_rounding is None:
        return amount
    unit = rounding_unit(line.trace, charge.base_rounding, provision.record)
    return round_to(amount, unit, charge.base_rounding.mode)


def _rounded(line: LineProgram, amount: Decimal, provision: Provision[Charge]) -> Decimal:
    rule = provision.value.rounding
    return round_to(amount, rounding_unit(line.trace, rule, provision.record), rule.mode)
