"""The carts that the benchmarks assess."""

from __future__ import annotations

import json
from typing import Any

BERLIN: dict[str, Any] = {
    "destination": "DE", "dispatch": "CN", "sold_on": "2026-11-20", "channel": "express",
    "delivery_term": "DDP", "transport": "4.90 EUR",
    "seller": {"country": "CN"},
    "platform": {"country": "LU", "registrations": {"IOSS": "IM4420000123"}},
    "buyer": {"kind": "consumer"},
    "items": [
        {"id": "1", "commodity": "61091000", "origin": "CN", "quantity": "2", "unit_price": "12.50 EUR"},
        {"id": "2", "commodity": "85183000", "origin": "CN", "quantity": "1", "unit_price": "19.99 EUR"},
        {"id": "3", "commodity": "61091000", "origin": "BD", "quantity": "1", "unit_price": "9.95 EUR"},
        {"id": "4", "commodity": "42022290", "origin": "CN", "quantity": "1", "unit_price": "24.00 EUR"},
        {"id": "5", "commodity": "95030075", "origin": "CN", "quantity": "3", "unit_price": "5.25 EUR"},
    ],
}  # fmt: skip
"""Five lines to Berlin through a marketplace with a number: IOSS takes the tax, EUR 3 falls on each code."""

BERLIN_JSON = json.dumps(BERLIN).encode()
