"""pytest plugin: a calculator of your own against dutycalc, with a profile on pytest's command line.

The wheel puts it beside the package, so that pytest, which reads it in every run, reads neither the engine
nor Hypothesis until a test asks for a fixture.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from dutycalc.loader import Tariffs
    from dutycalc.testing.agreement import Agreement, Calculate

PROFILES = ("quick", "ci", "audit")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of the profile."""
    group = parser.getgroup("dutycalc", "calculators against dutycalc")
    group.addoption(
        "--dutycalc-profile", choices=PROFILES, default="quick",
        help="how many carts each calculator is asked about (default: quick)",
    )  # fmt: skip
    group.addoption(
        "--dutycalc-max-examples", type=_count, metavar="N", help="how many carts, instead of a profile"
    )
    group.addoption(
        "--dutycalc-destinations", metavar="CODES", help="only carts to these, such as DE,CH,CA-ON"
    )
    group.addoption("--dutycalc-seed", type=int, default=0, metavar="N", help="which carts (default: 0)")
    group.addoption("--dutycalc-tables", metavar="DIR", help="tables laid over the bundled ones")
    group.addoption("--dutycalc-only-tables", metavar="DIR", help="tables instead of the bundled ones")


def _count(text: str) -> int:
    if text.isascii() and text.isdecimal() and int(text):
        return int(text)
    raise ValueError(f"{text!r} is no number above zero")


@pytest.fixture(scope="session")
def dutycalc_tariffs(request: pytest.FixtureRequest) -> Tariffs:
    """Return the tables that the options name, read once."""
    from dutycalc.loader import load_tariffs  # noqa: PLC0415 # not before it is needed

    option = request.config.getoption
    found = load_tariffs(option("--dutycalc-only-tables"))
    over = option("--dutycalc-tables")
    return found if over is None else load_tariffs(over, over=found)


@pytest.fixture
def dutycalc_agrees(request: pytest.FixtureRequest, dutycalc_tariffs: Tariffs) -> Callable[..., Agreement]:
    """Return `assert_agrees` with the tables and the profile of the command line.

    `dutycalc_agrees(calculate, fields=["charges"])`: keywords of `assert_agrees` stand above the options.
    """
    from dutycalc.testing import agreement  # noqa: PLC0415 # not before it is needed

    option = request.config.getoption
    codes = option("--dutycalc-destinations")
    examples = option("--dutycalc-max-examples") or agreement.PROFILES[option("--dutycalc-profile")]

    def agrees(calculate: Calculate, **keywords: Any) -> Agreement:
        __tracebackhide__ = True
        given: dict[str, Any] = {"max_examples": examples, "seed": option("--dutycalc-seed")}
        if codes is not None:
            given["destinations"] = agreement.chosen(codes, dutycalc_tariffs)
        return agreement.assert_agrees(calculate, dutycalc_tariffs, **(given | keywords))

    return agrees
