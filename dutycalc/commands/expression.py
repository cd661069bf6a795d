"""`dutycalc expression`: what a duty expression comes to on a value and measures, step by step."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Mapping
from decimal import Decimal, localcontext
from typing import Final

from dutycalc.answer import Step
from dutycalc.commands.parsing import Commands, add_command, add_format, read_day
from dutycalc.commands.tables import write_json
from dutycalc.commands.terminal import DONE, write_page
from dutycalc.errors import FactsError
from dutycalc.expressions import COMPONENTS, PARTS, Expression, parse
from dutycalc.money import LOOSE, Money, plain, read_decimal
from dutycalc.render import page_of_working
from dutycalc.steps import Program, Value, careful, given
from dutycalc.steps import Step as Operation
from dutycalc.units import UNITS, find_measure
from dutycalc.words import near
from dutycalc.writing import text_of

VALUE = "--value"


def run(options: Namespace) -> int:
    """Write the amount, unrounded, and its working."""
    value = Money.parse(options.value)
    measures = dict(read_measure(one) for one in options.measure)
    expression = parse(options.text)
    if options.on is not None:
        expression = expression.on(options.on)
    amount = expression.amount(value, measures)
    working = work(expression, value, measures)
    if options.format == "json":
        write_json(
            {
                "expression": str(expression),
                "value": str(value),
                "measures": {name: plain(one) for name, one in measures.items()},
                "amount": str(amount),
                "working": [one.to_dict() for one in working],
            }
        )
    else:
        write_page(page_of_working(f"{expression} on {value}", working, locale=options.locale))
    sys.stdout.flush()
    return DONE


def read_measure(text: str) -> tuple[str, Decimal]:
    """Return the unit and the quantity of a text such as `hl=10`; FactsError where it is none."""
    name, equals, number = text.rpartition("=")
    if not equals:
        raise FactsError(f"--measure {text!r}: write the unit and its quantity, such as hl=10")
    if name not in PARTS and name not in COMPONENTS and name.partition("/")[0] not in UNITS:
        raise FactsError(
            f"--measure {text!r}: unknown unit {name!r}{near(name, [*UNITS, *PARTS, *COMPONENTS])}"
        )
    return name, read_decimal(number)


def work(expression: Expression, value: Money, measures: Mapping[str, Decimal]) -> tuple[Step, ...]:
    """Return the steps of the amount beside their values; nothing that they need may be missing."""
    facts: dict[str, Decimal] = {VALUE: value.amount}

    def measure(name: str) -> Operation:
        money = name in PARTS or name in COMPONENTS
        found = measures.get(name) if money else find_measure(measures, name)
        assert found is not None
        facts[f"--measure {name}"] = found
        return given(name, f"--measure {name}", value.currency if money else name)

    def amount_of_law(amount: Money, label: str) -> Operation:
        return Operation(label, "law", constant=amount.amount, unit=amount.currency)

    root = expression.trace(
        "duty", given("customs value", VALUE, value.currency), measure, law=None, money=amount_of_law
    )
    program = Program((root,))
    values: list[Value] = []
    with localcontext(LOOSE):
        for step, inputs in zip(program.steps, program.inputs, strict=True):
            values.append(careful(step, [values[n] for n in inputs], facts.__getitem__, _no_crossing))
    return tuple(
        Step(
            id=str(n + 1),
            label=step.label,
            op=step.op,
            inputs=tuple(str(k + 1) for k in program.inputs[n]),
            value=text_of(values[n], step.unit),
            unit=step.unit,
            fact=step.constant if step.op == "given" else None,
        )
        for n, step in enumerate(program.steps)
    )


def _no_crossing(step: Operation, *_: Value) -> Value:
    raise AssertionError(f"{step.label}: a duty expression gathers from no lines")


_EXPRESSION: Final = """
    Work out a duty expression, as tariffs and `stated_duty` have them, on a value and
    on measures of the goods. The amount is not rounded.
"""

_EXPRESSION_EXAMPLES: Final = """
    examples:

      $ dutycalc expression "12% + 5 EUR/100kg MAX 17%" --value "1000 EUR" --measure kg=250
      $ dutycalc expression "9.27 GBP/%vol/hl" --value "1000 GBP" --measure hl=10 --measure %vol=8.4
"""


def add_expression(commands: Commands) -> None:
    """Add `dutycalc expression`."""
    parser = add_command(
        commands,
        "expression",
        "what a duty expression comes to",
        _EXPRESSION,
        _EXPRESSION_EXAMPLES,
        run,
    )
    parser.add_argument("text", metavar="TEXT", help="the expression, such as '12%% MIN 3 EUR/kg'")
    parser.add_argument(
        "--value", metavar="MONEY", required=True, help="the customs value, such as '1000 GBP'"
    )
    parser.add_argument(
        "--measure",
        metavar="UNIT=NUMBER",
        action="append",
        default=[],
        help="a measure of the goods, such as hl=10 (repeatable)",
    )
    parser.add_argument(
        "--on", metavar="DAY", type=read_day, help="the day, where the expression has seasons or dates"
    )
    parser.add_argument(
        "--locale", default="en", metavar="NAME", help="how amounts are written (default: en)"
    )
    add_format(parser)
