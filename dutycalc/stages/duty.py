"""Duty: the rate that the tariff, the caller or a record of law gives, as steps."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from dutycalc.errors import DutycalcError, FactsError, NotModelledError
from dutycalc.expressions import Expression, parse
from dutycalc.law import Provision
from dutycalc.money import Money
from dutycalc.profile import ItemProfile
from dutycalc.schedules import Schedule
from dutycalc.stages.context import Line, Trace, in_range
from dutycalc.steps import Step, Unknown, because, given, missing
from dutycalc.tables import Special
from dutycalc.values import Frozen


class Tariff(Frozen):
    """What the tariff gives for a line: a duty with its record, or why it gives none."""

    duty: Provision[str] | None
    reason: str
    unknown: Unknown | None = None
    notices: tuple[str, ...] = ()
    trade_defence: tuple[str, ...] = ()


def look_up(schedule: Schedule | None, item: ItemProfile, day: date) -> Tariff | None:
    """Return what the tariff gives for an item on a day, or None where the tables hold no tariff.

    A claim that cannot hold is refused. A code that the tariff does not know is told, and refused only
    where the duty is needed.
    """
    if item.stated_duty is not None:
        return None
    if schedule is None:
        for kind, programme, _ in item.claims:
            raise NotModelledError(
                f"claims: no tariff in the tables says what {kind} {programme} gives", subject=programme
            )
        return None
    try:
        answer = schedule.lookup(item.commodity, item.origin, day)
    except FactsError as fault:
        return Tariff(None, "", Unknown("fact", "commodity", f"{fault}, or state the duty as stated_duty"))
    except DutycalcError as fault:
        return Tariff(None, "", Unknown("rate", "stated_duty", f"{fault}; state it as stated_duty"))
    defence = tuple(one.expression_text for one in answer.trade_defence)
    option, reason = answer.selected, answer.reason
    for kind, programme, _ in item.claims:
        if kind == "exclusion":
            continue
        option = schedule.claim(item.commodity, item.origin, day, programme, kind)  # type: ignore[arg-type]
        reason = f"{kind} claimed: {programme}"
    if option is None:
        lines = ", ".join(f"{code} ({text})" for code, text in answer.candidates[:12])
        text = f"commodity {item.commodity} needs more digits: its lines bear different duties: {lines}"
        return Tariff(None, "", Unknown("fact", "commodity", text), answer.notices)
    duty = option.measure.provision().replaced(value=option.expression_text)
    notices = tuple(dict.fromkeys((*answer.notices, *option.notices(day))))
    return Tariff(duty, reason, None, notices, defence)


def amount_of(
    trace: Trace,
    label: str,
    text: str,
    base: Step,
    measure: Callable[[str], Step],
    provision: Provision[Any] | None,
) -> tuple[Step, Expression]:
    """Return the unrounded amount of an expression on a base, with the measures that it needs."""
    expression = parse(text).on(trace.day)

    def money(amount: Money, name: str) -> Step:
        if provision is None:
            return trace.converted(name, given_number(name, amount))
        return trace.converted(name, trace.leaf(name, provision, amount.amount, amount.currency))

    return expression.trace(label, base, measure, law=provision, money=money), expression


def given_number(name: str, amount: Money) -> Step:
    """Return a number within an expression that the caller stated."""
    return Step(name, "law", constant=amount.amount, unit=amount.currency)


def by_tariff(
    line: Line, label: str, base: Step, provision: Provision[Any]
) -> tuple[Step, str, Provision[Any] | None]:
    """Return the duty by the item's stated expression, else by the tariff; missing where there is none."""
    stated = line.item.stated_duty
    if stated is not None:
        step, expression = amount_of(
            line, f"{label}, at the rate stated by the caller", stated, base, line.measure, None
        )
        return step, f"{expression} (stated)", None
    found = line.tariff
    if found is not None and found.duty is not None:
        law = found.duty
        line.reasons.append(because(f"tariff: {found.reason}", True, law))
        step, expression = amount_of(line, label, law.value, base, line.measure, law)
        return step, str(expression), law
    if found is not None and found.unknown is not None:
        return missing("rate of duty", found.unknown, provision, line.currency), "unknown", None
    reason = (
        f"the rate of duty on {line.item.commodity} into {line.profile.destination} is not in the tables; "
        "state it as stated_duty"
    )
    return (
        missing("rate of duty", Unknown("rate", "stated_duty", reason), provision, line.currency),
        "unknown",
        None,
    )


def by_special(line: Line, label: str, base: Step, provision: Provision[Special]) -> tuple[Step, str] | None:
    """Return the amount by a special rate, or None where none of its buckets holds the goods."""
    special = provision.value
    text = special.rate
    for bucket in special.buckets:
        named = any(in_range(line.item.commodity, entry) for entry in bucket.commodities)
        if named or not bucket.commodities:
            text = bucket.rate
            break
    if text is None:
        return None
    step, expression = amount_of(line, label, text, base, line.measure, provision)
    return step, f"{expression}{f' less {special.less}' if special.less else ''}"


def stated_charges(line: Line, label: str, kind: str, base: Step) -> list[Step]:
    """Return the charges of a kind that the caller vouches for, each before rounding."""
    found: list[Step] = []
    for place, one in enumerate(line.item.stated_charges):
        if one.kind != kind:
            continue
        name = one.name or f"{label}, stated by the caller"
        if one.expression is not None:
            found.append(amount_of(line, name, one.expression, base, line.measure, None)[0])
        else:
            amount = given(name, f"stated_charges[{place}]", one.currency)
            found.append(line.converted(name, amount))
    return found
