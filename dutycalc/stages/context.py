"""What a stage sees while it is traced: the consignment as a whole, and one line of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final, Literal

from dutycalc.errors import FactsError, MissingFactError
from dutycalc.expressions import COMPONENTS, PARTS
from dutycalc.law import Provision
from dutycalc.loader import Law
from dutycalc.money import Money, quantum
from dutycalc.profile import ItemProfile, Profile
from dutycalc.steps import Sharing, Step, Unknown, divide, given, law_leaf, missing, part, times, total
from dutycalc.tables import Condition, Goods, RoundingRule, Scoped
from dutycalc.units import factors, ratio
from dutycalc.values import Frozen

Point = Literal["sale", "import"]
"""The two tax points: the day of the sale, and the day of the declaration."""

VALUED: Final = 1
"""The phase by which a line has its values."""


class Trace:
    """What the whole and a line share: the categories, the law of both tax points, the currency."""

    def __init__(self, profile: Profile, sale: Law, border: Law) -> None:
        self.profile = profile
        self.laws: dict[Point, Law] = {"sale": sale, "import": border}
        self.border = border
        self.day = profile.imported_on
        self.currency: str = border.on("currency").value.code
        self.unit = quantum(self.currency)
        self.reasons: list[Step] = []
        self._leaves: dict[Any, Step] = {}

    def leaf(self, label: str, provision: Provision[Any], value: Decimal, unit: str) -> Step:
        """Return the one step for a number of a provision."""
        key = ("law", label, provision.record, provision.valid_from, value, unit)
        return self._leaves.setdefault(key, law_leaf(label, provision, value, unit))

    def fact(self, label: str, name: str, unit: str = "") -> Step:
        """Return the one step for a stated fact."""
        return self._leaves.setdefault(("fact", name), given(label, name, unit))

    def converted(self, label: str, amount: Step) -> Step:
        """Return the amount in the currency of the charges, by the rate that the caller stated."""
        source, target = amount.unit, self.currency
        if source == target:
            return amount
        name = f"exchange rate, {source} to {target}"
        if (source, target) in self.profile.rates:
            rate = self.fact(name, f"exchange_rates[{source}/{target}]")
            return times(f"{label} in {target}", amount, rate, unit=target)
        if (target, source) in self.profile.rates:
            rate = self.fact(f"exchange rate, {target} to {source}", f"exchange_rates[{target}/{source}]")
            return divide(f"{label} in {target}", amount, rate, unit=target)
        rule = self.border.find("exchange_rate")
        told = f" ({rule.value.rule})" if rule else ""
        unknown = Unknown(
            "exchange_rate",
            f"{source}/{target}",
            f"no rate of exchange from {source} to {target} is stated{told}",
        )
        return self._leaves.setdefault(("rate", source), missing(name, unknown, rule, target))

    def sum_of_law(self, label: str, money: Money, provision: Provision[Any]) -> Step:
        """Return an amount that the law names, in the currency of the charges."""
        return self.converted(label, self.leaf(label, provision, money.amount, money.currency))

    def zero(self, label: str, provision: Provision[Any] | None) -> Step:
        """Return the zero that a provision makes."""
        if provision is None:
            return law_leaf(label, None, Decimal(0) * self.unit, self.currency)  # type: ignore[arg-type]
        return self.leaf(label, provision, Decimal(0) * self.unit, self.currency)


class Gathering(Frozen):
    """By which phase a line has a charge's base, its sum before rounding, its amount, and what is due."""

    base: int
    raw: int
    amount: int
    due: int


class Whole(Trace):
    """The consignment as a whole while it is traced."""

    def __init__(self, profile: Profile, sale: Law, border: Law) -> None:
        super().__init__(profile, sale, border)
        self.exports: dict[str, Step] = {}
        self.wanted: dict[str, int] = {}
        self.gathered: dict[str, Gathering] = {}

    def share(self, name: str, label: str, amount: Step, weight: str, phase: int, group: str = "") -> None:
        """Let the lines share an amount, by a value that each line has by `phase`."""
        self.wanted[weight] = phase
        if group:
            self.wanted[group] = 0
        sharing = Sharing(weight, self.unit, group)
        step = Step(label, "split", (amount,), sharing, unit=amount.unit, phase=max(phase, amount.phase))
        self.exports[name] = step

    def sum(self, label: str, name: str, phase: int, unit: str | None = None) -> Step:
        """Return the one step that adds up a value of the lines."""
        key = ("total", name)
        self.wanted[name] = phase
        unit = self.currency if unit is None else unit
        return self._leaves.setdefault(key, total(label, name, phase, unit))


class Line(Trace):
    """One line of goods while it is traced."""

    def __init__(self, whole: Whole, item: ItemProfile, day: date, tariff: Any) -> None:
        super().__init__(whole.profile, whole.laws["sale"], whole.border)
        self.whole = whole
        self.day = day
        self.tariff = tariff
        self.candidates: tuple[Step, ...] = ()
        self.item = item
        self.exports: dict[str, Step] = {}
        self.values: dict[str, Step] = {}
        self.taken: dict[str, Step | None] = {}
        self.bases: dict[str, tuple[Step, Provision[Any] | None]] = {}
        self.layers: dict[str, Provision[Any]] = {}
        self.unsettled: dict[str, tuple[str, str]] = {}

    def part_of(self, name: str, label: str) -> Step:
        """Return this line's part of a split of the consignment."""
        split = self.whole.exports[name]
        return self._leaves.setdefault(("part", name), part(label, name, split.phase, split.unit))

    def from_whole(self, name: str, label: str) -> Step:
        """Return a value that the consignment found."""
        step = self.whole.exports[name]
        found = Step(label, "whole", constant=name, unit=step.unit, law=step.law, phase=step.phase + 1)
        return self._leaves.setdefault(("whole", name), found)

    def measure(self, unit: str) -> Step:
        """Return the quantity of this line in a unit, converted within its dimension."""
        item = self.item
        if unit in PARTS or unit in COMPONENTS:
            return self._part_of_goods(unit)
        if unit == "item":
            return self.fact("quantity", "quantity", "item")
        if unit == "kg" and "net_mass_kg" in item.measures:
            return self.fact("net mass", "net_mass_kg", "kg")
        if unit == "kg/gross" and "gross_mass_kg" in item.measures:
            return self.fact("gross mass", "gross_mass_kg", "kg/gross")
        stated = [word for word in item.measures if not word.endswith("_kg")]
        if unit in stated:
            return self.fact(f"quantity in {unit}", f"measures[{unit}]", unit)
        for word in stated:
            if _alike(word, unit):
                source = self.fact(f"quantity in {word}", f"measures[{word}]", word)
                return self._scaled(source, word, unit)
        if _alike("kg", unit) and "net_mass_kg" in item.measures:
            return self._scaled(self.fact("net mass", "net_mass_kg", "kg"), "kg", unit)
        if _alike("item", unit):
            return self._scaled(self.fact("quantity", "quantity", "item"), "item", unit)
        name = (
            "net_mass_kg" if unit == "kg" else "gross_mass_kg" if unit == "kg/gross" else f"measures.{unit}"
        )
        return missing(f"quantity in {unit}", Unknown("fact", name, f"the law charges by {unit}"), unit=unit)

    def _part_of_goods(self, name: str) -> Step:
        """Return the value of a part of the goods, or a component of their composition, as a fact."""
        if name == "retail price" and self.item.retail_currency is not None:
            one = self.fact("retail price", "retail_price", self.item.retail_currency)
            whole = times("retail price of the line", one, self.measure("item"), unit=one.unit)
            return self.converted("retail price of the line", whole)
        subject = "retail_price" if name == "retail price" else name
        return missing(
            name, Unknown("fact", subject, f"the tariff charges by the {name}"), unit=self.currency
        )

    def _scaled(self, quantity: Step, source: str, target: str) -> Step:
        """Return a quantity in another unit, divided last, so that twelve are a dozen."""
        label = f"quantity in {target}"
        multiplier, divisor = ratio(source, target)
        if multiplier != 1:
            quantity = times(
                label, quantity, self.constant(f"{target} for {divisor} {source}", multiplier), unit=target
            )
        if divisor != 1:
            quantity = divide(
                label, quantity, self.constant(f"{source} for one {target}", divisor), unit=target
            )
        return quantity

    def constant(self, label: str, number: Decimal) -> Step:
        """Return the one step for a number that is no law's, such as how many make a dozen."""
        return self._leaves.setdefault(("unit", label), Step(label, "law", constant=number))


def _alike(word: str, unit: str) -> bool:
    """Tell whether two words measure the same thing in different units."""
    first, second = factors(word), factors(unit)
    return (
        len(first) == len(second) == 1
        and first[0].unit.dimension == second[0].unit.dimension
        and first[0].qualifier == second[0].qualifier
    )


def names_goods(goods: Goods | None, item: ItemProfile) -> str:
    """Return which entry of a list of goods fits the item, or nothing."""
    if goods is None:
        return ""
    for entry in goods.commodities:
        if in_range(item.commodity, entry):
            return f"commodity {entry}"
    for name in goods.lists:
        if name in item.lists:
            return f"list {name}"
    if item.tax_class in goods.tax_classes:
        return f"tax class {item.tax_class}"
    if item.origin in goods.origins:
        return f"origin {item.origin}"
    for fact, answers in goods.facts.items():
        if item.facts.get(fact) in answers:
            return f"{fact} = {item.facts[fact]}"
    return ""


def in_range(commodity: str, entry: str) -> bool:
    """Tell whether a code falls under a prefix, such as 2203, or a range of them, such as 2203-2208.

    A code shorter than the prefix falls under it only if it could not fall anywhere else.
    """
    first, _, last = entry.partition("-")
    if not last:
        return commodity.startswith(first)
    return first <= commodity[: len(first)] and commodity[: len(last)] <= last


def unsettled_by(goods: Goods | None, item: ItemProfile) -> str:
    """Return the entry that a short code may or may not fall under: it needs more digits, or nothing."""
    if goods is None:
        return ""
    for entry in goods.commodities:
        first = entry.partition("-")[0]
        if len(item.commodity) < len(first) and first.startswith(item.commodity):
            return entry
    return next((f"list {name}" for name in goods.lists if name in item.doubtful_lists), "")


class Applies:
    """Whether a record applies: `tests` are what is left to decide on values; none left means always."""

    __slots__ = ("provision", "tests")

    def __init__(self, provision: Provision[Any]) -> None:
        self.provision = provision
        self.tests: list[Step] = []


_LISTS: Final[tuple[tuple[str, str], ...]] = (
    ("channel", "channel"), ("purpose", "purpose"), ("buyer", "buyer_kind"),
    ("delivery_term", "delivery_term"),
)  # fmt: skip


def place_in(code: str, places: Sequence[str]) -> bool:
    """Tell whether a place is listed, by itself or by its country."""
    return code in places or code.partition("-")[0] in places


def mismatch(condition: Condition, trace: Trace, item: ItemProfile) -> str:
    """Return the first category of a condition that does not fit a line, or nothing."""
    return consignment_mismatch(condition, trace) or _item_mismatch(condition, item)


def possible(record: Scoped, trace: Trace) -> bool:
    """Tell whether the categories of the consignment leave a record room to apply to some line."""
    return not record.when or any(not consignment_mismatch(one, trace) for one in record.when)


def consignment_mismatch(condition: Condition, trace: Trace) -> str:
    """Return the first category of a condition that does not fit the consignment as a whole, or nothing."""
    profile = trace.profile
    for name, attribute in _LISTS:
        wanted = getattr(condition, name)
        stated = getattr(profile, attribute)
        if wanted and stated not in wanted:
            return f"{name} is {stated or 'not stated'}"
    if profile.sender_kind in condition.not_sender:
        return f"the sender is a {profile.sender_kind}"
    if condition.transport_mode:
        if profile.transport_mode is None:
            raise MissingFactError(
                "transport_mode: the law asks for it and it is not stated", fact="transport_mode"
            )
        if profile.transport_mode not in condition.transport_mode:
            return f"transport mode is {profile.transport_mode}"
    if condition.dispatch and not place_in(profile.dispatch, condition.dispatch):
        return f"dispatched from {profile.dispatch}"
    if place_in(profile.dispatch, condition.not_dispatch):
        return f"dispatched from {profile.dispatch}"
    held = {key for party in profile.parties.values() for key in party.registrations}
    if condition.registered and not held.intersection(condition.registered):
        return f"nobody is registered for {' or '.join(condition.registered)}"
    if held.intersection(condition.not_registered):
        return f"registered for {', '.join(sorted(held.intersection(condition.not_registered)))}"
    if condition.elected and not set(condition.elected).intersection(profile.elections):
        return f"{' or '.join(condition.elected)} is not elected"
    for one in condition.not_elected:
        if one in profile.elections:
            return f"{one} is elected"
    return ""


def _item_mismatch(condition: Condition, item: ItemProfile) -> str:
    if condition.origin and item.origin not in condition.origin:
        return f"origin is {item.origin}"
    if item.origin in condition.not_origin:
        return f"origin is {item.origin}"
    if condition.claims and not any(one[1] in condition.claims for one in item.claims):
        return f"none of {', '.join(condition.claims)} is claimed"
    for fact, answers in condition.facts.items():
        if item.facts.get(fact) not in answers:
            return f"{fact} is {item.facts.get(fact, 'not stated')}"
    return ""


def rounding_unit(trace: Trace, rule: RoundingRule, record: str) -> Decimal:
    """Return the unit of a rounding; it must be in the currency of the charges."""
    if isinstance(rule.to, str):
        return trace.unit
    if rule.to.currency != trace.currency:
        raise FactsError(f"{record}: rounds in {rule.to.currency}, while charges are in {trace.currency}")
    return rule.to.amount


def label_of(provision: Provision[Any]) -> str:
    """Return the name of a record for a label: its own name, words apart."""
    return provision.record.rpartition(".")[2].replace("_", " ")
