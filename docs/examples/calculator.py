"""A calculator as a program: a cart of JSON on each line of stdin, an answer of JSON on each line of stdout.

Swiss import VAT as a shop might have it: 8.1% of the goods. It forgets what docs/jurisdictions/ch.md has.
"""

import json
import sys
from decimal import ROUND_HALF_UP, Decimal


def answer(cart):
    """Return what the shop would charge, or decline."""
    prices = [one["unit_price"].split(" ") for one in cart["items"]]
    if any(currency != "CHF" for _, currency in prices):
        return {"refused": "prices in Swiss francs only"}
    goods = sum(
        Decimal(one["quantity"]) * Decimal(price)
        for one, (price, _) in zip(cart["items"], prices, strict=True)
    )
    vat = (goods * Decimal("0.081")).quantize(Decimal("0.01"), ROUND_HALF_UP)
    return {"charges": {"vat": f"{vat} CHF"}, "collectors": {"vat": "post"}}


for line in sys.stdin:
    print(json.dumps(answer(json.loads(line))), flush=True)
