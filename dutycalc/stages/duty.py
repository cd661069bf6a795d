"""Duty: the rate that the tariff, the caller or a record of law gives, as steps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, Final, Literal, get_args

from dutycalc.errors import DutycalcError, FactsError, NotInForceError, NotModelledError
from dutycalc.expression_tree import AdValorem
from dutycalc.expression_working import stated_number
from dutycalc.expressions import Expression, parse
from dutycalc.law import Provision
from dutycalc.lookups import Lookup, Option, listed
from dutycalc.money import Money
from dutycalc.profile import ItemProfile
from dutycalc.schedules import Schedule
from dutycalc.stages.context import Line, Trace, in_range
from dutycalc.stages.relief import applies
from dutycalc.steps import Step, Unknown, add, because, given, greatest, least, missing
from dutycalc.tables import GeneralRate, Special
from dutycalc.values import Frozen

Classification = Literal["strict", "lowest", "highest"]
"""What to do with a code whose lines bear different duties: refuse it, or take the lowest or highest duty."""

CLASSIFICATIONS: Final[tuple[str, ...]] = get_args(Classification)


class Tariff(Frozen):
    """What the tariff gives for a line: a duty with its record, or why it gives none.

    `candidates` are the duties of the lines that the code covers, where the caller chose to take the
    lowest or the highest of them; `classified` says so in words. `options` are all that the tariff
    offers, those under `candidates` first and in the same order; `selected` is the one that applies.
    `additional` come on top of it; `uncertain` may, on a part of the lines or for some origins.
    """

    duty: Provision[str] | None
    reason: str
    unknown: Unknown | None = None
    notices: tuple[str, ...] = ()
    trade_defence: tuple[str, ...] = ()
    candidates: tuple[Provision[str], ...] = ()
    classification: Classification = "strict"
    classified: str = ""
    options: tuple[Option, ...] = ()
    selected: Option | None = None
    additional: tuple[Provision[str], ...] = ()
    uncertain: tuple[str, ...] = ()

    def gives(self, provision: Provision[Any]) -> bool:
        """Tell whether a record is the duty that the tariff gives, or one that it may be."""
        return any(one is provision for one in (self.duty, *self.candidates))


def look_up(
    schedule: Schedule | None, item: ItemProfile, day: date, classification: Classification = "strict"
) -> Tariff | None:
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
    lines = tuple((one.codes[0], one.selected) for one in answer.lines if one.selected is not None)
    for kind, programme, _ in item.claims:
        if kind == "exclusion":
            continue
        asked: Any = (item.commodity, item.origin, day, programme, kind)
        reason = f"{kind} claimed: {programme}"
        try:
            option = schedule.claim(*asked)
        except FactsError:
            if classification == "strict":
                raise
            option, lines = None, schedule.claim_by_line(*asked)
    if option is None:
        found = _by_line(answer, item, classification, lines, reason)
    else:
        notices = tuple(dict.fromkeys((*answer.notices, *option.notices(day))))
        options = (option, *(one for one in answer.options if one is not option))
        options = tuple(sorted(options, key=lambda one: one.rank))
        found = Tariff(_record(option), reason, None, notices, options=options, selected=option)
    within = ("", *schedule.groups.of(item.origin, day))
    certain = [
        one for one in answer.additional
        if one.origin_group in within and all(one in line.additional for line in answer.lines)
    ]  # fmt: skip
    return found.replaced(  # type: ignore[no-any-return]
        trade_defence=defence,
        additional=tuple(one.provision() for one in certain),
        uncertain=tuple(
            f"{one.code} {one.expression_text}" for one in answer.additional if one not in certain
        ),
    )


def _record(option: Option) -> Provision[str]:
    return option.measure.provision().replaced(value=option.expression_text)  # type: ignore[no-any-return]


def _by_line(
    answer: Lookup,
    item: ItemProfile,
    classification: Classification,
    lines: Sequence[tuple[str, Option]],
    reason: str,
) -> Tariff:
    """Return the different duties of the lines that a code covers, to be refused or chosen from."""
    different: dict[str, Option] = {}
    for _, option in lines:
        different.setdefault(option.expression_text, option)
    options = (*different.values(), *(one for one in answer.options if one not in different.values()))
    shown = listed([(code, one.expression_text) for code, one in lines])
    text = f"commodity {item.commodity} needs more digits: its lines bear different duties: {shown}"
    told = [text for one in different.values() for text in one.notices(answer.day)]
    notices = tuple(dict.fromkeys((*answer.notices, *told)))
    if classification == "strict":
        return Tariff(None, "", Unknown("fact", "commodity", text), notices, options=options)
    return Tariff(
        None,
        reason,
        None,
        notices,
        candidates=tuple(_record(one) for one in different.values()),
        classification=classification,
        classified=f"{text}; the {classification} duty of them is taken, as the caller chose",
        options=options,
    )


def amount_of(
    trace: Trace,
    label: str,
    text: str,
    base: Step,
    measure: Callable[[str], Step],
    source: Provision[Any] | str,
) -> tuple[Step, Expression]:
    """Return the unrounded amount of an expression on a base, with the measures that it needs.

    `source` is the record that holds the expression, or the fact by which the caller states it.
    """
    expression = parse(text).on(trace.day)

    law, stated = (None, source) if isinstance(source, str) else (source, "")

    def money(amount: Money, name: str) -> Step:
        if law is None:
            return trace.converted(name, stated_number(name, stated, amount.amount, amount.currency))
        return trace.converted(name, trace.leaf(name, law, amount.amount, amount.currency))

    return expression.trace(label, base, measure, law=law, money=money, stated=stated), expression


def by_tariff(
    line: Line, label: str, base: Step, provision: Provision[Any]
) -> tuple[Step, str, tuple[Provision[Any], ...]]:
    """Return the duty by the item's stated expression, else by the tariff; missing where there is none.

    With it come the rate as text and the records that hold it.
    """
    stated = line.item.stated_duty
    if stated is not None:
        step, expression = amount_of(
            line, f"{label}, at the rate stated by the caller", stated, base, line.measure, "stated_duty"
        )
        return step, f"{expression} (stated)", ()
    if line.tariff is None:
        line.tariff = _general_rate(line)
    found: Tariff | None = line.tariff
    if found is not None and found.duty is not None:
        law = found.duty
        line.reasons.append(because(f"tariff: {found.reason}", True, law))
        step, expression = amount_of(line, label, law.value, base, line.measure, law)
        return step, str(expression), (law,)
    if found is not None and found.candidates:
        return _by_classification(line, label, base, found)
    if found is not None and found.unknown is not None:
        return missing("rate of duty", found.unknown, provision, line.currency), "unknown", ()
    reason = (
        f"the rate of duty on {line.item.commodity} into {line.profile.destination} is not in the tables; "
        "state it as stated_duty"
    )
    return (
        missing("rate of duty", Unknown("rate", "stated_duty", reason), provision, line.currency),
        "unknown",
        (),
    )


def _general_rate(line: Line) -> Tariff | None:
    """Return the rate that most goods bear, in the place of a tariff that is not in the tables."""
    for provision in line.border.all("general_rate").values():
        record: GeneralRate = provision.value
        if applies(line, provision) is not None:
            source = provision.citations[0].title
            told = f"{record.rate} is the general rate of duty, no tariff being in the tables ({source})"
            law = provision.replaced(value=record.rate)
            return Tariff(law, f"general rate of {line.border.code}", None, (f"{told}; {record.exceptions}",))
    return None


def _by_classification(
    line: Line, label: str, base: Step, found: Tariff
) -> tuple[Step, str, tuple[Provision[Any], ...]]:
    """Return the lowest or the highest of the duties that a short code may bear, all of them shown.

    Where one of them cannot be reckoned, neither can the lowest or the highest.
    """
    line.reasons.append(because(f"tariff: {found.reason}; the {found.classification} is chosen", True))
    each: list[Step] = []
    texts: list[str] = []
    for law in found.candidates:
        step, expression = amount_of(
            line, f"{label}, if it bears {law.value}", law.value, base, line.measure, law
        )
        each.append(step)
        texts.append(str(expression))
    line.candidates = tuple(each)
    choose = least if found.classification == "lowest" else greatest
    chosen = choose(f"{label}, the {found.classification}", *each)
    return chosen, f"{found.classification} of {', '.join(texts)}", found.candidates


def additional_duties(
    line: Line, label: str, base: Step, provision: Provision[Any]
) -> tuple[Step, str, tuple[Provision[Any], ...]] | None:
    """Return the duties that the tariff puts on top of any option, or None where there is none on the day.

    They are missing where the tariff does not tell whether they strike the line.
    """
    found: Tariff | None = line.tariff
    if found is not None and found.uncertain:
        reason = (
            f"the tariff may put additional duties on {line.item.commodity}: {', '.join(found.uncertain)}; "
            "state what applies, zero where none does, as a stated charge of kind additional_duty"
        )
        unknown = Unknown("law", "additional_duty", reason)
        return missing("additional duty", unknown, provision, line.currency), "unknown", ()
    steps: list[Step] = []
    texts: list[str] = []
    records: list[Provision[Any]] = []
    for law in found.additional if found is not None else ():
        try:
            step, expression = amount_of(line, f"{label}, {law.value}", law.value, base, line.measure, law)
        except NotInForceError:
            continue
        steps.append(step)
        texts.append(str(expression))
        records.append(law)
    if not steps:
        return None
    whole = steps[0] if len(steps) == 1 else add(label, *steps)
    return whole, " + ".join(texts), tuple(records)


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


def stated_charges(line: Line, label: str, kind: str, base: Step, *, based: bool = True) -> list[Step]:
    """Return the charges of a kind that the caller vouches for, each before rounding.

    FactsError for a percentage of a charge that the tables do not base on any value: it is not `based`.
    """
    found: list[Step] = []
    for place, one in enumerate(line.item.stated_charges):
        if one.kind != kind:
            continue
        name = one.name or f"{label}, stated by the caller"
        if one.expression is not None:
            fact = f"stated_charges[{place}].expression"
            if not based and any(isinstance(each, AdValorem) for each in parse(one.expression).walk()):
                raise FactsError(
                    f"{fact}: {one.expression} of what? The tables of {line.border.code} base {kind} on no "
                    "value; state the amount",
                    fact=fact,
                )
            found.append(amount_of(line, name, one.expression, base, line.measure, fact)[0])
        else:
            amount = given(name, f"stated_charges[{place}]", one.currency)
            found.append(line.converted(name, amount))
    return found
