"""Steps and programs: the closed list of operations, read by two readers that must agree."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation, localcontext
from fractions import Fraction
from typing import Any, get_args

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from dutycalc.errors import FactsError
from dutycalc.money import EXACT, MODES, Rounding
from dutycalc.steps import (
    CROSSING,
    STATED,
    Fitting,
    Op,
    Program,
    Sharing,
    Step,
    Unknown,
    add,
    all_of,
    any_line,
    any_of,
    at_most,
    because,
    below,
    careful,
    count_distinct,
    decide,
    divide,
    fit,
    fitted,
    floor,
    greatest,
    least,
    missing,
    negate,
    part,
    rounded,
    shares,
    subtract,
    times,
    total,
    whole,
)
from dutycalc.steps import given as stated_fact

LOST = Unknown("fact", "net_mass_kg", "the law charges by kg")
CENT = Decimal("0.01")


class Lines:
    """What three lines hold under names, for operations that cross between lines and whole."""

    def __init__(self, named: Mapping[str, Sequence[Any]], found: Mapping[str, Any]) -> None:
        self.named = named
        self.found = dict(found)

    def total(self, name: str) -> Decimal:
        return sum((one for one in self.named[name] if one is not None), Decimal(0))

    def count_distinct(self, name: str) -> Decimal:
        return Decimal(len({one for one in self.named[name] if one is not None}))

    def any_line(self, name: str) -> bool:
        return any(self.named[name])

    def split(self, sharing: Sharing, amount: Decimal) -> tuple[Decimal, ...]:
        groups = self.named[sharing.group] if sharing.group else None
        return shares(amount, self.named[sharing.weight], groups, sharing.unit, range(3))

    def fit(self, fitting: Fitting, limit: Decimal) -> tuple[Decimal, ...]:
        return fitted(limit, self.named[fitting.value], self.named[fitting.quantity], range(3))

    def carefully(self, step: Step, *inputs: Any) -> Any:
        if step.op == "part":
            return self.found[step.constant][0]
        if step.op == "whole":
            return self.found[step.constant]
        return getattr(self, step.op)(step.constant, *inputs)


NO_LINES = Lines({}, {})


def compiled(program: Program, facts: Mapping[str, Decimal], lines: Lines = NO_LINES) -> list[Any]:
    """Return the value of every step as the compiled program finds it."""
    values: list[Any] = []
    with localcontext(EXACT):
        for segment in program.segments:
            if segment is not None:
                stated = [facts[name] for name in program.facts]
                values += segment(values, program.constants, stated, lines, 0)
    return values


def step_by_step(program: Program, facts: Mapping[str, Decimal], lines: Lines = NO_LINES) -> list[Any]:
    """Return the value of every step as the careful reading finds it."""
    values: list[Any] = []
    with localcontext(EXACT):
        for n, step in enumerate(program.steps):
            inputs = [values[k] for k in program.inputs[n]]
            values.append(careful(step, inputs, facts.__getitem__, lines.carefully))
    return values


def known(value: str, label: str = "a number of the law", unit: str = "") -> Step:
    return Step(label, "law", constant=Decimal(value), unit=unit)


def value_of(step: Step, facts: Mapping[str, Decimal] | None = None, lines: Lines = NO_LINES) -> Any:
    """Return the value of one step, on which both readings agree."""
    program = Program([step])
    one = compiled(program, facts or {}, lines)[program.place(step)]
    assert step_by_step(program, facts or {}, lines)[program.place(step)] == one
    return one


# Each operation

A, B = known("7.25", "a"), known("2.5", "b")
YES, NO = because("yes", True), because("no", False)
THREE_LINES = Lines(
    {
        "value": [Decimal("10"), None, Decimal("30")],
        "code": ["6109", None, "6109"],
        "test": [False, False, True],
        "weight": [Decimal("1"), Decimal("1"), Decimal("1")],
        "quantity": [Decimal("1"), Decimal("1"), Decimal("3")],
    },
    {"shared": (Decimal("4"), Decimal("5")), "limit": True},
)

EXAMPLES: dict[str, tuple[Step, Any]] = {
    "given": (stated_fact("unit price", "unit_price"), Decimal("12.50")),
    "law": (A, Decimal("7.25")),
    "because": (YES, True),
    "add": (add("sum", A, B, A), Decimal("17.00")),
    "subtract": (subtract("rest", A, B, B), Decimal("2.25")),
    "times": (times("product", A, B, B), Decimal("45.3125")),
    "divide": (divide("quotient", A, B), Decimal("2.9")),
    "least": (least("smallest", A, B), Decimal("2.5")),
    "greatest": (greatest("largest", A, B), Decimal("7.25")),
    "floor": (floor("whole", A), Decimal("7")),
    "round": (rounded("rounded", A, Rounding(Decimal("0.5"), "half_up"), None), Decimal("7.5")),
    "at_most": (at_most("not above", B, B), True),
    "below": (below("under", B, B), False),
    "all": (all_of("all", YES, NO), False),
    "any": (any_of("any", YES, NO), True),
    "not": (negate("not", NO), True),
    "decide": (decide("either", at_most("small", A, B), A, B), Decimal("2.5")),
    "total": (total("sum of lines", "value", 0), Decimal("40")),
    "count_distinct": (count_distinct("codes", "code", 0), Decimal("1")),
    "any_line": (any_line("some line", "test", 0), True),
    "split": (
        Step("shared", "split", (A,), Sharing("weight", CENT), unit=A.unit),
        (Decimal("2.42"), Decimal("2.42"), Decimal("2.41")),
    ),
    "fit": (
        fit("fitting", known("25"), Fitting("value", "quantity"), 0),
        (Decimal(1), Decimal(0), Decimal(1)),
    ),
    "part": (part("a part", "shared", 0), Decimal("4")),
    "whole": (whole("of the whole", "limit", 0), True),
}


@pytest.mark.parametrize("op", EXAMPLES)
def test_each_operation_does_what_its_name_says(op: str) -> None:
    step, expected = EXAMPLES[op]
    assert step.op == op
    assert value_of(step, {"unit_price": Decimal("12.50")}, THREE_LINES) == expected


def test_every_operation_of_the_closed_list_is_tried_here() -> None:
    assert set(EXAMPLES) | {"missing"} == set(get_args(Op))
    assert set(EXAMPLES) | {"missing"} >= STATED | CROSSING


def test_the_fraction_of_a_negative_number_is_dropped_towards_zero() -> None:
    assert value_of(floor("whole", known("-7.75"))) == Decimal("-7")


def test_a_test_of_one_test_is_that_test() -> None:
    assert all_of("all", YES) is YES
    assert any_of("any", NO) is NO


# Programs


def test_the_least_and_the_greatest_of_one_amount_are_that_amount() -> None:
    assert least("least", A) is A
    assert greatest("greatest", A) is A


def test_a_product_and_a_quotient_have_the_first_unit_unless_another_is_named() -> None:
    mass = stated_fact("net mass", "net_mass_kg", "kg")
    for operation in (times, divide):
        assert operation("of a mass", mass, A).unit == "kg"
        assert operation("of a mass", mass, A, unit="EUR").unit == "EUR"
        assert operation("of a mass", mass, A, unit="").unit == ""


def test_a_program_holds_every_step_once_and_inputs_before_what_rests_on_them() -> None:
    price = stated_fact("price", "price", "EUR")
    doubled = add("doubled", price, price)
    program = Program([times("squared", doubled, doubled), doubled])
    assert [step.label for step in program.steps] == ["price", "doubled", "squared"]
    assert all(place < n for n, inputs in enumerate(program.inputs) for place in inputs)


def test_what_the_law_states_keeps_its_own_words_and_the_same_operation_is_done_once() -> None:
    price = stated_fact("price", "price")
    rate, same = known("0.2", "rate of VAT"), known("0.2", "rate of duty")
    first, again = times("VAT", price, rate), times("tax", price, rate)
    other = times("duty", price, same)
    program = Program([first, again, other])
    assert program.place(first) == program.place(again)
    assert program.place(first) != program.place(other)
    assert {step.label for step in program.steps if step.op == "law"} == {"rate of VAT", "rate of duty"}


def test_a_deep_program_is_read_without_recursion() -> None:
    step = known("1")
    for n in range(5000):
        step = add(f"sum {n}", step, known("1", f"one {n}"))
    program = Program([step])
    assert step_by_step(program, {})[program.place(step)] == 5001


def test_what_rests_on_the_whole_comes_in_a_later_phase() -> None:
    share = part("share", "shared", 0)
    value = add("value", known("1"), share)
    program = Program([value])
    assert (share.phase, value.phase, program.phases) == (1, 1, 2)
    assert program.segments[0] is not None
    assert program.segments[1] is not None


def test_an_exported_step_is_found_by_its_name_in_its_phase() -> None:
    price, share = stated_fact("price", "price"), part("share", "shared", 0)
    program = Program([], {"price": price, "share": share})
    assert program.names == {"price": program.place(price), "share": program.place(share)}
    assert program.exported_in == ((("price", 0),), (("share", 1),))


# What is unknown


def test_what_is_unknown_is_carried_to_all_that_rests_on_it() -> None:
    mass = missing("net mass", LOST)
    duty = times("duty", mass, known("2"))
    tax = times("tax", add("base", known("100"), duty), known("0.2"))
    beside = times("beside", known("100"), known("0.2"))
    program = Program([tax, beside])
    values = step_by_step(program, {})
    assert [values[program.place(one)] for one in (mass, duty, tax)] == [LOST, LOST, LOST]
    assert values[program.place(beside)] == Decimal("20.0")


def test_a_decision_takes_no_notice_of_the_branch_not_taken() -> None:
    relieved = decide("duty", at_most("within", A, A), known("0"), missing("rate", LOST))
    charged = decide("duty", below("within", A, A), known("0"), missing("rate", LOST))
    program = Program([relieved, charged])
    values = step_by_step(program, {})
    assert values[program.place(relieved)] == 0
    assert values[program.place(charged)] == LOST
    assert compiled(program, {})[program.place(relieved)] == 0


def test_a_decision_on_something_unknown_is_unknown() -> None:
    test = at_most("within", missing("value", LOST), A)
    assert step_by_step(Program([decide("duty", test, A, A)]), {})[-1] == LOST


def test_one_test_that_fails_settles_all_and_one_that_holds_settles_any() -> None:
    unknown = at_most("within", missing("value", LOST), A)
    settled = {
        all_of("all", unknown, NO): False, any_of("any", unknown, YES): True,
        all_of("all", unknown, YES): LOST, any_of("any", unknown, NO): LOST,
    }  # fmt: skip
    for step, expected in settled.items():
        program = Program([step])
        assert step_by_step(program, {})[program.place(step)] == expected


# Properties

NUMBERS = st.builds(lambda n, k: Decimal(n).scaleb(-k), st.integers(-(10**6), 10**6), st.integers(0, 4))
FACTS = ("unit_price", "quantity", "transport")


MAKERS: dict[str, Callable[..., Step]] = {
    "add": add,
    "subtract": subtract,
    "least": least,
    "greatest": greatest,
}
NUMERIC = ("add", "subtract", "times", "divide", "least", "greatest", "floor", "round", "decide")
TESTS = ("at_most", "below", "all", "any", "not")
ROUNDINGS = [Rounding(Decimal(unit), mode) for unit in ("0.01", "0.05", "1", "1000") for mode in MODES]
RECIPES = st.lists(
    st.tuples(st.sampled_from(NUMERIC + TESTS), *[st.integers(0, 99)] * 4), min_size=3, max_size=20
)


def programs(*, unknown: bool = False) -> st.SearchStrategy[Program]:
    """Return programs over a few facts and numbers, with every operation that computes."""
    return st.builds(_program, RECIPES, st.lists(NUMBERS, min_size=3, max_size=3), st.just(unknown))


def _program(
    recipe: Sequence[tuple[str, int, int, int, int]], stated: Sequence[Decimal], unknown: bool
) -> Program:
    numbers = [stated_fact(name, name) for name in FACTS]
    numbers += [Step(f"number {n}", "law", constant=number) for n, number in enumerate(stated)]
    numbers += [missing("unknown", LOST)] if unknown else []
    tests = [because("settled", stated[0] > 0)]
    for op, *places in recipe:
        if op in NUMERIC:
            numbers.append(_numeric(op, numbers, tests, places))
        else:
            tests.append(_test(op, numbers, tests, places))
    return Program([numbers[-1], tests[-1], *numbers[-3:]])


def _numeric(op: str, numbers: Sequence[Step], tests: Sequence[Step], places: Sequence[int]) -> Step:
    """Return a step on earlier ones; factors and divisors are small numbers, so that digits stay few."""
    one, two, three = (numbers[place % len(numbers)] for place in places[:3])
    small = known(str(places[3] % 9 + 1), f"number {places[3]}")
    match op:
        case "times":
            return times(op, one, small)
        case "divide":
            return divide(op, one, small)
        case "floor":
            return floor(op, one)
        case "round":
            return rounded(op, one, ROUNDINGS[places[3] % len(ROUNDINGS)], None)
        case "decide":
            return decide(op, tests[places[3] % len(tests)], one, two)
        case _:
            made = MAKERS[op]
            return made(op, one, two, three) if places[3] % 2 else made(op, one, two)


def _test(op: str, numbers: Sequence[Step], tests: Sequence[Step], places: Sequence[int]) -> Step:
    first, second = numbers[places[0] % len(numbers)], numbers[places[1] % len(numbers)]
    one, two = tests[places[2] % len(tests)], tests[places[3] % len(tests)]
    match op:
        case "at_most":
            return at_most(op, first, second)
        case "below":
            return below(op, first, second)
        case "not":
            return negate(op, one)
        case _:
            return all_of(op, one, two) if op == "all" else any_of(op, one, two)


def facts() -> st.SearchStrategy[dict[str, Decimal]]:
    """Return what a caller states for the programs' facts."""
    return st.fixed_dictionaries(dict.fromkeys(FACTS, NUMBERS))


@given(program=programs(), stated=facts())
@settings(max_examples=300)
def test_the_compiled_and_the_careful_reading_agree(program: Program, stated: dict[str, Decimal]) -> None:
    assert compiled(program, stated) == step_by_step(program, stated)


@given(program=programs(unknown=True), stated=facts())
@settings(max_examples=300)
def test_the_compiled_reading_never_makes_a_number_of_what_is_unknown(
    program: Program, stated: dict[str, Decimal]
) -> None:
    careful_values = step_by_step(program, stated)
    try:
        values = compiled(program, stated)
    except InvalidOperation:
        assume(False)
    for one, value in zip(careful_values, values, strict=True):
        if isinstance(one, Unknown):
            assert value != value
        else:
            assert value == one


@given(program=programs(unknown=True), stated=facts())
@settings(max_examples=300)
def test_a_refusal_of_the_compiled_reading_means_that_something_is_unknown(
    program: Program, stated: dict[str, Decimal]
) -> None:
    try:
        compiled(program, stated)
    except InvalidOperation:
        assert any(isinstance(one, Unknown) for one in step_by_step(program, stated))


AMOUNTS = st.integers(0, 10**7).map(lambda n: Decimal(n).scaleb(-2))
WEIGHTS = st.lists(st.none() | AMOUNTS, min_size=1, max_size=6)


@given(amount=AMOUNTS, weights=WEIGHTS)
def test_shares_over_lines_add_up_and_a_line_without_a_weight_takes_none(
    amount: Decimal, weights: list[Decimal | None]
) -> None:
    found = shares(amount, weights, None, CENT, range(len(weights)))
    assert all(part == 0 for part, weight in zip(found, weights, strict=True) if weight is None)
    expected = amount if any(weight is not None for weight in weights) else 0
    assert sum(map(Fraction, found)) == expected


@given(
    amount=AMOUNTS,
    lines=st.lists(st.tuples(AMOUNTS, st.sampled_from([None, "a", "b"])), min_size=1, max_size=6),
)
def test_every_group_shares_the_whole_amount(
    amount: Decimal, lines: list[tuple[Decimal, str | None]]
) -> None:
    groups = [group for _, group in lines]
    found = shares(amount, [weight for weight, _ in lines], groups, CENT, range(len(lines)))
    for group in ("a", "b"):
        shared = sum(part for part, one in zip(found, groups, strict=True) if one == group)
        assert shared == (amount if group in groups else 0)
    assert all(part == 0 for part, group in zip(found, groups, strict=True) if group is None)


@given(
    limit=AMOUNTS,
    lines=st.lists(st.tuples(st.none() | AMOUNTS, st.integers(1, 9).map(Decimal)), min_size=1, max_size=6),
)
def test_what_fits_is_whole_articles_within_the_limit_and_no_more_than_there_are(
    limit: Decimal, lines: list[tuple[Decimal | None, Decimal]]
) -> None:
    values, quantities = [value for value, _ in lines], [quantity for _, quantity in lines]
    found = fitted(limit, values, quantities, range(len(lines)))
    taken = Fraction(0)
    for count, value, quantity in zip(found, values, quantities, strict=True):
        assert 0 <= count <= quantity
        assert count == int(count)
        if value is None:
            assert count == 0
        else:
            taken += Fraction(value) / Fraction(quantity) * int(count)
    assert taken <= Fraction(limit) + Fraction(1, 10**20)


@pytest.mark.parametrize("weights", [[Decimal(-1), Decimal(2)]])
def test_a_share_by_a_negative_weight_is_refused(weights: list[Decimal | None]) -> None:
    with pytest.raises(FactsError):
        shares(Decimal(1), weights, None, CENT, range(len(weights)))
