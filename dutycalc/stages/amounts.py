"""What a charge amounts to on the declaration: relieved, at a special rate, or at the ordinary one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dutycalc.errors import FactsError, MissingFactError
from dutycalc.expressions import parse
from dutycalc.law import Provision
from dutycalc.money import Rounding
from dutycalc.stages.context import Line, label_of, rounding_unit
from dutycalc.stages.duty import additional_duties, amount_of, by_special, by_tariff, stated_charges
from dutycalc.stages.layers import by_layer
from dutycalc.stages.relief import applies, base_after_relief
from dutycalc.stages.tax import including_itself, percentage, rate_of_class
from dutycalc.stages.unmodelled import not_in_tables, trade_defence
from dutycalc.stages.valuation import value
from dutycalc.steps import Step, add, all_of, decide, rounded, subtract, times
from dutycalc.tables import Charge, RoundingRule
from dutycalc.values import Frozen


class Way(Frozen):
    """One way in which a charge may come about: where `test` holds (None: always), with its base and rate.

    `exempt` says that the law then makes nobody pay.
    """

    test: Step | None
    base: Step | None
    rate: str
    provisions: tuple[Provision[Any], ...]
    exempt: bool = False


def part(line: Line, name: str, point: Any = "import") -> Step:
    """Return a part of a base: a value of the goods, or what is due of another charge."""
    if name in line.whole.gathered:
        found = line.values.get(name)
        return found if found is not None else line.zero(f"no {name.replace('_', ' ')} on this line", None)
    return value(line, name, point)


def sum_of_parts(line: Line, label: str, names: Sequence[str], point: Any, law: Provision[Any]) -> Step:
    """Return the sum of the named parts by the law of a tax point."""
    parts = [part(line, one, point) for one in names]
    return parts[0] if len(parts) == 1 else add(label, *parts, law=law)


def _base(
    line: Line, name: str, label: str, parts: Sequence[str], law: Provision[Any]
) -> tuple[Step, Provision[Any] | None]:
    """Return the base of a charge, and the relief that has taken away a part of the value in it.

    A relief of a part reaches the value of the goods; charges in the base already rest on what it left.
    """
    values = [one for one in parts if one not in line.whole.gathered]
    if not values:
        return (sum_of_parts(line, label, parts, "import", law) if parts else line.zero("no base", law)), None
    value_part = sum_of_parts(line, label, values, "import", law)
    left, partly = base_after_relief(line, name, value_part)
    if partly is None:
        return (
            value_part if len(values) == len(parts) else sum_of_parts(line, label, parts, "import", law)
        ), None
    charges = [part(line, one) for one in parts if one in line.whole.gathered]
    return (add(label, left, *charges, law=law) if charges else left), partly


Branch = tuple[Step | None, Step]
"""A way in which a charge may come about: where the test holds (None: always), and the amount."""


def rounding_of(line: Line, rule: RoundingRule, record: str) -> Rounding:
    """Return a rounding in the currency of the charges."""
    return Rounding(rounding_unit(line, rule, record), rule.mode)


def border_branches(line: Line, name: str, provision: Provision[Charge], ways: list[Way]) -> list[Branch]:
    """Return the charge on the declaration: relieved, else at a special rate, else at the ordinary one."""
    words = name.replace("_", " ")
    branches: list[Branch] = []
    for family, other in _before_the_ordinary(line, name):
        fit = applies(line, other)
        if fit is None:
            continue
        test = all_of(f"{label_of(other)} applies to {words}", *fit.tests, law=other) if fit.tests else None
        if family == "relief" or other.value.of != name:
            step: Step = line.zero(f"{words} relieved: {label_of(other)}", other)
            ways.append(Way(test, None, "", (other,), exempt=True))
        else:
            found = _special(line, name, provision, other, ways, test)
            if found is None:
                continue
            step = found
        branches.append((test, step))
        if test is None:
            break
    else:
        branches.append((None, _ordinary(line, name, provision, ways)))
    return branches


def decided(words: str, branches: Sequence[Branch]) -> Step:
    """Return the amount of the first branch whose test holds."""
    amount = branches[-1][1]
    for test, step in reversed(branches[:-1]):
        assert test is not None
        amount = decide(words, test, step, amount)
    return amount


def unrounded(step: Step) -> Step:
    """Return what a rounding was made on; of several charges added up, each before its rounding."""
    if step.op != "round":
        return step
    inner = step.inputs[0]
    if inner.op == "add" and all(one.op == "round" for one in inner.inputs):
        return add(inner.label, *(one.inputs[0] for one in inner.inputs))
    return inner


def _before_the_ordinary(line: Line, name: str) -> list[tuple[str, Provision[Any]]]:
    company = {name, line.border.on("charge", name).value.goes_with or name}
    reliefs = [
        ("relief", one) for one in line.border.all("relief").values()
        if company.intersection(one.value.of) and one.value.portion == "whole"
    ]  # fmt: skip
    specials = [
        ("special", one) for one in line.border.all("special").values()
        if one.value.of == name or company.intersection(one.value.replaces)
    ]  # fmt: skip
    return [*reliefs, *specials]


def _special(
    line: Line,
    name: str,
    provision: Provision[Charge],
    other: Provision[Any],
    ways: list[Way],
    test: Step | None,
) -> Step | None:
    special = other.value
    words = name.replace("_", " ")
    if special.base:
        base, _ = _base(line, name, f"base of {words}, {label_of(other)}", special.base, other)
    else:
        base, _ = _ordinary_base(line, name, provision)
    rule = special.rounding or provision.value.rounding
    if special.per == "tariff_line":
        ways.append(Way(test, base, f"{special.rate} for each tariff line", (other,)))
        return _share_of_tariff_line(line, words, other, base, test)
    found = by_special(line, f"{words}, {label_of(other)}", base, other)
    if found is None:
        return None
    amount, text = found
    if special.less is not None:
        outside = line.zero("outside", other)
        reached = base if test is None else decide(f"base of {words} where it counts", test, base, outside)
        line.exports[f"reached:{other.record}"] = reached
        off = line.part_of(f"less:{other.record}", f"{words}: share of the fixed amount")
        amount = subtract(f"{words}, {label_of(other)}, less a fixed amount", amount, off, law=other)
    ways.append(Way(test, base, text, (other,)))
    if rule.per == "line":
        return rounded(
            f"{words}, {label_of(other)}, rounded",
            amount,
            rounding_of(line, rule, other.record),
            other if special.rounding else provision,
        )
    return amount


def _ordinary_base(line: Line, name: str, provision: Provision[Charge]) -> tuple[Step, Provision[Any] | None]:
    """Return the base of a charge as its own record has it, rounded where law rounds it."""
    charge = provision.value
    words = name.replace("_", " ")
    if name not in line.bases:
        base, partly = _base(line, name, f"base of {words}", charge.base, provision)
        if charge.base_rounding is not None and charge.base_rounding.per == "consignment":
            line.exports[f"base:{name}"] = base
            base = line.part_of(f"base:{name}", f"base of {words}, rounded on the consignment, share")
        elif charge.base_rounding is not None:
            base = rounded(
                f"base of {words}, rounded",
                base,
                rounding_of(line, charge.base_rounding, provision.record),
                provision,
            )
        line.bases[name] = (base, partly)
    return line.bases[name]


def _share_of_tariff_line(
    line: Line, words: str, provision: Provision[Any], base: Step, test: Step | None
) -> Step:
    """Return this line's share, by value, of what the goods of one code bear together."""
    digits = provision.value.digits
    code = line.item.commodity[:digits]
    if len(code) < digits:
        raise MissingFactError(
            f"commodity {line.item.commodity}: {provision.record} counts codes of {digits} digits",
            fact="commodity",
        )
    line.exports[f"code:{provision.record}"] = Step("tariff line", "because", constant=code, law=provision)
    weight = (
        base
        if test is None
        else decide(f"base of {words} where it counts", test, base, line.zero("outside", provision))
    )
    line.exports[f"weight:{provision.record}"] = weight
    return line.part_of(f"lines:{provision.record}", f"{words}: share of what the tariff line bears")


def _ordinary(line: Line, name: str, provision: Provision[Charge], ways: list[Way]) -> Step:
    charge = provision.value
    words = name.replace("_", " ")
    base, partly = _ordinary_base(line, name, provision)
    read: tuple[Provision[Any], ...] = (provision,) if partly is None else (provision, partly)
    if charge.per == "tariff_line":
        ways.append(Way(None, base, f"{charge.rate} for each tariff line", read))
        return _share_of_tariff_line(line, words, provision, base, None)
    if charge.rate == "layers" and name not in line.unsettled and line.layers[name].value.kind == "exempt":
        exempt = line.layers[name]
        ways.append(Way(None, None, "", (exempt,), exempt=True))
        return line.zero(f"no {words}: {exempt.value.heading}", exempt)
    amount, text, more = by_rate(line, name, words, charge, base, provision)
    ways.append(Way(None, base, text, (*read, *more)))
    if charge.rounding.per == "line":
        return rounded(words, amount, rounding_of(line, charge.rounding, provision.record), provision)
    return amount


def by_rate(
    line: Line, name: str, words: str, charge: Charge, base: Step, provision: Provision[Charge]
) -> tuple[Step, str, tuple[Provision[Any], ...]]:
    """Return the amount at the ordinary rate, before rounding; the rate as text; the records that hold it."""
    label = f"{words} before rounding"
    if charge.rate == "layers":
        return by_layer(line, name, label, base, provision)
    if charge.rate == "schedule":
        lacking = not_in_tables(line, charge.kind) if line.item.stated_duty is None else None
        if lacking is not None and lacking.op == "missing":
            return lacking, "unknown", ()
        step, text, read = by_tariff(line, label, base, provision)
        if lacking is not None:
            step = not_in_tables(line, charge.kind, step) or step
        return step, text, read
    if charge.rate == "tax_class":
        rate, classes = rate_of_class(line, "import")
        if charge.inclusive:
            return including_itself(label, base, rate, provision), percentage(rate.constant), classes
        return times(label, base, rate), percentage(rate.constant), classes
    if charge.rate == "stated":
        stated = stated_charges(line, words, charge.kind, base, based=bool(charge.base))
        if len(stated) == 1:
            return stated[0], "stated", ()
        if stated:
            rounding = rounding_of(line, charge.rounding, provision.record)
            each = [rounded(one.label, one, rounding, provision) for one in stated]
            return add(f"{words}, as stated", *each), "stated", ()
        lacking = not_in_tables(line, charge.kind) or trade_defence(line, provision)
        if lacking is not None:
            return lacking, "unknown", ()
        if charge.kind == "additional_duty" and (on_top := additional_duties(line, label, base, provision)):
            return on_top
        return line.zero(f"no {words} is stated", provision), "none stated", ()
    if charge.inclusive:
        percent = parse(charge.rate).ad_valorem
        if percent is None:
            raise FactsError(f"{provision.record}: a base that includes the charge needs a percentage")
        rate = line.leaf(f"rate of {words}", provision, percent / 100, "%")
        return including_itself(label, base, rate, provision), charge.rate, ()
    step, expression = amount_of(line, label, charge.rate, base, line.measure, provision)
    return step, str(expression), ()
