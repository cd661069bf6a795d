"""Profiles: everything categorical about a consignment and its lines, and where each fact is found.

Two consignments of one profile are under the same law, step for step; only their amounts differ. So a
profile is the key under which a traced program is kept.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any, Final

from dutycalc.goods import Consignment, GoodsItem, History, Party
from dutycalc.money import Money
from dutycalc.values import Frozen
from dutycalc.words import Role

PICTURE: Final = {ord(digit): "#" for digit in "0123456789"} | {ord("#"): "?"}
"""Turns a registration number into its picture: which digits it has decides no law."""

Registrations = tuple[tuple[str, str], ...]


class PartyProfile(Frozen):
    """A party's registrations, as pictures of their numbers, and what it states of its business."""

    registrations: dict[str, str]
    turnover: Money | None
    world_turnover: Money | None = None
    low_value_share: Decimal | None = None


class HistoryProfile(Frozen):
    """What is stated of earlier consignments of a period: the value's currency, a count, a mass; or none."""

    currency: str | None
    counted: bool
    weighed: bool
    none: bool


class StatedChargeProfile(Frozen):
    """A stated charge: its kind and name, and its expression, or the currency of its amount."""

    kind: str
    name: str
    expression: str | None
    currency: str


class ItemProfile(Frozen):
    """The categories of one line.

    `lists` of goods hold it; `doubtful_lists` may, if its code had more digits.
    """

    commodity: str
    origin: str
    tax_class: str
    claims: tuple[tuple[str, str, str], ...]
    facts: dict[str, str]
    stated_duty: str | None
    stated_charges: tuple[StatedChargeProfile, ...]
    price_currency: str
    discount_currency: str | None
    retail_currency: str | None
    measures: tuple[str, ...]
    lists: frozenset[str] = frozenset()
    doubtful_lists: frozenset[str] = frozenset()


class Profile(Frozen):
    """The categories of a consignment as a whole, and the two days whose law it is under."""

    destination: str
    dispatch: str
    channel: str
    transport_mode: str | None
    purpose: str
    delivery_term: str | None
    transport_currency: str | None
    insurance_currency: str | None
    discount_currency: str | None
    parties: dict[Role, PartyProfile]
    buyer_kind: str
    sender_kind: str | None
    rates: frozenset[tuple[str, str]]
    prices_include: tuple[str, ...]
    elections: tuple[str, ...]
    history: dict[tuple[str, str], HistoryProfile]
    sold_on: date
    imported_on: date
    known_on: date | None
    variants: frozenset[str]


Key = tuple[Any, ...]


def item_key(item: GoodsItem) -> Key:
    """Return what decides the law of a line, as a key."""
    return (
        item.commodity,
        item.origin,
        item.tax_class,
        tuple((one.kind, one.programme, one.proof) for one in item.claims) if item.claims else (),
        tuple(sorted(item.facts.items())) if item.facts else (),
        item.stated_duty,
        tuple((one.kind, one.name, one.expression, one.amount.currency if one.amount else "")
              for one in item.stated_charges) if item.stated_charges else (),
        item.unit_price.currency,
        item.discount and item.discount.currency,
        item.retail_price and item.retail_price.currency,
        item.net_mass_kg is None,
        item.gross_mass_kg is None,
        tuple(sorted(item.measures)) if item.measures else (),
    )  # fmt: skip


def item_profile(item: GoodsItem) -> ItemProfile:
    """Return the categories of one line."""
    measures = [*item.measures]
    measures += [name for name in ("net_mass_kg", "gross_mass_kg") if getattr(item, name) is not None]
    return ItemProfile(
        commodity=item.commodity,
        origin=item.origin,
        tax_class=item.tax_class,
        claims=tuple((one.kind, one.programme, one.proof) for one in item.claims),
        facts=item.facts,
        stated_duty=item.stated_duty,
        stated_charges=tuple(
            StatedChargeProfile(one.kind, one.name, one.expression, one.amount.currency if one.amount else "")
            for one in item.stated_charges
        ),
        price_currency=item.unit_price.currency,
        discount_currency=item.discount.currency if item.discount else None,
        retail_currency=item.retail_price.currency if item.retail_price else None,
        measures=tuple(measures),
    )


def _party_key(party: Party) -> Key:
    return (_pictured(party), party.turnover, party.world_turnover, party.low_value_share, party.kind)


def _history_key(past: History) -> Key:
    value, mass = past.value, past.gross_mass_kg
    return (past.per, past.of, value and value.currency, past.count is None, not past.count, mass is None)


def _pictured(party: Party | Any) -> Registrations:
    registrations = party.registrations
    if not registrations:
        return ()
    return tuple((scheme, number.translate(PICTURE)) for scheme, number in sorted(registrations.items()))


def consignment_key(one: Consignment, sale_epoch: int, import_epoch: int) -> Key:
    """Return what decides the law of a consignment, as a key; days stand as stretches without a change."""
    return (
        one.destination,
        one.dispatch,
        one.channel,
        one.transport_mode,
        one.purpose,
        one.delivery_term,
        one.transport and one.transport.currency,
        one.insurance and one.insurance.currency,
        one.discount and one.discount.currency,
        one.seller and _party_key(one.seller),
        one.platform and _party_key(one.platform),
        one.redeliverer and _party_key(one.redeliverer),
        one.payment_service and _party_key(one.payment_service),
        one.buyer.kind,
        _pictured(one.buyer),
        tuple((rate.from_, rate.to) for rate in one.exchange_rates) if one.exchange_rates else (),
        one.prices_include,
        one.elections,
        tuple(map(_history_key, one.history)) if one.history else (),
        sale_epoch,
        import_epoch,
    )


def consignment_profile(one: Consignment, known_on: date | None, variants: frozenset[str]) -> Profile:
    """Return the categories of a consignment."""
    parties: dict[Role, PartyProfile] = {}
    stated: tuple[tuple[Role, Party | None], ...] = (
        ("seller", one.seller), ("platform", one.platform), ("redeliverer", one.redeliverer),
        ("payment_service", one.payment_service),
    )  # fmt: skip
    for role, party in stated:
        if party is not None:
            parties[role] = PartyProfile(
                dict(_pictured(party)), party.turnover, party.world_turnover, party.low_value_share
            )
    parties["buyer"] = PartyProfile(dict(_pictured(one.buyer)), None)
    return Profile(
        destination=one.destination,
        dispatch=one.dispatch,
        channel=one.channel,
        transport_mode=one.transport_mode,
        purpose=one.purpose,
        delivery_term=one.delivery_term,
        transport_currency=one.transport.currency if one.transport else None,
        insurance_currency=one.insurance.currency if one.insurance else None,
        discount_currency=one.discount.currency if one.discount else None,
        parties=parties,
        buyer_kind=one.buyer.kind,
        sender_kind=one.seller.kind if one.seller else None,
        rates=frozenset((rate.from_, rate.to) for rate in one.exchange_rates),
        prices_include=one.prices_include,
        elections=one.elections,
        history={(past.per, past.of): _history_profile(past) for past in one.history},
        sold_on=one.sold_on,
        imported_on=one.import_day,
        known_on=known_on,
        variants=variants,
    )


def _history_profile(past: History) -> HistoryProfile:
    return HistoryProfile(
        past.value.currency if past.value else None,
        past.count is not None,
        past.gross_mass_kg is not None,
        past.count == 0,
    )


Getter = Callable[[Consignment, GoodsItem], Decimal]
"""Finds a fact in a consignment and one of its lines; facts of the whole leave the line aside."""

_PLAIN: Final[dict[str, Getter]] = {
    "unit_price": lambda _, item: item.unit_price.amount,
    "quantity": lambda _, item: item.quantity,
    "discount": lambda _, item: item.discount.amount,  # type: ignore[union-attr]
    "retail_price": lambda _, item: item.retail_price.amount,  # type: ignore[union-attr]
    "net_mass_kg": lambda _, item: item.net_mass_kg,  # type: ignore[dict-item, return-value]
    "gross_mass_kg": lambda _, item: item.gross_mass_kg,  # type: ignore[dict-item, return-value]
    "consignment.transport": lambda one, _: one.transport.amount,  # type: ignore[union-attr]
    "consignment.insurance": lambda one, _: one.insurance.amount,  # type: ignore[union-attr]
    "consignment.discount": lambda one, _: one.discount.amount,  # type: ignore[union-attr]
}

_NAMED: Final = re.compile(r"(measures|shares|exchange_rates|stated_charges|history)\[([^\]]+)\]")


def getter(fact: str) -> Getter:
    """Return what finds a fact by its name in a program.

    `shares[%steel]` is a measure stated in percent, as a fraction. `stated_duty:0.05` is a number
    within an expression; the expression itself is part of the profile.
    """
    plain = _PLAIN.get(fact)
    if plain is not None:
        return plain
    _, within, text = fact.partition(":")
    if within:
        number = Decimal(text)
        return lambda *_: number
    found = _NAMED.match(fact)
    if found is None:
        raise KeyError(fact)
    kind, name = found[1], found[2]
    if kind == "measures":
        return lambda _, item: item.measures[name]
    if kind == "shares":
        return lambda _, item: item.measures[name] / 100
    if kind == "stated_charges":
        place = int(name)
        return lambda _, item: item.stated_charges[place].amount.amount  # type: ignore[union-attr]
    if kind == "history":
        return _history_getter(name)
    source, target = name.split("/")
    return lambda one, _: next(
        rate.rate for rate in one.exchange_rates if (rate.from_, rate.to) == (source, target)
    )


def _history_getter(name: str) -> Getter:
    """Return what finds a fact of earlier consignments, such as `month of consignee, value`."""
    which, _, field = name.partition(", ")
    per, _, of = which.partition(" of ")

    def get(one: Consignment, _: GoodsItem) -> Decimal:
        past = next(past for past in one.history if (past.per, past.of) == (per, of))
        found = getattr(past, field)
        return found.amount if isinstance(found, Money) else Decimal(found)

    return get


def path_of(fact: str, consignment: Consignment, place: int | str | None) -> str:
    """Return where in the statement a fact stands, such as `items[0].unit_price`."""
    if fact.startswith("exchange_rates["):
        source, target = fact[len("exchange_rates[") : -1].split("/")
        for n, rate in enumerate(consignment.exchange_rates):
            if (rate.from_, rate.to) == (source, target):
                return f"exchange_rates[{n}].rate"
    if fact.startswith("history["):
        which, _, field = fact[len("history[") : -1].partition(", ")
        places = {f"{one.per} of {one.of}": n for n, one in enumerate(consignment.history)}
        return f"history[{places[which]}].{field}"
    if fact.startswith("consignment."):
        return fact.removeprefix("consignment.")
    expression, within, _ = fact.partition(":")
    if within:
        return f"items[{place}].{expression}"
    if fact.startswith("shares["):
        return f"items[{place}].measures{fact.removeprefix('shares')}"
    if fact.startswith("stated_charges["):
        return f"items[{place}].{fact}.amount"
    return f"items[{place}].{fact}"
