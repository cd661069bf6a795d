"""The answer: what adds up, what is cited, what comes back, and what can have no say in it."""

from __future__ import annotations

import json
import locale
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from decimal import ROUND_UP, Decimal, Inexact, getcontext, localcontext
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_tables import (
    BORDER,
    CLASSES,
    CURRENCY,
    DUTY,
    LAW,
    LIMIT,
    RELIEF,
    VALUES,
    VAT,
    amounts,
    assessed,
    cart,
    item,
    total,
    write,
)

from dutycalc import Assessment, Consignment, DutycalcError, Money, Step, Tariffs, assess, load_tariffs
from dutycalc.money import MINOR_UNITS, QUOTIENT_DIGITS, quantum, round_to

GOLDEN = [
    file for file in sorted((Path(__file__).parent / "golden").glob("*.jsonl"))
    if '"expect"' in file.read_text(encoding="utf-8")
]  # fmt: skip
"""Files of cases, but those whose every case is refused."""
BUNDLED = load_tariffs()

UP_TO_150 = LIMIT.replace("100 EUR", "150 EUR")
NOT_TOBACCO = RELIEF.replace("cite", 'not_for = { commodities = ["24"] }\ncite')
EVERYTHING = f"""
{UP_TO_150}
{NOT_TOBACCO}
[[waiver.small]]
valid_from = 2020-01-01
charges = ["customs_duty", "vat"]
below = "5 EUR"
cite = ["act"]

[[registration.SHOP]]
valid_from = 2020-01-01
title = "Shop number"
pictures = ["SH####"]
cite = ["act"]

[[scheme.SHOP]]
valid_from = 2020-01-01
model = "vendor"
within = "low_value"
liable = ["platform", "seller"]
registration = "SHOP"
optional = true
takes = {{ vat = {{ at = "sale", base = ["price", "transport", "insurance"] }} }}
returns = {{ every = "month", months_after = 1, day = "last" }}
declare = true
cite = ["act"]

[[charge.entry_fee]]
valid_from = 2020-01-01
kind = "fee"
base = ["customs_value"]
rate = "0.5% MIN 2 EUR MAX 5 EUR"
per = "consignment"
rounding = {{ to = "0.01 EUR", mode = "half_up" }}
cite = ["act"]
"""


@pytest.fixture(scope="module")
def tariffs(tmp_path_factory: pytest.TempPathFactory) -> Tariffs:
    return write(tmp_path_factory.mktemp("tables"), *LAW, EVERYTHING)


@cache
def golden(file: Path) -> list[tuple[str, Consignment, Assessment]]:
    """Return the golden cases of a file that are assessed, with their answers."""
    found = []
    for line in file.read_text(encoding="utf-8").splitlines():
        case = json.loads(line) if line.strip() else {"refuses": {}}
        if "refuses" not in case:
            with suppress(DutycalcError):
                consignment = Consignment.model_validate(case["consignment"])
                found.append((case["id"], consignment, _answer(case, consignment)))
    return found


def _answer(case: dict[str, Any], consignment: Consignment) -> Assessment:
    known_on = date.fromisoformat(case["known_on"]) if case.get("known_on") else None
    return assess(consignment, BUNDLED, known_on=known_on, variants=case.get("variants", ()))


def answers(file: Path) -> Iterator[tuple[str, Consignment, Assessment]]:
    found = golden(file)
    assert found, f"{file.name}: no case is assessed"
    yield from found


every_file = pytest.mark.parametrize("file", GOLDEN, ids=lambda file: file.stem)


def carts() -> st.SearchStrategy[dict[str, Any]]:
    """Return carts of up to five lines to the small country, of every kind that its law tells apart."""
    money = st.integers(0, 50_000).map(lambda cents: f"{Decimal(cents).scaleb(-2):f} EUR")
    lines = st.fixed_dictionaries(
        {
            "commodity": st.sampled_from(["61091000", "64039996", "24022090"]),
            "quantity": st.integers(1, 9).map(str),
            "unit_price": money,
            "stated_duty": st.sampled_from(["free", "10%", "4.7%", "12% + 1 EUR/item", "33 1/3%"]),
            "tax_class": st.sampled_from(["standard", "reduced", "books"]),
        }
    )
    return st.builds(
        lambda rows, **rest: cart(*[item(id=f"{n}", **row) for n, row in enumerate(rows)], **rest),
        st.lists(lines, min_size=1, max_size=5),
        transport=st.none() | money,
        insurance=st.none() | money,
        seller=st.sampled_from([None, {"country": "CN", "registrations": {"SHOP": "SH1234"}}]),
        delivery_term=st.sampled_from([None, "DAP", "DDP"]),
        purpose=st.sampled_from(["sale", "gift"]),
    )


def answer(stated: dict[str, Any], tariffs: Tariffs) -> Assessment:
    return assess(Consignment.model_validate(stated), tariffs)


# Sums


def check_totals(result: Assessment) -> None:
    zero = Money.parse(f"0 {result.currency}")
    sums: dict[str, dict[str, Money]] = {"by_kind": {}, "by_collector": {}, "by_moment": {}}
    whole = zero
    for _, charge in result.all_charges():
        if charge.amount is None:
            continue
        whole = whole + charge.amount
        outcome = charge.collection
        places = {"by_kind": charge.kind, "by_collector": outcome.collector, "by_moment": outcome.moment}
        for group, key in places.items():
            if key is not None:
                sums[group][key] = sums[group].get(key, zero) + charge.amount
        if outcome.model == "exempt":
            assert charge.amount == zero
    assert result.totals["all"] == whole
    for group, parts in sums.items():
        told = result.totals[group]
        assert {key: one for key, one in told.items() if one != zero} == {
            key: one for key, one in parts.items() if one != zero
        }
        assert all(charge_sum.currency == result.currency for charge_sum in told.values())


@every_file
def test_the_totals_are_the_sums_of_the_charges(file: Path) -> None:
    for _, _, result in answers(file):
        check_totals(result)


@given(stated=carts())
def test_the_totals_of_any_cart_are_the_sums_of_its_charges(tariffs: Tariffs, stated: dict[str, Any]) -> None:
    check_totals(answer(stated, tariffs))


@every_file
def test_no_charge_is_finer_than_its_currency_or_below_zero(file: Path) -> None:
    for name, _, result in answers(file):
        unit = quantum(result.currency)
        for _, charge in result.all_charges():
            if charge.amount is not None:
                assert charge.amount.amount >= 0, name
                assert not charge.amount.amount.is_signed(), name
                assert (Fraction(charge.amount.amount) / Fraction(unit)).denominator == 1, name


@given(stated=carts())
def test_what_is_shared_over_the_lines_adds_up_to_what_was_stated(
    tariffs: Tariffs, stated: dict[str, Any]
) -> None:
    result = answer(stated, tariffs)
    prices = sum(Decimal(row["unit_price"].split()[0]) * int(row["quantity"]) for row in stated["items"])
    costs = sum(Decimal(stated[name].split()[0]) for name in ("transport", "insurance") if stated[name])
    values = [one.customs_value.amount for one in result.items if one.customs_value is not None]
    assert sum(values) == prices + costs


# Order and division


def by_line(result: Assessment) -> dict[tuple[str, str], tuple[Any, ...]]:
    return {
        (line, charge.name): (charge.amount, charge.base, charge.rate, charge.collection)
        for line, charge in result.all_charges()
    }


def check_order(consignment: Consignment, result: Assessment, tariffs: Tariffs) -> None:
    stated = json.loads(consignment.model_dump_json())
    stated["items"].reverse()
    turned = assess(Consignment.model_validate(stated), tariffs)
    assert by_line(turned) == by_line(result)
    assert {one.id: one.values for one in turned.items} == {one.id: one.values for one in result.items}
    assert turned.totals == result.totals


@given(stated=carts())
def test_the_order_of_the_lines_changes_no_charge(tariffs: Tariffs, stated: dict[str, Any]) -> None:
    consignment = Consignment.model_validate(stated)
    check_order(consignment, assess(consignment, tariffs), tariffs)


@every_file
def test_the_order_of_the_lines_of_golden_cases_changes_no_charge(file: Path) -> None:
    for line in file.read_text(encoding="utf-8").splitlines():
        case = json.loads(line)
        if (
            len(case["consignment"].get("items", ())) > 1
            and not case.get("variants")
            and not case.get("known_on")
        ):
            with suppress(DutycalcError):
                consignment = Consignment.model_validate(case["consignment"])
                result = assess(consignment, BUNDLED)
                check_order(consignment, result, BUNDLED)


ONCE = 'rounding = { to = "0.01 EUR", mode = "half_up", per = "consignment" }'
BY_LINE = 'rounding = { to = "0.01 EUR", mode = "half_up" }'


@pytest.fixture(scope="module")
def rounded_once(tmp_path_factory: pytest.TempPathFactory) -> Tariffs:
    duty, vat = DUTY.replace(BY_LINE, ONCE), VAT.replace(BY_LINE, ONCE)
    return write(tmp_path_factory.mktemp("once"), CURRENCY, VALUES, CLASSES, duty, vat, BORDER)


@given(
    cents=st.integers(1, 10**6),
    one=st.integers(1, 50),
    other=st.integers(1, 50),
    transport=st.integers(0, 9999),
)
def test_splitting_a_line_changes_no_sum_that_is_rounded_once(
    rounded_once: Tariffs, cents: int, one: int, other: int, transport: int
) -> None:
    price = f"{Decimal(cents).scaleb(-2):f} EUR"
    costs: dict[str, Any] = {"transport": f"{Decimal(transport).scaleb(-2):f} EUR"}
    whole = assessed(rounded_once, item(unit_price=price, quantity=str(one + other)), **costs)
    lines = [item(unit_price=price, quantity=str(one)), item(id="2", unit_price=price, quantity=str(other))]
    parted = assessed(rounded_once, *lines, **costs)
    assert [total(parted, name) for name in ("customs_duty", "vat")] == [
        total(whole, name) for name in ("customs_duty", "vat")
    ]


@given(cents=st.integers(1, 10**6), one=st.integers(1, 50), other=st.integers(1, 50))
def test_splitting_a_line_changes_a_sum_rounded_by_line_by_a_cent_at_most(
    tariffs: Tariffs, cents: int, one: int, other: int
) -> None:
    price = f"{Decimal(cents).scaleb(-2):f} EUR"
    plain = {"stated_duty": "free", "commodity": "24022090"}
    whole = assessed(tariffs, item(unit_price=price, quantity=str(one + other), **plain))
    lines = [
        item(unit_price=price, quantity=str(one), **plain),
        item(id="2", unit_price=price, quantity=str(other), **plain),
    ]
    parted = assessed(tariffs, *lines)
    if total(whole, "vat").amount and total(parted, "vat").amount:
        assert abs(total(whole, "vat").amount - total(parted, "vat").amount) <= Decimal("0.01")


# The working


@every_file
def test_the_inputs_of_a_step_stand_before_it_and_no_id_twice(file: Path) -> None:
    for name, _, result in answers(file):
        seen: set[str] = set()
        for step in result.working:
            assert set(step.inputs) <= seen, f"{name}: {step.id}"
            assert step.id not in seen, f"{name}: {step.id}"
            seen.add(step.id)


@every_file
def test_every_amount_stands_in_a_step(file: Path) -> None:
    for name, _, result in answers(file):
        steps = {step.id: step for step in result.working}
        for _, charge in result.all_charges():
            value = steps[charge.step].value
            assert (value is None) == (charge.amount is None), name
            if charge.amount is not None and value is not None:
                assert Decimal(value) == charge.amount.amount, f"{name}: {charge.name}"
        values = {
            step.value and Decimal(step.value)
            for step in result.working
            if step.unit == result.currency and step.value and "|" not in step.value
        }
        assert {one.customs_value.amount for one in result.items if one.customs_value is not None} <= values


@every_file
def test_every_number_of_the_law_is_cited_and_in_force_on_a_day_of_the_case(file: Path) -> None:
    for name, consignment, result in answers(file):
        days = (consignment.sold_on, consignment.import_day)
        for step in result.working:
            law = step.law
            if law is None:
                continue
            assert law.citations, f"{name}: {step.label}"
            assert any(law.valid_from <= day <= law.valid_until for day in days), f"{name}: {law.record}"
        for _, charge in result.all_charges():
            assert charge.citations, f"{name}: {charge.name}"
            assert charge.records, f"{name}: {charge.name}"


@every_file
def test_no_number_but_a_zero_a_one_or_a_unit_of_measure_comes_without_law_or_fact(file: Path) -> None:
    for name, _, result in answers(file):
        for step in result.working:
            if step.op == "law" and step.law is None and step.value is not None:
                neutral = Decimal(step.value.rstrip("%")) in (0, 1) or "one" in step.label.split()
                assert neutral, f"{name}: {step.label} = {step.value}"


@every_file
def test_every_fact_is_found_at_the_place_that_its_step_names(file: Path) -> None:
    for name, consignment, result in answers(file):
        stated = json.loads(consignment.model_dump_json())
        for step in result.working:
            if step.op == "given":
                assert step.fact, f"{name}: {step.label}"
                assert step.value is not None
                assert _is_stated(step.value, _at(stated, step.fact)), f"{name}: {step.fact}"


def _is_stated(value: str, text: str) -> bool:
    """Tell whether a value is an amount, or a number of a duty, as the cart has it; 33 1/3% is 100 by 3."""
    text = text.replace("33 1/3%", "100% 3").replace("free", "0")
    return Decimal(value.rstrip("%")) in {Decimal(one) for one in re.findall(r"[0-9]+(?:\.[0-9]+)?", text)}


def _at(stated: Any, path: str) -> str:
    """Return what stands at a path such as `items[0].measures[%vol]`."""
    for part in path.replace("]", "").replace("[", ".").split("."):
        stated = stated[int(part)] if isinstance(stated, list) else stated[part]
    return str(stated)


def number(text: str) -> Decimal:
    return Decimal(text[:-1]) / 100 if text.endswith("%") else Decimal(text)


def replayed(step: Step, inputs: list[str]) -> Any:
    """Return what a step comes to by the written values of its inputs; None where it is not arithmetic."""
    tests = {"yes": True, "no": False}
    match step.op:
        case "add" | "total":
            return sum((number(one) for one in inputs), Decimal(0))
        case "subtract":
            return number(inputs[0]) - sum((number(one) for one in inputs[1:]), Decimal(0))
        case "times":
            product = Decimal(1)
            for one in inputs:
                product *= number(one)
            return product
        case "divide":
            with localcontext(prec=QUOTIENT_DIGITS):
                return number(inputs[0]) / number(inputs[1])
        case "least":
            return min(number(one) for one in inputs)
        case "greatest":
            return max(number(one) for one in inputs)
        case "floor":
            return number(inputs[0]) // 1
        case "round":
            mode, _, unit = (step.detail or "").rpartition(" to ")
            return round_to(number(inputs[0]), Decimal(unit), mode.replace(" ", "_"))  # type: ignore[arg-type]
        case "at_most":
            return number(inputs[0]) <= number(inputs[1])
        case "below":
            return number(inputs[0]) < number(inputs[1])
        case "all":
            return all(tests[one] for one in inputs)
        case "any" | "any_line":
            return any(tests[one] for one in inputs)
        case "not":
            return not tests[inputs[0]]
        case "count_distinct":
            return Decimal(len(set(inputs)))
        case "decide":
            taken = inputs[1] if tests[inputs[0]] else inputs[2]
            return tests[taken] if taken in tests else number(taken)
        case "part":
            return number(inputs[0].split(" | ")[int(step.id[1:].partition(".")[0]) - 1])
        case "whole":
            return tests[inputs[0]] if inputs[0] in tests else number(inputs[0])
    return None


def check_replay(name: str, result: Assessment) -> None:
    values = {step.id: step.value for step in result.working}
    with localcontext(prec=200):
        for step in result.working:
            inputs = [values[one] for one in step.inputs]
            if step.value is None or any(one is None for one in inputs):
                continue
            found = replayed(step, [one for one in inputs if one is not None])
            if found is None:
                continue
            told = {"yes": True, "no": False}.get(step.value)
            assert found == (number(step.value) if told is None else told), f"{name}: {step.id} {step.label}"


@every_file
def test_the_working_can_be_followed_with_a_pencil(file: Path) -> None:
    for name, _, result in answers(file):
        check_replay(name, result)


@given(stated=carts())
def test_the_working_of_any_cart_can_be_followed_with_a_pencil(
    tariffs: Tariffs, stated: dict[str, Any]
) -> None:
    check_replay("a cart", answer(stated, tariffs))


@every_file
def test_shares_in_the_working_add_up_to_what_is_shared(file: Path) -> None:
    for name, _, result in answers(file):
        values = {step.id: step.value for step in result.working}
        for step in result.working:
            amount = values[step.inputs[0]] if step.op == "split" else None
            if step.value is not None and amount is not None and "tariff line" not in step.label:
                parts = [number(one) for one in step.value.split(" | ")]
                assert sum(parts) in (number(amount), 0), f"{name}: {step.label}"


# JSON


@every_file
def test_the_json_is_what_the_parts_say(file: Path) -> None:
    for name, _, result in answers(file):
        told = result.to_dict()
        assert told["items"] == [one.to_dict() for one in result.items], name
        assert told["charges"] == [one.to_dict() for one in result.charges], name
        assert told["working"] == [one.to_dict() for one in result.working], name
        assert told["notices"] == [one.to_dict() for one in result.notices], name
        assert told["missing"] == [one.to_dict() for one in result.missing], name
        assert told["tables"] == result.tables
        assert told["totals"]["all"] == str(result.totals["all"])
        assert (told["decision"], told["currency"]) == (result.decision, result.currency)


@every_file
def test_every_record_that_the_working_names_is_explained_once(file: Path) -> None:
    for name, _, result in answers(file):
        told = result.to_dict()
        named = {step["law"] for step in told["working"] if "law" in step}
        for charge in (*told["charges"], *(charge for one in told["items"] for charge in one["charges"])):
            named |= set(charge["records"])
        assert named <= set(told["law"]), name
        assert all(record["cite"] for record in told["law"].values()), name


def every_value(told: Any) -> Iterator[Any]:
    if isinstance(told, dict):
        for one in told.values():
            yield from every_value(one)
    elif isinstance(told, list):
        for one in told:
            yield from every_value(one)
    else:
        yield told


@every_file
def test_no_number_in_the_json_has_been_through_a_double(file: Path) -> None:
    for _, _, result in answers(file):
        told = json.loads(result.to_json(), parse_float=pytest.fail)
        assert {type(one) for one in every_value(told)} <= {str, bool, type(None)}


def test_amounts_in_the_json_come_back_as_money(tariffs: Tariffs) -> None:
    result = assessed(tariffs, item(unit_price="0.10 EUR", quantity="9"), transport="1000000.00 EUR")
    for line, told in zip(result.items, result.to_dict()["items"], strict=True):
        assert Money.parse(told["customs_value"]) == line.customs_value
        for charge, one in zip(line.charges, told["charges"], strict=True):
            assert Money.parse(one["amount"]) == charge.amount


@pytest.mark.parametrize(
    "name", ['a "quoted" id', "back\\slash", "Größe 44", "line\nbreak", "{braces}", "' or", "\ue000"]
)
def test_any_id_comes_back_as_it_was_stated(tariffs: Tariffs, name: str) -> None:
    result = assessed(tariffs, item(id=name), item(id="other", stated_duty="10%"))
    told = json.loads(result.to_json())
    assert [one["id"] for one in told["items"]] == [name, "other"]
    assert told["working"] == [one.to_dict() for one in result.working]


def test_the_amounts_of_a_currency_show_its_minor_units(tariffs: Tariffs) -> None:
    result = assessed(tariffs, item(unit_price="100 EUR", stated_duty="free"))
    assert str(result.items[0].customs_value) == "100.00 EUR"
    assert set(amounts(result).values()) == {"0.00 EUR", "20.00 EUR", "2.00 EUR"}
    assert MINOR_UNITS[result.currency] == 2


# The same bytes


@given(stated=carts())
@settings(max_examples=40)
def test_the_same_facts_give_the_same_bytes(
    tmp_path_factory: pytest.TempPathFactory, stated: dict[str, Any]
) -> None:
    folder = tmp_path_factory.mktemp("same")
    tables = write(folder, *LAW, EVERYTHING)
    cold = answer(stated, tables).to_json()
    assert answer(stated, tables).to_json() == cold
    assert answer(stated, load_tariffs(folder)).to_json() == cold


@given(stated=carts())
@settings(max_examples=40)
def test_the_decimal_context_of_the_caller_has_no_say(
    tmp_path_factory: pytest.TempPathFactory, stated: dict[str, Any]
) -> None:
    folder = tmp_path_factory.mktemp("context")
    expected = answer(stated, write(folder, *LAW, EVERYTHING)).to_json()
    with localcontext() as context:
        context.prec, context.rounding, context.Emax, context.Emin = 2, ROUND_UP, 5, -5
        found = answer(stated, load_tariffs(folder)).to_json()
    assert found == expected


def test_a_caller_who_traps_inexact_results_is_answered_all_the_same(tariffs: Tariffs) -> None:
    expected = assessed(tariffs, item(stated_duty="33 1/3%"), transport="3.33 EUR").to_json()
    with localcontext() as context:
        context.traps[Inexact] = True
        assert assessed(tariffs, item(stated_duty="33 1/3%"), transport="3.33 EUR").to_json() == expected


def test_the_decimal_context_of_the_caller_is_left_as_it_was(tariffs: Tariffs) -> None:
    before = (getcontext().prec, getcontext().rounding, dict(getcontext().traps), dict(getcontext().flags))
    result = assessed(tariffs, item(stated_duty="33 1/3%"), transport="3.33 EUR")
    _ = (result.to_json(), result.totals, result.working, result.notices)
    assert (
        getcontext().prec,
        getcontext().rounding,
        dict(getcontext().traps),
        dict(getcontext().flags),
    ) == before


def test_the_locale_has_no_say(tariffs: Tariffs) -> None:
    expected = assessed(tariffs).to_json()
    before = locale.setlocale(locale.LC_ALL)
    try:
        for name in ("de_DE.UTF-8", "tr_TR.UTF-8", "C.UTF-8", ""):
            with suppress(locale.Error):
                locale.setlocale(locale.LC_ALL, name)
            assert assessed(tariffs).to_json() == expected
    finally:
        locale.setlocale(locale.LC_ALL, before)


SCRIPT = """
import sys
from dutycalc import Consignment, assess, load_tariffs
consignment = Consignment.model_validate_json(sys.stdin.buffer.read())
sys.stdout.buffer.write(assess(consignment, load_tariffs(sys.argv[1])).to_json().encode())
"""


def test_another_process_of_another_place_and_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    tariffs = write(tmp_path, *LAW, EVERYTHING)
    stated = cart(item(), item(id="2", commodity="24022090", tax_class="books"), transport="3.33 EUR")
    expected = answer(stated, tariffs).to_json().encode()
    root = str(Path(__file__).parent.parent)
    for seed, zone in (("0", "UTC"), ("1", "Pacific/Auckland"), ("4711", "America/New_York")):
        environment = os.environ | {"PYTHONHASHSEED": seed, "TZ": zone, "LC_ALL": "C", "PYTHONPATH": root}
        found = subprocess.run(
            [sys.executable, "-c", SCRIPT, str(tmp_path)],
            input=json.dumps(stated).encode(), capture_output=True, check=True, env=environment, cwd=tmp_path,
        )  # fmt: skip
        assert found.stdout == expected
