"""Hypotheses: what would have been charged under another day's law, another regime, or another rate."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal, localcontext
from typing import Any, Final, get_args

from dutycalc.assessment import Assessment
from dutycalc.auditing.dues import Owed, due_of, owed_on, total
from dutycalc.auditing.findings import Cause
from dutycalc.decided import decide, unknown
from dutycalc.errors import DutycalcError
from dutycalc.expressions import parse
from dutycalc.goods import Consignment, Party
from dutycalc.law import ALWAYS
from dutycalc.money import EXACT, MODES, Money, Rounding, plain, quantum
from dutycalc.number_checks import placeholder
from dutycalc.steps import CROSSING, Program, careful
from dutycalc.tables import RoundingRule
from dutycalc.values import Frozen
from dutycalc.words import BuyerKind, Channel, Purpose

A_DAY: Final = timedelta(days=1)

CHANGES_TRIED: Final = 24
"""Changes of law, the nearest to the day first, whose law is tried on either side of a day."""

Assess = Callable[[Consignment, frozenset[str]], Assessment]
"""Assesses a changed consignment, in the readings of disputed rules that it is given besides."""


class Hypothesis(Frozen):
    """What would be owed if the law were misread in one way, and which way that is.

    A `guessed` one has a rate that stands nowhere: it is no evidence on one charge alone.
    """

    cause: Cause
    text: str
    owed: Owed
    guessed: bool = False


def hypotheses(
    found: Assessment, item: str, assess: Assess, rates: Sequence[Decimal]
) -> Iterator[Hypothesis]:
    """Yield misreadings of the law of a consignment, in the order of causes; for one item where it is named.

    `rates` are rates of duty that what was booked suggests. A misreading that is refused is left out.
    """
    yield from _other_days(found, item, assess)
    if item:
        yield from _other_outcomes(found, item)
    yield from _other_regimes(found, assess)
    if item:
        yield from _other_rates(found, item, assess, rates)


def changed(cart: Consignment, **changes: Any) -> Consignment:
    """Return the consignment with some fields changed; FactsError where they do not fit together."""
    return Consignment(**{name: getattr(cart, name) for name in cart.model_fields_set} | changes)


def _tried(
    cause: Cause,
    text: str,
    found: Assessment,
    assess: Assess,
    changes: Mapping[str, Any],
    variants: frozenset[str] = frozenset(),
) -> Iterator[Hypothesis]:
    try:
        other = owed_on(assess(changed(found.consignment, **changes), variants))
    except DutycalcError:
        return
    yield Hypothesis(cause, text, other)


# Another day


def _other_days(found: Assessment, item: str, assess: Assess) -> Iterator[Hypothesis]:
    """Yield the law of the cart's other day, then of the days next to each change, the nearest first."""
    cart = found.consignment
    sold, imported = cart.sold_on, cart.import_day
    if sold != imported:
        text = f"the law of the day of sale, {sold}, on all charges"
        yield from _tried("wrong day", text, found, assess, {"imported_on": sold})
        text = f"the law of the day of import, {imported}, on all charges"
        yield from _tried("wrong day", text, found, assess, {"sold_on": imported, "imported_on": imported})
    tried = {(sold, imported)}
    for day, text in _neighbours(found, item):
        for pair in ((day, day), (sold, day), (day, imported)):
            if pair not in tried and pair[0] <= pair[1]:
                tried.add(pair)
                days = {"sold_on": pair[0], "imported_on": pair[1]}
                yield from _tried("wrong day", text, found, assess, days)


def _neighbours(found: Assessment, item: str) -> list[tuple[date, str]]:
    """Return the last day of earlier law and the first day of later law, the nearest to the cart's first."""
    sold, imported = found.consignment.sold_on, found.consignment.import_day
    changes = set(found.territory.changes) | _days_of_tariff(found, item)
    days: dict[date, str] = {}
    for change in changes:
        if change <= imported:
            before = change - A_DAY
            days[before] = f"the law as it stood until {before}"
        if change > sold:
            days[change] = f"the law as it stands only from {change}"
    near = sorted(days, key=lambda day: (min(abs(day - sold), abs(day - imported)), day))
    return [(day, days[day]) for day in near[:CHANGES_TRIED]]


def _days_of_tariff(found: Assessment, item: str) -> set[date]:
    """Return the days on which the lines of the tariff that the charges rest on begin, or end."""
    days: set[date] = set()
    for place, one in enumerate(found.consignment.items):
        if item in ("", one.id):
            for decided in found.decisions_on(place):
                for record in decided.way.provisions:
                    days.add(record.valid_from)
                    days |= {record.valid_until + A_DAY} if record.valid_until != ALWAYS else set()
    return days - {date.min}


# Another regime


def _other_outcomes(found: Assessment, item: str) -> Iterator[Hypothesis]:
    """Yield what is owed if one test on the line had come out the other way: a limit, a relief, a scheme."""
    place = next(n for n, one in enumerate(found.consignment.items) if one.id == item)
    line, values = found.lines[place], found.line_values[place]
    whole = owed_on(found)
    others = [due for due in whole.dues if due.item != item]
    for label, flipped in _flipped(line.program, values):
        decided = [decide(one, line.program, flipped) for one in line.charges]
        if any(one.amount is None for one in decided):
            continue
        own = (due_of(found, item, one) for one in decided)
        yield Hypothesis("wrong regime", label, whole.replaced(dues=(*others, *own)))


def _flipped(program: Program, values: list[Any]) -> Iterator[tuple[str, list[Any]]]:
    """Yield the values of a line's steps with one test turned round, and that test in words."""
    tests: dict[tuple[str, str], list[int]] = {}
    for n, step in enumerate(program.steps):
        if isinstance(values[n], bool) and step.op != "because":
            tests.setdefault((step.label, step.law.record if step.law else ""), []).append(n)
    for (label, record), places in tests.items():
        law = f" ({record})" if record else ""
        was = values[places[0]]
        text = f"as though this were {'not ' if was else ''}so: {label}{law}"
        try:
            yield text, _again(program, values, {n: not values[n] for n in places})
        except ArithmeticError:
            continue


def _again(program: Program, values: list[Any], forced: dict[int, bool]) -> list[Any]:
    """Return the values once more with some of them forced; what crosses from the whole stays as it was."""
    found = list(values)
    moved: set[int] = set()
    with localcontext(EXACT):
        for n, step in enumerate(program.steps):
            if n in forced:
                found[n] = forced[n]
                moved.add(n)
            elif step.op not in CROSSING and moved.intersection(program.inputs[n]):
                found[n] = careful(step, [found[k] for k in program.inputs[n]], _no_fact, _no_fact)
                moved.add(n)
    return found


def _no_fact(*_: Any) -> Any:
    raise AssertionError("a step that has inputs is neither a fact nor read from the whole")


def _other_regimes(found: Assessment, assess: Assess) -> Iterator[Hypothesis]:
    """Yield the consignment with one circumstance changed: a channel, a party, a number, a reading."""
    cart = found.consignment
    words: tuple[tuple[str, tuple[str, ...]], ...] = (
        ("channel", get_args(Channel)), ("purpose", get_args(Purpose)[:2]),
    )  # fmt: skip
    for field, options in words:
        for word in options:
            if word != getattr(cart, field):
                text = f"{field} {word} in place of {getattr(cart, field)}"
                yield from _tried("wrong regime", text, found, assess, {field: word})
    for kind in get_args(BuyerKind):
        if kind != cart.buyer.kind:
            buyer = {"kind": kind, "registrations": cart.buyer.registrations}
            text = f"a {kind} as buyer in place of a {cart.buyer.kind}"
            yield from _tried("wrong regime", text, found, assess, {"buyer": buyer})
    for role in ("platform", "seller", "redeliverer"):
        party: Party | None = getattr(cart, role)
        if party is None:
            continue
        if party.registrations:
            bare = Party(country=party.country, turnover=party.turnover)
            text = f"as though the {role} held no number"
            yield from _tried("wrong regime", text, found, assess, {role: bare})
        yield from _registered(found, assess, role, party)
        text = f"as though no {role} took part"
        yield from _tried("wrong regime", text, found, assess, {role: None})
    if cart.platform is None:
        yield from _registered(found, assess, "platform", Party())
    for variant in found.territory.variants():
        text = f"the other reading of a disputed rule, {variant}"
        yield from _tried("wrong regime", text, found, assess, {}, frozenset({variant}))


def _registered(found: Assessment, assess: Assess, role: str, party: Party) -> Iterator[Hypothesis]:
    """Yield the consignment with the party registered for each scheme that binds its role."""
    law = found.territory.law(found.consignment.sold_on)
    for name, provision in law.all("scheme").items():
        key = provision.value.registration
        if role not in provision.value.liable or key is None or key in party.registrations:
            continue
        rule = law.find("registration", key)
        number = placeholder(rule.value.pictures if rule is not None else ())
        held = Party(
            country=party.country, registrations=party.registrations | {key: number}, turnover=party.turnover
        )
        text = f"as though the {role} were registered for {name}"
        yield from _tried("wrong regime", text, found, assess, {role: held})


# Another rate


def _other_rates(
    found: Assessment, item: str, assess: Assess, rates: Sequence[Decimal]
) -> Iterator[Hypothesis]:
    """Yield the line in every other tax class, with the tariff's other duties, and with those suggested."""
    cart = found.consignment
    place = next(n for n, one in enumerate(cart.items) if one.id == item)
    line = cart.items[place]

    def tried(text: str, **changes: Any) -> Iterator[Hypothesis]:
        stated = {name: getattr(line, name) for name in line.model_fields_set} | changes
        items = [*cart.items[:place], type(line)(**stated), *cart.items[place + 1 :]]
        yield from _tried("wrong rate", text, found, assess, {"items": items})

    classes = found.territory.law(cart.import_day).all("tax_class")
    for name in classes:
        if name != line.tax_class:
            yield from tried(f"tax class {name} in place of {line.tax_class}", tax_class=name)
    for option in found.options_on(place):
        if not option.selected and _is_duty(option.expression):
            why = f"{option.kind}, {option.expression}: {option.reason}"
            yield from tried(f"another duty of the tariff, {why}", stated_duty=option.expression)
    for rate in rates:
        for one in tried(f"a duty of {plain(rate)}%", stated_duty=f"{plain(rate)}%"):
            yield one.replaced(guessed=True)


def _is_duty(expression: str) -> bool:
    try:
        parse(expression)
    except DutycalcError:
        return False
    return True


# Rounding


class Exact(Frozen):
    """A charge of a line before it is rounded, and the unit to which the law rounds it."""

    amount: Decimal
    unit: Decimal
    mode: str
    per: str


def exact_of(found: Assessment, item: str, name: str) -> Exact | None:
    """Return a charge of a line before rounding, or None where no rounding made it."""
    places = [n for n, one in enumerate(found.consignment.items) if one.id == item]
    if not places:
        return None
    line, values = found.lines[places[0]], found.line_values[places[0]]
    program = line.program
    traced = next((one for one in line.charges if one.name == name), None)
    if traced is None:
        return None
    rule: RoundingRule = traced.provision.value.rounding
    at = program.place(traced.amount)
    while program.steps[at].op == "decide":
        test, yes, no = program.inputs[at]
        at = yes if values[test] else no
    step = program.steps[at]
    if step.op == "round":
        rounding: Rounding = step.constant
        exact = values[program.inputs[at][0]]
        return None if unknown(exact) else Exact(exact, rounding.unit, rounding.mode, "line")
    raw = program.names.get(f"raw:{name}")
    if step.op == "part" and raw is not None and not unknown(values[raw]):
        unit = rule.to.amount if isinstance(rule.to, Money) else quantum(found.currency)
        return Exact(values[raw], unit, rule.mode, "consignment")
    return None


def rounded_otherwise(exact: Sequence[Exact], charged: Decimal, currency: str) -> str | None:
    """Return which other rounding of one or more lines gives what was charged; None where none does."""
    unit, law, per = exact[0].unit, exact[0].mode.replace("_", " "), exact[0].per
    minor = quantum(currency)
    said = f"the law rounds {law} to {plain(unit)} on the {per}"
    whole = total(one.amount for one in exact)
    if charged == whole:
        return f"not rounded; {said}"
    for to in dict.fromkeys((unit, minor)):
        for mode in MODES:
            rounding = Rounding(to, mode)
            if charged == rounding.apply(whole):
                how = "on the total" if len(exact) > 1 else "on the line"
                return f"rounded {rounding} {how}; {said}"
            if charged == total(rounding.apply(one.amount) for one in exact):
                return f"rounded {rounding} on each line; {said}"
    return None
