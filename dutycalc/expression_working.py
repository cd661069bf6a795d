"""How a duty expression is worked: the steps it is turned into, the facts it asks for, and running them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal, localcontext
from typing import Any, Final

from dutycalc.errors import CurrencyError, DutycalcError, MissingFactError, NotModelledError, refuse
from dutycalc.law import Provision
from dutycalc.money import EXACT, Money
from dutycalc.steps import Program, Step, Unknown, Value, careful, given, missing
from dutycalc.units import find_measure
from dutycalc.values import Frozen

COMPONENTS: Final[dict[str, str]] = {
    "EA": "agricultural component",
    "EAR": "reduced agricultural component",
    "ADSZ": "additional duty on sugar",
    "ADSZR": "reduced additional duty on sugar",
    "ADFM": "additional duty on flour",
    "ADFMR": "reduced additional duty on flour",
}
"""Amounts per 100 kg of net mass that the composition of the goods decides (Meursing code)."""

PARTS: Final = (
    "apparatus value",
    "article value",
    "battery value",
    "bracelet value",
    "case and strap band or bracelet value",
    "case value",
    "copper content value",
    "fair retail value",
    "foreign content value",
    "lead content value",
    "movement and case value",
    "movement value",
    "processing value",
    "repairs value",
    "retail price",
    "rifle value",
    "set value",
    "strap band or bracelet value",
    "telescopic sight value",
    "zinc content value",
)
"""Values of parts of the goods by which a schedule charges a percentage; each is a fact in money."""


def stated_number(label: str, fact: str, value: Decimal, unit: str) -> Step:
    """Return a number within an expression that the caller stated under a fact."""
    return given(label, f"{fact}:{value}", unit)


class Reading:
    """What the steps of one expression are built from; asks for each measure once."""

    __slots__ = ("_asked", "_measure", "_money", "law", "stated", "value")

    def __init__(
        self,
        value: Step,
        measure: Callable[[str], Step],
        law: Provision[Any] | None,
        money: Callable[[Money, str], Step],
        stated: str,
    ) -> None:
        """Hold the value and the callers of `Expression.trace`."""
        self.value = value
        self.law = law
        self.stated = stated
        self._measure = measure
        self._money = money
        self._asked: dict[str, Step] = {}

    def measure(self, name: str) -> Step:
        """Return the step that gives a measure or a part's value."""
        if name not in self._asked:
            self._asked[name] = self._measure(name)
        return self._asked[name]

    def money(self, amount: Money, label: str) -> Step:
        """Return the step that gives an amount of the law in the currency of the value."""
        return self._money(amount, label)

    def number(self, label: str, value: Decimal, unit: str = "") -> Step:
        """Return a number of the expression, as a number of the law or as one that the caller stated."""
        if self.stated:
            return stated_number(label, self.stated, value, unit)
        return Step(label, "law", constant=value, law=self.law, unit=unit)

    def neutral(self, label: str, value: Decimal, unit: str = "") -> Step:
        """Return a number that no expression states: nothing, or a ratio of units."""
        return Step(label, "law", constant=value, law=self.law, unit=unit)

    def refused(self, label: str, subject: str, reason: str) -> Step:
        """Return a step for a rate that the expression does not give as a number."""
        return missing(label, Unknown("rate", subject, reason), self.law, self.value.unit)


class Expression(Frozen):
    """What a schedule charges, as a tree; its forms are the subclasses."""

    __slots__ = ()

    def inside(self) -> tuple[Expression, ...]:
        """Return the expressions of which this one is made."""
        return ()

    def walk(self) -> Iterator[Expression]:
        """Yield this expression and every one inside it."""
        yield self
        for one in self.inside():
            yield from one.walk()

    @property
    def units(self) -> frozenset[str]:
        """Return the measures of quantity it needs, such as `{"kg/drained"}`, `{"%vol", "hl"}`.

        A rate per dozen asks for articles (see `dutycalc.units.counted`).
        """
        return frozenset[str]().union(*(one.own_units() for one in self.walk()))

    @property
    def needs(self) -> frozenset[str]:
        """Return the other facts it needs: values of parts, agricultural components."""
        return frozenset[str]().union(*(one.own_needs() for one in self.walk()))

    @property
    def ad_valorem(self) -> Decimal | None:
        """Return the percentage where it is nothing but one of the value (0 where free), for display."""
        return None

    def on(self, day: date) -> Expression:
        """Return what it says on the day; NotInForceError where no season or date of it covers the day."""
        return self

    def trace(
        self,
        label: str,
        value: Step,
        measure: Callable[[str], Step],
        *,
        law: Provision[Any] | None,
        money: Callable[[Money, str], Step],
        stated: str = "",
    ) -> Step:
        """Return the steps of the unrounded amount, in the currency that is the unit of `value`.

        `measure` gives each of `units` in exactly that unit, each part of `needs` in the currency of the
        value and each component of `needs` in that currency per 100 kg, or a `missing` step; `money`
        gives an amount of the law in that currency. A form without a number gives a `missing` step.
        `stated` is the fact that holds the expression, where it is the caller's and no law's.
        """
        return self.step(label, Reading(value, measure, law, money, stated))

    def amount(self, value: Money, measures: Mapping[str, Decimal]) -> Money:
        """Return the unrounded amount on the value and the measures, by running the traced steps.

        `measures` also holds what `needs` names. MissingFactError for a measure not given,
        NotModelledError for a form without a number, CurrencyError for an amount in another currency.
        """

        def measure(name: str) -> Step:
            unit = value.currency if name in PARTS or name in COMPONENTS else name
            if _quantity(measures, name) is None:
                return missing(name, Unknown("fact", name, f"{name} is not given"), unit=unit)
            return given(name, name, unit)

        def money(amount: Money, label: str) -> Step:
            if amount.currency != value.currency:
                raise CurrencyError(
                    f"{label}: no rate of exchange from {amount.currency} to {value.currency}",
                    currencies=(amount.currency, value.currency),
                )
            return Step(label, "law", constant=amount.amount, unit=amount.currency)

        def fact(name: str) -> Value:
            found = value.amount if name == _VALUE else _quantity(measures, name)
            assert found is not None
            return found

        result = self.trace(
            "duty", given("customs value", _VALUE, value.currency), measure, law=None, money=money
        )
        return Money(_run(result, fact), value.currency)

    def step(self, label: str, reading: Reading) -> Step:
        """Return the steps of the amount under this label."""
        raise NotImplementedError

    def wording(self, value: str) -> str:
        """Return what it charges in words; `value` names what a percentage is taken of."""
        raise NotImplementedError

    def own_units(self) -> frozenset[str]:
        """Return the measures it needs itself, without those of the expressions inside it."""
        return frozenset()

    def own_needs(self) -> frozenset[str]:
        """Return the other facts it needs itself."""
        return frozenset()


_VALUE: Final = "customs value"


def _quantity(measures: Mapping[str, Decimal], name: str) -> Decimal | None:
    return measures.get(name) if name in PARTS or name in COMPONENTS else find_measure(measures, name)


def _run(result: Step, fact: Callable[[str], Value]) -> Decimal:
    """Return the value of the step; refuse all that is missing at once."""
    program = Program((result,))
    _refuse_missing(program.steps)
    values: list[Value] = []
    with localcontext(EXACT):
        for step, inputs in zip(program.steps, program.inputs, strict=True):
            values.append(careful(step, [values[n] for n in inputs], fact, _no_crossing))
    found = values[program.place(result)]
    assert isinstance(found, Decimal)
    return found


def _no_crossing(step: Step, *_: Value) -> Value:
    raise AssertionError(f"{step.label}: a duty expression gathers from no lines")


def _refuse_missing(steps: Iterable[Step]) -> None:
    """Raise what the `missing` steps are refused as; return where there is none."""
    found: dict[Unknown, DutycalcError] = {}
    for step in steps:
        if step.op == "missing":
            unknown: Unknown = step.constant
            found[unknown] = (
                MissingFactError(unknown.reason, fact=unknown.subject)
                if unknown.kind == "fact"
                else NotModelledError(unknown.reason, subject=unknown.subject)
            )
    if found:
        refuse("the duty cannot be computed", found.values())
