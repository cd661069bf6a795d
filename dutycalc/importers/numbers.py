"""Numbers as publishers write them."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

from dutycalc.errors import FactsError

_NUMBER: Final = re.compile(r"\d+(\.\d+)?", re.ASCII)


def plain_number(value: Decimal) -> str:
    """Return the number in plain digits, without zeros at the end of its fraction."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def read_number(text: str) -> Decimal:
    """Return the number; FactsError where it is not digits with at most one point."""
    if not _NUMBER.fullmatch(text):
        raise FactsError(f"{text!r} is no number")
    return Decimal(text)
