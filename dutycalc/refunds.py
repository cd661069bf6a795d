"""Refunds: what the law lets be claimed back of charges that are due, by whom, from whom and by when."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from dutycalc.decided import Decided
from dutycalc.law import Provision
from dutycalc.money import EXACT, Money
from dutycalc.stages.collection import Outcome
from dutycalc.stages.context import Line, Trace, consignment_mismatch, mismatch, names_goods
from dutycalc.tables import Condition
from dutycalc.tables import Refund as Rule
from dutycalc.values import Frozen
from dutycalc.words import Role

if TYPE_CHECKING:
    from dutycalc.assessment import Assessment


class Refund(Frozen):
    """What may be claimed back of one charge, on one line (`item`) or on the consignment (no `item`).

    `where` is `taken_twice` or `goods_returned`; `until` the last day for the claim, None where law sets
    none; `payer` the party or authority that pays back; `proof` what the claim needs.
    """

    item: str
    charge: str
    amount: Money
    where: str
    claimant: Role
    payer: str
    until: date | None
    proof: str
    provision: Provision[Rule]

    @property
    def text(self) -> str:
        """Return the refund as a sentence."""
        words = self.charge.replace("_", " ")
        why = "it is taken twice" if self.where == "taken_twice" else "the goods go back"
        by = f", until {self.until}" if self.until is not None else ""
        proof = f", with {self.proof}" if self.proof else ""
        payer = self.payer.replace("_", " ")
        claim = f"the {self.claimant} may claim it back from the {payer}{by}{proof}"
        return f"{words} of {self.amount}: if {why}, {claim}"


def refunds_of(one: Assessment) -> Iterator[Refund]:
    """Yield what may be claimed back of every charge that somebody collects; nothing due is changed by it."""
    laws = one.whole.trace.laws
    for name in {**laws["sale"].all("refund"), **laws["import"].all("refund")}:
        found: list[Refund] = []
        for place in (*range(len(one.lines)), None):
            item = "" if place is None else one.consignment.items[place].id
            trace = one.whole.trace if place is None else one.lines[place].trace
            for decided in one.decisions_on(place):
                refund = _refund(one, name, item, trace, decided)
                if refund is not None:
                    found.append(refund)
        if found and _enough(found):
            yield from found


def _enough(found: list[Refund]) -> bool:
    """Tell whether what one record lets be claimed is enough, all together, to be paid back."""
    least = found[0].provision.value.at_least
    if least is None:
        return True
    total = found[0].amount
    for each in found[1:]:
        total = total + each.amount
    return total >= least


def _refund(one: Assessment, name: str, item: str, trace: Trace, decided: Decided) -> Refund | None:
    outcome, amount = decided.outcome, decided.amount
    if not amount or outcome.model == "exempt":
        return None
    provision = trace.laws["sale" if outcome.at == "sale" else "import"].find("refund", name)
    if provision is None or decided.traced.name not in provision.value.of:
        return None
    rule: Rule = provision.value
    if (rule.where == "taken_twice" and outcome.risk is None) or not _applies(rule, trace, outcome):
        return None
    payer = outcome.collector if rule.payer == "collector" else rule.payer
    return Refund(
        item, decided.traced.name, Money(EXACT.plus(amount), one.currency), rule.where, rule.claimant,
        str(payer), _last_day(rule, one), rule.proof, provision,
    )  # fmt: skip


def _applies(rule: Rule, trace: Trace, outcome: Outcome) -> bool:
    """Tell whether the categories of a record fit a charge as it is collected."""
    if isinstance(trace, Line):
        if names_goods(rule.not_for, trace.item):
            return False
        if rule.only_for is not None and not names_goods(rule.only_for, trace.item):
            return False
    return not rule.when or any(_fits(one, trace, outcome) for one in rule.when)


def _fits(condition: Condition, trace: Trace, outcome: Outcome) -> bool:
    if condition.scheme and outcome.scheme not in condition.scheme:
        return False
    if outcome.scheme is not None and outcome.scheme in condition.not_scheme:
        return False
    if isinstance(trace, Line):
        return not mismatch(condition, trace, trace.item)
    return not consignment_mismatch(condition, trace)


def _last_day(rule: Rule, one: Assessment) -> date | None:
    day: Any = one.consignment.sold_on if rule.counted_from == "sale" else one.consignment.import_day
    if rule.within_days is not None:
        last: date = day + timedelta(days=rule.within_days)
        return last
    if rule.within_months is not None:
        from dateutil.relativedelta import relativedelta  # noqa: PLC0415 # only such a day pays for it

        last = day + relativedelta(months=rule.within_months)
        return last
    return None
