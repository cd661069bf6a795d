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

from dutycalc.goods import Consignment, GoodsItem, Party
from dutycalc.money import Money
from dutycalc.values import Frozen
from dutycalc.words import Role

PICTURE: Final = {ord(digit): "#" for digit in "0123456789"} | {ord("#"): "?"}
"""Turns a registration number into its picture: which digits it has decides no law."""

Registrations = tuple[tuple[str, str], ...]


class PartyProfile(Frozen):
    """A party's registrations, as pictures of their numbers, and its stated turnover."""

    registrations: dict[str, str]
    turnover: Money | None


class StatedChargeProfile(Frozen):
    """A stated charge: its kind and name, and its expression, or the currency of its amount."""

    kind: str
    name: str
    expression: str | None
    currency: str


class ItemProfile(Frozen):
    """The categories of one line."""

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
    rates: frozenset[tuple[str, str]]
    prices_include: tuple[str, ...]
    elections: tuple[str, ...]
    history: dict[str, str | None]
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
        one.seller and (_pictured(one.seller), one.seller.turnover),
        one.platform and (_pictured(one.platform), one.platform.turnover),
        one.redeliverer and (_pictured(one.redeliverer), one.redeliverer.turnover),
        one.buyer.kind,
        _pictured(one.buyer),
        tuple((rate.from_, rate.to) for rate in one.exchange_rates) if one.exchange_rates else (),
        one.prices_include,
        one.elections,
        tuple((past.per, past.value and past.value.currency) for past in one.history) if one.history else (),
        sale_epoch,
        import_epoch,
    )


def consignment_profile(one: Consignment, known_on: date | None, variants: frozenset[str]) -> Profile:
    """Return the categories of a consignment."""
    parties: dict[Role, PartyProfile] = {}
    stated: tuple[tuple[Role, Party | None], ...] = (
        ("seller", one.seller), ("platform", one.platform), ("redeliverer", one.redeliverer),
    )  # fmt: skip
    for role, party in stated:
        if party is not None:
            parties[role] = PartyProfile(dict(_pictured(party)), party.turnover)
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
        rates=frozenset((rate.from_, rate.to) for rate in one.exchange_rates),
        prices_include=one.prices_include,
        elections=one.elections,
        history={past.per: past.value.currency if past.value else None for past in one.history},
        sold_on=one.sold_on,
        imported_on=one.import_day,
        known_on=known_on,
        variants=variants,
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

_NAMED: Final = re.compile(r"(measures|exchange_rates|stated_charges|history)\[([^\]]+)\]")


def getter(fact: str) -> Getter:
    """Return what finds a fact by its name in a program."""
    plain = _PLAIN.get(fact)
    if plain is not None:
        return plain
    found = _NAMED.match(fact)
    if found is None:
        raise KeyError(fact)
    kind, name = found[1], found[2]
    if kind == "measures":
        return lambda _, item: item.measures[name]
    if kind == "stated_charges":
        place = int(name)
        return lambda _, item: item.stated_charges[place].amount.amount  # type: ignore[union-attr]
    if kind == "history":
        return lambda one, _: next(past.value for past in one.history if past.per == name).amount  # type: ignore[union-attr]
    source, target = name.split("/")
    return lambda one, _: next(
        rate.rate for rate in one.exchange_rates if (rate.from_, rate.to) == (source, target)
    )


def path_of(fact: str, consignment: Consignment, place: int | str | None) -> str:
    """Return where in the statement a fact stands, such as `items[0].unit_price`."""
    if fact.startswith("exchange_rates["):
        source, target = fact[len("exchange_rates[") : -1].split("/")
        for n, rate in enumerate(consignment.exchange_rates):
            if (rate.from_, rate.to) == (source, target):
                return f"exchange_rates[{n}].rate"
    if fact.startswith("history["):
        period = fact[len("history[") : -1]
        return next(f"history[{n}].value" for n, one in enumerate(consignment.history) if one.per == period)
    if fact.startswith("consignment."):
        return fact.removeprefix("consignment.")
    if fact.startswith("stated_charges["):
        return f"items[{place}].{fact}.amount"
    return f"items[{place}].{fact}"
