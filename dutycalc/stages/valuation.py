"""Valuation: the price of each line, its shares of transport and discounts, and the values that law names."""

from __future__ import annotations

from typing import Any

from dutycalc.errors import MissingFactError
from dutycalc.law import Provision
from dutycalc.money import Rounding
from dutycalc.stages.context import Line, Point, Whole, mismatch, names_goods, rounding_unit
from dutycalc.steps import Step, Unknown, add, divide, law_leaf, missing, rounded, subtract, times
from dutycalc.tables import ValueRule
from dutycalc.words import BUYER_PAYS_CARRIAGE

WITH_THE_PRICE = ("transport", "insurance")
"""What the caller states of the whole consignment and each line bears a share of."""


def share_costs(whole: Whole) -> None:
    """Share transport, insurance and discount over the lines by the value stated for each."""
    profile = whole.profile
    stated = {
        "transport": profile.transport_currency,
        "insurance": profile.insurance_currency,
        "discount": profile.discount_currency,
    }
    for name, currency in stated.items():
        if currency is not None:
            amount = whole.converted(name, whole.fact(name, f"consignment.{name}", currency))
            whole.share(f"share:{name}", f"{name}, shared by value", amount, "stated_price", phase=0)


def state_price(line: Line) -> None:
    """Find what is paid for the line: quantity by price, less discounts, in the currency of the charges."""
    item = line.item
    price = times(
        "price of the line",
        line.fact("unit price", "unit_price", item.price_currency),
        line.fact("quantity", "quantity", "item"),
        unit=item.price_currency,
    )
    price = line.converted("price of the line", price)
    if item.discount_currency is not None:
        off = line.converted(
            "discount", line.fact("discount on the line", "discount", item.discount_currency)
        )
        price = subtract("price less discount", price, off)
    line.exports["stated_price"] = price
    if line.profile.discount_currency is not None:
        off = line.part_of("share:discount", "share of the discount")
        price = subtract("price less all discounts", price, off)
    for name in WITH_THE_PRICE:
        stated = getattr(line.profile, f"{name}_currency")
        if stated is not None:
            line.values[name] = line.part_of(f"share:{name}", f"share of {name}")
            if name in line.profile.prices_include:
                price = subtract(f"price without {name}", price, line.values[name])
    line.values["price"] = price


def without_tax(line: Line, charge: str, rate: Step, rounding: Rounding, law: Provision[Any]) -> None:
    """Take out of price and costs a tax that the prices include, rounded as the tax is."""
    one = law_leaf("the price itself", None, rate.constant * 0 + 1)  # type: ignore[arg-type]
    factor = add("price with tax, of one", one, rate)
    for name in ("price", *WITH_THE_PRICE):
        gross = line.values.get(name)
        if gross is None:
            continue
        tax = divide(
            f"{charge} within the {name}, before rounding", times(f"{name} by rate", gross, rate), factor
        )
        tax = rounded(f"{charge} within the {name}", tax, rounding, law)
        line.values[name] = subtract(f"{name} without {charge}", gross, tax)


def value(line: Line, name: str, point: Point = "import") -> Step:
    """Return a value that law names, such as the customs value, by the law of a tax point."""
    found = line.values.get(name)
    if found is not None:
        return found
    if name in WITH_THE_PRICE:
        return _cost_not_stated(line, name, point)
    if name == "retail_price":
        return _retail_price(line)
    law = line.laws[point]
    rule: Provision[ValueRule] = law.on("value", name)
    for other in law.all("value").values():
        if other.value.of == name and _holds(line, other):
            rule = other
            break
    key = f"{name}@{rule.record}@{rule.valid_from}"
    if key not in line.values:
        line.values[key] = _sum_of_parts(line, name, rule, point)
    return line.values[key]


def _holds(line: Line, rule: Provision[ValueRule]) -> bool:
    shape = rule.value
    fits = not shape.when or any(not mismatch(one, line, line.item) for one in shape.when)
    named = shape.only_for is None or bool(names_goods(shape.only_for, line.item))
    return fits and named and not names_goods(shape.not_for, line.item)


def _sum_of_parts(line: Line, name: str, rule: Provision[ValueRule], point: Point) -> Step:
    label = name.replace("_", " ")
    shape = rule.value
    parts = [value(line, one, point) for one in shape.parts]
    found = add(label, *parts, law=rule)
    if shape.factor is not None:
        found = times(
            f"{label} as law reckons it", found, line.leaf("part that counts", rule, shape.factor, "%")
        )
    if shape.rounding is not None:
        unit = rounding_unit(line, shape.rounding, rule.record)
        found = rounded(f"{label}, rounded", found, Rounding(unit, shape.rounding.mode), rule)
    return found


def _cost_not_stated(line: Line, name: str, point: Point) -> Step:
    """Refuse where the terms show that the buyer bears a cost that is not stated; else there is none."""
    if line.profile.delivery_term in BUYER_PAYS_CARRIAGE:
        raise MissingFactError(
            f"{name}: not stated, and under {line.profile.delivery_term} the price does not contain it",
            fact=name,
        )
    step = line.zero(f"no {name} is charged beside the price", None)
    return line.values.setdefault(name, step)


def _retail_price(line: Line) -> Step:
    currency = line.item.retail_currency
    if currency is None:
        unknown = Unknown("fact", "retail_price", "the law values these goods by their retail price")
        found = missing("retail price of the line", unknown, unit=line.currency)
    else:
        one = line.fact("retail price", "retail_price", currency)
        whole = times(
            "retail price of the line", one, line.fact("quantity", "quantity", "item"), unit=currency
        )
        found = line.converted("retail price of the line", whole)
    return line.values.setdefault("retail_price", found)


def measured(line: Line, measure: str, point: Point) -> Step:
    """Return what a limit measures on a line: a value, a mass, or how many there are."""
    if measure == "quantity":
        return line.fact("quantity", "quantity", "item")
    if measure in ("gross_mass_kg", "net_mass_kg"):
        return line.measure("kg/gross" if measure.startswith("gross") else "kg")
    return value(line, measure, point)
