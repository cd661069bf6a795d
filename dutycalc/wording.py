"""Law in words: what a record of the tables says, in a sentence to hold against its source."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any, Final

from dutycalc.law import Provision
from dutycalc.money import plain
from dutycalc.tables import (
    BorderCollection,
    Bucket,
    Charge,
    Condition,
    Currency,
    ExchangeRule,
    FurtherMeasure,
    GeneralRate,
    Goods,
    GoodsList,
    Layer,
    Limit,
    MemberOf,
    Notice,
    Prohibition,
    Refund,
    Registration,
    Relief,
    Returns,
    RoundingRule,
    Scheme,
    Scoped,
    Special,
    Take,
    TaxClassRule,
    Turnover,
    Unmodelled,
    ValueRule,
    Waiver,
)

EVERY: Final = {
    "month": "monthly", "two_months": "two-monthly", "quarter": "quarterly", "half_year": "half-yearly",
    "year": "yearly",
}  # fmt: skip

FIRST_PRESENT: Final = "only the first of them that is a party to the sale may use it"

_RATES: Final = {
    "schedule": "the rate of the tariff",
    "tax_class": "the rate of the goods' tax class",
    "stated": "what the caller states",
    "layers": "the rate of the layer that bears on the line",
}

_PER: Final = {
    "line": "for each line",
    "consignment": "for the consignment",
    "item": "for each item",
    "tariff_line": "for each tariff line",
}

_PORTIONS: Final = {
    "whole": "not due",
    "excess": "due only on the part above the limit",
    "whole_items": "not due on the whole items that fit within the limit",
}


def spaced(name: str) -> str:
    """Return a name of the tables with its words apart."""
    return name.replace("_", " ")


def joined(words: Iterable[str], last: str = "and") -> str:
    """Return words as a sentence lists them."""
    each = list(words)
    return each[0] if len(each) == 1 else f"{', '.join(each[:-1])} {last} {each[-1]}" if each else "nothing"


def percentage(share: Decimal) -> str:
    """Return a share as a percentage, with all its digits."""
    number = plain(share * 100)
    return f"{number.rstrip('0').rstrip('.') if '.' in number else number}%"


def goods_in_words(goods: Goods) -> str:
    """Return the goods that a rule names."""
    found = []
    if goods.commodities:
        found.append(f"commodities {', '.join(goods.commodities)}")
    if goods.lists:
        found.append(f"goods of the list {joined(map(spaced, goods.lists), 'or')}")
    if goods.tax_classes:
        found.append(f"tax class {joined(map(spaced, goods.tax_classes), 'or')}")
    if goods.origins:
        found.append(f"goods of {joined(goods.origins, 'or')}")
    found += [f"goods whose {spaced(fact)} is {joined(each, 'or')}" for fact, each in goods.facts.items()]
    return "; ".join(found)


def condition_in_words(condition: Condition) -> str:
    """Return one condition; all of its parts must hold."""
    found = [
        _PHRASES[name].format(joined(map(spaced, entries) if name in _SLUGS else entries, "or"))
        for name in Condition.model_fields
        if name != "facts" and (entries := getattr(condition, name))
    ]
    found += [
        f"{spaced(fact)} of the goods is {joined(each, 'or')}" for fact, each in condition.facts.items()
    ]
    return ", ".join(found) or "always"


_PHRASES: Final = {
    "channel": "sent by {}",
    "transport_mode": "carried by {}",
    "purpose": "the purpose is {}",
    "buyer": "the buyer is a {}",
    "not_sender": "the sender is stated to be no {}",
    "delivery_term": "the delivery term is {}",
    "dispatch": "dispatched from {}",
    "not_dispatch": "not dispatched from {}",
    "origin": "originating in {}",
    "not_origin": "not originating in {}",
    "scheme": "taken by {}",
    "not_scheme": "not taken by {}",
    "registered": "a party is registered for {}",
    "not_registered": "no party is registered for {}",
    "elected": "{} is elected",
    "not_elected": "{} is not elected",
    "claims": "the preference of {} is claimed",
}

_SLUGS: Final = frozenset({"elected", "not_elected"})


def scope_in_words(record: Scoped) -> tuple[str, ...]:
    """Return in which circumstances a record applies, one phrase for each that must hold; none for always."""
    found = []
    if record.when:
        found.append(" — or ".join(condition_in_words(one) for one in record.when))
    if record.within is not None:
        found.append(f"within the limit {spaced(record.within)}")
    if record.above is not None:
        found.append(f"above the limit {spaced(record.above)}")
    if record.only_for is not None:
        found.append(f"only for {goods_in_words(record.only_for)}")
    if record.not_for is not None:
        found.append(f"not for {goods_in_words(record.not_for)}")
    return tuple(found)


def bound_in_words(limit: Limit | FurtherMeasure | Waiver) -> str:
    """Return the comparator and the amount of a limit."""
    return f"at most {limit.at_most}" if limit.at_most is not None else f"below {limit.below}"


def limit_in_words(limit: Limit) -> str:
    """Return what a limit measures, per what, how it compares, and what else must be within."""
    text = f"{joined(map(spaced, limit.measure))} {_PER[limit.per]} {bound_in_words(limit)}"
    for further in limit.also:
        text += f", and {spaced(further.measure)} {bound_in_words(further)}"
    if limit.history is not None:
        text += f", with {_WHOSE[limit.history_of]} in the {spaced(limit.history)}"
    for one in limit.counts:
        whose = "" if one.of == "consignee" else " from one sender"
        text += f", for at most {one.at_most}{whose} in a {spaced(one.per)}"
    if limit.not_for is not None:
        text += f"; outside: {goods_in_words(limit.not_for)}"
    return text


_WHOSE: Final = {
    "consignee": "what the consignee has already had",
    "sender": "what the sender has already sent the consignee",
}


def rounding_in_words(rule: RoundingRule) -> str:
    """Return how an amount is rounded."""
    to = "the minor unit" if isinstance(rule.to, str) else str(rule.to)
    per = "" if rule.per == "line" else " on the sum of the consignment"
    kept = "" if rule.carries == "rounded" else ", other charges resting on the unrounded amount"
    return f"rounded {spaced(rule.mode)} to {to}{per}{kept}"


def returns_in_words(returns: Returns) -> str:
    """Return the period of a return and when it is due."""
    ends = f", periods ending in months {', '.join(map(str, returns.ends))}" if returns.ends else ""
    but = "".join(
        f", but for those ending in month {one.ends_in} by {_due_in_words(one.day, one.months_after)}"
        for one in returns.but
    )
    if returns.business_day is not None:
        by = f"business day {returns.business_day} {_month_in_words(returns.months_after)}"
    else:
        by = _due_in_words(returns.day, returns.months_after)
    return f"{EVERY[returns.every]}, due by {by}{ends}{but}"


def _due_in_words(day: int | str, months_after: int) -> str:
    by = "the last day" if day == "last" else f"day {day}"
    return f"{by} {_month_in_words(months_after)}"


def _month_in_words(months_after: int) -> str:
    if months_after == 1:
        return "of the month after"
    return f"of the month {months_after} months after" if months_after else "of its last month"


def turnover_in_words(turnover: Turnover) -> str:
    """Return from which turnover a party must register."""
    world = f" and above {turnover.world_above} in the world" if turnover.world_above is not None else ""
    if turnover.at_least is not None:
        return f"turnover of at least {turnover.at_least}{world}"
    return f"turnover above {turnover.above}{world}"


def take_in_words(charge: str, take: Take | str) -> str:
    """Return how a scheme takes one charge."""
    if isinstance(take, str):
        return f"{spaced(charge)} is relieved"
    base = f" on {' + '.join(map(spaced, take.base))}" if take.base else ""
    rounding = f", {rounding_in_words(take.rounding)}" if take.rounding is not None else ""
    moment = f", paid at {take.moment}" if take.moment is not None else ""
    return f"{spaced(charge)} is taken at the {take.at}{base}{rounding}{moment}"


def liable_in_words(roles: Iterable[str]) -> str:
    """Return the roles that the law makes liable, in its order."""
    return ", else ".join(f"the {one}" for one in roles)


def _goods_rate(rate: str | None, buckets: Iterable[Bucket]) -> str:
    if rate is not None:
        return rate
    return "; ".join(
        f"{one.rate} on {', '.join(one.commodities) if one.commodities else 'all other goods'}"
        for one in buckets
    )


def _charge(name: str, one: Charge) -> str:
    base = f" on {' + '.join(map(spaced, one.base))}" if one.base else ""
    per = f", {_PER[one.per]}" if one.per != "line" else ""
    digits = f" of {one.digits} digits" if one.digits else ""
    inclusive = ", the base including the charge itself" if one.inclusive else ""
    if one.excess_of is not None:
        inclusive += f", on what exceeds the limit {spaced(one.excess_of)}"
    first = f", the base {rounding_in_words(one.base_rounding)}" if one.base_rounding is not None else ""
    who = f"; owed by the {one.liable}" if one.liable is not None else ""
    who += f"; collected by the {one.collector}" if one.collector is not None else ""
    rate = _RATES.get(one.rate, one.rate)
    kind = spaced(one.kind)
    titled = (one.title or spaced(name)) + (
        "" if kind.lower() == (one.title or spaced(name)).lower() else f" ({kind})"
    )
    return f"{titled}: {rate}{base}{per}{digits}{inclusive}{first}, {rounding_in_words(one.rounding)}{who}"


def _value(name: str, one: ValueRule) -> str:
    factor = f", times {percentage(one.factor)}" if one.factor is not None else ""
    of = f", in place of the {spaced(one.of)}" if one.of is not None else ""
    rounding = f", {rounding_in_words(one.rounding)}" if one.rounding is not None else ""
    return f"{spaced(name)} is {' + '.join(map(spaced, one.parts))}{factor}{rounding}{of}"


def _tax_class(name: str, one: TaxClassRule) -> str:
    if one.rate is not None:
        return f"{spaced(name)}: {percentage(one.rate)}"
    return f"{spaced(name)}: as {spaced(one.like or '')}"


def _relief(name: str, one: Relief) -> str:
    mixed = "; one line outside takes the whole consignment out" if one.mixed == "consignment" else ""
    return f"{joined(map(spaced, one.of))}: {_PORTIONS[one.portion]}{mixed}"


def _special(name: str, one: Special) -> str:
    also = f", and no {joined(map(spaced, one.replaces), 'or')}" if one.replaces else ""
    less = f", less {one.less}" if one.less is not None else ""
    base = f" on {' + '.join(map(spaced, one.base))}" if one.base else ""
    per = f" {_PER[one.per]} of {one.digits} digits" if one.digits else ""
    rounding = f", {rounding_in_words(one.rounding)}" if one.rounding is not None else ""
    mixed = "; one line outside takes the whole consignment out" if one.mixed == "consignment" else ""
    rate = _goods_rate(one.rate, one.buckets)
    return f"in place of the ordinary {spaced(one.of)}: {rate}{base}{per}{less}{also}{rounding}{mixed}"


def _waiver(name: str, one: Waiver) -> str:
    together = " together" if len(one.charges) > 1 else ""
    charges = f"{joined(map(spaced, one.charges))}{together} {_PER[one.per]}"
    return f"{charges}: not collected where {bound_in_words(one)}"


def _scheme(name: str, one: Scheme) -> str:
    found = [f"{spaced(name)} ({one.model} model): {liable_in_words(one.liable)} is liable"]
    if one.collector is not None:
        found.append(f"collected by the {one.collector}")
    found += [take_in_words(charge, take) for charge, take in one.takes.items()]
    if one.registration is not None:
        found.append(f"registration {one.registration}" + (", optional" if one.optional else ""))
    if one.first_present:
        found.append(FIRST_PRESENT)
    if one.turnover is not None:
        found.append(f"binding from a {turnover_in_words(one.turnover)}")
    if one.low_value_share is not None:
        found.append(f"for whom at least {percentage(one.low_value_share)} of supplies are of low value")
    if one.returns is not None:
        found.append(f"returns {returns_in_words(one.returns)}")
    if one.declare:
        found.append("the number goes with the parcel's data" + (" and may be printed" if one.print else ""))
    if one.mixed == "consignment":
        found.append("one line outside takes the whole consignment out")
    return "; ".join(found)


def _registration(name: str, one: Registration) -> str:
    pictures = f"; its number: {', '.join(f'`{each}`' for each in one.pictures)}" if one.pictures else ""
    return f"{name}: {one.title}{pictures}"


def _border(name: str, one: BorderCollection) -> str:
    return f"the {one.liable} is liable, the {one.collector} collects ({one.model} model)"


def _unmodelled(name: str, one: Unmodelled) -> str:
    helps = f"; a stated {spaced(one.kind)} makes the goods calculable" if one.kind is not None else ""
    return f"not in the tables, refused by name: {one.subject}{helps}"


def _general_rate(name: str, one: GeneralRate) -> str:
    return f"general rate of duty, {spaced(name)}: {one.rate}, where none is stated; {one.exceptions}"


def _layer(name: str, one: Layer) -> str:
    heading = f"{spaced(one.of)}, {one.heading}"
    if one.kind == "exempt":
        return f"{heading}: takes the goods out"
    rate = f"up to {one.rate}, customs duty counted" if one.kind == "up_to" else f"{one.rate} on top"
    content = f" of the share {one.content}" if one.content else ""
    outside = f", without the share under {joined(map(spaced, one.outside))}" if one.outside else ""
    yields = f"; gives way to {joined(map(spaced, one.yields_to))}" if one.yields_to else ""
    return f"{heading}: {rate}{content}{outside}{yields}"


def _goods_list(name: str, one: GoodsList) -> str:
    entries = len(one.codes.split())
    return f"list of goods {spaced(name)}: {entries} {'code' if entries == 1 else 'codes'}"


def _refund(name: str, one: Refund) -> str:
    return f"{joined(map(spaced, one.of))}: {refund_in_words(one)}"


def refund_in_words(one: Refund) -> str:
    """Return who may claim a charge back from whom, where, by when, and with what proof."""
    span = f"{one.within_days} days" if one.within_days is not None else f"{one.within_months} months"
    limited = one.within_days is not None or one.within_months is not None
    by = f", within {span} of the {one.counted_from}" if limited else ""
    proof = f", with {one.proof}" if one.proof else ""
    proof += f", if it is at least {one.at_least}" if one.at_least is not None else ""
    why = "where it was taken twice" if one.where == "taken_twice" else "where the goods go back"
    return f"the {spaced(one.claimant)} may claim it back from the {spaced(one.payer)} {why}{by}{proof}"


_SENTENCES: Final[dict[str, Callable[[str, Any], str]]] = {
    "currency": lambda _, one: _currency(one),
    "member_of": lambda _, one: _member_of(one),
    "exchange_rate": lambda _, one: _exchange(one),
    "value": _value,
    "tax_class": _tax_class,
    "charge": _charge,
    "limit": lambda name, one: f"{spaced(name)}: {limit_in_words(one)}",
    "relief": _relief,
    "special": _special,
    "waiver": _waiver,
    "scheme": _scheme,
    "registration": _registration,
    "border": _border,
    "goods_list": _goods_list,
    "layer": _layer,
    "general_rate": _general_rate,
    "unmodelled": _unmodelled,
    "prohibition": lambda _, one: _prohibition(one),
    "refund": _refund,
    "notice": lambda _, one: _notice(one),
}


def _currency(one: Currency) -> str:
    return f"charges are reckoned in {one.code}"


def _member_of(one: MemberOf) -> str:
    return f"the records of {one.code} lie under these"


def _exchange(one: ExchangeRule) -> str:
    return one.rule


def _prohibition(one: Prohibition) -> str:
    return f"may not be imported: {one.subject}"


def _notice(one: Notice) -> str:
    return one.text


def record_in_words(family: str, name: str, provision: Provision[Any]) -> str:
    """Return what a record of law says, with the circumstances in which it applies."""
    record = provision.value
    text = _SENTENCES[family](name, record).rstrip(".")
    scope = scope_in_words(record) if isinstance(record, Scoped) else ()
    return f"{text}. Applies: {'; '.join(scope)}." if scope else f"{text}."
