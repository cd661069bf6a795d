"""Three carts for each limit: one minor unit under it, at it, and one over, and what comes of each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final, Literal, get_args

from dutycalc.answer import Charge
from dutycalc.assessment import Assessment
from dutycalc.compare import Refused
from dutycalc.decided import unknown
from dutycalc.engine import assess
from dutycalc.errors import DutycalcError, Refusals
from dutycalc.goods import Consignment
from dutycalc.law import Provision
from dutycalc.loader import Law, Tariffs, Territory
from dutycalc.money import LOOSE, Money, plain, quantum
from dutycalc.nomenclature import hs_2022
from dutycalc.number_checks import placeholder
from dutycalc.savings import Compared, tests_of
from dutycalc.stages.context import in_range, place_in
from dutycalc.stages.relief import SCOPED
from dutycalc.tables import Condition, Count, FurtherMeasure, Goods, Limit, Relief, Scheme, Scoped, Waiver
from dutycalc.units import UNITS
from dutycalc.values import Frozen
from dutycalc.wording import bound_in_words, joined, limit_in_words, spaced
from dutycalc.words import BUYER_PAYS_CARRIAGE, Channel

Side = Literal["under", "at", "over"]
Varies = Literal["price", "mass", "quantity", "count"]
SIDES: Final[tuple[Side, ...]] = get_args(Side)

GOODS: Final = ("61091000", "39269097", "49019900", "64039996", "09012100")
"""Codes that parcels are full of, and roasted coffee; the first that the law does not shut out is sent."""

DISPATCH: Final = ("CN", "US", "GB", "JP")
DUTIES: Final = ("10%", "5%", "2%")
"""The duty that the carts state, so that every limit can be read beside another without a tariff."""

_ORIGINS: Final = ("VN", "TR", "BR", "ZA", "AU")
"""Where goods come from that may not come from the place of dispatch."""

_CHANNELS: Final[tuple[Channel, ...]] = get_args(Channel)
_A_DAY: Final = timedelta(days=1)
_GRAM: Final = Decimal("0.001")
_MASS: Final = Decimal("0.5")
_ONE: Final = Decimal(1)
_QUIET: Final = ("unmodelled", "notice")
"""Families whose records are told of a limit only where no other record turns on it."""

_NEAR: Final = Decimal("0.9")
"""The share of a limit that the cart under it must reach: else another rule takes the sum away at once."""

_WAYS: Final = 12
"""Kinds of cart that are tried for one record before the best of them is taken."""

_MOST: Final = 3
"""Records for which the carts around one comparison are told."""

_DOUBLINGS: Final = 24
"""How often a price is doubled before a limit counts as out of reach."""


class Outcome(Frozen):
    """One of the three carts: what varies in it, what the law measures, and what comes of it.

    `within` tells whether the law's own comparison puts it inside the limit, None where no comparison
    was reached; `assessment` is None where the cart is refused.
    """

    side: Side
    varied: str
    measured: str
    within: bool | None
    assessment: Assessment | None
    refusals: tuple[Refused, ...] = ()

    def signature(self, *, amounts: bool) -> tuple[Any, ...]:
        """Return what came about, with its amounts or without: equal where a limit changes nothing."""
        if self.assessment is None:
            return tuple((one.error, one.text) for one in self.refusals)
        return tuple(
            (
                one.name, one.rate if one.amount or amounts else "", one.collection,
                tuple(record.record for record in one.records), one.amount if amounts else None,
            )
            for _, one in self.assessment.all_charges()
        )  # fmt: skip

    def charges(self) -> dict[str, tuple[Charge, ...]]:
        """Return the charges by title."""
        found: dict[str, list[Charge]] = {}
        for _, one in self.assessment.all_charges() if self.assessment is not None else ():
            found.setdefault(one.title, []).append(one)
        return {title: tuple(each) for title, each in found.items()}

    def seen(self) -> frozenset[Any]:
        """Return what a payer would notice beside the amounts: what is due, at which rate, who collects."""
        if self.assessment is None:
            return frozenset(one.error for one in self.refusals)
        return frozenset(
            (one.title, one.rate, one.collection.collector, one.collection.moment, one.collection.scheme)
            for _, one in self.assessment.all_charges()
            if one.amount is not None and one.amount.amount
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the outcome as plain JSON values."""
        found = self.assessment
        return {
            "side": self.side, "varied": self.varied, "measured": self.measured, "within": self.within,
            "charges": [] if found is None else [one.to_dict() for _, one in found.all_charges()],
            "total": None if found is None else str(found.totals["all"]),
            "refusals": [one.to_dict() for one in self.refusals],
        }  # fmt: skip


class LimitCarts(Frozen):
    """The three carts around one comparison of a limit, in the circumstances of one record that turns on it.

    `words` say the comparison, `turning` which record the carts were made for, `cart` what they share.
    `remark` says what a reader would else wonder at: that nothing changes, or that no cart is exactly there.
    `close` tells that the cart under the limit comes close to it.
    """

    name: str
    day: date
    words: str
    turning: str
    cart: str
    provision: Provision[Any]
    outcomes: tuple[Outcome, ...]
    remark: str = ""
    close: bool = True

    @property
    def turns(self) -> bool:
        """Tell whether the limit changes what comes about."""
        return len({one.signature(amounts=False) for one in self.outcomes}) > 1

    @property
    def shows(self) -> bool:
        """Tell whether a payer would notice the limit, beyond a record that takes another's place."""
        return len({one.seen() for one in self.outcomes}) > 1

    def to_dict(self) -> dict[str, Any]:
        """Return the carts as plain JSON values."""
        return {
            "limit": self.name, "record": self.provision.record, "on": self.day.isoformat(),
            "words": self.words, "turning": self.turning, "cart": self.cart, "remark": self.remark,
            "carts": [one.to_dict() for one in self.outcomes],
        }  # fmt: skip


Rates = Mapping[tuple[str, str], Decimal]
"""Rates of exchange: one unit of the first currency is so many of the second."""

NO_RATES: Final[Rates] = MappingProxyType({})


def carts_around(
    tariffs: Tariffs, destination: str, day: date, name: str, *, rates: Rates = NO_RATES
) -> tuple[LimitCarts, ...]:
    """Return the carts around a limit or a waiver (`waiver.small`), for every record that turns on it.

    Prices are in the limit's own currency; `rates` must hold what the law converts, else a cart is refused
    as it would be by `assess`. Records for which the limit changes nothing are left out where another shows
    a change, and none is told twice. Empty where no plain cart reaches the limit.
    """
    territory = tariffs.territory(destination)
    law = territory.law(day)
    family, _, label = name.rpartition(".")
    provision = law.on(family or "limit", label)
    found: list[LimitCarts] = []
    for comparison in _comparisons(provision.value):
        each: list[LimitCarts] = []
        for turning, record in _turning(law, provision, label):
            builder = _Builder(tariffs, territory, day, provision, comparison, record, rates)
            best = _best(builder, turning, label, day)
            quiet = turning.startswith(_QUIET) and any(one.turns for one in each)
            if best is not None and not quiet:
                each.append(best)
        turns = [one for one in each if one.shows] or [one for one in each if one.turns]
        found += _unlike(turns or each[:1])[:_MOST]
    return tuple(found)


def limits_of(law: Law) -> tuple[str, ...]:
    """Return the names of the limits in force, and those of the waivers as `waiver.name`."""
    return (*law.all("limit"), *(f"waiver.{name}" for name in law.all("waiver")))


def last_day_of_use(territory: Territory, name: str, day: date) -> date | None:
    """Return the last day up to `day` on which some record turns on a limit, or None."""
    family, _, label = name.rpartition(".")
    days = [day, *(one - _A_DAY for one in reversed(territory.changes) if one <= day)]
    for each in days:
        if each < territory.covered_from:
            break
        law = territory.law(each)
        provision = law.find(family or "limit", label)
        if provision is not None and next(iter(_turning(law, provision, label)), None) is not None:
            return each
    return None


Comparison = Limit | Waiver | FurtherMeasure | Count
"""What of a limit a cart can be under, at or over: its measure, a further one, a number of consignments."""


def _comparisons(limit: Limit | Waiver) -> tuple[Comparison, ...]:
    return (limit, *limit.also, *limit.counts) if isinstance(limit, Limit) else (limit,)


def _sums(limit: Limit | Waiver) -> list[Money]:
    """Return the sums that a limit compares with."""
    bounds = [one.at_most or one.below for one in _comparisons(limit) if not isinstance(one, Count)]
    return [Money.parse(str(one)) for one in bounds if str(one).rpartition(" ")[2] not in UNITS]


def _turning(law: Law, provision: Provision[Any], label: str) -> Iterator[tuple[str, Scoped]]:
    """Yield the records that turn on a limit, notices last; a waiver turns on itself."""
    if isinstance(provision.value, Waiver):
        yield f"waiver {spaced(label)}", provision.value
        return
    for family in sorted(SCOPED, key=lambda one: one in _QUIET):
        for name, one in law.all(family).items():
            record: Scoped = one.value
            if label in (record.within, record.above):
                yield f"{family} {spaced(name)}", record


def _best(builder: _Builder, turning: str, label: str, day: date) -> LimitCarts | None:
    """Return the carts in which the limit shows most: it changes something, and little is refused."""
    best: tuple[tuple[bool, bool, int], LimitCarts] | None = None
    for plainly in (True, False):
        for n, stated in enumerate(builder.ways(plainly=plainly)):
            if n == _WAYS:
                break
            found = builder.carts(stated, turning, label, day)
            if found is None:
                continue
            answered = sum(one.assessment is not None for one in found.outcomes)
            score = (found.turns and answered > 0, found.close, answered)
            if best is None or score > best[0]:
                best = (score, found)
            if best[0] == (True, True, len(SIDES)):
                return best[1]
        if best is not None and best[0][0]:
            break
    return best[1] if best is not None else None


def _unlike(each: Iterable[LimitCarts]) -> list[LimitCarts]:
    """Return the carts without those whose outcomes another already shows."""
    found: dict[tuple[Any, ...], LimitCarts] = {}
    for one in each:
        found.setdefault(tuple(side.signature(amounts=True) for side in one.outcomes), one)
    return list(found.values())


class _Builder:
    """Makes carts around one comparison of a limit, in the circumstances of one record that turns on it."""

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
        self.step = {"mass": _GRAM, "quantity": _ONE, "count": _ONE}.get(self.varies) or quantum(self.unit)

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
                for money in _sums(one.value)
                if money.currency == self.unit
            ]
            found = stated | {"items": stated["items"] | {"stated_charges": charges}}
            if sums and self.varies == "price" and getattr(self.provision.value, "history", None) is not None:
                found["earlier"] = Money(self.bound, self.unit) - _half(min(sums, key=_amount))
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

    def carts(self, stated: dict[str, Any], turning: str, label: str, day: date) -> LimitCarts | None:
        """Return the three carts, or None where the law does not compare anything with the limit here."""

        def compared(place: int) -> tuple[int, str] | None:
            return self._compared(self._cart(stated, place))

        found = self._places(compared)
        if found is None:
            return None
        under, at, over = found
        outcomes = tuple(
            self._outcome(side, self._cart(stated, place))
            for side, place in zip(SIDES, (under, at, over), strict=True)
            if place is not None and (place > 0 or self.varies != "count")
        )
        one = LimitCarts(
            label, day, self._words(), turning, in_words(self._cart(stated, over), self.varies),
            self.provision, outcomes,
        )  # fmt: skip
        reached = self._reached(self._cart(stated, under)) if self.varies == "price" else None
        close = reached is None or reached >= _NEAR
        return one.replaced(remark=self._remark(one, at is None), close=close)  # type: ignore[no-any-return]

    def _reached(self, cart: Consignment) -> Decimal | None:
        """Return which share of the limit a cart comes to, where both are known."""
        try:
            found = self._test(assess(cart, self.tariffs, partial=True))
        except DutycalcError:
            return None
        if found is None:
            return None
        value, bound = found[1][found[0].value], found[1][found[0].bound]
        return None if unknown(value) or unknown(bound) or not bound else LOOSE.divide(value, bound)

    def _words(self) -> str:
        limit = self.comparison
        if isinstance(limit, Count):
            return f"at most {limit.at_most} in a {spaced(limit.per)}"
        if isinstance(limit, Limit):
            return limit_in_words(limit).partition("; outside: ")[0]
        if isinstance(limit, Waiver):
            return f"{joined(map(spaced, limit.charges))} not collected where {bound_in_words(limit)}"
        return f"{spaced(limit.measure)} {bound_in_words(limit)}"

    def _remark(self, one: LimitCarts, nothing_there: bool) -> str:
        said = [f"no cart comes to exactly {plain(self.bound)} {self.unit}"] if nothing_there else []
        if not one.turns:
            told = [_notices_from(each.assessment) for each in one.outcomes if each.assessment is not None]
            if len(set(told)) > 1:
                said.append("only what the answer tells differs, no charge")
            elif isinstance(self.record, Relief) and self.record.portion != "whole":
                said.append(
                    "only the part above it is charged, and what is due on so little comes to nothing"
                )
            else:
                said.append("it changes nothing here: other rules decide alike on both sides")
        return "; ".join(said)

    def _places(
        self, compared: Callable[[int], tuple[int, str] | None]
    ) -> tuple[int, int | None, int] | None:
        """Return the steps under, at and over the limit; None for `at` where no step comes to it exactly."""

        def sign(place: int) -> int | None:
            found = compared(place)
            return None if found is None else found[0]

        aimed = int(self.bound / self.step)
        if self.varies == "count":
            return aimed - 1, aimed, aimed + 1
        if aimed > 0 and (sign(aimed - 1), sign(aimed), sign(aimed + 1)) == (-1, 0, 1):
            return aimed - 1, aimed, aimed + 1
        high = max(aimed, 1)
        for _ in range(_DOUBLINGS):
            beyond = sign(high)
            if beyond is None:
                return None
            if beyond > 0:
                break
            high *= 2
        else:
            return None
        first = _first(lambda place: (sign(place) or 0) >= 0, high)
        beyond_first = _first(lambda place: (sign(place) or 0) > 0, high)
        if first == 0:
            return None
        return first - 1, first if first < beyond_first else None, beyond_first

    def _cart(self, stated: dict[str, Any], place: int) -> Consignment:
        """Return the cart whose price, or mass, is so many steps."""
        aimed = place * self.step
        limit = self.provision.value
        sums = _sums(limit) or [Money(Decimal(20), self.currency)]
        price = Money(aimed, self.unit) if self.varies == "price" else _half(sums[0])
        mass = plain(aimed if self.varies == "mass" else _MASS)
        item = stated["items"] | {"unit_price": price, "net_mass_kg": mass, "gross_mass_kg": mass}
        if self.varies == "quantity":
            item["quantity"] = plain(aimed)
        found = {name: one for name, one in stated.items() if name != "earlier"} | {"items": (item,)}
        found["exchange_rates"] = [
            {"from": one, "to": to, "rate": plain(rate), "on": self.day, "source": "stated for this table"}
            for (one, to), rate in self.rates.items() if to == self.currency
        ]  # fmt: skip
        if isinstance(self.comparison, Count):
            count: dict[str, Any] = {"per": self.comparison.per, "of": self.comparison.of, "count": place - 1}
            if place > 1:
                count["value"] = price * (place - 1)
            found["history"] = [count]
        elif self.comparison is limit and isinstance(limit, Limit) and limit.history is not None:
            earlier = stated.get("earlier") or (Money(self.bound, self.unit) - min(sums, key=_amount))
            if earlier.amount > 0:
                found["history"] = [
                    {"per": limit.history, "of": limit.history_of, "count": 1, "value": earlier}
                ]
        return Consignment.model_validate(found)

    def _compared(self, cart: Consignment) -> tuple[int, str] | None:
        """Return whether what the law measures is below (-1), at (0) or above (1) the bound, and its text."""
        try:
            found = assess(cart, self.tariffs, partial=True)
        except DutycalcError:
            return None
        return self._compared_in(found)

    def _compared_in(self, found: Assessment) -> tuple[int, str] | None:
        test_values = self._test(found)
        if test_values is None:
            return None
        test, values = test_values
        value, bound = values[test.value], values[test.bound]
        if unknown(value) or unknown(bound):
            return None
        text = (
            str(Money(value, test.unit)) if self.varies == "price" else f"{plain(value)} {self.unit}".rstrip()
        )
        return (value > bound) - (value < bound), text

    def _test(self, found: Assessment) -> tuple[Compared, list[Any]] | None:
        """Return the test on the comparison in question, with the values of its program."""
        places = [(tests_of(found.whole.kept, found.whole.program, found.whole.trace), found.values)]
        places += [
            (tests_of(line.kept, line.program, line.trace), values)
            for line, values in zip(found.lines, found.line_values, strict=True)
        ]
        says = f"{plain(self.bound)} {self.unit}".rstrip()
        for tests, values in places:
            for one in tests:
                same = one.provision.record == self.provision.record
                if same and one.bound_says.removesuffix(" for each item").rstrip() == says:
                    return one, values
        return None

    def _outcome(self, side: Side, cart: Consignment) -> Outcome:
        item = cart.items[0]
        varied = str(item.unit_price)
        if self.varies == "mass":
            varied = f"{plain(item.gross_mass_kg or _GRAM)} kg"
        elif self.varies == "quantity":
            varied = f"{plain(item.quantity)} {self.unit}"
        elif self.varies == "count":
            varied = f"{(cart.history[0].count or 0) + 1} in the {spaced(cart.history[0].per)}"
        part: Assessment | None = None
        refusals: tuple[Refused, ...] = ()
        found: Assessment | None = None
        try:
            part = found = assess(cart, self.tariffs)
        except DutycalcError as fault:
            refusals = tuple(_refusals_in(fault))
            try:
                part = assess(cart, self.tariffs, partial=True)
            except DutycalcError:
                part = None
        compared = self._compared_in(part) if part is not None else None
        within: bool | None = None
        if part is not None and (test := self._test(part)) is not None:
            within = test[1][test[0].place] is True
        return Outcome(side, varied, compared[1] if compared is not None else "", within, found, refusals)


def _amount(money: Money) -> Decimal:
    return money.amount


def _half(money: Money) -> Money:
    """Return half of a sum, in whole minor units."""
    unit = quantum(money.currency)
    return Money(money.amount / 2 // unit * unit, money.currency)


def _refusals_in(fault: DutycalcError) -> Iterator[Refused]:
    for one in fault.exceptions if isinstance(fault, Refusals) else (fault,):
        yield Refused(type(one).__name__, str(one))


def _notices_from(found: Assessment) -> tuple[str, ...]:
    return tuple(one.record for one in found.notices if one.code == "law")


def _codes_in(entry: str) -> Iterator[str]:
    """Yield codes of eight digits, or more where the entry has more, that fall under a prefix or range."""
    first = entry.partition("-")[0]
    if len(first) > 6:
        yield first.ljust(8, "0")
        return
    for code in sorted(hs_2022()):
        if in_range(code, entry):
            yield f"{code}00"


def _first(holds: Callable[[int], bool], high: int) -> int:
    """Return the first number from zero on at which something holds that holds from there on."""
    low = 0
    while low < high:
        middle = (low + high) // 2
        if holds(middle):
            high = middle
        else:
            low = middle + 1
    return low


def in_words(cart: Consignment, varies: Varies) -> str:
    """Return what the three carts share, in one line."""
    item = cart.items[0]
    words = [
        f"{'items' if varies == 'quantity' else '1 item'} of {item.commodity} from {cart.dispatch}"
        + (f" (origin {item.origin})" if item.origin != cart.dispatch else ""),
        f"to {cart.destination} by {cart.channel}",
        f"{cart.purpose} to a {cart.buyer.kind}",
    ]
    if item.tax_class != "standard":
        words.append(f"tax class {spaced(item.tax_class)}")
    words += [f"{spaced(fact)}: {answer}" for fact, answer in item.facts.items()]
    for role in ("seller", "platform", "redeliverer", "buyer"):
        party = getattr(cart, role)
        words += [
            f"{role} registered for {key}" for key in (party.registrations if party is not None else ())
        ]
    words += [f"{spaced(one)} elected" for one in cart.elections]
    if cart.delivery_term is not None:
        words.append(cart.delivery_term)
    if varies != "mass":
        words.append(f"{plain(item.gross_mass_kg or _MASS)} kg")
    if varies == "price":
        words += [f"{one.count} earlier in the {spaced(one.per)}, of {one.value}" for one in cart.history]
    else:
        words.append(f"price {item.unit_price}{' each' if varies == 'quantity' else ''}")
    words.append(f"duty stated as {item.stated_duty}")
    words += [f"{spaced(one.kind)} stated as {one.amount}" for one in item.stated_charges]
    price = item.unit_price.currency
    words += [
        f"1 {one.from_} = {plain(one.rate)} {one.to} stated"
        for one in cart.exchange_rates if one.from_ == price
    ]  # fmt: skip
    return ", ".join(words)


def limit_carts(
    tariffs: Tariffs, destination: str, day: date, *, rates: Rates = NO_RATES
) -> tuple[LimitCarts, ...]:
    """Return the carts around every limit and waiver in force at a destination on a day."""
    law = tariffs.territory(destination).law(day)
    return tuple(
        one for name in limits_of(law) for one in carts_around(tariffs, destination, day, name, rates=rates)
    )
