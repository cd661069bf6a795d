"""Importers: official files in, the compact tables of `dutycalc.schedule_files` out."""

from __future__ import annotations

import csv
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Final

from dutycalc.errors import FactsError
from dutycalc.importers.drafts import ColumnCount, Draft, Edition, Progress
from dutycalc.importers.formats import FORMATS, Format
from dutycalc.measures import Publication
from dutycalc.schedule_files import write_table
from dutycalc.words import near

__all__ = ["KINDS", "ColumnCount", "Edition", "Format", "ImportReport", "Progress", "import_table"]


KINDS: Final = tuple(FORMATS)
"""Every kind of file that can be imported."""


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did: the table it wrote, how its columns were read, what it put into quarantine.

    `quarantine` is None where everything was read.
    """

    kind: str
    table: Path
    publication: Publication
    records: int
    lines: int
    columns: Mapping[str, ColumnCount]
    quarantined: int
    quarantine: Path | None


def import_table(
    kind: str,
    file: Path,
    out_dir: Path,
    *,
    edition: Edition | None = None,
    progress: Progress | None = None,
) -> ImportReport:
    """Write the table of an official file into the folder of its territory, and report how it was read.

    The folder's name is the territory (`us`, `gb` …). What cannot be read goes into
    `<name>.quarantine.csv` with its reason, and the table refuses those rates by name. The old table stays
    whole until the new one is. FactsError for an unknown kind, or where the day of publication is not
    stated; TableError for a file that is not of the kind.
    """
    if kind not in FORMATS:
        raise FactsError(f"{kind!r} is no kind of tariff file{near(kind, KINDS)}", fact="kind")
    if edition is None:
        raise FactsError(f"{file.name}: state the day on which it was published", fact="published")
    found = FORMATS[kind]
    draft = Draft(found.translate, progress)
    found.read(file, draft)
    publication = _publication(kind, found, edition, out_dir.name, draft.notice)
    out_dir.mkdir(parents=True, exist_ok=True)
    table = out_dir / f"{edition.name}.csv"
    write_table(table, publication, draft.names, draft.lines, columns=draft.columns, sets=draft.sets)
    return ImportReport(
        kind=kind,
        table=table,
        publication=publication,
        records=draft.records,
        lines=len(draft.lines),
        columns=MappingProxyType(draft.counts),
        quarantined=len(draft.quarantine),
        quarantine=_write_quarantine(out_dir / f"{edition.name}.quarantine.csv", draft),
    )


def _publication(kind: str, found: Format, edition: Edition, territory: str, notice: str) -> Publication:
    first: date = edition.covered_from or edition.published
    return Publication(
        territory=territory,
        name=edition.name,
        title=edition.title or found.title,
        publisher=edition.publisher or found.publisher,
        url=edition.url or found.url,
        published=edition.published,
        covered_from=first,
        checked_on=edition.checked_on or edition.published,
        nomenclature=found.nomenclature,
        terms=edition.terms or found.terms,
        format=kind,
        confidence=edition.confidence,
        chapters=found.chapters,
        complete=edition.complete,
        notice="; ".join(one for one in (edition.notice, notice) if one),
    )


def _write_quarantine(path: Path, draft: Draft) -> Path | None:
    if not draft.quarantine:
        path.unlink(missing_ok=True)
        return None
    beside = path.with_name(path.name + ".new")
    with beside.open("w", encoding="utf-8", newline="") as stream:
        out = csv.writer(stream, lineterminator="\n")
        out.writerow(["record", "column", "text", "reason"])
        out.writerows((one.record, one.column, one.text, one.reason) for one in draft.quarantine)
    os.replace(beside, path)
    return path
