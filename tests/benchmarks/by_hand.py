"""The floor: the sums, shares and roundings of the five-line cart, written by hand; explains nothing."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")
RATE = Decimal("0.19")
FLAT = Decimal("3.00")
LIMIT = Decimal("150")

Line = tuple[str, Decimal, Decimal]
"""A line: its code, its quantity, the price of one."""


def share(amount: Decimal, weights: list[Decimal]) -> list[Decimal]:
    """Return parts in whole cents by largest remainder."""
    whole = sum(weights)
    cents = amount / CENT
    parts, remainders = [], []
    for weight in weights:
        part, remainder = divmod(cents * weight, whole)
        parts.append(part)
        remainders.append(remainder)
    left = int(cents - sum(parts))
    for n in sorted(range(len(weights)), key=lambda n: -remainders[n])[:left]:
        parts[n] += 1
    return [part * CENT for part in parts]


def cart(lines: list[Line], transport: Decimal) -> list[tuple[Decimal, Decimal, Decimal]]:
    """Return customs value, duty and tax of each line of a cart within the limit under IOSS."""
    prices = [quantity * price for _, quantity, price in lines]
    assert sum(prices) <= LIMIT
    freight = share(transport, prices)
    values = [price + part for price, part in zip(prices, freight, strict=True)]
    duties = [Decimal("0.00")] * len(lines)
    groups: dict[str, list[int]] = {}
    for n, (code, *_) in enumerate(lines):
        groups.setdefault(code[:6], []).append(n)
    for places in groups.values():
        for n, part in zip(places, share(FLAT, [values[n] for n in places]), strict=True):
            duties[n] = part
    return [
        (value, duty, (value * RATE).quantize(CENT, ROUND_HALF_UP))
        for value, duty in zip(values, duties, strict=True)
    ]
