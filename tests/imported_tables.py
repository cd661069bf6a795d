"""Files of publishers made into tables, and what stands in such a table; what importers are tested with."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

from dutycalc.importers import (
    Edition,
    ImportReport,
    import_table,
)
from dutycalc.schedules import Schedule, load_schedule

HERE = Path(__file__).parent / "importers"
DAY = date(2026, 7, 1)


def imported(kind: str, file: Path, folder: Path, territory: str = "xx") -> tuple[ImportReport, Schedule]:
    report = import_table(kind, file, folder / territory, edition=Edition(published=DAY, name="measures"))
    return report, load_schedule(folder / territory)


def duty(schedule: Schedule, code: str, kind: str = "third_country", group: str = "") -> str:
    found = [
        one.expression_text for one in schedule.stated(code) if (one.kind, one.origin_group) == (kind, group)
    ]
    assert len(found) == 1, found
    return found[0]


def reasons(report: ImportReport) -> dict[str, str]:
    assert report.quarantine is not None
    with report.quarantine.open(encoding="utf-8", newline="") as stream:
        return {row["record"]: row["reason"] for row in csv.DictReader(stream)}
