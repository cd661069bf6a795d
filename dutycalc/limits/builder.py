"""Makes the carts under, at and over a limit, and asks the engine what comes of each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from typing import Any, Final

from dutycalc.assessment import Assessment
from dutycalc.compare import Refused
from dutycalc.decided import unknown
from dutycalc.engine import assess
from dutycalc.errors import DutycalcError, Refusals
from dutycalc.goods import Consignment
from dutycalc.limits.circumstances import GRAM, Circumstances, Varies, amount_of, half_of, sums_of
from dutycalc.limits.outcomes import SIDES, LimitCarts, Outcome, Side
from dutycalc.money import LOOSE, Money, plain
from dutycalc.savings import Compared, tests_of
from dutycalc.tables import Count, Limit, Relief, Waiver
from dutycalc.wording import bound_in_words, joined, limit_in_words, spaced

_MASS: Final = Decimal("0.5")

_NEAR: Final = Decimal("0.9")
"""The share of a limit that the cart under it must reach: else another rule takes the sum away at once."""

_DOUBLINGS: Final = 24
"""How often a price is doubled before a limit counts as out of reach."""


class Builder(Circumstances):
    """Makes carts around one comparison of a limit, in the circumstances of one record that turns on it."""

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
        sums = sums_of(limit) or [Money(Decimal(20), self.currency)]
        price = Money(aimed, self.unit) if self.varies == "price" else half_of(sums[0])
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
            earlier = stated.get("earlier") or (Money(self.bound, self.unit) - min(sums, key=amount_of))
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
            varied = f"{plain(item.gross_mass_kg or GRAM)} kg"
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


def _refusals_in(fault: DutycalcError) -> Iterator[Refused]:
    for one in fault.exceptions if isinstance(fault, Refusals) else (fault,):
        yield Refused(type(one).__name__, str(one))


def _notices_from(found: Assessment) -> tuple[str, ...]:
    return tuple(one.record for one in found.notices if one.code == "law")


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
