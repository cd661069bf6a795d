"""The circumstances in which a record turns on a limit, as plain facts of a consignment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final, Literal, get_args

from dutycalc.law import Provision
from dutycalc.loader import Tariffs, Territory
from dutycalc.money import Money, quantum
from dutycalc.nomenclature import hs_2022
from dutycalc.number_checks import placeholder
from dutycalc.stages.context import in_range, place_in
from dutycalc.tables import Condition, Count, FurtherMeasure, Goods, Limit, Scheme, Scoped, Waiver
from dutycalc.units import UNITS
from dutycalc.words import BUYER_PAYS_CARRIAGE, Channel

Varies = Literal["price", "mass", "quantity", "count"]

GOODS: Final = ("61091000", "39269097", "49019900", "64039996", "09012100")
"""Codes that parcels are full of, and roasted coffee; the first that the law does not shut out is sent."""

DISPATCH: Final = ("CN", "US", "GB", "JP")
DUTIES: Final = ("10%", "5%", "2%")
"""The duty that the carts state, so that every limit can be read beside another without a tariff."""

_ORIGINS: Final = ("VN", "TR", "BR", "ZA", "AU")
"""Where goods come from that may not come from the place of dispatch."""

_CHANNELS: Final[tuple[Channel, ...]] = get_args(Channel)
GRAM: Final = Decimal("0.001")
_ONE: Final = Decimal(1)

Rates = Mapping[tuple[str, str], Decimal]
"""Rates of exchange: one unit of the first currency is so many of the second."""

Comparison = Limit | Waiver | FurtherMeasure | Count
"""What of a limit a cart can be under, at or over: its measure, a further one, a number of consignments."""


def comparisons_of(limit: Limit | Waiver) -> tuple[Comparison, ...]:
    """Return all that a limit compares, its own measure first."""
    return (limit, *limit.also, *limit.counts) if isinstance(limit, Limit) else (limit,)


def sums_of(limit: Limit | Waiver) -> list[Money]:
    """Return the sums that a limit compares with."""
    bounds = [one.at_most or one.below for one in comparisons_of(limit) if not isinstance(one, Count)]
    return [Money.parse(str(one)) for one in bounds if str(one).rpartition(" ")[2] not in UNITS]


class Circumstances:
    """Finds carts without their prices, in the circumstances of one record that turns on a limit."""

    def __init__(
        self,
        tariffs: Tariffs,
        territory: Territory,
        day: date,
        provision: Provision[Any],
        comparison: Comparison,
        record: Scoped,
        rates: Rates,
    ) -> None:
        self.tariffs = tariffs
        self.territory = territory
        self.day = day
        self.law = territory.law(day)
        self.currency = self.law.on("currency").value.code
        self.provision = provision
        self.comparison = comparison
        self.record = record
        self.rates = rates
        if isinstance(comparison, Count):
            self.bound, self.unit = Decimal(comparison.at_most), ""
        else:
            number, _, self.unit = str(comparison.at_most or comparison.below).rpartition(" ")
            self.bound = Decimal(number)
        self.varies: Varies = "price"
        if self.unit in UNITS:
            self.varies = "mass" if self.unit == "kg" else "quantity"
        elif not self.unit:
            self.varies = "count"
        self.step = {"mass": GRAM, "quantity": _ONE, "count": _ONE}.get(self.varies) or quantum(self.unit)

    def ways(self, *, plainly: bool) -> Iterator[dict[str, Any]]:
        """Yield plain facts of a consignment in each of the circumstances in which the record applies.

        Not plainly: charges that no table holds are stated as nothing, and most of what a limit adds up has
        come before.
        """
        for stated in self._plain_ways():
            if plainly:
                yield stated
                continue
            nothing = Money(quantum(self.currency) * 0, self.currency)
            charges = [
                {"kind": kind, "amount": nothing}
                for kind in dict.fromkeys(one.value.kind for one in self.law.all("unmodelled").values())
                if kind not in (None, "customs_duty", "excise")
            ]
            sums = [
                money
                for one in self.law.all("limit").values()
                for money in sums_of(one.value)
                if money.currency == self.unit
            ]
            found = stated | {"items": stated["items"] | {"stated_charges": charges}}
            if sums and self.varies == "price" and getattr(self.provision.value, "history", None) is not None:
                found["earlier"] = Money(self.bound, self.unit) - half_of(min(sums, key=amount_of))
            yield found

    def _plain_ways(self) -> Iterator[dict[str, Any]]:
        schemes = self.law.all("scheme")
        for one in self.record.when or [Condition()]:
            takers = [schemes[name].value for name in one.scheme if name in schemes]
            if isinstance(self.record, Scheme):
                takers = [self.record]
            for taker in takers or [None]:
                for also in (taker.when if taker is not None and taker is not self.record else ()) or [one]:
                    yield from self._in_ways(one, also, taker)

    def _in_ways(self, one: Condition, also: Condition, taker: Scheme | None) -> Iterator[dict[str, Any]]:
        both = (one, also)
        dispatches = next((each.dispatch for each in both if each.dispatch), DISPATCH)
        for channel in next((each.channel for each in both if each.channel), _CHANNELS):
            for kind in next((each.buyer for each in both if each.buyer), ("consumer", "business")):
                dispatch = next((place for place in dispatches if self._abroad(place, both)), None)
                if dispatch is None:
                    continue
                stated: dict[str, Any] = {
                    "destination": self.territory.code, "dispatch": dispatch, "sold_on": self.day,
                    "channel": channel,
                    "transport_mode": next(
                        (each.transport_mode[0] for each in both if each.transport_mode), "air"
                    ),
                    "purpose": next((each.purpose[0] for each in both if each.purpose), "sale"),
                    "buyer": {"kind": kind, "registrations": {}},
                }  # fmt: skip
                term = next((each.delivery_term[0] for each in both if each.delivery_term), None)
                if term is not None:
                    stated["delivery_term"] = term
                    if term in BUYER_PAYS_CARRIAGE:
                        continue
                elected = [each.elected[0] for each in both if each.elected]
                if elected:
                    stated["elections"] = tuple(dict.fromkeys(elected))
                self._register(stated, both, taker)
                for item in self._goods(both, dispatch):
                    yield stated | {"items": item}

    def _abroad(self, place: str, conditions: Iterable[Condition]) -> bool:
        """Tell whether goods from a place are imported, and under none of the conditions shut out."""
        home = self.territory.code
        unions = self.tariffs.unions_of(home)
        return (
            len(place) == 2
            and place != home.partition("-")[0]
            and place not in unions
            and not unions & self.tariffs.unions_of(place)
            and not any(place_in(place, one.not_dispatch) for one in conditions)
        )

    def _goods(self, conditions: Iterable[Condition], dispatch: str) -> Iterator[dict[str, Any]]:
        """Yield lines without their prices: goods that the record and the limit do not shut out.

        Around a sum that is not collected, at several duties: other limits hide it at one or the other.
        """
        only = self.record.only_for or Goods()
        limit = self.provision.value
        shut = [one for one in (self.record.not_for, getattr(limit, "not_for", None)) if one is not None]
        entries = only.commodities or ([] if only == Goods() else list(GOODS))
        codes = [code for entry in entries for code in _codes_in(entry)] or list(GOODS)
        free = [
            code
            for code in codes
            if not any(in_range(code, entry) for one in shut for entry in one.commodities)
        ]
        origin = next((each.origin[0] for each in conditions if each.origin), None)
        facts = {fact: answers[0] for one in conditions for fact, answers in one.facts.items()}
        item: dict[str, Any] = {"id": "1", "quantity": "1"}
        if not only.commodities:
            if only.facts:
                fact, answers = next(iter(only.facts.items()))
                facts[fact] = answers[0]
            elif only.origins:
                origin = only.origins[0]
            elif only.tax_classes:
                item["tax_class"] = only.tax_classes[0]
        barred = {place for each in conditions for place in each.not_origin}
        origin = origin or next(place for place in (dispatch, *_ORIGINS) if place not in barred)
        of_waiver = isinstance(limit, Waiver)
        for code in dict.fromkeys([*free[:1], *(free[-1:] if of_waiver else ())]):
            for duty in DUTIES if of_waiver else DUTIES[:1]:
                yield item | {"commodity": code, "stated_duty": duty, "origin": origin, "facts": facts}

    def _register(self, stated: dict[str, Any], both: Iterable[Condition], taker: Scheme | None) -> None:
        """Let a party hold every number that the record or its scheme asks for."""
        keys = [(taker.registration, taker.liable[0])] if taker is not None and taker.registration else []
        for each in both:
            for key in each.registered[:1]:
                owners = [one.value.liable[0] for one in self.law.all("scheme").values()
                          if one.value.registration == key]  # fmt: skip
                keys.append((key, owners[0] if owners else "buyer"))
        abroad = stated["dispatch"]
        for key, role in keys:
            rule = self.law.find("registration", key)
            number = placeholder(rule.value.pictures if rule is not None else [])
            if role == "buyer":
                stated["buyer"]["registrations"][key] = number
            elif role in ("seller", "platform", "redeliverer"):
                stated.setdefault(role, {"country": abroad, "registrations": {}})["registrations"][key] = (
                    number
                )
        if taker is not None and taker.registration is None and taker.liable[0] in ("seller", "platform"):
            stated.setdefault(taker.liable[0], {"country": abroad})


def amount_of(money: Money) -> Decimal:
    """Return the number of a sum, to compare sums of one currency."""
    return money.amount


def half_of(money: Money) -> Money:
    """Return half of a sum, in whole minor units."""
    unit = quantum(money.currency)
    return Money(money.amount / 2 // unit * unit, money.currency)


def _codes_in(entry: str) -> Iterator[str]:
    """Yield codes of eight digits, or more where the entry has more, that fall under a prefix or range."""
    first = entry.partition("-")[0]
    if len(first) > 6:
        yield first.ljust(8, "0")
        return
    for code in sorted(hs_2022()):
        if in_range(code, entry):
            yield f"{code}00"
