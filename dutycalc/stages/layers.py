"""Layers: the duties that lie on top of the tariff's own; which of them bear on a line, and their amounts.

Which layers bear is settled by categories alone: lists of goods, origins, claims, stated facts, and what
gives way to what. Their order does not matter.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final

from dutycalc.errors import ConflictError
from dutycalc.expressions import Expression, parse
from dutycalc.law import Provision
from dutycalc.loader import Law
from dutycalc.money import Money
from dutycalc.profile import ItemProfile
from dutycalc.stages.context import (
    Line,
    Trace,
    in_range,
    label_of,
    mismatch,
    names_goods,
)
from dutycalc.stages.duty import amount_of
from dutycalc.steps import Step, Unknown, because, greatest, missing, subtract, times
from dutycalc.tables import Condition, Layer
from dutycalc.values import Frozen

Stack = dict[str, Provision[Layer]]
"""The layer that bears on a line, for each charge of which one does."""

Unsettled = dict[str, tuple[str, str]]
"""Charges that turn on digits which a code lacks: a longer code that would tell, and the headings."""

Answers = dict[str, frozenset[str]]
"""Facts on which layers turn, each with the answers that the law names."""

TEXTS_KEPT: Final = 4_096
"""Lists, conditions and rates that are kept ready to be asked."""

NOTHING: Final = Decimal(0)
PER_CENT: Final = 100


class Codes(Frozen):
    """A list of goods, ready to be asked: its prefixes, their lengths, and its ranges."""

    prefixes: frozenset[str]
    lengths: tuple[int, ...]
    ranges: tuple[str, ...]
    ordered: tuple[str, ...]

    def holds(self, commodity: str) -> bool:
        """Tell whether a code falls under the list."""
        prefixes = self.prefixes
        return any(commodity[:length] in prefixes for length in self.lengths) or any(
            in_range(commodity, entry) for entry in self.ranges
        )

    def under(self, commodity: str) -> Iterator[str]:
        """Yield the prefixes that are longer than a code and begin with it."""
        for entry in self.ordered[bisect_left(self.ordered, commodity) :]:
            if not entry.startswith(commodity):
                return
            if entry != commodity:
                yield entry

    def may_hold(self, commodity: str) -> bool:
        """Tell whether a code, with more digits, may fall under the list."""
        at = bisect_left(self.ordered, commodity)
        return at < len(self.ordered) and self.ordered[at].startswith(commodity)


@lru_cache(maxsize=TEXTS_KEPT)
def codes_of(text: str) -> Codes:
    """Return a list of goods as the tables write it, ready to be asked."""
    entries = text.split()
    prefixes = frozenset(one for one in entries if "-" not in one)
    lengths = tuple(sorted({len(one) for one in prefixes}))
    ranges = tuple(one for one in entries if "-" in one)
    return Codes(prefixes, lengths, ranges, tuple(sorted(prefixes)))


def with_lists(item: ItemProfile, law: Law) -> ItemProfile:
    """Return the item with the lists of goods that hold it, and those that may with more digits."""
    holding: list[str] = []
    doubtful: list[str] = []
    for name, provision in law.all("goods_list").items():
        codes = codes_of(provision.value.codes)
        if codes.holds(item.commodity):
            holding.append(name)
        elif codes.may_hold(item.commodity):
            doubtful.append(name)
    if not holding and not doubtful:
        return item
    return item.replaced(lists=frozenset(holding), doubtful_lists=frozenset(doubtful))  # type: ignore[no-any-return]


def settle(
    trace: Trace, item: ItemProfile, tell: Callable[[Step], None] | None = None
) -> tuple[Stack, Unsettled]:
    """Return the layers that bear on an item, and the charges of which its short code does not tell."""
    unsettled: Unsettled = {}
    if not any(True for _ in _in_force(trace.border)):
        return {}, unsettled
    stack = bearing(trace, item, tell)
    for one in _completed(trace, item):
        other = bearing(trace, one)
        for charge in {*stack, *other}:
            both = (stack.get(charge), other.get(charge))
            if both[0] is not both[1]:
                headings = " or ".join(each.value.heading for each in both if each)
                unsettled.setdefault(charge, (one.commodity, headings))
    return stack, unsettled


def _completed(trace: Trace, item: ItemProfile) -> Iterator[ItemProfile]:
    """Yield the item with each longer code that would put it on other lists of goods than its own does."""
    code = item.commodity
    law = trace.border
    entries: set[str] = set()
    for name in item.doubtful_lists:
        entries.update(codes_of(law.on("goods_list", name).value.codes).under(code))
    for provision in _in_force(law):
        for goods in (provision.value.only_for, provision.value.not_for):
            named = goods.commodities if goods is not None else ()
            entries.update(one for one in named if len(one) > len(code) and one.startswith(code))
    seen = {item.lists}
    for entry in sorted(entries):
        longer = with_lists(item.replaced(commodity=entry), law)
        if longer.lists not in seen or not item.doubtful_lists:
            seen.add(longer.lists)
            yield longer


def bearing(trace: Trace, item: ItemProfile, tell: Callable[[Step], None] | None = None) -> Stack:
    """Return the layers that bear on an item as its code stands; none where its additional duty is stated.

    ConflictError where two layers of one charge bear. `tell` is given the reasons for which a layer gives
    way.
    """
    if any(one.kind == "additional_duty" for one in item.stated_charges):
        return {}
    fitting = _by_charge(one for one in _in_force(trace.border) if _fits(one, trace, item))
    return _without_those_that_yield(fitting, tell or (lambda _: None))


def _in_force(law: Law) -> Iterator[Provision[Layer]]:
    charges = law.all("charge")
    for one in law.all("layer").values():
        charge = charges.get(one.value.of)
        if charge is not None and charge.value.rate == "layers":
            yield one


def _by_charge(layers: Iterable[Provision[Layer]]) -> dict[str, list[Provision[Layer]]]:
    found: dict[str, list[Provision[Layer]]] = {}
    for one in layers:
        found.setdefault(one.value.of, []).append(one)
    return found


def _fits(provision: Provision[Layer], trace: Trace, item: ItemProfile) -> bool:
    layer = provision.value
    if layer.when and all(mismatch(one, trace, item) for one in layer.when):
        return False
    return not (
        (layer.only_for is not None and not names_goods(layer.only_for, item))
        or names_goods(layer.not_for, item)
    )


def _without_those_that_yield(
    fitting: dict[str, list[Provision[Layer]]], tell: Callable[[Step], None]
) -> Stack:
    """Return, of the layers that fit, the one of each charge that bears."""
    named = {label_key(one): one for layers in fitting.values() for one in layers}
    known: dict[str, bool] = {}
    asked: list[str] = []

    def bears(one: Provision[Layer]) -> bool:
        key = label_key(one)
        if key not in known:
            if key in asked:
                circle = ", ".join([*asked, key])
                raise ConflictError(f"layers yield to each other: {circle}", records=asked)
            asked.append(key)
            other = _exempting(one, fitting[one.value.of]) or _stronger(one)
            if other is not None:
                tell(because(f"{label_of(one)} ({one.value.heading}) gives way to {other}", False, one))
            known[key] = other is None
            asked.pop()
        return known[key]

    def _exempting(one: Provision[Layer], beside: Sequence[Provision[Layer]]) -> str | None:
        if one.value.kind == "exempt":
            return None
        return next((f"{label_of(other)} ({other.value.heading})" for other in beside
                     if other.value.kind == "exempt" and bears(other)), None)  # fmt: skip

    def _stronger(one: Provision[Layer]) -> str | None:
        for name in one.value.yields_to:
            others = [named[name]] if name in named else fitting.get(name, [])
            for other in others:
                charges = name in named or other.value.kind != "exempt"
                if charges and bears(other):
                    return f"{label_of(other)} ({other.value.heading})"
        return None

    stack: Stack = {}
    for charge, layers in fitting.items():
        found = sorted((one for one in layers if bears(one)), key=lambda one: one.value.heading)
        exempt = [one for one in found if one.value.kind == "exempt"]
        if len(found) > 1 and not exempt:
            both = " and ".join(f"{one.record} ({one.value.heading})" for one in found)
            raise ConflictError(f"{both} both bear on the line", records=[one.record for one in found])
        if found:
            stack[charge] = (exempt or found)[0]
    return stack


def label_key(provision: Provision[Any]) -> str:
    """Return a record's own name, without its family."""
    return provision.record.rpartition(".")[2]


def questions(trace: Trace, item: ItemProfile) -> Iterator[tuple[str, str, Stack]]:
    """Yield each fact that is not stated, an answer to it, and the layers that would then bear.

    Only answers that change them.
    """
    now = bearing(trace, item)
    if not trace.border.all("layer"):
        return
    for fact, answers in sorted(_open(trace, item).items()):
        for answer in sorted(answers):
            then = bearing(trace, item.replaced(facts={**item.facts, fact: answer}))
            if then != now:
                yield fact, answer, then


def _open(trace: Trace, item: ItemProfile) -> Answers:
    """Return the facts, not stated, on which layers turn that could otherwise bear on the item."""
    found: dict[str, set[str]] = {}
    if any(one.kind == "additional_duty" for one in item.stated_charges):
        return {}
    for provision in _in_force(trace.border):
        layer = provision.value
        ways = [one for one in layer.when if not mismatch(_without_facts(one), trace, item)]
        if layer.when and not ways:
            continue
        goods = layer.only_for
        if goods is not None and not goods.facts and not names_goods(goods, item):
            continue
        for facts in (*(one.facts for one in ways), *(one.facts for one in (goods, layer.not_for) if one)):
            for fact, answers in facts.items():
                if fact not in item.facts:
                    found.setdefault(fact, set()).update(answers)
    return {fact: frozenset(answers) for fact, answers in found.items()}


@lru_cache(maxsize=TEXTS_KEPT)
def _without_facts(condition: Condition) -> Condition:
    if not condition.facts:
        return condition
    return Condition.model_validate({
        name: value for name, value in condition.model_dump(exclude_unset=True).items() if name != "facts"
    })  # fmt: skip


def by_layer(
    line: Line, name: str, label: str, base: Step, provision: Provision[Any]
) -> tuple[Step, str, tuple[Provision[Any], ...]]:
    """Return the unrounded amount of the layer that bears, its rate as text, and its record."""
    if name in line.unsettled:
        code, headings = line.unsettled[name]
        reason = (
            f"commodity {line.item.commodity} needs more digits: {label_of(provision)} ({headings}) turns on "
            f"whether it is {code}"
        )
        return missing(label, Unknown("fact", "commodity", reason), provision, line.currency), "unknown", ()
    law = line.layers[name]
    layer = law.value
    shares = _shares(line, layer)
    laid = _share_of(line, f"{label}: its part of the value", base, shares)
    step, expression = amount_of(line, label, layer.rate, laid, line.measure, law)
    text = str(expression)
    if layer.kind == "up_to":
        duty = line.values[_own_duty(line)]
        counted = _share_of(line, "customs duty on that part", duty, shares)
        lacking = subtract(f"{label}: what customs duty lacks of {text}", step, counted)
        step = greatest(label, lacking, line.zero(f"nothing lacks of {text}", law), law=law)
        text = f"up to {text}, customs duty counted"
    if shares:
        text = f"{text} on a part of the value"
    return step, text, (law,)


def _own_duty(line: Line) -> str:
    return next(name for name, one in line.border.all("charge").items() if one.value.rate == "schedule")


def _shares(line: Line, layer: Layer) -> list[tuple[str, bool]] | None:
    """Return the shares of the value that are its base (True) or left out of it; None for nothing left."""
    found: list[tuple[str, bool]] = []
    stated = line.item.measures
    if layer.content and layer.content in stated:
        found.append((layer.content, True))
    for other in layer.outside:
        one = line.layers.get(other)
        if one is None or one.value.kind == "exempt":
            continue
        if one.value.content not in stated:
            return None
        found.append((one.value.content, False))
    return found


def _share_of(line: Line, label: str, amount: Step, shares: list[tuple[str, bool]] | None) -> Step:
    """Return the part of an amount that shares of the value leave."""
    if shares is None:
        return line.zero("the whole value is under other duties", None)
    if not shares:
        return amount
    parts = [line.fact(f"share of {unit[1:]}", f"shares[{unit}]", "%") for unit, _ in shares]
    share = parts.pop(0) if shares[0][1] else line.constant("the whole value", Decimal(1))
    if parts:
        left = subtract("share of the value left", share, *parts)
        share = greatest("share of the value left, not below zero", left, line.constant("nothing", NOTHING))
    return times(label, amount, share)


def amounts(
    trace: Trace, stack: Stack, value: Money, duty: Decimal, measures: Mapping[str, Decimal]
) -> dict[str, Decimal]:
    """Return the unrounded amount of each layer on a value, beside a customs duty, without its steps.

    For readers who ask of many stacks what they would come to; MissingFactError where a measure lacks.
    """
    found: dict[str, Decimal] = {}
    for name, provision in stack.items():
        layer = provision.value
        if layer.kind == "exempt":
            found[name] = NOTHING
            continue
        percent = _percent(layer, stack, measures)
        laid = Money(value.amount * percent / PER_CENT, value.currency)
        amount = rate_of(layer.rate).on(trace.day).amount(laid, measures).amount
        if layer.kind == "up_to":
            amount = max(NOTHING, amount - duty * percent / PER_CENT)
        found[name] = amount
    return found


@lru_cache(maxsize=TEXTS_KEPT)
def rate_of(text: str) -> Expression:
    """Return a layer's rate, parsed once."""
    return parse(text)


def _percent(layer: Layer, stack: Stack, measures: Mapping[str, Decimal]) -> Decimal:
    whole = Decimal(PER_CENT)
    percent = measures.get(layer.content, whole) if layer.content else whole
    for other in layer.outside:
        one = stack.get(other)
        if one is not None and one.value.kind != "exempt":
            percent -= measures.get(one.value.content, whole) if one.value.content else whole
    return max(NOTHING, percent)
