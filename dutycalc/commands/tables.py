"""`dutycalc tables`: the law that is in the tables, its faults, its changes, and new tables from official files."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from dutycalc.assessment import law_dict
from dutycalc.commands.carts import read_tables
from dutycalc.commands.terminal import DONE, FINDINGS, faults_in, progress, write_faults, write_page
from dutycalc.errors import DutycalcError, FactsError, NotModelledError
from dutycalc.importers import Edition, import_table
from dutycalc.law import ALWAYS, Provision
from dutycalc.loader import Law, Tariffs, load_tariffs
from dutycalc.render.pages import Block, Branch, Column, Heading, Outline, Page, Paragraph, Section, Table, numbers
from dutycalc.schedules import Schedule
from dutycalc.tables import FAMILIES, Record
from dutycalc.wording import stated
from dutycalc.words import near


@dataclass(frozen=True, slots=True)
class Listed:
    """A territory in the tables: whose tariff bears on it, and how many records of law are its own."""

    code: str
    name: str
    covered_from: str
    checked_on: str
    records: int
    tariff: str


def list_tables(options: Namespace) -> int:
    """Show every territory in the tables; return 1 where the files of one are faulty."""
    tariffs = read_tables(options)
    found: list[Listed] = []
    faults: list[DutycalcError] = []
    for code in tariffs.codes:
        try:
            found.append(_listed(tariffs, code))
        except DutycalcError as fault:
            faults.extend(faults_in(fault))
    if options.format == "json":
        _write_json([one.__dict__ if hasattr(one, "__dict__") else _as_dict(one) for one in found])
    else:
        write_page(_list_page(tariffs, found))
    write_faults(faults)
    return FINDINGS if faults else DONE


def _as_dict(one: Listed) -> dict[str, Any]:
    return {name: getattr(one, name) for name in Listed.__dataclass_fields__}
