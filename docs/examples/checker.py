"""Check an assessment without dutycalc, by fractions alone: python checker.py answer.json [cart.json]."""

import json
import re
import sys
from decimal import Context
from fractions import Fraction
from math import prod
from pathlib import Path


def number(text):
    """Return a value as it stands in a step: None, a test, a number, a key, or one for each line."""
    if text is None or text in ("yes", "no"):
        return None if text is None else text == "yes"
    if " | " in text:
        return [number(one) for one in text.split(" | ")]
    found = re.fullmatch(r"(-?[0-9]+(?:\.[0-9]+)?)(%?)", text)
    return Fraction(found[1]) / (100 if found[2] else 1) if found else text


def whole(value, mode):
    """Return a fraction rounded to a whole number."""
    size = abs(value)
    low, twice = size // 1, size % 1 * 2
    nearest = {"half up": twice >= 1, "half down": twice > 1, "half even": twice + low % 2 > 1}
    up = {"up": twice > 0, "down": False, **nearest}[mode]
    return (low + up) * (1 if value >= 0 else -1)


def quotient(one, other):
    """Return a quotient cut at 34 digits; both are exact decimals."""
    decimals = [Context(prec=200).divide(each.numerator, each.denominator) for each in (one, other)]
    return Fraction(Context(prec=34).divide(*decimals))


def shares(amount, weights, unit, order):
    """Share an amount in whole units by the largest remainder."""
    if len(weights) == 1:
        return dict.fromkeys(weights, amount)
    total = sum(weights.values())
    if total == 0:
        weights, total = dict.fromkeys(weights, 1), len(weights)
    units = abs(amount) // unit
    exact = {line: Fraction(units * weight, total) for line, weight in weights.items()}
    parts = {line: one // 1 for line, one in exact.items()}
    ranked = sorted(weights, key=lambda line: (parts[line] - exact[line], -weights[line], order[line]))
    for line in ranked[: units - sum(parts.values())]:
        parts[line] += 1
    found = {line: part * unit for line, part in parts.items()}
    found[ranked[0]] += abs(amount) - units * unit
    return {line: one if amount >= 0 else -one for line, one in found.items()}


def gathered(ids, steps):
    """Return the values of steps of lines by the line's place: L3.17 is of the third line."""
    return {int(one[1:].split(".")[0]) - 1: number(steps[one]["value"]) for one in ids.split()}


def split(amount, detail, steps, order):
    """Share an amount over the lines, or over those of each group."""
    unit, by, within = re.fullmatch(r"in units of (\S+), by([^,]*)(?:, within(.*))?", detail).groups()
    weights = gathered(by, steps)
    groups = gathered(within, steps) if within is not None else dict.fromkeys(weights, "")
    found = [Fraction(0)] * len(order)
    for group in set(groups.values()):
        members = {line: weights[line] for line in weights if groups.get(line) == group}
        for line, one in shares(amount, members, Fraction(unit), order).items() if members else ():
            found[line] = one
    return found if len(found) > 1 else found[0]


def fit(left, detail, steps, order):
    """Count the whole items of each line that fit within a limit, the dearest first."""
    lists = re.fullmatch(r"values([^,]*), quantities(.*)", detail).groups()
    values, quantities = (gathered(one, steps) for one in lists)
    prices = {line: quotient(value, quantities[line]) for line, value in values.items()}
    found = [Fraction(0)] * len(order)
    for line in sorted(prices, key=lambda line: (-prices[line], order[line])):
        most = Fraction(quantities[line] // 1)
        found[line] = min(most, left // prices[line]) if prices[line] else most
        left -= found[line] * prices[line]
    return found if len(found) > 1 else found[0]


def work(step, a, steps, order):
    """Do one operation; None where what it rests on is unknown."""
    op, detail = step["op"], step.get("detail", "")
    if op == "decide":
        return None if a[0] is None else a[1] if a[0] else a[2]
    if op in ("any", "all"):
        return (op == "any") if (op == "any") in a else None if None in a else op == "all"
    if None in a:
        return None
    if op in ("split", "fit"):
        return {"split": split, "fit": fit}[op](a[0], detail, steps, order)
    if op == "round":
        mode, unit = detail.split(" to ")
        return whole(a[0] / Fraction(unit), mode) * Fraction(unit)
    plain = {
        "add": sum, "total": sum, "times": prod, "least": min, "greatest": max,
        "subtract": lambda a: a[0] - sum(a[1:]), "divide": lambda a: quotient(*a),
        "floor": lambda a: whole(a[0], "down"), "count_distinct": lambda a: len(set(a)),
        "at_most": lambda a: a[0] <= a[1], "below": lambda a: a[0] < a[1],
        "not": lambda a: not a[0], "any_line": any, "whole": lambda a: a[0],
        "part": lambda a: a[0][int(step["id"][1:].split(".")[0]) - 1] if isinstance(a[0], list) else a[0],
    }  # fmt: skip
    return plain[op](a)


def numbers(text):
    """Return the numbers in a stated text: that of an amount, those of a duty (33 1/3% is 100 by 3)."""
    found = [0] if re.search("free|nihil", text, re.IGNORECASE) else []
    for units, top, bottom, plain in re.findall(r"(?:(\d+) +)?(\d+)/(\d+) *%|(\d[\d,]*\.?\d*)", text):
        one = Fraction(plain.replace(",", "") or int(units or 0) + Fraction(int(top), int(bottom)))
        found += [one] if plain else [one, one.numerator, one.denominator]
    return found


def check(told, cart=None):
    """Yield a line for everything that does not hold."""
    order = [(len(item["id"]), item["id"]) for item in told["items"]]
    steps = {}
    for step in told["working"]:
        steps[step["id"]], value = step, number(step["value"])
        if step["op"] == "given" and cart is not None:
            stated = cart
            for name, key in re.findall(r"([A-Za-z_]+)|\[([^\]]+)\]", step["fact"]):
                stated = stated[int(key) if isinstance(stated, list) else name or key]
            if value * (100 if step["unit"] == "%" else 1) not in numbers(str(stated)):
                yield f"{step['id']} {step['label']}: {step['value']}, the cart has {stated}"
        elif step["op"] not in ("given", "law", "because", "missing"):
            found = work(step, [number(steps[one]["value"]) for one in step["inputs"]], steps, order)
            if found != value:
                yield f"{step['id']} {step['label']}: {step['value']}, not {found}"
        if "law" in step and not told["law"].get(step["law"], {}).get("cite"):
            yield f"{step['id']} {step['label']}: {step['law']} is not cited"
    charges = [*told["charges"], *(charge for item in told["items"] for charge in item["charges"])]
    for charge in charges:
        if number((charge["amount"] or "").split(" ")[0] or None) != number(steps[charge["step"]]["value"]):
            yield f"{charge['name']}: {charge['amount']}, step {charge['step']} says otherwise"
    due = sum(Fraction(charge["amount"].split()[0]) for charge in charges if charge["amount"])
    if due != Fraction(told["totals"]["all"].split()[0]):
        yield f"total: {told['totals']['all']}, the charges add up to {due}"


if __name__ == "__main__":
    faults = list(check(*(json.loads(Path(name).read_bytes()) for name in sys.argv[1:3])))
    print(*faults or ["every step holds"], sep="\n")
    sys.exit(1 if faults else 0)
