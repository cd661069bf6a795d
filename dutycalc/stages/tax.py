"""Tax: the rate that a class of goods bears, and bases that include the tax itself."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from dutycalc.errors import ConflictError, FactsError
from dutycalc.law import Provision
from dutycalc.money import plain
from dutycalc.stages.context import Line, Point
from dutycalc.steps import Step, divide, law_leaf, subtract, times
from dutycalc.tables import TaxClassRule
from dutycalc.words import near


def rate_of_class(line: Line, point: Point) -> tuple[Step, tuple[Provision[TaxClassRule], ...]]:
    """Return the rate of the item's tax class by the law of a tax point, and the records that give it."""
    law = line.laws[point]
    name = line.item.tax_class
    classes = law.all("tax_class")
    if name not in classes:
        raise FactsError(
            f"tax_class: {law.code} knows no class {name!r} on {law.day}; it knows "
            f"{', '.join(sorted(classes))}"
            f"{near(name, classes)}",
            fact="tax_class",
        )
    found: list[Provision[TaxClassRule]] = [law.on("tax_class", name)]
    seen = [name]
    while found[-1].value.rate is None:
        other = str(found[-1].value.like)
        if other in seen:
            raise ConflictError(f"tax_class: {' is like '.join([*seen, other])}", records=seen)
        seen.append(other)
        found.append(law.on("tax_class", other))
    rate = found[-1].value.rate
    return line.leaf(f"rate of tax, {' like '.join(seen).replace('_', ' ')}", found[-1], rate, "%"), tuple(
        found
    )


def percentage(rate: Decimal) -> str:
    """Return a rate as a percentage in its shortest form."""
    text = plain(rate * 100)
    return f"{text.rstrip('0').rstrip('.') if '.' in text else text}%"


def including_itself(label: str, base: Step, rate: Step, law: Provision[Any]) -> Step:
    """Return a tax whose base includes the tax: base / (1 - rate) * rate."""
    one = law_leaf("the whole", law, Decimal(1))
    without = subtract("part of the base that is not the tax", one, rate)
    return divide(label, times(f"{label}, on the base without it", base, rate), without)
