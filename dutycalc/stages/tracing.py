"""The order of the stages: how the law of a consignment, and of one line, becomes a program."""

from __future__ import annotations

from datetime import date
from typing import Any

from dutycalc.errors import FactsError
from dutycalc.loader import Law
from dutycalc.money import Rounding
from dutycalc.profile import ItemProfile, Profile
from dutycalc.stages.amounts import part
from dutycalc.stages.charges import Traced, trace_charges
from dutycalc.stages.collection import Binding, bind
from dutycalc.stages.context import Line, Point, Whole, rounding_unit
from dutycalc.stages.duty import Tariff
from dutycalc.stages.fees import trace_fees
from dutycalc.stages.graph import plan
from dutycalc.stages.layers import settle, with_lists
from dutycalc.stages.relief import export_outside, export_relieved, mark_mixed, relieve_parts, test_limits
from dutycalc.stages.tax import rate_of_class
from dutycalc.stages.unmodelled import Told, trace_notices, trace_unmodelled
from dutycalc.stages.valuation import measured, share_costs, state_price, value, without_tax
from dutycalc.steps import Program, Step, because, maybe_unknown
from dutycalc.values import Thing
from dutycalc.words import near


class WholeProgram(Thing):
    """The law of a consignment as a whole, as a program, and the charges on it.

    `kept` is where readers keep what they make of the program once, such as templates of text.
    """

    program: Program
    charges: tuple[Traced, ...]
    amounts: tuple[int, ...]
    trace: Whole
    kept: dict[Any, Any]


class LineProgram(Thing):
    """The law of one line, as a program: its values, its charges, the schemes that may take it.

    `amounts` are where the sums stand that must be known before the line is assessed; `doubtful` are those
    among them that may turn out to rest on something missing.
    """

    program: Program
    values: tuple[tuple[str, int], ...]
    charges: tuple[Traced, ...]
    amounts: tuple[int, ...]
    doubtful: tuple[int, ...]
    price: int
    bindings: tuple[Binding, ...]
    told: tuple[Told, ...]
    trace: Line
    kept: dict[Any, Any]


def trace_whole(profile: Profile, sale: Law, border: Law) -> WholeProgram:
    """Return the program of a consignment: shares, limits, sums, waivers, fees."""
    whole = Whole(profile, sale, border)
    share_costs(whole)
    mark_mixed(whole)
    test_limits(whole)
    relieve_parts(whole)
    plan(whole)
    charges = trace_fees(whole)
    outputs = [step for one in charges for step in _steps_of(one)]
    program = Program([*outputs, *whole.reasons], whole.exports)
    return WholeProgram(
        program, tuple(charges), tuple(program.place(one.amount) for one in charges), whole, {}
    )


def _steps_of(traced: Traced) -> list[Step]:
    found = [traced.amount]
    for way in (*traced.ways, *(one for _, _, one in traced.taken)):
        found += [step for step in (way.test, way.base) if step is not None]
    found += [test for test, _, _ in traced.taken if test is not None]
    outcomes = (traced.border, *(outcome for _, outcome, _ in traced.taken))
    found += [one.risk_test for one in outcomes if one.risk_test is not None]
    return found


def trace_line(whole: WholeProgram, item: ItemProfile, day: date, tariff: Tariff | None) -> LineProgram:
    """Return the program of a line: price, values, schemes, charges."""
    line = Line(whole.trace, with_lists(item, whole.trace.border), day, tariff)
    line.layers, line.unsettled = settle(line, line.item, line.reasons.append)
    state_price(line)
    _take_taxes_out(line)
    bindings = bind(line)
    charges = trace_charges(line, bindings)
    unmodelled = trace_unmodelled(line)
    told = trace_notices(line)
    values = {
        name: value(line, name) for name in line.border.all("value") if not _replaces(line.border, name)
    }
    for name in whole.trace.wanted:
        if name not in line.exports:
            found = _export(line, name)
            if found is not None:
                line.exports[name] = found
    amounts = [*(one.amount for one in charges), *([unmodelled] if unmodelled else [])]
    outputs = [*values.values(), *(step for one in charges for step in _steps_of(one)), *line.reasons]
    outputs += [line.values["price"], *amounts, *(one.test for one in told if one.test is not None)]
    program = Program(outputs, line.exports)
    places = tuple(program.place(step) for step in amounts)
    doubtful = program.resting_on(maybe_unknown)
    return LineProgram(
        program,
        tuple((name, program.place(step)) for name, step in values.items()),
        tuple(charges),
        places,
        tuple(place for place in places if place in doubtful),
        program.place(line.values["price"]),
        tuple(bindings),
        tuple(told),
        line,
        {},
    )


def _replaces(law: Law, name: str) -> bool:
    return law.on("value", name).value.of is not None


def _take_taxes_out(line: Line) -> None:
    """Take out of the prices each tax that they are stated to include."""
    costs = ("transport", "insurance")
    for word in line.profile.prices_include:
        if word in costs:
            continue
        law = line.laws["sale"]
        charges = {
            name: one for name, one in law.all("charge").items()
            if word in (name, one.value.kind) and one.value.rate == "tax_class"
        }  # fmt: skip
        if not charges:
            known = {
                *costs,
                *(name for name, one in law.all("charge").items() if one.value.rate == "tax_class"),
            }
            raise FactsError(
                f"prices_include: {law.code} has no tax {word!r}{near(word, known)}", fact="prices_include"
            )
        for name, provision in charges.items():
            rate, _ = rate_of_class(line, "sale")
            rule = provision.value.rounding
            without_tax(
                line, name, rate, Rounding(rounding_unit(line, rule, provision.record), rule.mode), provision
            )


def _export(line: Line, name: str) -> Step | None:
    """Return the step that the whole wants under a name, or None where the line takes no part in it."""
    kind, _, rest = name.partition(":")
    match kind:
        case "quantity":
            return line.fact("quantity", "quantity", "item")
        case "measure":
            measure, _, point = rest.partition("@")
            which: Point = "sale" if point == "sale" else "import"
            return measured(line, measure, which)
        case "relieved":
            return export_relieved(line, rest)
        case "outside":
            return export_outside(line, name)
        case "part":
            return part(line, rest)
        case "taken":
            if rest not in line.taken:
                return because(f"{rest} does not take the line", False)
            return line.taken[rest] or because(f"{rest} takes the line", True)
        case _:
            return None
