"""`dutycalc verify`: an assessment done again from its own JSON, without the engine."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Mapping
from typing import Any

from pydantic_core import from_json

from dutycalc.commands.carts import opened, read_tables
from dutycalc.commands.terminal import DONE, FINDINGS
from dutycalc.errors import FactsError
from dutycalc.replay import replay


def run(options: Namespace) -> int:
    """Write what does not hold, a line each, or that everything holds; 1 where something does not."""
    assessment = _read(options.file)
    cart = None if options.cart is None else _read(options.cart)
    digest = read_tables(options).digest if _names_tables(options) else None
    found = replay(assessment, cart, digest=digest)
    for one in found:
        sys.stdout.write(f"{one}\n")
    if found:
        return FINDINGS
    checked = ["steps, charges, totals and citations"]
    checked += ["facts and days"] if cart is not None else []
    checked += ["digest of the tables"] if digest is not None else []
    left = "" if cart is not None else "; facts and days are not checked without --cart"
    sys.stdout.write(f"{len(assessment['working'])} steps hold ({', '.join(checked)}){left}\n")
    return DONE


def _names_tables(options: Namespace) -> bool:
    return bool(options.against_tables or options.tables or options.only_tables)


def _read(name: str) -> Mapping[str, Any]:
    with opened(name) as stream:
        text = stream.read()
    try:
        found = from_json(text)
    except ValueError as fault:
        raise FactsError(f"{name}: no JSON: {fault}") from None
    if not isinstance(found, Mapping):
        raise FactsError(f"{name}: holds no single object of JSON")
    return found
