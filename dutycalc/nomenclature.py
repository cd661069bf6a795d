"""The Harmonized System of 2022: which six-digit subheadings the world's tariffs have since then."""

from __future__ import annotations

import csv
from datetime import date
from functools import cache
from typing import Final

from dutycalc.shipped import tariffs_folder

HS_2022_FROM: Final = date(2022, 1, 1)
"""The day on which the amendments of 2022 took effect."""


@cache
def hs_2022() -> frozenset[str]:
    """Return every subheading of the Harmonized System of 2022, six digits each."""
    with tariffs_folder().joinpath("hs2022.csv").open(encoding="utf-8") as stream:
        return frozenset(
            heading + ending
            for heading, endings in (line for line in csv.reader(stream) if not line[0].startswith("#"))
            for ending in endings.split()
        )
