"""The graph of charges that the tables declare: their order, their phases, and what the whole adds up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dutycalc.errors import ConflictError
from dutycalc.law import Provision
from dutycalc.loader import Law
from dutycalc.money import Rounding
from dutycalc.stages.context import VALUED, Gathering, Whole, rounding_unit
from dutycalc.stages.duty import amount_of
from dutycalc.stages.relief import waiver_test, waivers_of
from dutycalc.steps import Step, Unknown, add, missing, rounded
from dutycalc.tables import Charge, Take

DECIDED = VALUED + 1
"""The phase by which a line knows the tests of limits on the consignment."""


def charge_order(law: Law) -> list[str]:
    """Return the charges, each after those it rests on; ConflictError for a circle."""
    charges = law.all("charge")
    ordered: list[str] = []
    open_names: list[str] = []

    def visit(name: str) -> None:
        if name in ordered:
            return
        if name in open_names:
            raise ConflictError(
                f"{law.code}: charges rest on each other: {', '.join([*open_names, name])}",
                records=open_names,
            )
        open_names.append(name)
        for part in _rests_on(law, name):
            if part in charges:
                visit(part)
        open_names.pop()
        ordered.append(name)

    for name in charges:
        visit(name)
    return ordered


def _rests_on(law: Law, name: str) -> list[str]:
    charges = law.all("charge")
    found = list(charges[name].value.base)
    if charges[name].value.rate == "layers":
        found += [other for other, one in charges.items() if one.value.rate == "schedule"]
    for special in law.all("special").values():
        if special.value.of == name:
            found += special.value.base
    for scheme in law.all("scheme").values():
        take = scheme.value.takes.get(name)
        if isinstance(take, Take):
            found += take.base
    return found


def plan(whole: Whole) -> None:
    """Find by which phase each charge is known: a sum over the lines costs one, a share of it another."""
    law = whole.border
    specials = [one.value for one in law.all("special").values()]
    for name in charge_order(law):
        charge: Charge = law.on("charge", name).value
        base = max(
            [DECIDED, *(whole.gathered[one].due for one in _rests_on(law, name) if one in whole.gathered)]
        )
        raw = base + (charge.base_rounding is not None and charge.base_rounding.per == "consignment")
        own = [one for one in specials if one.of == name]
        shared = any(one.per == "tariff_line" or one.less is not None for one in own)
        raw += charge.per == "tariff_line" or shared
        amount = raw + (charge.rounding.per == "consignment")
        alone = any(one.value.charges == [name] for _, one in waivers_of(whole, name))
        whole.gathered[name] = Gathering(base, raw, amount, amount + 1 if alone else amount)
    for name in whole.gathered:
        _gather(
            whole,
            name,
            law.on("charge", name),
            [one for one in law.all("special").values() if one.value.of == name],
        )
    _test_waivers(whole)


def _gather(
    whole: Whole, name: str, provision: Provision[Charge], specials: Sequence[Provision[Any]]
) -> None:
    """Prepare what the whole must add up, round and share for one charge."""
    charge = provision.value
    at = whole.gathered[name]
    words = name.replace("_", " ")
    if charge.per == "consignment":
        return
    if charge.base_rounding is not None and charge.base_rounding.per == "consignment":
        rounding = Rounding(
            rounding_unit(whole, charge.base_rounding, provision.record), charge.base_rounding.mode
        )
        summed = whole.sum(f"base of {words} of all lines", f"base:{name}", at.base)
        whole.share(
            f"base:{name}", f"base of {words}, rounded, shared",
            rounded(f"base of {words}, rounded", summed, rounding, provision), f"base:{name}", at.base,
        )  # fmt: skip
    for one in [*specials, provision]:
        if one.value.per == "tariff_line":
            whole.share(
                f"lines:{one.record}", f"{words}, shared over the lines of each tariff line",
                _flat(whole, words, one), f"weight:{one.record}", at.raw - 1, f"code:{one.record}",
            )  # fmt: skip
    for one in specials:
        if one.value.less is not None:
            whole.share(
                f"less:{one.record}",
                f"{words}: fixed amount taken off, shared by value",
                whole.sum_of_law("less", one.value.less, one),
                f"reached:{one.record}",
                at.raw - 1,
            )
    if charge.rounding.per == "consignment":
        rounding = Rounding(rounding_unit(whole, charge.rounding, provision.record), charge.rounding.mode)
        summed = whole.sum(f"{words} of all lines, before rounding", f"raw:{name}", at.raw)
        whole.share(
            f"amount:{name}", f"{words}, rounded, shared",
            rounded(f"{words} of the consignment", summed, rounding, provision), f"raw:{name}", at.raw,
        )  # fmt: skip


def _flat(whole: Whole, words: str, provision: Provision[Any]) -> Step:
    """Return the amount that each tariff line bears, from a record's expression."""

    def measure(unit: str) -> Step:
        return missing(
            unit, Unknown("law", unit, f"{provision.record}: an amount for each tariff line knows no {unit}")
        )

    base = whole.zero("nothing", provision)
    step, _ = amount_of(
        whole, f"{words} for each tariff line", provision.value.rate, base, measure, provision
    )
    return step


def _test_waivers(whole: Whole) -> None:
    for name, provision in whole.border.all("waiver").items():
        waiver = provision.value
        if waiver.per != "consignment":
            continue
        words = " and ".join(one.replace("_", " ") for one in waiver.charges)
        parts = [
            whole.sum(
                f"{one.replace('_', ' ')} at the border, all lines", f"due:{one}", whole.gathered[one].amount
            )
            for one in waiver.charges
        ]
        amount = add(f"{words} of the consignment", *parts) if len(parts) > 1 else parts[0]
        whole.exports[f"waived:{name}"] = waiver_test(whole, provision, amount)
