"""Charges: each walked from what it rests on, through reliefs, waivers and schemes, to what is due."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from dutycalc.errors import FactsError
from dutycalc.law import ALWAYS, Provision
from dutycalc.money import Rounding
from dutycalc.stages.amounts import (
    Way,
    border_branches,
    by_rate,
    decided,
    part,
    rounding_of,
    sum_of_parts,
    unrounded,
)
from dutycalc.stages.collection import EXEMPT, Binding, Outcome, at_border, at_sale, offered_scheme
from dutycalc.stages.context import Line, label_of
from dutycalc.stages.duty import stated_charges
from dutycalc.stages.relief import applies, waiver_test, waivers_of
from dutycalc.stages.tax import percentage, rate_of_class
from dutycalc.stages.unmodelled import is_on_top, not_in_tables, takes_stated
from dutycalc.steps import Step, add, all_of, decide, negate, rounded, times
from dutycalc.tables import Charge, RoundingRule, Scheme, Take
from dutycalc.values import Frozen


class Traced(Frozen):
    """A charge on a line or a consignment: its amount, the ways it comes about, the outcomes it may have.

    `heading` is that of its layer, under which it is declared.
    """

    name: str
    provision: Provision[Charge]
    amount: Step
    ways: tuple[Way, ...]
    taken: tuple[tuple[Step | None, Outcome, Way], ...]
    border: Outcome
    heading: str = ""


def trace_charges(line: Line, bindings: Sequence[Binding]) -> list[Traced]:
    """Return every charge of the law on the line, and what fees the caller states beside them.

    In the order in which they are declared: layers under headings of their own come first.
    """
    _refuse_stray_charges(line)
    found = []
    for name in line.whole.gathered:
        provision = line.border.on("charge", name)
        if provision.value.per == "consignment":
            _share_of_whole(line, name)
            continue
        traced = _trace(line, name, provision, bindings)
        if traced is not None:
            found.append(traced)
    if not takes_stated(line, "fee") and any(one.kind == "fee" for one in line.item.stated_charges):
        found.append(_stated_fees(line))
    found.sort(key=lambda one: not one.heading)
    return found


def _refuse_stray_charges(line: Line) -> None:
    """Refuse a stated charge of a kind for which the law here has no place: it would be lost."""
    for one in line.item.stated_charges:
        if one.kind != "fee" and not takes_stated(line, one.kind):
            known = sorted(
                {
                    each.value.kind
                    for each in line.border.all("charge").values()
                    if each.value.rate == "stated"
                }
            )
            raise FactsError(
                f"stated_charges: {line.border.code} has no charge of kind {one.kind} that a caller states; "
                f"it has {', '.join([*known, 'fee'])}",
                fact="stated_charges",
            )


def _stated_fees(line: Line) -> Traced:
    """Return the fees, such as a carrier's, that the caller vouches for: in no other charge's base."""
    rounding = Rounding(line.unit, "half_up")
    each = [
        rounded(one.label, one, rounding, None)
        for one in stated_charges(line, "fee", "fee", part(line, "price"))
    ]
    amount = add("fees, as stated", *each) if len(each) > 1 else each[0]
    border = at_border(line, STATED_FEE.value, None, None) or EXEMPT
    return Traced("stated_fee", STATED_FEE, amount, (Way(None, None, "stated", ()),), (), border)


STATED_FEE: Final[Provision[Charge]] = Provision(
    record="stated/charge.fee",
    value=Charge(
        kind="fee", title="fee, as stated", rate="stated", valid_from=date.min, cite=["stated"],
        rounding=RoundingRule(to="minor_unit", mode="half_up"),
    ),
    valid_from=date.min, valid_until=ALWAYS, known_from=date.min, citations=(),
)  # fmt: skip
"""Stands where a record of law would, for fees that only the caller knows."""


def _share_of_whole(line: Line, name: str) -> None:
    key = f"fee:{name}"
    if key in line.whole.exports:
        line.values[name] = line.part_of(key, f"share of {name.replace('_', ' ')}")


def _trace(line: Line, name: str, provision: Provision[Charge], bindings: Sequence[Binding]) -> Traced | None:
    charge = provision.value
    words = name.replace("_", " ")
    fit = applies(line, provision)
    if fit is not None and charge.rate == "stated" and not _is_stated(line, charge.kind):
        fit = None
    if charge.rate == "layers" and name not in line.layers and name not in line.unsettled:
        fit = None
    if fit is None:
        line.values[name] = line.zero(f"no {words} on this line", provision)
        return None
    border_way: list[Way] = []
    branches = border_branches(line, name, provision, border_way)
    if fit.tests:
        test = negate(f"{words} is not charged", all_of(f"{words} is charged", *fit.tests, law=provision))
        branches.insert(0, (test, line.zero(f"no {words}", provision)))
        border_way.insert(0, Way(test, None, "", (provision,), exempt=True))
    amount = _rounded_on_whole(line, name, charge, decided(words, branches))
    takes = [(one, one.provision.value.takes.get(name)) for one in bindings]
    _export_due(line, name, provision, amount, takes)
    amount = _waived(line, name, provision, amount, border_way, alone=True)
    offered = offered_scheme(line, name)
    border = at_border(line, charge, None, offered)
    if border is None:
        raise FactsError(
            f"{line.border.code}: no record says who collects {words} at the border by {line.profile.channel}"
        )
    taken: list[tuple[Step | None, Outcome, Way]] = []
    line.values[name] = _after_schemes(line, name, provision, takes, amount, taken)
    collected = _waived(line, name, provision, amount, border_way, alone=False)
    if collected is not amount:
        collected = _after_schemes(line, name, provision, takes, collected, [])
    else:
        collected = line.values[name]
    if charge.rounding.carries == "unrounded":
        exact = decided(f"{words} before rounding", [(test, unrounded(step)) for test, step in branches])
        exact = _waived(line, name, provision, exact, [], alone=True)
        line.values[name] = _after_schemes(line, name, provision, takes, exact, [])
    heading = line.layers[name].value.heading if name in line.layers and name not in line.unsettled else ""
    return Traced(name, provision, collected, tuple(border_way), tuple(taken), border, heading)


Takes = Sequence[tuple[Binding, Take | Any]]


def _is_stated(line: Line, kind: str) -> bool:
    """Tell whether a charge that only the caller can state is stated, or is known to be lacking."""
    stated = any(one.kind == kind for one in line.item.stated_charges)
    defended = kind == "trade_defence" and line.tariff is not None and bool(line.tariff.trade_defence)
    return stated or defended or is_on_top(line, kind) or not_in_tables(line, kind) is not None


def _after_schemes(
    line: Line, name: str, provision: Provision[Charge], takes: Takes, amount: Step,
    taken: list[tuple[Step | None, Outcome, Way]],
) -> Step:  # fmt: skip
    """Return a charge as the first scheme that takes it makes it, else as it is at the border."""
    for binding, take in reversed(takes):
        amount, one = _taken(line, name, provision, binding, take, amount)
        if one is not None:
            taken.insert(0, (binding.test, *one))
    return amount


def _rounded_on_whole(line: Line, name: str, charge: Charge, amount: Step) -> Step:
    if charge.rounding.per != "consignment":
        return amount
    line.exports[f"raw:{name}"] = amount
    return line.part_of(f"amount:{name}", f"{name.replace('_', ' ')}: share of the consignment's")


def _export_due(line: Line, name: str, provision: Provision[Charge], amount: Step, takes: Takes) -> None:
    """Give the whole what falls due at the border: what a scheme takes at the sale is no part of it."""
    if f"due:{name}" not in line.whole.wanted:
        return
    words = name.replace("_", " ")
    nothing = line.zero(f"{words} taken at the sale", provision)
    for binding, take in takes:
        if take == "relieved" or (isinstance(take, Take) and take.at == "sale"):
            amount = (
                nothing
                if binding.test is None
                else decide(f"{words} at the border", binding.test, nothing, amount)
            )
    line.exports[f"due:{name}"] = amount


def _waived(
    line: Line, name: str, provision: Provision[Charge], amount: Step, ways: list[Way], *, alone: bool
) -> Step:
    """Return what is due after sums too small to collect are waived.

    A waiver of this charge `alone` is known before others rest on the charge; one of several charges
    together is not, so their bases take the charge as assessed.
    """
    words = name.replace("_", " ")
    for one, rule in waivers_of(line, name):
        fit = applies(line, rule) if (rule.value.charges == [name]) is alone else None
        if fit is None:
            continue
        if rule.value.per == "consignment":
            test = line.from_whole(f"waived:{one}", f"too small to collect: {label_of(rule)}")
        else:
            test = waiver_test(line, rule, amount)
        test = all_of(f"waived: {label_of(rule)}", test, *fit.tests, law=rule)
        ways.insert(0, Way(test, None, "", (rule,), exempt=True))
        amount = decide(f"{words} to collect", test, line.zero(f"{words} waived", rule), amount)
    return amount


def _taken(
    line: Line, name: str, provision: Provision[Charge], binding: Binding, take: Any, amount: Step
) -> tuple[Step, tuple[Outcome, Way] | None]:
    """Return the charge where a scheme takes the line, else as it was; and the outcome the scheme makes."""
    words = name.replace("_", " ")
    scheme: Provision[Scheme] = binding.provision
    if take is None:
        return amount, None
    if take == "relieved":
        step: Step = line.zero(f"{words} relieved under {binding.name}", scheme)
        way = Way(binding.test, None, "", (scheme,), exempt=True)
        outcome = EXEMPT
    elif take.at == "border":
        charge = provision.value
        outcome = at_border(line, charge, binding, offered_scheme(line, name), take.moment) or EXEMPT
        return amount, (outcome, Way(binding.test, None, "", (scheme,)))
    else:
        step, way = _at_sale(line, name, provision, binding, take)
        outcome = at_sale(line, binding)
    if binding.test is None:
        return step, (outcome, way)
    return decide(words, binding.test, step, amount), (outcome, way)


def _at_sale(
    line: Line, name: str, provision: Provision[Charge], binding: Binding, take: Take
) -> tuple[Step, Way]:
    """Return a charge that is taken with the price, on the scheme's own base, by the law of its tax point."""
    charge = provision.value
    words = name.replace("_", " ")
    base = sum_of_parts(
        line, f"base of {words} at the sale", take.base or charge.base, binding.point, binding.provision
    )
    if charge.rate == "tax_class":
        rate, classes = rate_of_class(line, binding.point)
        raw = times(f"{words} at the sale, before rounding", base, rate)
        text = percentage(rate.constant)
        read: tuple[Provision[Any], ...] = (binding.provision, *classes)
    else:
        raw, text, more = by_rate(line, name, f"{words} at the sale", charge, base, provision)
        read = (binding.provision, provision, *more)
    rule = take.rounding or charge.rounding
    amount = rounded(f"{words} at the sale", raw, rounding_of(line, rule, provision.record), provision)
    return amount, Way(binding.test, base, text, read)
