"""Liability: of the platform, the seller and the redeliverer, the law's order says who is made to pay."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import product
from typing import Any, NamedTuple

import pytest
from regenerate_jurisdictions import shown_day, territories

from dutycalc import Consignment, Money, Tariffs, assess, load_tariffs
from dutycalc.compare import SELLERS
from dutycalc.loader import Law, Territory
from dutycalc.number_checks import placeholder
from dutycalc.stages.collection import Binding
from dutycalc.tables import Condition, Goods, Scheme

TARIFFS = load_tariffs()


class Case(NamedTuple):
    """A scheme that somebody who sells may be liable under, in one territory on one day."""

    code: str
    name: str
    day: date


def cases(tariffs: Tariffs) -> Iterator[Case]:
    """Yield every scheme of every territory as it is today, and as each of its records began."""
    today = shown_day(tariffs)
    told: set[str] = set()
    for territory in territories(tariffs):
        if is_union(tariffs, territory):
            continue
        days = {today}
        for each in (territory, *territory.parents):
            if each.code not in told:
                told.add(each.code)
                days |= {one.valid_from for series in each.own.get("scheme", {}).values() for one in series}
        for day in sorted(one for one in days if one >= territory.covered_from):
            for name, one in territory.law(day).all("scheme").items():
                if set(one.value.liable).intersection(SELLERS):
                    yield Case(territory.code, name, day)


def is_union(tariffs: Tariffs, territory: Territory) -> bool:
    """Tell whether it is no place that goods are sent to: its tax is that of its parts."""
    return territory.law(shown_day(tariffs)).find("tax_class", "standard") is None


CASES = list(cases(TARIFFS))
EIGHT = list(product((True, False), repeat=3))


def cart(case: Case, law: Law, held: dict[str, str]) -> Consignment:
    """Return a cart that is inside the scheme, all three parties present, some of them registered."""
    scheme: Scheme = law.on("scheme", case.name).value
    condition = scheme.when[0] if scheme.when else Condition()
    currency: str = law.on("currency").value.code
    goods = scheme.only_for or Goods()
    item = {
        "id": "1", "commodity": commodity(goods), "origin": origin(condition, goods), "quantity": "1",
        "unit_price": price(scheme, law, currency), "net_mass_kg": "0.1", "gross_mass_kg": "0.1",
        "stated_duty": "0%", "facts": {fact: one[0] for fact, one in (condition.facts | goods.facts).items()},
        "tax_class": goods.tax_classes[0] if goods.tax_classes else "standard",
    }  # fmt: skip
    parties: dict[str, Any] = {
        role: {
            "registrations": {scheme.registration: held[role]}
            if scheme.registration and role in held
            else {},
            "low_value_share": "100",
        }
        for role in SELLERS
    }
    for name in condition.scheme:  # what another scheme must take first, its own first party has it take
        other: Scheme = law.on("scheme", name).value
        rule = law.find("registration", other.registration or "")
        number = placeholder(rule.value.pictures if rule is not None else ())
        parties[other.liable[0]]["registrations"][other.registration] = number
    others = {"USD", "EUR"} - {currency}
    return Consignment.model_validate(
        parties
        | {
            "destination": case.code,
            "dispatch": condition.dispatch[0] if condition.dispatch else "CN",
            "sold_on": case.day.isoformat(),
            "channel": condition.channel[0] if condition.channel else "post",
            "purpose": condition.purpose[0] if condition.purpose else "sale",
            "buyer": {"kind": condition.buyer[0] if condition.buyer else "consumer"},
            "delivery_term": condition.delivery_term[0] if condition.delivery_term else "DAP",
            "transport_mode": condition.transport_mode[0] if condition.transport_mode else "air",
            "elections": condition.elected,
            "exchange_rates": [
                {"from": one, "to": currency, "rate": "1", "on": case.day.isoformat(), "source": "test"}
                for one in sorted(others)
            ],
            "items": [item],
        }
    )


def commodity(goods: Goods) -> str:
    return goods.commodities[0].partition("-")[0].ljust(6, "1") if goods.commodities else "610910"


def origin(condition: Condition, goods: Goods) -> str:
    return next(iter((*condition.origin, *goods.origins)), "CN")


def price(scheme: Scheme, law: Law, currency: str) -> str:
    """Return the smallest price, or one just above the limit that the scheme begins at."""
    if scheme.above is None:
        return f"1 {currency}"
    limit = law.on("limit", scheme.above).value
    return f"{Money.parse(limit.at_most or limit.below).amount + 1} {currency}"


def first_in_order(scheme: Scheme, held: dict[str, str]) -> str | None:
    """Return whom the record makes liable: the first role that is registered, or that must be anyway."""
    for role in scheme.liable:
        must = scheme.registration is None or (not scheme.optional and scheme.turnover is None)
        if role not in SELLERS or role in held or must:
            return role
        if scheme.first_present:  # all three are parties here: another's number does not serve
            return None
    return None


def bound(case: Case, law: Law, held: dict[str, str]) -> tuple[Binding | None, list[str | None]]:
    """Return how the scheme binds somebody, and who is liable for each charge that it takes."""
    result = assess(cart(case, law, held), TARIFFS, partial=True)
    binding = next((one for one in result.lines[0].bindings if one.name == case.name), None)
    return binding, [
        one.collection.liable
        for _, one in result.all_charges()
        if one.collection.scheme == case.name and one.collection.model != "exempt"
    ]


def number_of(case: Case, law: Law) -> str:
    scheme: Scheme = law.on("scheme", case.name).value
    rule = law.find("registration", scheme.registration or "")
    return placeholder(rule.value.pictures if rule is not None else ())


@pytest.mark.parametrize("case", CASES, ids=lambda one: f"{one.code}-{one.name}-{one.day}")
def test_the_first_registered_party_in_the_law_s_order_is_liable(case: Case) -> None:
    law = TARIFFS.territory(case.code).law(case.day)
    scheme: Scheme = law.on("scheme", case.name).value
    number = number_of(case, law)
    wrong = []
    for registered in EIGHT:
        held: dict[str, str] = {role: number for role, has in zip(SELLERS, registered, strict=True) if has}
        wanted = first_in_order(scheme, held)
        binding, liable = bound(case, law, held)
        found = binding.role if binding is not None else None
        if found != wanted or any(one != wanted for one in liable):
            wrong.append((sorted(held), wanted, found, liable))
    assert wrong == []


def test_no_scheme_of_a_seller_is_left_out() -> None:
    schemes = {
        one.record
        for territory in territories(TARIFFS)
        for series in territory.own.get("scheme", {}).values()
        for one in series
        if not one.variant and set(one.value.liable).intersection(SELLERS)
    }
    covered = {TARIFFS.territory(case.code).law(case.day).on("scheme", case.name).record for case in CASES}
    assert schemes - covered == set()


def test_the_scheme_takes_charges_from_whom_it_binds() -> None:
    """The eight combinations are no empty walk: with all registered, most schemes take a charge."""
    today = [one for one in CASES if one.day == shown_day(TARIFFS)]
    taking = 0
    for case in today:
        law = TARIFFS.territory(case.code).law(case.day)
        _, liable = bound(case, law, dict.fromkeys(SELLERS, number_of(case, law)))
        taking += bool(liable)
    assert taking > len(today) // 2
