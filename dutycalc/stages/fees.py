"""Fees: charges on the consignment as a whole, such as an entry fee with its minimum and maximum."""

from __future__ import annotations

from typing import Any, Final

from dutycalc.errors import FactsError
from dutycalc.law import Provision
from dutycalc.money import Rounding
from dutycalc.stages.amounts import Way
from dutycalc.stages.charges import Traced
from dutycalc.stages.collection import Binding, Outcome, at_border, party_of
from dutycalc.stages.context import VALUED, Whole, consignment_mismatch, rounding_unit
from dutycalc.stages.duty import amount_of
from dutycalc.stages.relief import excess, whole_limit
from dutycalc.steps import Step, Unknown, add, all_of, any_line, any_of, decide, missing, negate, rounded
from dutycalc.tables import Charge, Condition, Scheme, Scoped, Take


def trace_fees(whole: Whole) -> list[Traced]:
    """Return the charges on the consignment as a whole, in order."""
    found = []
    for name in whole.gathered:
        provision = whole.border.on("charge", name)
        if provision.value.per == "consignment":
            traced = _trace(whole, name, provision)
            if traced is not None:
                found.append(traced)
    return found


def _trace(whole: Whole, name: str, provision: Provision[Charge]) -> Traced | None:
    charge = provision.value
    words = name.replace("_", " ")
    tests = _tests(whole, provision)
    if tests is None:
        return None
    phase = whole.gathered[name].base
    parts = [_gathered(whole, one, phase) for one in charge.base]
    base = add(f"base of {words}", *parts, law=provision) if parts else whole.zero("no base", provision)
    if charge.base_rounding is not None:
        unit = rounding_unit(whole, charge.base_rounding, provision.record)
        base = rounded(
            f"base of {words}, rounded", base, Rounding(unit, charge.base_rounding.mode), provision
        )

    def measure(unit: str) -> Step:
        found = _measure(whole, unit)
        if charge.excess_of is None or unit not in _MASSES:
            return found
        return excess(whole, charge.excess_of, found, _MASSES[unit])

    if charge.excess_of is not None:
        base = excess(whole, charge.excess_of, base)
    raw, expression = amount_of(whole, f"{words} before rounding", charge.rate, base, measure, provision)
    rounding = Rounding(rounding_unit(whole, charge.rounding, provision.record), charge.rounding.mode)
    amount = rounded(words, raw, rounding, provision)
    ways = [Way(None, base, str(expression), (provision,))]
    if tests:
        test = all_of(f"{words} is charged", *tests, law=provision)
        amount = decide(words, test, amount, whole.zero(f"no {words}", provision), law=provision)
        ways.insert(0, Way(negate(f"{words} is not charged", test), None, "", (provision,), exempt=True))
    for other in whole.border.all("relief").values():
        if name not in other.value.of or (freed := _tests(whole, other)) is None:
            continue
        nothing = whole.zero(f"{words} relieved", other)
        relieved = all_of(f"{words} is relieved", *freed, law=other) if freed else None
        amount = nothing if relieved is None else decide(words, relieved, nothing, amount, law=other)
        ways.insert(0, Way(relieved, None, "", (other,), exempt=True))
    whole.exports[f"amount:{name}"] = amount
    if any(name in other.value.base for other in whole.border.all("charge").values()):
        whole.share(f"fee:{name}", f"{words}, shared by value", amount, "part:customs_value", VALUED)
    border = _by_scheme(whole, name, charge) or at_border(whole, charge, None, None)
    if border is None:
        raise FactsError(
            f"{whole.border.code}: no record says who collects {words} by {whole.profile.channel}"
        )
    return Traced(name, provision, amount, tuple(ways), (), border)


def _by_scheme(whole: Whole, name: str, charge: Charge) -> Outcome | None:
    """Return the outcome that a scheme makes of a charge on the whole, where its categories fit."""
    for key, provision in whole.border.all("scheme").items():
        scheme: Scheme = provision.value
        take = scheme.takes.get(name)
        if not isinstance(take, Take) or scheme.tax_point != "import" or _tests(whole, provision) is None:
            continue
        role, risk = party_of(whole, scheme, "import")
        if role is not None:
            binding = Binding(key, provision, "import", role, None, risk)
            return at_border(whole, charge, binding, None, take.moment)
    return None


def _gathered(whole: Whole, name: str, phase: int) -> Step:
    if name in whole.gathered and whole.border.on("charge", name).value.per == "consignment":
        found = whole.exports.get(f"amount:{name}")
        return found if found is not None else whole.zero(f"no {name.replace('_', ' ')}", None)
    return whole.sum(f"{name.replace('_', ' ')} of all lines", f"part:{name}", phase)


_MASSES: Final = {"kg": "net_mass_kg", "kg/gross": "gross_mass_kg"}


def _measure(whole: Whole, unit: str) -> Step:
    names = {
        "kg": "measure:net_mass_kg@import",
        "kg/gross": "measure:gross_mass_kg@import",
        "item": "quantity",
    }
    if unit in names:
        return whole.sum(f"{unit} of all lines", names[unit], VALUED, unit)
    return missing(unit, Unknown("law", unit, f"a charge on the whole consignment knows no {unit}"))


def _tests(whole: Whole, provision: Provision[Any]) -> list[Step] | None:
    """Return what is left to decide on values, or None where the categories do not fit."""
    charge: Scoped = provision.value
    tests: list[Step] = []
    if charge.when:
        ways = [_way(whole, one) for one in charge.when if not consignment_mismatch(one, whole)]
        if not ways:
            return None
        if all(ways):
            tests.append(
                any_of("in one of the ways", *(all_of("in this way", *way) for way in ways), law=provision)
            )
    if charge.within is not None:
        tests.append(whole_limit(whole, charge.within))
    if charge.above is not None:
        tests.append(
            negate(f"above the limit: {charge.above.replace('_', ' ')}", whole_limit(whole, charge.above))
        )
    return tests


def _way(whole: Whole, condition: Condition) -> list[Step]:
    tests: list[Step] = []
    for names, negated in ((condition.scheme, False), (condition.not_scheme, True)):
        for one in names:
            key = f"taken:{one}"
            whole.wanted[key] = VALUED + 1
            step: Any = any_line(f"{one} takes a line", key, VALUED + 1)
            tests.append(negate(f"{one} takes no line", step) if negated else step)
    return tests
