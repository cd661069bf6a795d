"""Charges: the graph that the tables declare, walked from what each rests on to what is due."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from dutycalc.errors import ConflictError, FactsError, MissingFactError
from dutycalc.expressions import parse
from dutycalc.law import ALWAYS, Provision
from dutycalc.loader import Law
from dutycalc.money import Rounding
from dutycalc.stages.collection import EXEMPT, Binding, Outcome, at_border, at_sale, offered_scheme
from dutycalc.stages.context import VALUED, Gathering, Line, Whole, label_of, rounding_unit
from dutycalc.stages.duty import additional_duties, amount_of, by_special, by_tariff, stated_charges
from dutycalc.stages.relief import applies, base_after_relief, waiver_test, waivers_of
from dutycalc.stages.tax import including_itself, percentage, rate_of_class
from dutycalc.stages.valuation import value
from dutycalc.steps import Step, Unknown, add, all_of, decide, missing, negate, rounded, subtract, times
from dutycalc.tables import Charge, RoundingRule, Scheme, Take, Unmodelled
from dutycalc.values import Frozen

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
    found = list(law.all("charge")[name].value.base)
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


class Way(Frozen):
    """One way in which a charge may come about: where `test` holds (None: always), with its base and rate.

    `exempt` says that the law then makes nobody pay.
    """

    test: Step | None
    base: Step | None
    rate: str
    provisions: tuple[Provision[Any], ...]
    exempt: bool = False


class Traced(Frozen):
    """A charge on a line or a consignment: its amount, the ways it comes about, the outcomes it may have."""

    name: str
    provision: Provision[Charge]
    amount: Step
    ways: tuple[Way, ...]
    taken: tuple[tuple[Step | None, Outcome, Way], ...]
    border: Outcome


def trace_charges(line: Line, bindings: Sequence[Binding]) -> list[Traced]:
    """Return every charge of the law on the line, in order, and what fees the caller states beside them."""
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
    if not _takes_stated(line, "fee") and any(one.kind == "fee" for one in line.item.stated_charges):
        found.append(_stated_fees(line))
    return found


def _takes_stated(line: Line, kind: str) -> bool:
    return any(
        one.value.kind == kind and one.value.rate == "stated" for one in line.border.all("charge").values()
    )


def _refuse_stray_charges(line: Line) -> None:
    """Refuse a stated charge of a kind for which the law here has no place: it would be lost."""
    for one in line.item.stated_charges:
        if one.kind != "fee" and not _takes_stated(line, one.kind):
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


def part(line: Line, name: str, point: Any = "import") -> Step:
    """Return a part of a base: a value of the goods, or what is due of another charge."""
    if name in line.whole.gathered:
        found = line.values.get(name)
        return found if found is not None else line.zero(f"no {name.replace('_', ' ')} on this line", None)
    return value(line, name, point)


def _sum(line: Line, label: str, names: Sequence[str], point: Any, law: Provision[Any]) -> Step:
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
        return (_sum(line, label, parts, "import", law) if parts else line.zero("no base", law)), None
    value_part = _sum(line, label, values, "import", law)
    left, partly = base_after_relief(line, name, value_part)
    if partly is None:
        return (value_part if len(values) == len(parts) else _sum(line, label, parts, "import", law)), None
    charges = [part(line, one) for one in parts if one in line.whole.gathered]
    return (add(label, left, *charges, law=law) if charges else left), partly


def _trace(line: Line, name: str, provision: Provision[Charge], bindings: Sequence[Binding]) -> Traced | None:
    charge = provision.value
    words = name.replace("_", " ")
    fit = applies(line, provision)
    if fit is not None and charge.rate == "stated" and not _is_stated(line, charge.kind):
        fit = None
    if fit is None:
        line.values[name] = line.zero(f"no {words} on this line", provision)
        return None
    border_way: list[Way] = []
    branches = _at_border(line, name, provision, border_way)
    if fit.tests:
        test = negate(f"{words} is not charged", all_of(f"{words} is charged", *fit.tests, law=provision))
        branches.insert(0, (test, line.zero(f"no {words}", provision)))
        border_way.insert(0, Way(test, None, "", (provision,), exempt=True))
    amount = _rounded_on_whole(line, name, charge, _decided(words, branches))
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
        exact = _decided(f"{words} before rounding", [(test, _unrounded(step)) for test, step in branches])
        exact = _waived(line, name, provision, exact, [], alone=True)
        line.values[name] = _after_schemes(line, name, provision, takes, exact, [])
    return Traced(name, provision, collected, tuple(border_way), tuple(taken), border)


Takes = Sequence[tuple[Binding, Take | Any]]


def _is_stated(line: Line, kind: str) -> bool:
    """Tell whether a charge that only the caller can state is stated, or is known to be lacking."""
    stated = any(one.kind == kind for one in line.item.stated_charges)
    defended = kind == "trade_defence" and line.tariff is not None and bool(line.tariff.trade_defence)
    return stated or defended or _is_on_top(line, kind) or _unmodelled(line, kind) is not None


def _is_on_top(line: Line, kind: str) -> bool:
    """Tell whether the tariff puts additional duties on top of the line's own, known or not."""
    found = line.tariff
    return kind == "additional_duty" and found is not None and bool(found.additional or found.uncertain)


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


def _rounding(line: Line, rule: RoundingRule, record: str) -> Rounding:
    return Rounding(rounding_unit(line, rule, record), rule.mode)


def _at_border(line: Line, name: str, provision: Provision[Charge], ways: list[Way]) -> list[Branch]:
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


Branch = tuple[Step | None, Step]
"""A way in which a charge may come about: where the test holds (None: always), and the amount."""


def _decided(words: str, branches: Sequence[Branch]) -> Step:
    """Return the amount of the first branch whose test holds."""
    amount = branches[-1][1]
    for test, step in reversed(branches[:-1]):
        assert test is not None
        amount = decide(words, test, step, amount)
    return amount


def _unrounded(step: Step) -> Step:
    """Return what a rounding was made on; of several charges added up, each before its rounding."""
    if step.op != "round":
        return step
    inner = step.inputs[0]
    if inner.op == "add" and all(one.op == "round" for one in inner.inputs):
        return add(inner.label, *(one.inputs[0] for one in inner.inputs))
    return inner


def _before_the_ordinary(line: Line, name: str) -> list[tuple[str, Provision[Any]]]:
    reliefs = [
        ("relief", one) for one in line.border.all("relief").values()
        if name in one.value.of and one.value.portion == "whole"
    ]  # fmt: skip
    specials = [
        ("special", one) for one in line.border.all("special").values()
        if one.value.of == name or name in one.value.replaces
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
            _rounding(line, rule, other.record),
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
                _rounding(line, charge.base_rounding, provision.record),
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
    amount, text, more = _by_rate(line, words, charge, base, provision)
    ways.append(Way(None, base, text, (*read, *more)))
    if charge.rounding.per == "line":
        return rounded(words, amount, _rounding(line, charge.rounding, provision.record), provision)
    return amount


def _by_rate(
    line: Line, words: str, charge: Charge, base: Step, provision: Provision[Charge]
) -> tuple[Step, str, tuple[Provision[Any], ...]]:
    """Return the amount at the ordinary rate, before rounding; the rate as text; the records that hold it."""
    label = f"{words} before rounding"
    if charge.rate == "schedule":
        step, text, read = by_tariff(line, label, base, provision)
        if line.item.stated_duty is None:
            step = _unmodelled(line, charge.kind, step) or step
        return step, text, read
    if charge.rate == "tax_class":
        rate, classes = rate_of_class(line, "import")
        if charge.inclusive:
            return including_itself(label, base, rate, provision), percentage(rate.constant), classes
        return times(label, base, rate), percentage(rate.constant), classes
    if charge.rate == "stated":
        stated = stated_charges(line, words, charge.kind, base)
        if len(stated) == 1:
            return stated[0], "stated", ()
        if stated:
            rounding = _rounding(line, charge.rounding, provision.record)
            each = [rounded(one.label, one, rounding, provision) for one in stated]
            return add(f"{words}, as stated", *each), "stated", ()
        unmodelled = _unmodelled(line, charge.kind) or _trade_defence(line, provision)
        if unmodelled is not None:
            return unmodelled, "unknown", ()
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


def _unmodelled(line: Line, kind: str | None, otherwise: Step | None = None) -> Step | None:
    """Return a missing amount where these goods may bear law of this kind that no table holds.

    Without a kind the law in question is no charge that a caller could state. `otherwise` is the amount
    where the goods do not bear it.
    """
    amount: Step | None = None
    for provision in line.border.all("unmodelled").values():
        record: Unmodelled = provision.value
        fit = applies(line, provision) if record.kind == kind else None
        if fit is None:
            continue
        stated = "as stated_duty" if kind == "customs_duty" else f"as a stated charge of kind {kind}"
        remedy = f"; state it {stated}" if kind else ""
        named = f"{kind}: " if kind else ""
        reason = f"{named}{record.subject}: the law exists and is not in the tables{remedy}"
        step = missing(record.subject, Unknown("law", record.subject, reason), provision, line.currency)
        if not fit.tests:
            return step
        test = all_of(f"{record.subject} may apply", *fit.tests, law=provision)
        nothing = amount or otherwise or line.zero(f"no {record.subject}", provision)
        amount = decide(record.subject, test, step, nothing, law=provision)
    return amount


def _trade_defence(line: Line, provision: Provision[Charge]) -> Step | None:
    """Return a missing amount where the tariff names a trade defence measure whose duty it does not give."""
    if line.tariff is None or not line.tariff.trade_defence or provision.value.kind != "trade_defence":
        return None
    reason = (
        f"trade defence measures exist on {line.item.commodity} and their duties are not in the tables; "
        "state what applies, zero where none does, as a stated charge of kind trade_defence"
    )
    return missing("trade defence", Unknown("law", "trade_defence", reason), provision, line.currency)


def trace_unmodelled(line: Line) -> Step | None:
    """Return what is missing where law that is no charge may bear on the line and no table holds it."""
    unmodelled = _unmodelled(line, None)
    if (
        unmodelled is None
        and _is_on_top(line, "additional_duty")
        and not _takes_stated(line, "additional_duty")
    ):
        reason = (
            f"the tariff puts additional duties on {line.item.commodity}, for which the tables of "
            f"{line.border.code} have no charge"
        )
        return missing("additional duty", Unknown("law", "additional_duty", reason), None, line.currency)
    return unmodelled


class Told(Frozen):
    """A notice or a prohibition on a line, where its test holds (None: always)."""

    code: str
    text: str
    provision: Provision[Any]
    test: Step | None


def trace_notices(line: Line) -> list[Told]:
    """Return the notices and prohibitions whose categories fit the line."""
    found = []
    for family, code in (("prohibition", "prohibited"), ("notice", "law")):
        for provision in line.border.all(family).values():
            fit = applies(line, provision)
            if fit is not None:
                text = provision.value.subject if family == "prohibition" else provision.value.text
                test = (
                    all_of(f"{label_of(provision)} holds", *fit.tests, law=provision) if fit.tests else None
                )
                found.append(Told(code, text, provision, test))
    return found


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
    base = _sum(
        line, f"base of {words} at the sale", take.base or charge.base, binding.point, binding.provision
    )
    if charge.rate == "tax_class":
        rate, classes = rate_of_class(line, binding.point)
        raw = times(f"{words} at the sale, before rounding", base, rate)
        text = percentage(rate.constant)
        read: tuple[Provision[Any], ...] = (binding.provision, *classes)
    else:
        raw, text, more = _by_rate(line, f"{words} at the sale", charge, base, provision)
        read = (binding.provision, provision, *more)
    rule = take.rounding or charge.rounding
    amount = rounded(f"{words} at the sale", raw, _rounding(line, rule, provision.record), provision)
    return amount, Way(binding.test, base, text, read)
