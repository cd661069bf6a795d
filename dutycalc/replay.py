"""Replay: does an assessment again from its own JSON, with arithmetic written apart from the engine.

It knows the operations of `docs/certificate.md` and no law, and shares no code with the engine.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from decimal import ROUND_DOWN, Context, Decimal, DecimalException, localcontext
from fractions import Fraction
from math import prod
from typing import Any, Final

from dutycalc.errors import FactsError
from dutycalc.values import Frozen

Json = Mapping[str, Any]

FORMAT: Final = "dutycalc.assessment/1"
WIDE: Final = Context(prec=150)
QUOTIENT: Final = Context(prec=34)
"""No sum or product is cut; a quotient is, at 34 digits, half to even."""

_SHARING: Final = re.compile(r"in units of (\S+), by([^,]*)(?:, within(.*))?")
_FITTING: Final = re.compile(r"values([^,]*), quantities(.*)")
_PATH: Final = re.compile(r"([A-Za-z_]+)|\[([^\]]+)\]")
_NUMBER: Final = re.compile(r"(?:([0-9]+) +)?([0-9]+)/([0-9]+) *%|([0-9]+(?:,[0-9]{3})*(?:\.[0-9]+)?)")
_UNIT_RATIO: Final = re.compile(r"one in [0-9]+|.+ for (one|[0-9.]+) .+")


class Discrepancy(Frozen):
    """What the replay finds wrong: the step or the place, and both readings."""

    place: str
    text: str

    def __str__(self) -> str:
        return f"{self.place}: {self.text}"


def replay(
    assessment: str | bytes | Json, cart: Json | None = None, *, digest: str | None = None
) -> list[Discrepancy]:
    """Return every step, charge, total and reference of an assessment that does not hold.

    `cart` is the statement that was assessed: with it each fact is looked up at its path, and each record
    of law must be in force on one of its two days. `digest` is that of the tables to be compared with.
    FactsError for what is no assessment.
    """
    if not isinstance(assessment, Mapping):
        try:
            assessment = json.loads(assessment)
        except ValueError as fault:
            raise FactsError(f"no JSON: {fault}") from None
    if not isinstance(assessment, Mapping) or assessment.get("format") != FORMAT:
        raise FactsError(f"no assessment of the format {FORMAT}")
    try:
        with localcontext(WIDE):
            found = list(_Replay(assessment, cart).discrepancies())
    except (KeyError, TypeError, IndexError, AttributeError) as fault:
        raise FactsError(f"the assessment lacks what its format has: {fault!r}") from None
    if digest is not None and assessment["tables"]["digest"] != digest:
        found.append(Discrepancy("tables", f"made with {assessment['tables']['digest']}, given is {digest}"))
    return found


class _Replay:
    """One assessment, its steps by id, and the order of its lines that settles ties."""

    def __init__(self, told: Json, cart: Json | None) -> None:
        self.told = told
        self.cart = cart
        self.steps: dict[str, Json] = {}
        self.order = [(len(item["id"]), item["id"]) for item in told["items"]]

    def discrepancies(self) -> Iterator[Discrepancy]:
        for step in self.told["working"]:
            text = self._fault(step)
            if text:
                yield Discrepancy(step["id"], f"{step['label']}: {text}")
            self.steps[step["id"]] = step
        yield from self._charges()
        yield from self._totals()
        yield from self._law()

    def _fault(self, step: Json) -> str:
        """Return what is wrong with a step, or nothing."""
        if step["id"] in self.steps:
            return "the id stands twice"
        absent = [one for one in step["inputs"] if one not in self.steps]
        if absent:
            return f"rests on {', '.join(absent)}, which does not come before it"
        if step["op"] == "given":
            return self._fact(step)
        if step["op"] in ("law", "because", "missing"):
            neutral = _read(step["value"]) in (0, 1) or _UNIT_RATIO.fullmatch(step["label"])
            lawless = step["op"] == "law" and "law" not in step and not neutral
            valued = step["op"] == "missing" and step["value"] is not None
            return "neither of law nor stated" if lawless or valued or step["inputs"] else ""
        if step["op"] not in OPERATIONS:
            return f"unknown operation {step['op']}"
        inputs = [_read(self.steps[one]["value"]) for one in step["inputs"]]
        try:
            value = OPERATIONS[step["op"]](self, step, *inputs) if _settled(step["op"], inputs) else None
        except (ArithmeticError, AssertionError, ValueError, TypeError, KeyError) as fault:
            return f"cannot be done: {fault!r}"
        return "" if _read(step["value"]) == value else f"stated {step['value']}, {step['op']} gives {value}"

    def _fact(self, step: Json) -> str:
        if self.cart is None:
            return ""
        found: Any = self.cart
        for name, key in _PATH.findall(step["fact"]):
            part = name or key
            try:
                found = found[int(part)] if isinstance(found, Sequence) else found[part]
            except (KeyError, IndexError, ValueError, TypeError):
                return f"the cart has nothing at {step['fact']}"
        if step["fact"].endswith((".stated_duty", ".expression")):
            return "" if _stands_in(str(found), step) else f"stated {step['value']}, no number of {found}"
        text, scale = str(found).split(" "), 100 if step["unit"] == "%" else 1
        if Decimal(text[0]) != _read(step["value"]) * scale or text[1:2] not in ([], [step["unit"]]):
            return f"stated {step['value']} {step['unit']}, the cart has {found} at {step['fact']}"
        return ""

    def places(self, ids: str) -> dict[int, Any]:
        """Return the values of steps of lines, by the line's place."""
        return {int(one[1 : one.index(".")]) - 1: _read(self.steps[one]["value"]) for one in ids.split()}

    def _all_charges(self) -> Iterator[tuple[str, Json]]:
        for n, item in enumerate(self.told["items"]):
            for charge in item["charges"]:
                yield f"items[{n}] {charge['name']}", charge
        for charge in self.told["charges"]:
            yield charge["name"], charge

    def _charges(self) -> Iterator[Discrepancy]:
        for place, charge in self._all_charges():
            step = self.steps.get(charge["step"])
            if step is None:
                yield Discrepancy(place, f"no step {charge['step']}")
                continue
            if _read((charge["amount"] or "").split(" ")[0] or None) != _read(step["value"]):
                yield Discrepancy(place, f"charged {charge['amount']}, step {step['id']} has {step['value']}")
            elif charge["amount"] and charge["amount"].split(" ")[1] != self.told["currency"]:
                yield Discrepancy(place, f"not in {self.told['currency']}")

    def _totals(self) -> Iterator[Discrepancy]:
        sums: dict[tuple[str, str], Decimal] = {}
        for _, charge in self._all_charges():
            taken = charge["collection"]
            keys = {"by_collector": taken["collector"], "by_moment": taken["moment"]}
            for group, name in {"all": "", "by_kind": charge["kind"], **keys}.items():
                if name is not None and charge["amount"] is not None:
                    sums[group, name] = sums.get((group, name), Decimal(0)) + Decimal(
                        charge["amount"].split(" ")[0]
                    )
        told = self.told["totals"]
        stated = {("all", ""): Decimal(told["all"].split(" ")[0])}
        for group in ("by_kind", "by_collector", "by_moment"):
            stated |= {(group, name): Decimal(one.split(" ")[0]) for name, one in told[group].items()}
        for key in sorted(sums.keys() | stated.keys()):
            there, due = stated.get(key, Decimal(0)), sums.get(key, Decimal(0))
            if there != due:
                text = f"stated {there}, the charges add up to {due}"
                yield Discrepancy(" ".join(("totals", *key)).strip(), text)

    def _law(self) -> Iterator[Discrepancy]:
        named = {step["law"]: step["id"] for step in self.told["working"] if "law" in step}
        named.update((one, place) for place, charge in self._all_charges() for one in charge["records"])
        days = []
        if self.cart is not None:
            sold = self.cart["sold_on"]
            days = [date.fromisoformat(one) for one in (sold, self.cart.get("imported_on") or sold)]
        for name, place in named.items():
            record = self.told["law"].get(name)
            if record is None or not record["cite"]:
                yield Discrepancy(place, f"names {name}, which the assessment does not cite")
                continue
            first = date.fromisoformat(record["valid_from"])
            last = date.fromisoformat(record["valid_until"]) if record["valid_until"] else date.max
            if days and not any(first <= day <= last for day in days):
                yield Discrepancy(name, f"in force from {first} to {last}, not on {days[0]} or {days[1]}")


def _stands_in(text: str, step: Json) -> bool:
    """Tell whether a value is a number of an expression: 33 1/3% is 100/3, its top and bottom; free is 0."""
    found = {Fraction(0)} if re.search("free|nihil", text, re.IGNORECASE) else set()
    for whole, top, bottom, number in _NUMBER.findall(text):
        one = Fraction(number.replace(",", "") or int(whole or 0) + Fraction(int(top), int(bottom)))
        found |= {one} if number else {one, Fraction(one.numerator), Fraction(one.denominator)}
    return Fraction(_read(step["value"])) * (100 if step["unit"] == "%" else 1) in found


def _settled(op: str, inputs: list[Any]) -> bool:
    """Tell whether the inputs give a value: one unknown input leaves most operations without."""
    if op == "decide":
        return inputs[0] is not None and inputs[1 if inputs[0] else 2] is not None
    if op in ("all", "any") and (op == "any") in inputs:
        return True
    return None not in inputs


def _read(text: str | None) -> Any:
    """Return a value as it stands in a step: a number, a test, a key, or a part for each line."""
    if text is None or text in ("yes", "no"):
        return None if text is None else text == "yes"
    if " | " in text:
        return tuple(_read(one) for one in text.split(" | "))
    try:
        return Decimal(text[:-1]).scaleb(-2, WIDE) if text.endswith("%") else Decimal(text)
    except DecimalException:
        return text


def _round(_: _Replay, step: Json, amount: Decimal) -> Decimal:
    mode, _, unit = step["detail"].rpartition(" to ")
    return Decimal(
        (amount / Decimal(unit)).to_integral_value(f"ROUND_{mode.upper().replace(' ', '_')}")
    ) * Decimal(unit)


def _split(run: _Replay, step: Json, amount: Decimal, *_: Any) -> Any:
    """Share an amount in proportion, in whole units, what is left over by largest remainder."""
    stated = _SHARING.fullmatch(step["detail"])
    assert stated is not None
    weights = run.places(stated[2])
    keys = run.places(stated[3]) if stated[3] is not None else dict.fromkeys(weights, "")
    found = [Decimal(0)] * len(run.order)
    for key in dict.fromkeys(keys.values()):
        members = {n: weights[n] for n in weights if n in keys and keys[n] == key}
        for n, one in _shares(amount, members, Decimal(stated[1]), run.order).items():
            found[n] = one
    return tuple(found) if len(found) > 1 else found[0]


def _shares(amount: Decimal, weights: dict[int, Decimal], unit: Decimal, order: Any) -> dict[int, Decimal]:
    if len(weights) <= 1:
        return dict.fromkeys(weights, amount)
    if not any(weights.values()):
        weights = dict.fromkeys(weights, Decimal(1))
    units, rest = divmod(abs(amount), unit)
    exact = {n: divmod(units * weight, sum(weights.values())) for n, weight in weights.items()}
    parts = {n: whole for n, (whole, _) in exact.items()}
    ranked = sorted(weights, key=lambda n: (-exact[n][1], -weights[n], order[n]))
    for n in ranked[: int(units - sum(parts.values()))]:
        parts[n] += 1
    found = {n: part * unit for n, part in parts.items()}
    found[ranked[0]] += rest
    return {n: -one if amount < 0 else one for n, one in found.items()}


def _fit(run: _Replay, step: Json, left: Decimal, *_: Any) -> Any:
    """Count whole items within a limit, the dearest first."""
    stated = _FITTING.fullmatch(step["detail"])
    assert stated is not None
    quantities = run.places(stated[2])
    found = [Decimal(0)] * len(run.order)
    prices = {n: QUOTIENT.divide(value, quantities[n]) for n, value in run.places(stated[1]).items()}
    for n in sorted(prices, key=lambda n: (-prices[n], run.order[n])):
        whole = quantities[n] // 1
        found[n] = min(whole, left // prices[n]) if prices[n] else whole
        left -= found[n] * prices[n]
    return tuple(found) if len(found) > 1 else found[0]


def _part(_: _Replay, step: Json, parts: Any) -> Any:
    """Read the part of the line on which the step stands."""
    return parts[int(step["id"][1 : step["id"].index(".")]) - 1] if isinstance(parts, tuple) else parts


def _plain(work: Callable[..., Any]) -> Callable[..., Any]:
    """Return an operation that reads nothing but its inputs."""
    return lambda _, __, *inputs: work(*inputs)


OPERATIONS: Final[dict[str, Callable[..., Any]]] = {
    **dict.fromkeys(("add", "total"), _plain(lambda *parts: sum(parts, Decimal(0)))),
    "subtract": _plain(lambda first, *less: first - sum(less, Decimal(0))),
    "times": _plain(lambda *factors: prod(factors, start=Decimal(1))),
    "divide": _plain(QUOTIENT.divide),
    "least": _plain(min),
    "greatest": _plain(max),
    "floor": _plain(lambda one: one.to_integral_value(ROUND_DOWN)),
    "round": _round,
    "at_most": _plain(lambda value, limit: value <= limit),
    "below": _plain(lambda value, limit: value < limit),
    "all": _plain(lambda *tests: all(tests)),
    **dict.fromkeys(("any", "any_line"), _plain(lambda *tests: any(tests))),
    "not": _plain(lambda test: not test),
    "decide": _plain(lambda test, yes, no: yes if test else no),
    "count_distinct": _plain(lambda *keys: Decimal(len(set(keys)))),
    "split": _split,
    "fit": _fit,
    "part": _part,
    "whole": _plain(lambda one: one),
}
