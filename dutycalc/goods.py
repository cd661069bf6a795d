"""The facts: what the caller states of a consignment, its goods and the parties to its sale."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Final, NoReturn, Self

from pydantic_core import PydanticCustomError, ValidationError

from dutycalc.errors import CurrencyError, DutycalcError, FactsError, MissingFactError, refuse
from dutycalc.expressions import parse
from dutycalc.money import MINOR_UNITS, Money, plain, read_decimal
from dutycalc.shapes import Guard, Shape, named
from dutycalc.units import UNITS
from dutycalc.words import (
    BuyerKind,
    Channel,
    ChargeKind,
    ClaimKind,
    DeliveryTerm,
    HistoryOf,
    HistoryPeriod,
    Purpose,
    TaxClass,
    TransportMode,
    near,
)

_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
MOST_ITEMS: Final = 10_000
WHOLE: Final = 100
"""The whole, in percent."""


def _fault(code: str, text: str) -> PydanticCustomError:
    return PydanticCustomError(code, "{text}", {"text": text})


SHAPES: Final = {
    "^[A-Z]{2}$": "ISO 3166-1 alpha-2 code",
    "^[A-Z]{2}(-[A-Z0-9]{1,3})?$": "ISO 3166 code of a country or subdivision",
    "^[0-9]{4,12}$": "commodity code of 4 to 12 digits",
    "^[^ ].{0,40}$": "name of a programme",
    f"^({'|'.join(MINOR_UNITS)})$": "currency of ISO 4217",
}
"""What each pattern of a text stands for, as a refusal names it."""

_COUNTRY, _PLACE, _COMMODITY, _PROGRAMME, _CURRENCY = (Guard(pattern=one) for one in SHAPES)


def _number(value: object) -> Decimal:
    try:
        return read_decimal(value)
    except FactsError as fault:
        raise _fault("number", str(fault)) from None


def _no_less_than_zero(value: object) -> Decimal:
    number = _number(value)
    if number < 0:
        raise _fault("negative", f"{plain(number)} is below zero")
    return number


def _more_than_zero(value: object) -> Decimal:
    number = _number(value)
    if number <= 0:
        raise _fault("negative", f"{plain(number)} is not above zero")
    return number


def _owed(value: Money) -> Money:
    if value.amount < 0:
        raise _fault("negative", f"{value} is below zero")
    return value


def _day(value: object) -> object:
    if isinstance(value, date) or (isinstance(value, str) and _DAY.fullmatch(value)):
        return value
    raise _fault("day", f'{value!r} is no day: write "2026-11-20"')


def _readable(text: str) -> str:
    try:
        parse(text)
    except DutycalcError as fault:
        raise _fault("expression", str(fault)) from None
    return text


def _measures(value: Mapping[str, Decimal]) -> Mapping[str, Decimal]:
    for word, quantity in value.items():
        if word.partition("/")[0] not in UNITS:
            raise _fault("unit", f"unknown unit {word!r}{near(word, UNITS)}")
        _no_less_than_zero(quantity)
    return value


_DIGITS: Final = r"^-?(0|[1-9][0-9]*)(\.[0-9]+)?$"

Country = Annotated[str, _COUNTRY]
Place = Annotated[str, _PLACE]
Commodity = Annotated[str, _COMMODITY]
Number = Annotated[Decimal, Guard(instead=_number, pattern=_DIGITS, written=plain)]
Quantity = Annotated[Decimal, Guard(instead=_no_less_than_zero, pattern=_DIGITS, written=plain)]
Above = Annotated[Decimal, Guard(instead=_more_than_zero, pattern=_DIGITS, written=plain)]
Price = Annotated[Money, Guard(after=_owed)]
Day = Annotated[date, Guard(before=_day)]
CurrencyCode = Annotated[str, _CURRENCY]
ExpressionText = Annotated[str, Guard(after=_readable)]


class Facts(Shape):
    """A stated fact: no unknown field, exact numbers, nothing changed once stated.

    Building and validating raise FactsError (MissingFactError for a required field), all faults at once.
    """

    def __init__(self, **fields: Any) -> None:
        """Read the facts from keywords; FactsError names each that cannot be."""
        try:
            super().__init__(**fields)
        except ValidationError as fault:
            _refuse(fault, fields)

    @classmethod
    def model_validate(cls, obj: Any) -> Self:
        """Return the facts in a mapping; FactsError names each field that cannot be."""
        try:
            return super().model_validate(obj)
        except ValidationError as fault:
            _refuse(fault, obj)

    @classmethod
    def model_validate_json(cls, json_data: str | bytes | bytearray) -> Self:
        """Return the facts in JSON text; FactsError names each field that cannot be."""
        try:
            return super().model_validate_json(json_data)
        except ValidationError as fault:
            _refuse(fault, _stated_in(json_data))


def _refuse(fault: ValidationError, stated: Any) -> NoReturn:
    found: list[DutycalcError] = []
    faults = fault.errors(include_url=False)
    deep = {one["loc"][:n] for one in faults for n in range(1, len(one["loc"]))}
    for one in faults:
        if one["type"] == "too_short" and one["loc"] in deep:
            continue  # a list is told to be short when what stands in it is at fault
        place = list(one["loc"])
        path = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in place).lstrip(".")
        item = _item_id(place, stated)
        where = f"{path}{f' (item {item})' if item else ''}" or "the statement"
        text = one["msg"].removeprefix("Input should be ").replace("Value error, ", "")
        if one["type"] == "string_pattern_mismatch":
            noun = SHAPES.get(one["ctx"]["pattern"], "well-formed text")
            found.append(FactsError(f"{where}: {one['input']!r} is no {noun}", fact=path, item=item))
        elif one["type"] == "missing":
            found.append(MissingFactError(f"{where}: not stated", fact=path, item=item))
        elif one["type"] == "currency":
            found.append(CurrencyError(f"{where}: {text}"))
        elif one["type"] == "extra_forbidden":
            word = str(place[-1])
            found.append(FactsError(f"{where}: unknown field{near(word, _FIELDS)}", fact=path, item=item))
        elif one["type"] == "literal_error":
            given = one.get("input")
            words = re.findall(r"'([^']*)'", text)
            hint = near(given, words) if isinstance(given, str) else ""
            found.append(FactsError(f"{where}: {given!r} is not one of {text}{hint}", fact=path, item=item))
        else:
            found.append(FactsError(f"{where}: {text}", fact=path, item=item))
    refuse("the consignment cannot be read", found)


def _stated_in(text: str | bytes | bytearray) -> Any:
    """Return what JSON text states, to name the item of a fault; None where it is no JSON."""
    try:
        return json.loads(text, parse_float=str)
    except ValueError:
        return None


def _item_id(place: list[int | str], stated: Any) -> str:
    if len(place) < 2 or place[0] != "items" or not isinstance(stated, Mapping):
        return ""
    try:
        one = stated["items"][place[1]]
        return str(one["id"] if isinstance(one, Mapping) else one.id)
    except (KeyError, IndexError, TypeError, AttributeError):
        return ""


class Party(Facts):
    """A party to the sale: its country, its registrations by scheme key, its turnover where law asks."""

    country: Country | None = None
    kind: BuyerKind | None = None
    """Whether it is a business or a private person, where it is stated: who sends a gift may be either."""
    registrations: dict[str, str] = {}
    turnover: Price | None = None
    """Turnover with the destination, in the sense and over the period of the scheme that asks for it."""
    world_turnover: Price | None = None
    """Turnover everywhere, where the law asks for that, too."""
    low_value_share: Quantity | None = None
    """Share of the value of its supplies to the destination that are of low value, in percent (`"75"`)."""

    def check(self) -> None:
        """Refuse a share above the whole."""
        if self.low_value_share is not None and self.low_value_share > WHOLE:
            text = f"low_value_share: {plain(self.low_value_share)} percent is above the whole"
            raise _fault("share", text)


class Buyer(Facts):
    """The buyer: a consumer or a business, with its registrations."""

    kind: BuyerKind
    registrations: dict[str, str] = {}


class Claim(Facts):
    """A claim to a lower duty: its kind, the programme, and the proof held."""

    kind: ClaimKind
    programme: Annotated[str, _PROGRAMME]
    proof: str = "declared"


class StatedCharge(Facts):
    """A charge that the caller vouches for: its kind, and an amount or an expression."""

    kind: ChargeKind
    amount: Price | None = None
    expression: ExpressionText | None = None
    name: str = ""

    def check(self) -> None:
        if (self.amount is None) == (self.expression is None):
            raise _fault("one_of_two", "needs either an amount or an expression")


class ExchangeRate(Facts):
    """A dated rate of exchange with its source: one unit of `from` is `rate` units of `to`."""

    from_: CurrencyCode = named("from")
    to: CurrencyCode
    rate: Above
    on: Day
    source: Annotated[str, Guard(least=1)]


class History(Facts):
    """What has already come in the period that law adds up: so many consignments, of so much value and mass.

    `of` says whose: all that the same `consignee` has had, or what this consignment's `sender` sent to the
    same consignee. What the law asks for and is not stated is missing; with `count` 0 nothing else need be.
    """

    per: HistoryPeriod
    of: HistoryOf = "consignee"
    count: Annotated[int, Guard(least=0)] | None = None
    value: Price | None = None
    gross_mass_kg: Quantity | None = None


class GoodsItem(Facts):
    """One line of goods.

    `unit_price` is for one unit of `quantity`, `discount` for the whole line; masses are of the whole
    line in kilograms; `measures` are supplementary quantities of the whole line (`{"l": "0.7"}`), except
    strengths such as `%vol`. `stated_duty` replaces the tariff and is shown as stated.
    """

    id: Annotated[str, Guard(least=1, most=64)]
    commodity: Commodity
    origin: Country
    quantity: Above
    unit_price: Price
    discount: Price | None = None
    net_mass_kg: Quantity | None = None
    gross_mass_kg: Quantity | None = None
    retail_price: Price | None = None
    measures: Annotated[dict[str, Number], Guard(after=_measures)] = {}
    tax_class: TaxClass = "standard"
    claims: tuple[Claim, ...] = ()
    facts: dict[str, str] = {}
    stated_duty: ExpressionText | None = None
    stated_charges: tuple[StatedCharge, ...] = ()

    def check(self) -> None:
        """Refuse a discount above the price."""
        off = self.discount
        if off is not None and off.currency == self.unit_price.currency:
            price = self.unit_price * self.quantity
            if off > price:
                raise _fault("discount", f"the discount of {off} is above the price of {price}")


class Consignment(Facts):
    """Goods sent together from one place to one consignee, as stated by the caller.

    `transport`, `insurance` and `discount` are of the whole and are shared over the lines by value;
    what is not stated is not charged on top of the prices. `prices_include` names taxes, `transport` or
    `insurance` that the prices contain. `elections` names options that the law leaves to the parties.
    `payment_service` stands where law makes the issuer of the buyer's card withhold the tax.
    """

    destination: Place
    dispatch: Place
    sold_on: Day
    imported_on: Day | None = None
    channel: Channel
    transport_mode: TransportMode | None = None
    purpose: Purpose = "sale"
    delivery_term: DeliveryTerm | None = None
    transport: Price | None = None
    insurance: Price | None = None
    discount: Price | None = None
    seller: Party | None = None
    platform: Party | None = None
    redeliverer: Party | None = None
    payment_service: Party | None = None
    buyer: Buyer
    items: Annotated[tuple[GoodsItem, ...], Guard(least=1, most=MOST_ITEMS)]
    exchange_rates: tuple[ExchangeRate, ...] = ()
    history: tuple[History, ...] = ()
    prices_include: tuple[str, ...] = ()
    elections: tuple[str, ...] = ()

    def check(self) -> None:
        if len({item.id for item in self.items}) < len(self.items):
            seen = Counter(item.id for item in self.items)
            repeated = ", ".join(repr(one) for one, times in seen.items() if times > 1)
            raise _fault("repeated", f"items: id {repeated} stands more than once")
        if self.imported_on is not None and self.imported_on < self.sold_on:
            raise _fault("order", f"imported_on {self.imported_on} is before sold_on {self.sold_on}")
        off = self.discount
        if off is not None and all(item.unit_price.currency == off.currency for item in self.items):
            prices = Money(off.amount * 0, off.currency)
            for item in self.items:
                prices = prices + item.unit_price * item.quantity - (item.discount or prices * 0)
            if off > prices:
                raise _fault("discount", f"discount: {off} is above the prices of {prices}")
        if len(self.history) > 1:
            spans = Counter((one.per, one.of) for one in self.history)
            again = [f"{per} of the {of}" for (per, of), times in spans.items() if times > 1]
            if again:
                raise _fault("repeated", f"history: more than one entry for the {', '.join(again)}")
        if self.exchange_rates:
            pairs = Counter(frozenset((one.from_, one.to)) for one in self.exchange_rates)
            twice = [" and ".join(sorted(pair)) for pair, times in pairs.items() if times > 1]
            if twice:
                raise _fault("repeated", f"exchange_rates: more than one rate between {', '.join(twice)}")

    def with_items(self, items: tuple[GoodsItem, ...]) -> Consignment:
        """Return the same consignment with these goods; FactsError where it cannot be."""
        return Consignment.model_validate(self.__dict__ | {"items": items})

    @property
    def import_day(self) -> date:
        """Return the day on which the goods are declared: `imported_on`, else `sold_on`."""
        return self.imported_on or self.sold_on


_FIELDS: Final = {
    name
    for model in (Consignment, GoodsItem, Party, Buyer, Claim, StatedCharge, ExchangeRate, History)
    for name in model.model_fields
}
