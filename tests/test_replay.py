"""The replay: what the engine says holds; what is changed afterwards is found, and named."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Callable
from copy import deepcopy
from decimal import ROUND_UP, localcontext
from pathlib import Path
from typing import Any

import pytest
from small_tables import LAW, assessed, cart, item, write
from test_golden import CASES, _assess

from dutycalc import Assessment, Tariffs, load_tariffs
from dutycalc.cli import main
from dutycalc.errors import FactsError
from dutycalc.replay import OPERATIONS, replay

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
    found = _assess(case, tariffs)
    assert replay(found.to_json(), case["consignment"], digest=tariffs.digest) == []


def test_the_checker_of_the_docs_agrees_on_golden_cases(
    tariffs: Tariffs, checker: Callable[..., Any]
) -> None:
    assert [
        (case["id"], line)
        for case in SAMPLE
        for line in checker(_assess(case, tariffs).to_dict(), case["consignment"])
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
    assert {one.text.rpartition(": ")[2] for one in replay(result.to_json(), statement)} == {
        "neither of law nor stated"
    }


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
