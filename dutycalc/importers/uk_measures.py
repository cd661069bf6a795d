"""The United Kingdom's measures on declarable commodities, as the Department publishes them in bulk."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from dutycalc.importers.british import rows
from dutycalc.importers.drafts import Draft
from dutycalc.importers.single_measures import Stated, add, begin, finish

COLUMNS: Final = (
    "commodity__code",
    "measure__type__id",
    "measure__geographical_area__id",
    "measure__duty_expression",
    "measure__effective_start_date",
    "measure__effective_end_date",
)
EXCLUDED: Final = "measure__excluded_geographical_areas__ids"
ADDITIONAL: Final = "measure__additional_code__code"
ORDER: Final = "measure__quota__order_number"

NOTHING: Final = "#NA"
"""What the Department's data service writes into a cell without a value."""


def read(file: Path, draft: Draft) -> None:
    """Gather the measures that are duties."""
    begin(draft)
    for record in rows(file, COLUMNS):
        row = {name: "" if text == NOTHING else text for name, text in record.items()}
        code, kind, area, duty, first, last = (row[name] for name in COLUMNS)
        excluded = row.get(EXCLUDED) or ""
        add(
            Stated(
                code=code,
                measure_type=kind,
                area=area,
                excluded=[one for one in excluded.replace("|", " ").replace(",", " ").split() if one],
                duty=duty,
                start=first,
                end=last,
                additional_code=row.get(ADDITIONAL) or "",
                order_number=row.get(ORDER) or "",
            ),
            draft,
        )
    finish(draft)
