"""Plants bugs in the engine, one at a time, and shows which invariants and golden cases catch each.

Run as `python tests/seeded_bugs.py`; docs/testing.md has what it prints.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any
from unittest.mock import patch

import pytest
import test_golden
from hypothesis import HealthCheck, Phase, given, settings
from test_golden import CASES

from dutycalc import Consignment, Tariffs, engine, expression_tree, law, load_tariffs, loader, money, steps
from dutycalc.stages import amounts, charges, collection, context, fees, relief, tax, valuation
from dutycalc.testing import strategies
from dutycalc.testing.edges import lawful_destinations
from dutycalc.testing.invariants import check


def _less_for_at_most() -> list[Any]:
    code = steps._code
    known = steps._KNOWN | {"at_most": lambda _, value, limit: value < limit}

    def changed(op: Any, n: int, a: Sequence[str], structure: Any) -> str:
        return code("below" if op == "at_most" else op, n, a, structure)

    return [patch.object(steps, "_code", changed), patch.object(steps, "_KNOWN", known)]


def _first_record() -> list[Any]:
    usable = law.Series._usable

    def changed(self: Any, *arguments: Any) -> Any:
        return usable(self, *arguments)[:1]

    return [patch.object(law.Series, "_usable", changed)]


def _today() -> list[Any]:
    today, of_day, epoch = date(2026, 11, 23), loader.Territory.law, loader.Territory.epoch

    def changed(self: Any, day: date, **options: Any) -> Any:
        return of_day(self, today, **options)

    return [
        patch.object(loader.Territory, "law", changed),
        patch.object(loader.Territory, "epoch", lambda self, day: epoch(self, today)),
    ]


def _base_without_duty() -> list[Any]:
    def changed(label: str, *parts: steps.Step, **options: Any) -> steps.Step:
        kept = [one for one in parts if not one.label.startswith("customs duty")]
        return steps.add(label, *(kept if label.startswith("base of") else parts), **options)

    stages = [one for name, one in sys.modules.items() if name.startswith("dutycalc.stages.")]
    return [patch.object(one, "add", changed) for one in stages if hasattr(one, "add")]


def _first_line_only() -> list[Any]:
    def changed(self: engine.Crossing, name: str) -> Decimal:
        return next((one for one in self.gather(name) if one is not None), Decimal(0))

    return [patch.object(engine.Crossing, "total", changed)]


def _before_its_start() -> list[Any]:
    find = law.Series.find

    def changed(self: Any, day: date, **options: Any) -> Any:
        return find(self, day + timedelta(days=1), **options)

    return [patch.object(law.Series, "find", changed)]


def _everywhere(original: Any, changed: Any) -> list[Any]:
    """Return the patches that put a changed function in the place of another wherever it was imported."""
    name = original.__name__
    modules = [one for key, one in sys.modules.items() if key.startswith("dutycalc.")]
    return [patch.object(one, name, changed) for one in modules if getattr(one, name, None) is original]


class _Other:
    """Something with a few of its fields changed."""

    def __init__(self, one: Any, **fields: Any) -> None:
        self.__dict__.update(fields)
        self._one = one

    def __getattr__(self, name: str) -> Any:
        return getattr(self._one, name)


# Roundings


def _rounded_on_lines() -> list[Any]:
    def changed(line: Any, name: str, charge: Any, amount: steps.Step) -> steps.Step:
        if charge.rounding.per != "consignment":
            return amount
        provision = line.border.on("charge", name)
        rounding = amounts.rounding_of(line, charge.rounding, provision.record)
        return steps.rounded(f"{name} on the line", amount, rounding, provision)

    return [patch.object(charges, "_rounded_on_whole", changed)]


def _half_even() -> list[Any]:
    return [patch.dict(money.MODES, {"half_up": ROUND_HALF_EVEN})]


def _cents_everywhere() -> list[Any]:
    return [patch.dict(money._QUANTA, dict.fromkeys(money._QUANTA, Decimal("0.01")))]


def _never_rounded_down() -> list[Any]:
    return [patch.dict(money.MODES, {"down": money.MODES["half_up"]})]


# Values


def _rate_of_exchange_inverted() -> list[Any]:
    times, divide = steps.times, steps.divide

    def multiplied(label: str, amount: steps.Step, by: steps.Step, **options: Any) -> steps.Step:
        exchanged = str(by.constant).startswith("exchange_rates[")
        return (divide if exchanged else times)(label, amount, by, **options)

    return [patch.object(context, "times", multiplied)]


def _shared_by_count() -> list[Any]:
    share = context.Whole.share

    def changed(
        self: Any, name: str, label: str, amount: Any, weight: str, *rest: Any, **options: Any
    ) -> None:
        share(self, name, label, amount, "quantity" if weight == "stated_price" else weight, *rest, **options)

    return [patch.object(context.Whole, "share", changed)]


def _freight_left_out() -> list[Any]:
    of_parts = valuation._sum_of_parts

    def changed(line: Any, name: str, rule: Any, point: Any) -> steps.Step:
        parts = [one for one in rule.value.parts if one != "transport"] or rule.value.parts
        return of_parts(line, name, rule.replaced(value=_Other(rule.value, parts=parts)), point)

    return [patch.object(valuation, "_sum_of_parts", changed)]


def _discount_forgotten() -> list[Any]:
    def changed(label: str, amount: steps.Step, *less: steps.Step, **options: Any) -> steps.Step:
        forgotten = label.startswith("price less")
        return amount if forgotten else steps.subtract(label, amount, *less, **options)

    return [patch.object(valuation, "subtract", changed)]


# Limits and reliefs


def _freight_in_the_limit() -> list[Any]:
    measured = valuation.measured

    def changed(line: Any, measure: str, point: Any) -> steps.Step:
        return measured(line, "customs_value" if measure == "intrinsic_value" else measure, point)

    return _everywhere(measured, changed)


def _without_category(category: str) -> Callable[[], list[Any]]:
    def patches() -> list[Any]:
        kept = tuple(one for one in context._LISTS if one[0] != category)
        return [patch.object(context, "_LISTS", kept)]

    return patches


def _excess_on_the_whole() -> list[Any]:
    def changed(label: str, over: steps.Step, nothing: steps.Step, **options: Any) -> steps.Step:
        value, bound = over.inputs
        return steps.decide(label, steps.at_most("within", value, bound), nothing, value)

    return [patch.object(relief, "greatest", changed)]


def _relief_leaks() -> list[Any]:
    before = amounts._before_the_ordinary

    def changed(line: Any, name: str) -> list[Any]:
        found = before(line, name)
        if line.border.on("charge", name).value.kind not in ("vat", "gst", "sales_tax"):
            return found
        leaked = [
            ("relief", one) for one in line.border.all("relief").values()
            if "customs_duty" in one.value.of and name not in one.value.of and one.value.portion == "whole"
        ]  # fmt: skip
        return [*leaked, *found]

    return [patch.object(amounts, "_before_the_ordinary", changed)]


def _mixed_ignored() -> list[Any]:
    def changed(line: Any, name: str) -> steps.Step:
        return steps.because("the line is inside", False)

    return _everywhere(relief.export_outside, changed)


def _shut_out_let_in() -> list[Any]:
    outside = relief._outside

    def changed(*arguments: Any) -> str:
        found = outside(*arguments)
        return found if found == relief.OTHER_GOODS else ""

    return [patch.object(relief, "_outside", changed)]


def _history_forgotten() -> list[Any]:
    inner: Any = engine
    profile = inner.consignment_profile
    return [patch.object(engine, "consignment_profile", lambda *of: _Other(profile(*of), history={}))]


def _small_sums_collected() -> list[Any]:
    return _everywhere(relief.waivers_of, lambda *_: [])


# Rates


def _bound_ignored(choice: str) -> Callable[[], list[Any]]:
    def changed(label: str, first: steps.Step, *_: steps.Step, **options: Any) -> steps.Step:
        return first

    return lambda: [patch.object(expression_tree, choice, changed)]


def _minimum_for_each_article() -> list[Any]:
    stage: Any = fees
    tree: Any = expression_tree
    amount_of, greatest = stage.amount_of, tree.greatest

    def changed(whole: Any, *rest: Any) -> Any:
        def each(label: str, first: steps.Step, least: steps.Step, **options: Any) -> steps.Step:
            articles = whole.sum("articles", "quantity", context.VALUED, "item")
            found: steps.Step = greatest(
                label, first, steps.times("for each article", least, articles), **options
            )
            return found

        with patch.object(expression_tree, "greatest", each):
            return amount_of(whole, *rest)

    return [patch.object(fees, "amount_of", changed)]


def _for_each_line() -> list[Any]:
    inner: Any = engine
    shares = inner.shares

    def changed(amount: Any, weights: Any, groups: Any, *rest: Any) -> Any:
        each = groups and [None if one is None else str(n) for n, one in enumerate(groups)]
        return shares(amount, weights, each, *rest)

    return [patch.object(engine, "shares", changed)]


def _standard_rate_for_all() -> list[Any]:
    rate_of_class = tax.rate_of_class

    def changed(line: Any, point: Any) -> Any:
        standard = _Other(line.item, tax_class="standard")
        other: Any = _Other(line, item=standard)
        return rate_of_class(other, point)

    return _everywhere(rate_of_class, changed)


def _tax_not_in_its_base() -> list[Any]:
    def changed(label: str, base: steps.Step, rate: steps.Step, _: Any) -> steps.Step:
        return steps.times(label, base, rate)

    return _everywhere(tax.including_itself, changed)


def _gross_for_net_mass() -> list[Any]:
    measure = context.Line.measure

    def changed(self: Any, unit: str) -> steps.Step:
        gross = unit == "kg" and "gross_mass_kg" in self.item.measures
        return measure(self, "kg/gross" if gross else unit)

    return [patch.object(context.Line, "measure", changed)]


# Collection


def _without_registration() -> list[Any]:
    party_of = collection.party_of

    def changed(trace: Any, scheme: Any, point: Any) -> Any:
        role, problem = party_of(trace, scheme, point)
        present = [one for one in scheme.liable if trace.profile.parties.get(one) is not None]
        return (role or next(iter(present), None)), problem

    return _everywhere(party_of, changed)


def _seller_before_platform() -> list[Any]:
    party_of = collection.party_of

    def changed(trace: Any, scheme: Any, point: Any) -> Any:
        other: Any = _Other(scheme, liable=sorted(scheme.liable, key="seller".__ne__))
        return party_of(trace, other, point)

    return _everywhere(party_of, changed)


def _turnover_ignored() -> list[Any]:
    return [patch.object(collection, "_must_register", lambda *_: True)]


def _duty_paid_for_unpaid() -> list[Any]:
    return [patch.object(collection, "SELLER_PAYS_DUTIES", frozenset())]


# Days


def _ends_a_day_early() -> list[Any]:
    find = law.Series.find

    def changed(self: Any, day: date, **options: Any) -> Any:
        found = find(self, day, **options)
        return None if found is not None and found.stated_end and found.valid_until == day else found

    return [patch.object(law.Series, "find", changed)]


def _end_ignored() -> list[Any]:
    return [patch.object(law.Provision, "end_known_on", lambda self, known_on: law.ALWAYS)]


def _known_from_ignored() -> list[Any]:
    find = law.Series.find

    def changed(self: Any, day: date, **options: Any) -> Any:
        return find(self, day, **(options | {"known_on": None}))

    return [patch.object(law.Series, "find", changed)]


def _day_of_sale_for_importation() -> list[Any]:
    inner: Any = engine
    trace_whole = inner.trace_whole
    return [patch.object(engine, "trace_whole", lambda profile, sale, _: trace_whole(profile, sale, sale))]


BUGS: dict[str, Callable[[], list[Any]]] = {
    "`<` for `<=`": _less_for_at_most,
    "the first record always wins": _first_record,
    "today for the declared day": _today,
    "VAT base without duty": _base_without_duty,
    "consignment value of the first line only": _first_line_only,
    "a record before its start day": _before_its_start,
    "each line rounded where law rounds the total": _rounded_on_lines,
    "half to even for half up": _half_even,
    "half up for down": _never_rounded_down,
    "cents in every currency": _cents_everywhere,
    "rate of exchange inverted": _rate_of_exchange_inverted,
    "freight shared by count, not by value": _shared_by_count,
    "customs value without freight": _freight_left_out,
    "discounts forgotten": _discount_forgotten,
    "limit on the price compared with the customs value": _freight_in_the_limit,
    "limit for gifts used for sales": _without_category("purpose"),
    "channel ignored": _without_category("channel"),
    "the buyer's business status ignored": _without_category("buyer"),
    "the whole charged where law charges the excess": _excess_on_the_whole,
    "relief from duty leaks to VAT": _relief_leaks,
    "one line outside does not spoil the consignment": _mixed_ignored,
    "goods shut out of a relief let in": _shut_out_let_in,
    "earlier consignments forgotten": _history_forgotten,
    "sums too small to collect are collected": _small_sums_collected,
    "`MAX` of an expression ignored": _bound_ignored("least"),
    "`MIN` of an expression ignored": _bound_ignored("greatest"),
    "minimum fee for each article, not each entry": _minimum_for_each_article,
    "fixed amount for each line, not each tariff line": _for_each_line,
    "standard rate for every tax class": _standard_rate_for_all,
    "tax left out of its own base": _tax_not_in_its_base,
    "gross mass for net mass": _gross_for_net_mass,
    "scheme taken without a registration": _without_registration,
    "seller before platform": _seller_before_platform,
    "turnover ignored": _turnover_ignored,
    "delivered duty paid read as unpaid": _duty_paid_for_unpaid,
    "a record ends a day early": _ends_a_day_early,
    "the end of a record ignored": _end_ignored,
    "`known_on` ignored": _known_from_ignored,
    "law of the day of sale for the day of importation": _day_of_sale_for_importation,
}


@contextmanager
def planted(bug: str) -> Iterator[Tariffs]:
    """Give tables that nothing has read yet while the bug is in the engine."""
    patches = BUGS[bug]()
    steps._compiled.cache_clear()
    for one in patches:
        one.start()
    try:
        yield load_tariffs()
    finally:
        for one in patches:
            one.stop()
        steps._compiled.cache_clear()


def broken_invariants(
    tariffs: Tariffs, sound: Tariffs, *, examples: int, destinations: Sequence[str] | None = None
) -> Counter[int]:
    """Return how many generated consignments break each invariant."""
    found: Counter[int] = Counter()

    @settings(
        max_examples=examples, deadline=None, database=None, derandomize=True, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(strategies.consignments(sound, destinations=destinations))
    def run(consignment: Consignment) -> None:
        found.update({one.number for one in check(consignment, tariffs)})

    run()
    return found


def broken_cases(tariffs: Tariffs, *, cases: Sequence[dict[str, Any]]) -> list[str]:
    """Return which of the golden cases come out otherwise than their sources have it."""
    found = []
    for case in cases:
        try:
            test_golden.test_case(case, tariffs)
        except (Exception, pytest.fail.Exception):
            found.append(case["id"])
    return found


def main(examples: int = 500, every: int = 1, *only: str) -> int:
    """Print a table of the bugs (default: all) and what catches each; return 1 where one is not caught."""
    print(f"| bug | invariants that catch it, in {examples} consignments | golden cases that catch it |")
    print("| --- | --- | --- |")
    missed = 0
    sound = load_tariffs()
    lawful_destinations(sound)
    for bug in only or BUGS:
        with planted(bug) as tariffs:
            invariants = broken_invariants(tariffs, sound, examples=examples)
            cases = broken_cases(tariffs, cases=CASES[::every])
        told = ", ".join(f"({number}) {count} times" for number, count in sorted(invariants.items()))
        first = f": {', '.join(cases[:2])}{' …' if len(cases) > 2 else ''}" if cases else ""
        print(f"| {bug} | {told or 'none'} | {len(cases)} of {len(CASES[::every])}{first} |", flush=True)
        missed += not invariants and not cases
    return 1 if missed else 0


if __name__ == "__main__":
    asked = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    each = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    sys.exit(main(asked, each, *sys.argv[3:]))
