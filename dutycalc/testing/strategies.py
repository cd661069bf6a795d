"""Strategies of Hypothesis: lawful consignments that crowd the edges of the tables, and malformed ones.

Every strategy shrinks towards the first word of its lists and the smallest number: one line, one item,
a round sum, a plain sale to a consumer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from functools import cache, lru_cache
from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from dutycalc.auditing.findings import Cause
from dutycalc.goods import Consignment, GoodsItem, Party
from dutycalc.loader import Tariffs
from dutycalc.money import MINOR_UNITS, Money, plain, quantum
from dutycalc.shipped import tariffs_folder
from dutycalc.testing.edges import Edges, days_of, edges_of, lawful_destinations, next_to
from dutycalc.testing.ledgers import DrawnLedger, ledgers_of
from dutycalc.words import BUYER_PAYS_CARRIAGE

ORDINARY: Final = (
    "61091000", "39269097", "49019900", "64039996", "85171300", "95030075", "33049900", "42022290",
    "71131900", "91021100", "62034235", "85183000",
)  # fmt: skip
"""Codes that parcels are full of: shirts, cases, books, shoes, telephones, toys …"""

WITHOUT_CENTS: Final = ("JPY", "KRW", "CLP", "KWD")
"""Currencies whose smallest unit is no hundredth."""

_KEPT: Final = 4_096
"""Parts of strategies kept ready: Hypothesis examines each new one before it draws from it."""

_COUNTRIES: Final = ("CN", "US", "GB", "DE", "JP", "VN", "TR", "CH")
_RATES: Final = ("1", "0.5", "2", "1.0837", "0.0066", "151.37")


@lru_cache(maxsize=_KEPT)
def _any_of(words: tuple[Any, ...]) -> SearchStrategy[Any]:
    """Return one of the words, the first of them the plainest."""
    return st.sampled_from(words)


@lru_cache(maxsize=_KEPT)
def _one_of(*others: tuple[Any, ...]) -> SearchStrategy[Any]:
    """Return a word of one of the lists, each list as often as the next."""
    return st.one_of(*map(_any_of, others))


@lru_cache(maxsize=_KEPT)
def _whole(least: int, most: int) -> SearchStrategy[int]:
    return st.integers(least, most)


@cache
def _count(most: int) -> SearchStrategy[int]:
    """Return how many lines: one to three, or any number, as often."""
    return st.one_of(st.integers(1, min(3, most)), st.integers(1, most))


_YES_OR_NO: Final = st.booleans()


def amounts(
    currency: str,
    *,
    min_value: str = "0",
    max_value: str = "10000",
    near: Sequence[Money] = (),
) -> SearchStrategy[Money]:
    """Return amounts in whole minor units of a currency; those in `near` and their neighbours come often."""
    return _amounts(currency, min_value, max_value, tuple(near))


@lru_cache(maxsize=_KEPT)
def _amounts(currency: str, min_value: str, max_value: str, near: tuple[Money, ...]) -> SearchStrategy[Money]:
    unit = quantum(currency)
    least, most = Decimal(min_value) / unit, Decimal(max_value) / unit
    if least > most or least % 1 or most % 1:
        raise ValueError(
            f"amounts between {min_value} and {max_value} {currency}: none, or finer than its unit"
        )
    any_amount = st.integers(int(least), int(most)).map(lambda whole: Money(whole * unit, currency))
    edges = [
        each
        for limit in near
        if limit.currency == currency
        for each in next_to(limit)
        if Decimal(min_value) <= each.amount <= Decimal(max_value)
    ]
    return st.one_of(any_amount, st.sampled_from(edges)) if edges else any_amount


def days(tariffs: Tariffs, *, destinations: Sequence[str] | None = None) -> SearchStrategy[date]:
    """Return days before, on and after every change of law in the territories."""
    places = destinations or lawful_destinations(tariffs)
    return st.sampled_from(places).flatmap(lambda place: st.sampled_from(days_of(tariffs, place)))


def duty_expressions(*, currency: str = "EUR") -> SearchStrategy[str]:
    """Return duties as a caller may state them: a percentage, a sum by weight, both, a most and a least."""
    return _duty_expressions(currency)


@lru_cache(maxsize=_KEPT)
def _duty_expressions(currency: str) -> SearchStrategy[str]:
    percent = st.integers(0, 400).map(lambda tenths: f"{plain(Decimal(tenths) / 10)}%")
    specific = st.integers(1, 5000).map(lambda minor: f"{plain(minor * quantum(currency))} {currency}/100kg")
    return st.one_of(
        st.sampled_from(["0%", "5%", "12%"]),
        percent,
        specific,
        st.tuples(percent, specific).map(" + ".join),
        st.tuples(percent, specific).map(" MAX ".join),
        st.tuples(percent, specific).map(" MIN ".join),
    )


@st.composite
def parties(
    draw: DrawFn, *, edges: Edges | None = None, role: str = "seller", registered: bool | None = None
) -> Party:
    """Return parties to a sale; with `edges`, registered for the schemes that bind the role, or not."""
    stated: dict[str, Any] = {"country": draw(_any_of(_COUNTRIES))}
    numbers = [one for one in edges.numbers if one.role == role] if edges is not None else []
    if numbers and registered is not False and (registered or draw(_YES_OR_NO)):
        one = draw(_any_of(tuple(numbers)))
        stated["registrations"] = {one.key: one.number}
    if edges is not None and edges.turnovers and draw(_YES_OR_NO):
        stated["turnover"] = draw(_any_of(next_to(edges.turnovers[0])))
    return Party.model_validate(stated)


@st.composite
def goods_items(
    draw: DrawFn,
    *,
    edges: Edges | None = None,
    currency: str = "EUR",
    price: Money | None = None,
    id: str = "1",
) -> GoodsItem:
    """Return lines of goods; with `edges`, of codes just inside and outside the ranges that law names."""
    codes = (ORDINARY, edges.codes) if edges is not None and edges.codes else (ORDINARY,)
    near = edges.sums if edges is not None else ()
    mass = draw(_whole(1, 31_000))
    stated: dict[str, Any] = {
        "id": id,
        "commodity": draw(_one_of(*codes)),
        "origin": draw(_any_of((*_COUNTRIES, *(edges.places if edges is not None else ())))),
        "quantity": "1" if price is not None else draw(_any_of(("1", "2", "3", "7", "100", "2.5"))),
        "unit_price": price if price is not None else draw(amounts(currency, near=near)),
        "net_mass_kg": plain(Decimal(mass) / 1000),
        "gross_mass_kg": plain(Decimal(mass + 100) / 1000),
        "stated_duty": draw(duty_expressions(currency=edges.currency if edges is not None else currency)),
    }
    if edges is not None:
        _add_what_law_asks(draw, stated, edges)
    return GoodsItem.model_validate(stated)


def _add_what_law_asks(draw: DrawFn, stated: dict[str, Any], edges: Edges) -> None:
    """Add a class of tax, stated facts, and what the caller must state where the tables hold no law."""
    if edges.has_schedule and stated["commodity"] in ORDINARY and draw(_YES_OR_NO):
        del stated["stated_duty"]
    if draw(_YES_OR_NO) and edges.classes:
        stated["tax_class"] = draw(_any_of(edges.classes))
    if draw(_YES_OR_NO) and edges.facts:
        name, answer = draw(_any_of(edges.facts))
        stated["facts"] = {name: answer}
    if edges.unmodelled:
        stated["stated_charges"] = [
            {"kind": kind, "amount": Money(quantum(edges.currency) * 0, edges.currency)}
            for kind in edges.unmodelled
            if kind != "customs_duty"
        ]


@st.composite
def consignments(
    draw: DrawFn,
    tariffs: Tariffs,
    *,
    destinations: Sequence[str] | None = None,
    days: Sequence[date] | None = None,
    max_items: int = 8,
) -> Consignment:
    """Return lawful consignments to the territories, sold on the days (default: around every change).

    About half aim their value, or their tax, at a limit in force: at it, one minor unit below, one above.
    """
    if max_items < 1:
        raise ValueError("max_items: a consignment has at least one line")
    place = draw(_any_of(tuple(destinations or lawful_destinations(tariffs))))
    day = draw(_any_of(tuple(days or days_of(tariffs, place))))
    edges = edges_of(tariffs, place, day)
    prices, currency = draw(_prices(edges, max_items))
    dispatch = draw(_any_of((*_COUNTRIES, *edges.places)))
    items = [
        draw(goods_items(edges=edges, currency=currency, price=price, id=str(n + 1)))
        for n, price in enumerate(prices)
    ]
    stated: dict[str, Any] = {
        "destination": place,
        "dispatch": dispatch,
        "sold_on": day,
        "channel": draw(_any_of(("post", "express", "freight"))),
        "transport_mode": draw(_any_of(("air", "sea", "road"))),
        "purpose": draw(_any_of(("sale", "sale", "sale", "gift"))),
        "buyer": {"kind": draw(_any_of(("consumer", "consumer", "consumer", "business")))},
        "items": items,
    }
    stated["delivery_term"] = draw(_any_of((None, "DDP", "DAP", "FOB")))
    if stated["delivery_term"] in BUYER_PAYS_CARRIAGE or draw(_YES_OR_NO):
        stated["transport"] = draw(amounts(currency, max_value="50"))
        stated["insurance"] = draw(amounts(currency, max_value="10"))
    if draw(_YES_OR_NO):
        stated["seller"] = draw(parties(edges=edges, role="seller"))
        if draw(_YES_OR_NO):
            stated["platform"] = draw(parties(edges=edges, role="platform"))
    if draw(_whole(0, 3)) == 3:
        stated["imported_on"] = day + timedelta(days=draw(_any_of((0, 1, 30))))
    if draw(_YES_OR_NO) and edges.elections:
        stated["elections"] = (draw(_any_of(edges.elections)),)
    used = {currency, *(one.currency for one in edges.sums)} - {edges.currency}
    stated["exchange_rates"] = [
        {
            "from": one,
            "to": edges.currency,
            "rate": draw(_any_of(_RATES)),
            "on": day,
            "source": "test",
        }
        for one in sorted(used)
    ]
    return Consignment.model_validate(stated)


@st.composite
def _prices(draw: DrawFn, edges: Edges, max_items: int) -> tuple[list[Money | None], str]:
    """Return a price for each line, None where any will do, and their currency."""
    count = draw(_count(max_items))
    if not edges.sums or draw(_YES_OR_NO):
        currency = draw(_any_of((edges.currency, *_currencies(edges))))
        return [None] * count, currency
    limit = draw(_any_of(edges.sums))
    unit = quantum(limit.currency)
    aimed = limit.amount
    if draw(_YES_OR_NO) and edges.rates:
        rate = draw(_any_of(edges.rates))
        aimed = (aimed / rate) // unit * unit
    target = max(aimed + draw(_any_of((0, -1, 1))) * unit, Decimal(0))
    parts = [
        Money(min(draw(_whole(0, 500)) * unit, target / count // unit * unit), limit.currency)
        for _ in range(count - 1)
    ]
    left = target - sum((one.amount for one in parts), Decimal(0))
    return [*parts, Money(left, limit.currency)], limit.currency


def _currencies(edges: Edges) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*(one.currency for one in edges.sums), "USD", *WITHOUT_CENTS)))


def _put(path: Sequence[str | int], value: object) -> Callable[[dict[str, Any]], None]:
    def change(stated: dict[str, Any]) -> None:
        inner: Any = stated
        for step in path[:-1]:
            inner = inner[step]
        inner[path[-1]] = value

    return change


_ITEM: Final = ("items", 0)
FAULTS: Final[dict[str, Callable[[dict[str, Any]], None]]] = {
    "money as a number": _put((*_ITEM, "unit_price"), 12),
    "money without a currency": _put((*_ITEM, "unit_price"), "12.50"),
    "unknown currency": _put((*_ITEM, "unit_price"), "12.50 XYZ"),
    "negative price": _put((*_ITEM, "unit_price"), "-0.01 EUR"),
    "comma for a point": _put((*_ITEM, "unit_price"), "12,50 EUR"),
    "nothing sent": _put((*_ITEM, "quantity"), "0"),
    "not a number": _put((*_ITEM, "quantity"), "NaN"),
    "code of three digits": _put((*_ITEM, "commodity"), "610"),
    "code with a point": _put((*_ITEM, "commodity"), "6109.10"),
    "country in full": _put((*_ITEM, "origin"), "China"),
    "unknown class": _put((*_ITEM, "tax_class"), "cheap"),
    "duty without a unit": _put((*_ITEM, "stated_duty"), "5"),
    "unknown field": _put((*_ITEM, "weight"), "1"),
    "no line": _put(("items",), []),
    "unknown channel": _put(("channel",), "drone"),
    "a day that is none": _put(("sold_on",), "2026-02-30"),
    "a day with a time": _put(("sold_on",), "2026-11-20T00:00:00"),
    "imported before sold": _put(("imported_on",), "1999-01-01"),
    "no buyer": _put(("buyer",), None),
}
"""Ways in which a statement cannot be read, by name."""


def ledgers(
    tariffs: Tariffs,
    *,
    destinations: Sequence[str] | None = None,
    days: Sequence[date] | None = None,
    max_consignments: int = 3,
    max_items: int = 3,
    errors: Sequence[Cause] = (),
) -> SearchStrategy[DrawnLedger]:
    """Return ledgers for `dutycalc.audit` in which what is owed was charged.

    `errors` plants one error of each cause that it names, each on one line of its own consignment, such
    that no cause that the audit tries earlier explains it. ValueError for an unknown cause, or for more
    errors than consignments.
    """
    carts = consignments(tariffs, destinations=destinations, days=days, max_items=max_items)
    return ledgers_of(carts, tariffs, max_consignments=max_consignments, errors=errors)


@st.composite
def malformed_consignments(
    draw: DrawFn, tariffs: Tariffs, *, destinations: Sequence[str] | None = None
) -> dict[str, Any]:
    """Return statements with one fault each, as plain values: reading them must be refused."""
    sound = draw(consignments(tariffs, destinations=destinations, max_items=1))
    stated: dict[str, Any] = _plain(sound)
    FAULTS[draw(st.sampled_from(list(FAULTS)))](stated)
    return stated


def _plain(consignment: Consignment) -> dict[str, Any]:
    import json  # noqa: PLC0415 # only malformed statements are made of text

    found: dict[str, Any] = json.loads(consignment.model_dump_json())
    return found


@cache
def _shipped() -> Tariffs:
    return Tariffs((tariffs_folder(),))


def register_types() -> None:
    """Register the strategies for the types of the facts, over the tables that are shipped."""
    st.register_type_strategy(Consignment, lambda _: consignments(_shipped()))
    st.register_type_strategy(GoodsItem, goods_items())
    st.register_type_strategy(Party, parties())
    st.register_type_strategy(Money, st.sampled_from(sorted(MINOR_UNITS)).flatmap(amounts))


__all__ = [
    "amounts", "consignments", "days", "duty_expressions", "goods_items", "ledgers",
    "malformed_consignments", "parties", "register_types",
]  # fmt: skip
