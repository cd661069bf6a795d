"""The replay: what the engine says holds; what is changed afterwards is found, and named."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Callable
from copy import deepcopy
from decimal import ROUND_UP, Decimal, localcontext
from pathlib import Path
from typing import Any

import pytest
from small_tables import LAW, assessed, cart, item, write
from test_golden import CASES, read

from dutycalc import Assessment, Consignment, Tariffs, load_tariffs
from dutycalc.cli import main
from dutycalc.errors import FactsError
from dutycalc.replay import OPERATIONS, replay
from dutycalc.steps import Step
from dutycalc.testing.invariants import check

ROOT = Path(__file__).parent.parent
CHECKER = ROOT / "docs" / "examples" / "checker.py"
SAMPLE = [case for case in CASES if "refuses" not in case][::9]


@pytest.fixture(scope="module")
def tariffs() -> Tariffs:
    return load_tariffs()


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Tariffs:
    return write(tmp_path_factory.mktemp("tables"), *LAW)


ITEMS = (
    item(id="a", unit_price="10.01 EUR", quantity="3"),
    item(id="b", unit_price="7.77 EUR", commodity="49019900", tax_class="books", stated_duty="6.5%"),
    item(id="c", unit_price="0.00 EUR"),
)


@pytest.fixture(scope="module")
def result(small: Tariffs) -> Assessment:
    return assessed(small, *ITEMS, transport="5.00 EUR")


@pytest.fixture(scope="module")
def statement() -> dict[str, Any]:
    return cart(*ITEMS, transport="5.00 EUR")


# What holds


@pytest.mark.parametrize("case", SAMPLE, ids=lambda case: case["id"])
def test_golden_cases_replay_to_the_last_digit(case: dict[str, Any], tariffs: Tariffs) -> None:
    found = read(case).assessed(tariffs)
    assert replay(found.to_json(), case["consignment"], digest=tariffs.digest) == []


def test_the_checker_of_the_docs_agrees_on_golden_cases(
    tariffs: Tariffs, checker: Callable[..., Any]
) -> None:
    assert [
        (case["id"], line)
        for case in SAMPLE
        for line in checker(read(case).assessed(tariffs).to_dict(), case["consignment"])
    ] == []


@pytest.fixture(scope="module")
def checker() -> Callable[..., Any]:
    scope: dict[str, Any] = {"__name__": "checker"}
    exec(compile(CHECKER.read_text(encoding="utf-8"), str(CHECKER), "exec"), scope)
    return lambda told, stated=None: list(scope["check"](told, stated))


def test_a_partial_assessment_replays(small: Tariffs, checker: Callable[..., Any]) -> None:
    """What is unknown stays unknown, and makes unknown what rests on it."""
    lines = (item(stated_duty=None), item(id="2"))
    found = assessed(small, *lines, partial=True)
    assert found.missing
    assert replay(found.to_json(), cart(*lines)) == []
    assert checker(found.to_dict(), cart(*lines)) == []


def test_the_callers_decimal_context_makes_no_difference(result: Assessment) -> None:
    with localcontext() as context:
        context.prec, context.rounding = 3, ROUND_UP
        assert replay(result.to_json()) == []


# What does not


def change_step(told: dict[str, Any], op: str, value: str) -> str:
    step: dict[str, Any] = next(one for one in told["working"] if one["op"] == op)
    step["value"] = value
    return str(step["id"])


@pytest.mark.parametrize("op", ["times", "add", "round", "split", "part"])
def test_the_step_that_was_changed_is_named_first(
    result: Assessment, op: str, checker: Callable[..., Any]
) -> None:
    told = result.to_dict()
    place = change_step(told, op, "1.11 | 1.11 | 2.78" if op == "split" else "1234.56")
    assert replay(told)[0].place == place
    assert checker(told)[0].startswith(f"{place} ")


def test_every_derived_value_is_checked(result: Assessment) -> None:
    """No step that is worked out can be changed unnoticed."""
    told = result.to_dict()
    for n, step in enumerate(told["working"]):
        if step["op"] in OPERATIONS:
            other = deepcopy(told)
            other["working"][n]["value"] = {"yes": "no", "no": "yes"}.get(step["value"], "98765.43")
            assert step["id"] in {one.place for one in replay(other)}, step


Change = Callable[[dict[str, Any]], object]


@pytest.mark.parametrize(
    ("change", "place", "words"),
    [
        (
            lambda told: told["items"][0]["charges"][0].update(amount="9.99 EUR"),
            "items[0] customs_duty",
            "9.99",
        ),
        (
            lambda told: told["items"][0]["charges"][0].update(step="L1.999"),
            "items[0] customs_duty",
            "no step",
        ),
        (lambda told: told["totals"].update(all="1.00 EUR"), "totals all", "add up to"),
        (
            lambda told: told["totals"]["by_moment"].update(checkout="5.00 EUR"),
            "totals by_moment checkout",
            "5.00",
        ),
        (lambda told: told["law"].pop("zz/charge.vat@2020-01-01"), "items[2] vat", "does not cite"),
        (lambda told: told["working"][0].update(op="guess"), "L1.1", "unknown operation"),
        (lambda told: told["working"].append(dict(told["working"][0])), "L1.1", "stands twice"),
        (lambda told: told["working"].reverse(), "", "does not come before it"),
    ],
    ids=["amount", "step", "total", "moment", "citation", "operation", "twice", "order"],
)
def test_a_change_elsewhere_is_found(result: Assessment, change: Change, place: str, words: str) -> None:
    told = result.to_dict()
    change(told)
    found = replay(told)
    assert any(words in one.text and place in one.place for one in found), found


def test_facts_are_held_against_the_cart(result: Assessment, statement: dict[str, Any]) -> None:
    assert replay(result.to_json(), statement) == []
    other = deepcopy(statement)
    other["items"][0]["unit_price"] = "10.02 EUR"
    assert [one.place for one in replay(result.to_json(), other)] == ["L1.1"]
    other["items"][0]["unit_price"] = "10.01 USD"
    assert [one.place for one in replay(result.to_json(), other)] == ["L1.1"]
    del other["transport"]
    assert len(replay(result.to_json(), other)) == 2


def test_a_stated_rate_must_stand_in_the_cart(result: Assessment, statement: dict[str, Any]) -> None:
    statement = deepcopy(statement)
    for one in statement["items"]:
        one["stated_duty"] = "11%"
    found = replay(result.to_json(), statement)
    assert found
    assert all(one.text.endswith("no number of 11%") for one in found)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("5% + 1.50 EUR/item", {"5%", "1.5 EUR"}),
        ("33 1/3%", {"100%", "3 "}),
        ("16 2/3% MIN 1,000 EUR", {"50%", "3 ", "1000 EUR"}),
        ("free", {"0 EUR"}),
        ("12 EUR/100item", {"12 EUR"}),
    ],
)
def test_each_number_of_a_stated_duty_is_a_fact(
    small: Tariffs, checker: Callable[..., Any], text: str, numbers: set[str]
) -> None:
    line = item(stated_duty=text)
    told = assessed(small, line).to_dict()
    given = [one for one in told["working"] if one.get("fact") == "items[0].stated_duty"]
    assert {f"{one['value']} {one['unit']}".replace("% %", "%") for one in given} == numbers
    assert replay(told, cart(line)) == []
    assert list(checker(told, cart(line))) == []
    other = cart(line | {"stated_duty": "77%"})
    assert {one.place for one in replay(told, other)} == {one["id"] for one in given}
    assert len(list(checker(told, other))) == len(given)


def test_the_invariant_of_leaves_catches_a_stated_number_that_names_no_fact(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tariffs = write(tmp_path, *LAW)
    consignment = Consignment.model_validate(cart(item(stated_duty="7.5% + 3 EUR/item")))
    assert check(consignment, tariffs) == []

    def without_fact(label: str, fact: str, value: Decimal, unit: str) -> Step:
        return Step(label, "law", constant=value, unit=unit)

    monkeypatch.setattr("dutycalc.expression_working.stated_number", without_fact)
    monkeypatch.setattr("dutycalc.stages.duty.stated_number", without_fact)
    found = check(consignment, write(tmp_path, *LAW))
    assert {one.number for one in found} == {2}
    assert len(found) == 2


def test_no_number_stands_without_law_or_fact(result: Assessment) -> None:
    told = result.to_dict()
    rate = next(one for one in told["working"] if one["unit"] == "%" and one["op"] == "given")
    rate["op"] = "law"
    del rate["fact"]
    assert [one.text.rpartition(": ")[2] for one in replay(told)] == ["neither of law nor stated"]


def test_law_must_be_in_force_on_the_day(result: Assessment, statement: dict[str, Any]) -> None:
    told = result.to_dict()
    told["law"]["zz/charge.vat@2020-01-01"]["valid_until"] = "2021-12-31"
    found = replay(told, statement)
    assert [(one.place, "not on 2026-06-01" in one.text) for one in found] == [
        ("zz/charge.vat@2020-01-01", True)
    ]


def test_the_digest_is_compared_where_it_is_given(result: Assessment, small: Tariffs) -> None:
    assert replay(result.to_json(), digest=small.digest) == []
    assert [one.place for one in replay(result.to_json(), digest="sha256:0")] == ["tables"]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": "dutycalc.assessment/1"}', "\x00", '"a"'])
def test_what_is_no_assessment_is_refused(text: str) -> None:
    with pytest.raises(FactsError):
        replay(text)


# The house


def test_the_replay_rests_on_nothing_of_the_engine() -> None:
    source = (ROOT / "dutycalc" / "replay.py").read_text(encoding="utf-8")
    names = {
        node.module
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("dutycalc")
    }
    assert names == {"dutycalc.errors", "dutycalc.values"}
    assert len(source.splitlines()) <= 300


def test_the_checker_is_short_and_without_dutycalc() -> None:
    source = CHECKER.read_text(encoding="utf-8")
    assert len(source.splitlines()) <= 150
    assert "import dutycalc" not in source
    assert "from dutycalc" not in source


# The command


@pytest.fixture
def files(tmp_path: Path, result: Assessment, statement: dict[str, Any]) -> tuple[str, str]:
    answer, stated = tmp_path / "answer.json", tmp_path / "cart.json"
    answer.write_text(result.to_json(), encoding="utf-8")
    stated.write_text(json.dumps(statement), encoding="utf-8")
    return str(answer), str(stated)


def test_the_command_says_that_all_holds(files: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", files[0]]) == 0
    assert "facts and days are not checked without --cart" in capsys.readouterr().out
    assert main(["verify", files[0], "--cart", files[1]]) == 0
    assert "facts and days)" in capsys.readouterr().out


def test_the_command_names_what_fails(files: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    told = json.loads(Path(files[0]).read_text(encoding="utf-8"))
    place = change_step(told, "round", "0.01")
    Path(files[0]).write_text(json.dumps(told), encoding="utf-8")
    assert main(["verify", files[0]]) == 1
    assert capsys.readouterr().out.startswith(f"{place}: ")


def test_the_command_compares_the_tables(files: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", files[0], "--against-tables"]) == 1
    assert capsys.readouterr().out.startswith("tables: ")


@pytest.mark.parametrize("text", ["{", "[1]", "{}"])
def test_the_command_refuses_what_is_no_assessment(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "x.json").write_text(text, encoding="utf-8")
    assert main(["verify", str(tmp_path / "x.json")]) == 2
    assert capsys.readouterr().err.startswith("error: ")


def test_the_checker_runs_by_itself(files: tuple[str, str]) -> None:
    done = subprocess.run([sys.executable, str(CHECKER), *files], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "every step holds\n")
    Path(files[0]).write_text(Path(files[0]).read_text().replace('"value":"30.03"', '"value":"30.04"'))
    done = subprocess.run([sys.executable, str(CHECKER), *files], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "price of the line: 30.04" in done.stdout
