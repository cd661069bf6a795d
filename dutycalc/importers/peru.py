"""The customs tariff of Peru: a percentage of one of three levels on every line."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from dutycalc.errors import FactsError
from dutycalc.importers.british import rows
from dutycalc.importers.drafts import Draft
from dutycalc.measures import Column

LEVELS: Final = ("0", "6", "11")
"""The ad valorem levels of the tariff; anything else is a slip of the reading."""


def translate(text: str) -> str:
    """Return the percentage; FactsError for anything but a level of the tariff."""
    if text not in LEVELS:
        raise FactsError(f"{text!r} is no level of the tariff: it has {', '.join(LEVELS)}")
    return f"{text}%"


def read(file: Path, draft: Draft) -> None:
    """Gather the lines of ten digits."""
    draft.columns = [Column("third_country", "third_country")]
    draft.names = ["code", "third_country"]
    for row in rows(file, ("code10", "ad_valorem_pct")):
        draft.record()
        code = row["code10"]
        if not code.isdecimal() or len(code) != 10:
            draft.drop(code, "code10", code, "no code of ten digits")
            continue
        draft.lines.append((code, draft.expression("third_country", row["ad_valorem_pct"], record=code)))
    draft.lines.sort()
