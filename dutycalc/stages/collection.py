"""Collection: which scheme takes a line, which party it binds, and who collects what no scheme takes."""

from __future__ import annotations

from typing import Any, Final

from dutycalc.errors import CurrencyError, MissingFactError
from dutycalc.law import Provision
from dutycalc.stages.context import Line, Point, Trace, consignment_mismatch, mismatch, possible
from dutycalc.stages.relief import applies
from dutycalc.steps import Step, all_of, because
from dutycalc.tables import BorderCollection, Charge, Registration, Returns, Scheme, Take
from dutycalc.values import Frozen, Thing
from dutycalc.words import SELLER_PAYS_DUTIES, Model, Moment, Role

PARTIES: Final = frozenset({"seller", "platform", "redeliverer", "payment_service", "buyer"})
"""Roles of parties that the caller states; whoever else collects is there without being stated."""


class Outcome(Thing):
    """Who is made to pay a charge, before the day and the number are known.

    `registration` is the key under which the collector's number is found; `returns` gives the due day.
    """

    model: Model
    at: str
    liable: Role | None
    collector: Role | None
    payer: Role | None
    moment: str | None
    scheme: str | None = None
    registration: str | None = None
    holder: Role | None = None
    declare: bool = False
    print: bool = False
    returns: Returns | None = None
    risk: str | None = None
    risk_test: Step | None = None
    provision: Provision[Any] | None = None
    otherwise: Outcome | None = None
    """The same outcome where the test of the risk does not hold."""


def _with_both(outcome: Outcome) -> Outcome:
    """Return an outcome that also holds what it is where its risk does not arise."""
    if outcome.risk_test is None:
        return outcome
    found: Outcome = outcome.replaced(otherwise=outcome.replaced(risk=None, risk_test=None))
    return found


class Binding(Frozen):
    """A scheme that may take a line: the party it binds, and the test that is left to decide."""

    name: str
    provision: Provision[Scheme]
    point: Point
    role: Role
    test: Step | None
    risk: str | None


def fits_picture(number: str, pictures: list[str]) -> bool:
    """Tell whether a number, its digits as `#`, has one of the pictures of its registration."""
    return not pictures or any(
        len(number) == len(picture) and all(map(_fits, picture, number)) for picture in pictures
    )


def _fits(mark: str, sign: str) -> bool:
    letter = sign.isascii() and sign.isupper()
    return (
        mark == sign
        or (mark == "@" and letter)
        or (mark == "*" and (letter or sign == "#"))
        or (mark.isdigit() and sign == "#")
    )


def party_of(trace: Trace, scheme: Scheme, point: Point) -> tuple[Role | None, str | None]:
    """Return the first party, in the law's order, that the scheme binds, and any fault of its number."""
    problem: str | None = None
    for role in scheme.liable:
        party = trace.profile.parties.get(role)
        if scheme.registration is None:
            if party is not None or role not in PARTIES:
                return role, None
            continue
        if party is None or _share_too_low(trace, scheme, role):
            continue
        number = party.registrations.get(scheme.registration)
        rule: Provision[Registration] | None = trace.laws[point].find("registration", scheme.registration)
        if number is not None and (rule is None or fits_picture(number, rule.value.pictures)):
            return role, None
        problem = problem or ("number_malformed" if number is not None else None)
        if scheme.first_present:
            return None, problem
        if not scheme.optional and _must_register(trace, scheme, role):
            return role, "number_malformed" if number is not None else "number_missing"
    return None, problem


def _share_too_low(trace: Trace, scheme: Scheme, role: Role) -> bool:
    """Tell whether too little of a party's supplies is of low value; asked of whoever holds the number."""
    if scheme.low_value_share is None or role == "buyer" or not possible(scheme, trace):
        return False
    stated = trace.profile.parties[role].low_value_share
    if stated is None:
        if scheme.registration not in trace.profile.parties[role].registrations:
            return False
        raise MissingFactError(
            f"{role}.low_value_share: the law asks what share of its supplies is of low value",
            fact=f"{role}.low_value_share",
        )
    return stated < scheme.low_value_share * 100


def _must_register(trace: Trace, scheme: Scheme, role: Role) -> bool:
    """Tell whether the party must register whether it has or not; an unstated turnover binds nobody."""
    if scheme.turnover is None:
        return True
    rule, party = scheme.turnover, trace.profile.parties[role]
    threshold = rule.at_least or rule.above
    assert threshold is not None
    tests = [(f"{role}.turnover", party.turnover, threshold)]
    if rule.world_above is not None:
        tests.append((f"{role}.world_turnover", party.world_turnover, rule.world_above))
    for name, stated, bound in tests:
        if stated is None:
            return False
        if stated.currency != bound.currency:
            raise CurrencyError(
                f"{name}: stated in {stated.currency}, the law measures it in {bound.currency}",
                currencies=(stated.currency, bound.currency),
            )
        if stated < bound or (stated == bound and not (bound is threshold and rule.at_least is not None)):
            return False
    return True


def bind(line: Line) -> list[Binding]:
    """Return the schemes that may take the line; of each charge, the first that takes it has it."""
    found: list[Binding] = []
    points: tuple[Point, Point] = ("sale", "import")
    for point in points:
        for name, provision in line.laws[point].all("scheme").items():
            scheme: Scheme = provision.value
            if scheme.tax_point != point or (
                scheme.when and all(mismatch(one, line, line.item) for one in scheme.when)
            ):
                continue
            role, risk = party_of(line, scheme, point)
            if role is None:
                if risk is not None or scheme.registration is not None:
                    text = f"{name}: no party holds a {'well-formed ' if risk else ''}number"
                    line.reasons.append(because(text, False, provision))
                continue
            fit = applies(line, provision, point)
            if fit is None:
                continue
            test = all_of(f"{name} takes the line", *fit.tests, law=provision) if fit.tests else None
            line.taken[name] = test
            found.append(Binding(name, provision, point, role, test, risk))
    return found


def at_sale(line: Line, binding: Binding) -> Outcome:
    """Return the outcome of a charge that a scheme takes with the price."""
    scheme = binding.provision.value
    return Outcome(
        model=scheme.model,
        at="sale",
        liable=binding.role,
        collector=scheme.collector or binding.role,
        payer="buyer",
        moment="checkout",
        scheme=binding.name,
        registration=scheme.registration,
        holder=binding.role,
        declare=scheme.declare,
        print=scheme.print,
        returns=scheme.returns,
        risk=binding.risk,
        provision=binding.provision,
    )


def at_border(
    line: Trace, charge: Charge, binding: Binding | None, offered: Risk | None, moment: Moment | None = None
) -> Outcome | None:
    """Return the outcome of a charge due on the declaration, or None where no record says whose it is."""
    delivered = line.profile.delivery_term in SELLER_PAYS_DUTIES
    payer: Role = "seller" if delivered else "buyer"
    moment = moment or ("checkout" if delivered else "delivery")
    risk = None if offered is None else "delivered_duty_paid_without_number" if delivered else offered.why
    test = None if offered is None else offered.test
    if binding is not None:
        scheme = binding.provision.value
        return _with_both(Outcome(
            model=scheme.model, at="border", liable=binding.role, collector=scheme.collector or binding.role,
            payer=payer, moment=moment, scheme=binding.name, registration=scheme.registration,
            holder=binding.role, declare=scheme.declare, print=scheme.print, returns=scheme.returns,
            risk=risk, risk_test=test, provision=binding.provision,
        ))  # fmt: skip
    for provision in line.border.all("border").values():
        rule: BorderCollection = provision.value
        if rule.when and all(consignment_mismatch(one, line) for one in rule.when):
            continue
        return _with_both(Outcome(
            model=rule.model, at="border", liable=charge.liable or rule.liable,
            collector=charge.collector or rule.collector, payer=payer, moment=moment, risk=risk,
            risk_test=test, provision=provision,
        ))  # fmt: skip
    return None


EXEMPT = Outcome(model="exempt", at="border", liable=None, collector=None, payer=None, moment=None)
"""Nobody collects: the law relieves the charge, or waives it."""


def _takes(line: Line, scheme: Scheme, charge: str) -> bool:
    """Tell whether a scheme takes a charge at the sale, or another of the same kind in its stead."""
    take = scheme.takes.get(charge)
    if take != "relieved":
        return take is not None
    charges = line.border.all("charge")
    kind = charges[charge].value.kind
    return any(
        isinstance(other, Take) and name in charges and charges[name].value.kind == kind
        for name, other in scheme.takes.items()
    )


class Risk(Frozen):
    """Why a charge may be taken twice, and the test on values under which it may."""

    why: str
    test: Step | None


def offered_scheme(line: Line, charge: str) -> Risk | None:
    """Return the risk that a charge is taken twice: a scheme could take it and lacks a well-formed number."""
    for name, provision in line.laws["sale"].all("scheme").items():
        scheme: Scheme = provision.value
        if name in line.taken or scheme.tax_point != "sale" or not _takes(line, scheme, charge):
            continue
        if scheme.registration is None or "buyer" in scheme.liable:
            continue
        if scheme.when and all(mismatch(one, line, line.item) for one in scheme.when):
            continue
        role, problem = party_of(line, scheme, "sale")
        if role is not None or not any(_could_hold(line, scheme, one) for one in scheme.liable):
            continue
        fit = applies(line, provision, "sale")
        if fit is not None:
            test = all_of(f"{name} could take the line", *fit.tests, law=provision) if fit.tests else None
            return Risk(problem or "number_missing", test)
    return None


def _could_hold(line: Line, scheme: Scheme, role: Role) -> bool:
    """Tell whether a party could hold a scheme's number: it is there, and its turnover does not free it."""
    party = line.profile.parties.get(role)
    if party is None:
        return False
    if _share_too_low(line, scheme, role):
        return False
    rule = scheme.turnover
    if rule is None or party.turnover is None:
        return True
    if rule.world_above is not None and party.world_turnover is None:
        return True
    return _must_register(line, scheme, role)
