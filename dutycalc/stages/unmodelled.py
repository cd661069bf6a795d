"""Law that no table holds, and what the tables have to tell: marked on a line, never passed over."""

from __future__ import annotations

from typing import Any

from dutycalc.errors import MissingFactError
from dutycalc.law import Provision
from dutycalc.stages.context import Line, label_of, mismatch
from dutycalc.stages.relief import applies
from dutycalc.steps import Step, Unknown, all_of, decide, missing
from dutycalc.tables import Charge, Unmodelled
from dutycalc.values import Frozen


def not_in_tables(line: Line, kind: str | None, otherwise: Step | None = None) -> Step | None:
    """Return a missing amount where these goods may bear law of this kind that no table holds.

    Without a kind the law in question is no charge that a caller could state. `otherwise` is the amount
    where the goods do not bear it.
    """
    amount: Step | None = None
    for provision in line.border.all("unmodelled").values():
        record: Unmodelled = provision.value
        if record.when and all(mismatch(one, line, line.item) for one in record.when):
            continue
        try:
            fit = applies(line, provision) if record.kind == kind else None
        except MissingFactError as fault:
            return missing(record.subject, Unknown("fact", fault.fact, str(fault)), provision, line.currency)
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


def trade_defence(line: Line, provision: Provision[Charge]) -> Step | None:
    """Return a missing amount where the tariff names a trade defence measure whose duty it does not give."""
    if line.tariff is None or not line.tariff.trade_defence or provision.value.kind != "trade_defence":
        return None
    reason = (
        f"trade defence measures exist on {line.item.commodity} and their duties are not in the tables; "
        "state what applies, zero where none does, as a stated charge of kind trade_defence"
    )
    return missing("trade defence", Unknown("law", "trade_defence", reason), provision, line.currency)


def takes_stated(line: Line, kind: str) -> bool:
    """Tell whether the law here has a charge of a kind that a caller may state."""
    return any(
        one.value.kind == kind and one.value.rate == "stated" for one in line.border.all("charge").values()
    )


def is_on_top(line: Line, kind: str) -> bool:
    """Tell whether the tariff puts additional duties on top of the line's own, known or not."""
    found = line.tariff
    return kind == "additional_duty" and found is not None and bool(found.additional or found.uncertain)


def trace_unmodelled(line: Line) -> Step | None:
    """Return what is missing where law that is no charge may bear on the line and no table holds it."""
    unmodelled = not_in_tables(line, None)
    if (
        unmodelled is None
        and is_on_top(line, "additional_duty")
        and not takes_stated(line, "additional_duty")
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
