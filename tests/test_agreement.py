"""Anybody's calculator against dutycalc: those that are right agree, each seeded fault is shown on a small cart."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from small_tables import LAW, LIMIT, RELIEF, cart, item, write

from dutycalc import Assessment, Consignment, DutycalcError, Money, Tariffs, assess
from dutycalc.cli import main
from dutycalc.errors import FactsError
from dutycalc.testing import agreement, selfcheck
from dutycalc.testing import pytest_dutycalc as plugin
from dutycalc.testing.agreement import (
    FIELDS,
    DisagreementError,
    StoppedError,
    assert_agrees,
    chosen,
    differences,
)
from dutycalc.testing.programs import Program

ROOT = Path(__file__).parent.parent
EVERY = tuple(FIELDS)

SCHEME = """
[[registration.ZZ-SHOP]]
valid_from = 2020-01-01
pictures = ["ZZ####"]
cite = ["act"]

[[scheme.ZZ-SHOP]]
valid_from = 2020-01-01
within = "low_value"
buyer = "consumer"
registration = "ZZ-SHOP"
liable = ["platform", "seller"]
takes.vat = { at = "sale" }
cite = ["act"]
"""

Answer = dict[str, Any]


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tables")
    write(folder, *LAW, LIMIT, RELIEF)
    return folder


@pytest.fixture(scope="module")
def tariffs(tables: Path) -> Tariffs:
    return Tariffs((tables,))


def sums(pairs: list[tuple[str, Money]]) -> dict[str, str]:
    found: dict[str, Money] = {}
    for name, amount in pairs:
        found[name] = found[name] + amount if name in found else amount
    return {name: str(amount) for name, amount in found.items()}


def answer_of(result: Assessment) -> Answer:
    """Return an assessment as a calculator would answer, added up anew from its charges."""
    charges = [(charge.name, charge) for _, charge in result.all_charges() if charge.amount is not None]
    due = [(charge, charge.amount) for _, charge in charges if charge.amount]
    taken = [(charge, amount) for charge, amount in due if amount.amount]
    return {
        "charges": sums([(charge.name, amount) for charge, amount in due]),
        "collectors": {
            name: sorted({str(one.collection.collector) for one, _ in taken if one.name == name})
            for name in {one.name for one, _ in taken}
        },
        "lines": {one.id: {each.name: str(each.amount) for each in one.charges} for one in result.items},
        "total": str(result.totals["all"]),
        "by_kind": sums([(charge.kind, amount) for charge, amount in due]),
        "by_collector": sums([(str(charge.collection.collector), amount) for charge, amount in taken]),
        "by_moment": sums([(str(charge.collection.moment), amount) for charge, amount in taken]),
    }


def wrapped(tariffs: Tariffs, change: Callable[[Answer, dict[str, Any]], Any] | None = None) -> Any:
    """Return dutycalc itself as a calculator, with a fault where one is seeded."""

    def calculate(stated: dict[str, Any]) -> Any:
        try:
            found = answer_of(assess(Consignment.model_validate(stated), tariffs))
        except DutycalcError as refusal:
            return {"refused": str(refusal)}
        return found if change is None else change(found, stated)

    return calculate


def test_a_right_calculator_agrees_on_every_field(tariffs: Tariffs) -> None:
    found = assert_agrees(wrapped(tariffs), tariffs, max_examples=150, fields=EVERY, compare_refusals=True)
    assert (found.compared, found.you_declined, found.dutycalc_declined) == (150, 0, 0)


def test_a_right_calculator_agrees_on_the_bundled_tables() -> None:
    bundled = Tariffs((ROOT / "tariffs",))
    found = assert_agrees(
        wrapped(bundled),
        bundled,
        destinations=["CH", "NO"],
        max_examples=40,
        fields=EVERY,
        compare_refusals=True,
    )
    assert found.compared > 10
    assert found.both_declined > 0


# Seeded faults


def a_cent_more(answer: Answer, _: Any) -> Answer:
    return answer | {
        "charges": answer["charges"]
        | {"vat": str(Money.parse(answer["charges"]["vat"]) + Money.parse("0.01 EUR"))}
    }


def worth(stated: dict[str, Any]) -> Money:
    prices = [
        Money.parse(one["unit_price"]).amount * Money.parse(f"{one['quantity']} EUR").amount
        for one in stated["items"]
    ]
    return Money(sum(prices, prices[0] * 0), "EUR")


def limit_left_out(answer: Answer, stated: dict[str, Any]) -> Answer:
    """Tax at the limit itself as if above it."""
    due = Money.parse(answer["charges"]["customs_duty"])
    at_the_limit = worth(stated) == Money.parse("100 EUR")
    return answer | {
        "charges": answer["charges"]
        | {"customs_duty": str(due + Money.parse("5 EUR") if at_the_limit else due)}
    }


def gift_forgotten(answer: Answer, stated: dict[str, Any]) -> Answer:
    return answer | ({"charges": {}} if stated["purpose"] == "gift" else {})


def wrong_collector(answer: Answer, _: Any) -> Answer:
    return answer | {"collectors": dict.fromkeys(answer["collectors"], "post")}


def failing(answer: Answer, stated: dict[str, Any]) -> Answer:
    if len(stated["items"]) > 1:
        raise ZeroDivisionError("so many lines")
    return answer


FAULTS: dict[str, tuple[Callable[..., Any], str, int]] = {
    "a cent more": (a_cent_more, "charges.vat", 1),
    "below for at most": (limit_left_out, "charges.customs_duty", 1),
    "gifts forgotten": (gift_forgotten, "charges.vat", 1),
    "the post for the carrier": (wrong_collector, "collectors.vat", 1),
    "raises on two lines": (failing, "the answer", 2),
    "a number for money": (lambda answer, _: answer | {"charges": {"vat": 4.75}}, "charges.vat", 1),
    "no mapping": (lambda *_: [1], "the answer", 1),
    "a field left out": (lambda answer, _: {"charges": answer["charges"]}, "collectors", 1),
    "a charge too many": (lambda answer, _: answer | {"charges": answer["charges"] | {"excise": "1 EUR"}}, "charges.excise", 1),
    "another currency": (lambda answer, _: answer | {"charges": {name: one.replace("EUR", "USD") for name, one in answer["charges"].items()}}, "charges.vat", 1),
}  # fmt: skip
"""Each with the first field that shows it, and how many lines it takes."""


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_shown_on_the_smallest_cart(fault: str, tariffs: Tariffs) -> None:
    change, place, lines = FAULTS[fault]
    with pytest.raises(DisagreementError) as caught:
        assert_agrees(wrapped(tariffs, change), tariffs, max_examples=400)
    stated = caught.value.cart
    assert stated is not None
    assert len(stated["items"]) == lines
    assert place in [one.place for one in caught.value.differences]
    assert (stated["channel"], stated["items"][0]["origin"]) == ("post", "CN")
    text = str(caught.value)
    assert json.dumps(stated, ensure_ascii=False, indent=2) in text
    assert "dutycalc's working:" in text
    assert Consignment.model_validate(stated)


def test_the_working_is_that_of_the_charge_that_differs(tariffs: Tariffs) -> None:
    with pytest.raises(DisagreementError) as caught:
        assert_agrees(wrapped(tariffs, a_cent_more), tariffs, fields=["charges"])
    (found,) = caught.value.differences
    yours, ours = Money.parse(found.yours), Money.parse(found.ours)
    assert yours == ours + Money.parse("0.01 EUR")
    working = str(caught.value).partition("dutycalc's working:")[2]
    assert "vat before rounding" in working
    assert "CUSTOMS DUTY:" not in working


def test_the_fault_at_a_limit_is_found_at_the_limit(tariffs: Tariffs) -> None:
    with pytest.raises(DisagreementError) as caught:
        assert_agrees(wrapped(tariffs, limit_left_out), tariffs, max_examples=400)
    assert caught.value.cart is not None
    assert worth(dict(caught.value.cart)) == Money.parse("100 EUR")


def test_the_same_seed_asks_about_the_same_carts(tariffs: Tariffs) -> None:
    def asked(seed: int) -> list[Any]:
        carts: list[Any] = []

        def noted(answer: Answer, stated: dict[str, Any]) -> Answer:
            carts.append(stated)
            return answer

        assert_agrees(wrapped(tariffs, noted), tariffs, max_examples=30, seed=seed)
        return carts

    assert asked(1) == asked(1) != asked(2)


def test_a_calculator_may_change_the_cart_it_is_given(tariffs: Tariffs) -> None:
    right = wrapped(tariffs)

    def calculate(stated: dict[str, Any]) -> Any:
        found = right(stated)
        stated.clear()
        return found

    assert assert_agrees(calculate, tariffs, max_examples=20).compared == 20


def test_a_calculator_that_wavers_is_told_so(tariffs: Tariffs) -> None:
    asked: list[int] = []

    def once(answer: Answer, _: Any) -> Answer:
        asked.append(1)
        return a_cent_more(answer, _) if len(asked) == 1 else answer

    with pytest.raises(DisagreementError, match="asked again about the same cart"):
        assert_agrees(wrapped(tariffs, once), tariffs)


# What agrees, and what does not


def compared(tariffs: Tariffs, yours: Mapping[str, Any], *fields: str, **changes: Any) -> list[str]:
    result = assess(Consignment.model_validate(cart(item(unit_price="200.00 EUR"), **changes)), tariffs)
    return [str(one) for one in differences(yours, result, fields)]


@pytest.mark.parametrize(
    ("yours", "field"),
    [
        ({"charges": {"customs_duty": "20.00 EUR", "vat": "44 EUR"}}, "charges"),
        ({"charges": {"customs_duty": Money.parse("20 EUR"), "vat": "44.000 EUR", "excise": "0 EUR"}}, "charges"),
        ({"collectors": {"customs_duty": "carrier", "vat": ["carrier"], "excise": None}}, "collectors"),
        ({"total": "64 EUR"}, "total"),
        ({"lines": {"1": {"customs_duty": "20 EUR", "vat": "44 EUR"}}}, "lines"),
        ({"by_moment": {"delivery": "64 EUR"}}, "by_moment"),
    ],
)  # fmt: skip
def test_what_is_the_same(tariffs: Tariffs, yours: Answer, field: str) -> None:
    assert compared(tariffs, yours, field) == []


@pytest.mark.parametrize(
    ("yours", "field", "expected"),
    [
        ({"charges": {"vat": "44 EUR"}}, "charges", "charges.customs_duty: yours nothing, dutycalc 20.00 EUR"),
        ({"charges": {"customs_duty": "20 EUR", "vat": "44.001 EUR"}}, "charges", "charges.vat: yours 44.001 EUR, dutycalc 44.00 EUR"),
        ({"collectors": {"customs_duty": "carrier"}}, "collectors", "collectors.vat: yours nothing, dutycalc carrier"),
        ({"collectors": {"customs_duty": "carrier", "vat": ["carrier", "post"]}}, "collectors", "collectors.vat: yours carrier and post, dutycalc carrier"),
        ({"total": "63.99 EUR"}, "total", "total: yours 63.99 EUR, dutycalc 64.00 EUR"),
        ({"lines": {"1": {"customs_duty": "20 EUR", "vat": "44 EUR"}, "2": {"vat": "1 EUR"}}}, "lines", "lines.2: yours {vat: 1 EUR}, dutycalc nothing"),
        ({}, "total", "total: yours left out, dutycalc 64.00 EUR"),
    ],
)  # fmt: skip
def test_what_differs(tariffs: Tariffs, yours: Answer, field: str, expected: str) -> None:
    assert compared(tariffs, yours, field) == [expected]


@pytest.mark.parametrize("value", [44, 44.0, True, "44", "44,00 EUR", ["44 EUR"], {"amount": "44 EUR"}])
def test_what_is_no_money_is_a_difference(tariffs: Tariffs, value: object) -> None:
    (found,) = compared(tariffs, {"total": value}, "total")
    assert found.startswith("total: yours ")


def test_an_unknown_field_is_refused(tariffs: Tariffs) -> None:
    with pytest.raises(FactsError, match=r"'charge'; did you mean charges\?"):
        assert_agrees(wrapped(tariffs), tariffs, fields=["charge"])
    with pytest.raises(FactsError, match="fields: none"):
        assert_agrees(wrapped(tariffs), tariffs, fields=[])


def test_destinations_are_those_that_goods_can_be_sent_to(tariffs: Tariffs) -> None:
    assert chosen(" zz,ZZ", tariffs) == ["ZZ"]
    assert chosen(None, tariffs) is None
    with pytest.raises(FactsError, match="no goods can be sent to 'DE'"):
        chosen("ZZ,DE", tariffs)


# Declining


def declining(stated: dict[str, Any]) -> bool:
    return bool(stated["purpose"] == "gift")


@pytest.mark.parametrize("refusal", [None, {"refused": "no gifts"}])
def test_a_cart_that_is_declined_is_passed_over_unless_refusals_are_compared(
    tariffs: Tariffs, refusal: object
) -> None:
    calculate = wrapped(tariffs, lambda answer, stated: refusal if declining(stated) else answer)
    found = assert_agrees(calculate, tariffs, max_examples=100)
    assert found.you_declined > 0
    assert found.compared + found.you_declined == 100
    with pytest.raises(DisagreementError) as caught:
        assert_agrees(calculate, tariffs, max_examples=100, compare_refusals=True)
    (apart,) = caught.value.differences
    assert apart.yours.startswith("declines")
    assert len((caught.value.cart or {})["items"]) == 1


def test_a_cart_that_dutycalc_refuses_is_passed_over_unless_refusals_are_compared() -> None:
    bundled = Tariffs((ROOT / "tariffs",))
    right = wrapped(bundled)

    def calculate(stated: dict[str, Any]) -> Any:
        found = right(stated)
        return {"charges": {}, "collectors": {}} if "refused" in found else found

    found = assert_agrees(calculate, bundled, destinations=["CH"], max_examples=40)
    assert found.dutycalc_declined > 0
    assert found.compared + found.dutycalc_declined == 40
    with pytest.raises(DisagreementError) as caught:
        assert_agrees(calculate, bundled, destinations=["CH"], max_examples=40, compare_refusals=True)
    (apart,) = caught.value.differences
    assert apart.ours.startswith("refuses (")


def test_a_calculator_that_declines_everything_does_not_pass(tariffs: Tariffs) -> None:
    with pytest.raises(DisagreementError, match="nothing was compared; 100 carts"):
        assert_agrees(lambda _: None, tariffs)


# Programs

RIGHT = """
import json, sys
sys.path.insert(0, {tests!r})
from test_agreement import Tariffs, Path, wrapped, a_cent_more
calculate = wrapped(Tariffs((Path({tables!r}),)){fault})
for line in sys.stdin:
    print(json.dumps(calculate(json.loads(line))), flush=True)
"""

STOPS = {
    "import sys; sys.exit(3)": "ended with exit code 3 and no answer",
    "raise ValueError('no law here')": "its last words: ValueError: no law here",
    "import os, signal; os.kill(os.getpid(), signal.SIGTERM)": "was ended by signal 15",
    "import sys; sys.stdin.readline(); print('{', flush=True); sys.stdin.read()": "answered with what is no line of JSON: '{'",
    "import sys; sys.stdin.readline(); print('NaN', flush=True); sys.stdin.read()": "answered with what is no line of JSON: 'NaN'",
    "import sys; sys.stdin.readline(); sys.stdout.buffer.write(b'\\xff\\n'); sys.stdout.flush(); sys.stdin.read()": "no line of JSON",
    "import sys; print('x' * (1 << 21)); sys.stdin.read()": "no line of JSON",
    "import sys; sys.stdin.read()": "gave no answer within 1 seconds",
    "import sys, time; sys.stdin.close(); sys.stdout.flush(); import signal; signal.pause()": "gave no answer within 1 seconds",
    "import sys; [sys.stderr.write('e' * 99 + chr(10)) for n in range(9000)]; sys.exit(4)": "exit code 4",
}  # fmt: skip


@pytest.mark.parametrize("code", STOPS)
def test_a_program_that_stops_is_one_clear_error(code: str) -> None:
    with Program([sys.executable, "-c", code], timeout=1 if "within" in STOPS[code] else 60) as program:
        with pytest.raises(StoppedError) as caught:
            program({"destination": "ZZ"})
        text = str(caught.value)
    assert STOPS[code] in text
    assert text.endswith('it was asked about cart 1: {"destination":"ZZ"}')


def test_a_program_that_answers_twice_is_told_so() -> None:
    code = "import sys\nfor line in sys.stdin: print('1' + chr(10) + '2' + chr(10) + '3', flush=True)"
    with Program([sys.executable, "-c", code], timeout=60) as program, pytest.raises(StoppedError, match="without being asked"):  # fmt: skip
        assert [program({}) for _ in range(4)] == []


def test_a_program_that_cannot_be_started_is_refused() -> None:
    with pytest.raises(FactsError, match="no-such-program: no such file"), Program(["no-such-program"]):
        pass


def test_a_large_cart_and_a_large_answer_pass_through_the_pipes() -> None:
    code = "import sys\nfor line in sys.stdin: sys.stderr.write(line); print(line.strip(), flush=True)"
    large = {"text": "é" * 300_000}
    with Program([sys.executable, "-c", code], timeout=60) as program:
        assert [program(large) for _ in range(3)] == [large] * 3


def test_what_a_program_has_started_ends_with_it() -> None:
    code = "import subprocess, sys; print(subprocess.Popen(['cat'], stdin=subprocess.PIPE).pid, flush=True); sys.stdin.read()"
    with Program([sys.executable, "-c", code], timeout=60) as program:
        child = program({})
        group = Path(f"/proc/{child}/stat")
        assert not Path("/proc").exists() or group.exists()
    state = group.read_text().rpartition(")")[2].split()[0] if group.exists() else "gone"
    assert state in ("gone", "Z", "X")


def test_one_that_stops_midway_ends_the_run_at_once(tariffs: Tariffs) -> None:
    right, asked = wrapped(tariffs), []

    def calculate(stated: dict[str, Any]) -> Any:
        asked.append(stated)
        if len(asked) == 5:
            raise StoppedError("gone")
        return right(stated)

    with pytest.raises(StoppedError, match="gone"):
        assert_agrees(calculate, tariffs)
    assert len(asked) == 5


# Commands


def agrees(tables: Path, *arguments: str, fault: str = "") -> int:
    code = RIGHT.format(tests=str(ROOT / "tests"), tables=str(tables), fault=fault)
    options = ["--only-tables", str(tables), "--max-examples", "40", "--timeout", "120"]
    return main(["agrees", *options, *arguments, "--", sys.executable, "-c", code])


def test_the_command_says_on_how_many_carts_a_program_agrees(
    tables: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert agrees(tables, "--fields", "charges,collectors,lines") == 0
    said = capfd.readouterr()
    assert (
        said.out
        == "40 carts: 40 compared and equal; declined by both 0, by the calculator only 0, by dutycalc only 0\n"
    )
    assert said.err == ""


def test_the_command_shows_where_a_program_differs(tables: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert agrees(tables, fault=", a_cent_more") == 1
    assert "charges.vat: yours " in capfd.readouterr().out


def test_the_command_says_in_one_line_that_a_program_stopped(
    tables: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["agrees", "--only-tables", str(tables), "--", sys.executable, "-c", "1/0"]) == 2
    said = capfd.readouterr()
    assert said.out == ""
    (line,) = said.err.splitlines()
    assert "its last words: ZeroDivisionError" in line


@pytest.mark.parametrize(
    "options", [["--max-examples", "0"], ["--timeout", "1.5"], ["--destinations", "DE"], ["--fields", "vat"]]
)
def test_the_command_refuses_options_that_cannot_be(
    tables: Path, options: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["agrees", "--only-tables", str(tables), *options, "--", sys.executable]) == 2
    assert capfd.readouterr().err.startswith("error: ")


# The plugin

SUITE = """
import sys
BEFORE = sorted({{"hypothesis", "dutycalc", "pydantic_core"}} & sys.modules.keys())

def test_nothing_is_read_before_it_is_needed():
    assert BEFORE == []

def test_mine(dutycalc_agrees, dutycalc_tariffs):
    sys.path.insert(0, {tests!r})
    import test_agreement as t
    found = dutycalc_agrees(t.wrapped(dutycalc_tariffs, {fault}), fields=["charges"])
    assert found.compared == 30
"""


def pytest_run(folder: Path, tables: Path, *options: str, fault: str = "None") -> tuple[int, str]:
    suite = SUITE.format(tests=str(ROOT / "tests"), fault=fault)
    (folder / "test_suite.py").write_text(suite, encoding="utf-8")
    command = [
        sys.executable, "-m", "pytest", "-q", "-p", "pytest_dutycalc", "-p", "no:cacheprovider", "-p", "no:hypothesispytest",
        "-W", "error", "--rootdir", str(folder), "--dutycalc-only-tables", str(tables), *options, str(folder / "test_suite.py"),
    ]  # fmt: skip
    environment = {
        "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "dutycalc" / "testing"))),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PATH": "/usr/bin:/bin",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    }
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    return done.returncode, done.stdout + done.stderr


def test_the_plugin_gives_a_fixture_with_the_profile_of_the_command_line(
    tmp_path: Path, tables: Path
) -> None:
    code, said = pytest_run(
        tmp_path, tables, "--dutycalc-max-examples", "30", "--dutycalc-destinations", "zz"
    )
    assert code == 0, said
    assert "2 passed" in said


def test_the_plugin_shows_the_smallest_cart(tmp_path: Path, tables: Path) -> None:
    code, said = pytest_run(tmp_path, tables, "--dutycalc-profile", "quick", fault="t.a_cent_more")
    assert code == 1
    assert "charges.vat: yours " in said
    assert "dutycalc's working:" in said
    assert "1 failed, 1 passed" in said


def test_the_plugin_refuses_options_that_cannot_be(tmp_path: Path, tables: Path) -> None:
    assert pytest_run(tmp_path, tables, "--dutycalc-profile", "huge")[0] == 4
    assert pytest_run(tmp_path, tables, "--dutycalc-max-examples", "0")[0] == 4
    assert "no goods can be sent to 'XX'" in pytest_run(tmp_path, tables, "--dutycalc-destinations", "XX")[1]


def test_the_profiles_have_the_same_names_everywhere() -> None:
    assert plugin.PROFILES == tuple(agreement.PROFILES) == tuple(selfcheck.PROFILES)
