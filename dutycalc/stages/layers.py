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

Answers = dict[str, tuple[set[str], set[int]]]
"""Facts on which layers turn, each with the answers that the law names, and the places of those layers."""

TEXTS_KEPT: Final = 4_096
"""Conditions and rates that are kept ready to be asked."""

NOTHING: Final = Decimal(0)
PER_CENT: Final = 100


class Index(Frozen):
    """The lists of goods of a law, ready to be asked by code: which lists name a prefix or a range."""

    names: dict[str, tuple[str, ...]]
    ranges: tuple[tuple[str, str], ...]
    ordered: tuple[str, ...]

    def holding(self, commodity: str) -> frozenset[str]:
        """Return the lists under which a code falls."""
        names = self.names
        found = [name for end in range(2, len(commodity) + 1) for name in names.get(commodity[:end], ())]
        found += [name for entry, name in self.ranges if in_range(commodity, entry)]
        return frozenset(found)

    def under(self, commodity: str) -> Iterator[str]:
        """Yield the prefixes that are longer than a code and begin with it."""
        for place in range(bisect_left(self.ordered, commodity), len(self.ordered)):
            entry = self.ordered[place]
            if not entry.startswith(commodity):
                return
            if entry != commodity:
                yield entry


def _index(law: Law) -> Index:
    """Return the index of a law's lists of goods, made once."""
    found: Index | None = law.kept.get("goods_lists")
    if found is None:
        names: dict[str, tuple[str, ...]] = {}
        ranges: list[tuple[str, str]] = []
        for name, provision in law.all("goods_list").items():
            for entry in provision.value.codes.split():
                if "-" in entry:
                    ranges.append((entry, name))
                else:
                    names[entry] = (*names.get(entry, ()), name)
        found = law.kept["goods_lists"] = Index(names, tuple(ranges), tuple(sorted(names)))
    return found


def with_lists(item: ItemProfile, law: Law) -> ItemProfile:
    """Return the item with the lists of goods that hold it, and those that may with more digits."""
    if not law.all("goods_list"):
        return item
    index = _index(law)
    holding = index.holding(item.commodity)
    doubtful = frozenset(name for entry in index.under(item.commodity) for name in index.names[entry])
    return item.replaced(lists=holding, doubtful_lists=doubtful - holding)  # type: ignore[no-any-return]


def settle(
    trace: Trace, item: ItemProfile, tell: Callable[[Step], None] | None = None
) -> tuple[Stack, Unsettled]:
    """Return the layers that bear on an item, and the charges of which its short code does not tell."""
    unsettled: Unsettled = {}
    if not _for_origin(trace.border, item.origin):
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
    entries = set(_index(law).under(code)) if item.doubtful_lists else set()
    for provision in _for_origin(law, item.origin):
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
    fitting = (one for one in _candidates(trace, item) if _fits(one, trace, item))
    return _without_those_that_yield(_by_charge(fitting), tell or (lambda _: None))


def _candidates(trace: Trace, item: ItemProfile) -> tuple[Provision[Layer], ...]:
    if any(one.kind == "additional_duty" for one in item.stated_charges):
        return ()
    return _for_origin(trace.border, item.origin)


def _for_origin(law: Law, origin: str) -> tuple[Provision[Layer], ...]:
    """Return the layers in force of charges in force that goods of an origin can bear."""
    key = ("layers", origin)
    found: tuple[Provision[Layer], ...] | None = law.kept.get(key)
    if found is None:
        charges = law.all("charge")
        found = law.kept[key] = tuple(
            one for one in law.all("layer").values()
            if one.value.of in charges and charges[one.value.of].value.rate == "layers"
            and (not one.value.when or any(_is_for_origin(each, origin) for each in one.value.when))
        )  # fmt: skip
    return found


def _is_for_origin(condition: Condition, origin: str) -> bool:
    return (not condition.origin or origin in condition.origin) and origin not in condition.not_origin


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
    candidates = _candidates(trace, item)
    fits = [_fits(one, trace, item) for one in candidates]
    now = _stack(candidates, fits)
    for fact, (answers, turning) in sorted(_open(candidates, trace, item).items()):
        for answer in sorted(answers):
            answered = item.replaced(facts={**item.facts, fact: answer})
            then_fits = list(fits)
            for place in turning:
                then_fits[place] = _fits(candidates[place], trace, answered)
            then = _stack(candidates, then_fits) if then_fits != fits else now
            if then != now:
                yield fact, answer, then


def _stack(candidates: Sequence[Provision[Layer]], fits: Iterable[bool]) -> Stack:
    fitting = (one for one, fit in zip(candidates, fits, strict=True) if fit)
    return _without_those_that_yield(_by_charge(fitting), lambda _: None)


def _open(candidates: Iterable[Provision[Layer]], trace: Trace, item: ItemProfile) -> Answers:
    """Return the facts, not stated, on which layers turn that could otherwise bear on the item."""
    found: Answers = {}
    for place, provision in enumerate(candidates):
        layer = provision.value
        ways = [one for one in layer.when if not mismatch(_without_facts(one), trace, item)]
        goods = layer.only_for
        if (layer.when and not ways) or (
            goods is not None and not goods.facts and not names_goods(goods, item)
        ):
            continue
        for facts in (*(one.facts for one in ways), *(one.facts for one in (goods, layer.not_for) if one)):
            for fact, answers in facts.items():
                if fact not in item.facts:
                    known, turning = found.setdefault(fact, (set(), set()))
                    known.update(answers)
                    turning.add(place)
    return found


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
    named = layer.only_for.lists if layer.only_for is not None else []
    lists = [line.border.on("goods_list", one) for one in named if one in line.item.lists]
    return step, text, (law, *lists)


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
