"""A plain CSV of measures, for any tariff: a code, a rate, and what more there is to say."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Final

from dutycalc.importers.british import rows
from dutycalc.importers.drafts import Draft
from dutycalc.measures import KINDS
from dutycalc.schedule_files import SINGLE

NEEDED: Final = ("code", "expression")


def translate(text: str) -> str:
    """Return the text: a plain CSV is written in the canonical notation."""
    return text


def read(file: Path, draft: Draft) -> None:
    """Gather the measures; `kind` is the third-country duty where it is not stated."""
    draft.names = ["code", "unit", "valid_from", "valid_until", *SINGLE]
    for row in rows(file, NEEDED):
        draft.record()
        code = (row["code"] or "").replace(".", "").replace(" ", "")
        kind = row.get("kind") or "third_country"
        first, last = (row.get("valid_from") or "").strip(), (row.get("valid_until") or "").strip()
        fault = _fault(code, kind, first, last)
        if fault:
            draft.drop(code, "record", row["expression"] or "", fault)
            continue
        draft.lines.append(
            (
                code,
                (row.get("unit") or "").strip(),
                first,
                last,
                kind,
                " ".join((row.get("origin_group") or "").split()),
                draft.expression(kind, (row["expression"] or "").strip(), record=code),
                (row.get("requires") or "").strip(),
            )
        )
    draft.lines.sort()


def _fault(code: str, kind: str, first: str, last: str) -> str:
    """Return why a record cannot be, or nothing."""
    if not code.isdecimal() or not 2 <= len(code) <= 12:
        return "no code of two to twelve digits"
    if kind not in KINDS:
        return f"{kind!r} is no kind of measure"
    try:
        start = date.fromisoformat(first) if first else date.min
        end = date.fromisoformat(last) if last else date.max
    except ValueError as fault:
        return str(fault)
    return "ends before it starts" if end < start else ""
