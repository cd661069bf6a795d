"""`tables show CODE --schedule`, `tables diff OLD NEW`: what a tariff holds, and what two editions change."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from dutycalc.commands.carts import read_tables
from dutycalc.commands.terminal import DONE, write_page
from dutycalc.errors import FactsError, NotModelledError
from dutycalc.expressions import parse
from dutycalc.importers.drafts import is_unreadable, refers
from dutycalc.measures import Measure, Publication
from dutycalc.render.pages import Block, Branch, Column, Heading, Outline, Page, Paragraph, Section, Table
from dutycalc.schedule_diff import Change, diff_schedules
from dutycalc.schedules import Schedule, load_schedule


@dataclass
class Counted:
    """The texts of one kind of measure in one table: how many are rates, refer elsewhere, were not read."""

    table: str
    kind: str
    measures: int = 0
    texts: int = 0
    rates: int = 0
    refer: int = 0
    unread: int = 0
    seen: set[str] = field(default_factory=set)

    def add(self, text: str) -> None:
        """Count a measure; each text is read once."""
        self.measures += 1
        if text in self.seen:
            return
        self.seen.add(text)
        self.texts += 1
        if is_unreadable(text):
            self.unread += 1
        elif refers(parse(text)):
            self.refer += 1
        else:
            self.rates += 1

    def to_dict(self) -> dict[str, Any]:
        """Return the counts as plain JSON values."""
        return {name: value for name, value in asdict(self).items() if name != "seen"}


def counts(schedule: Schedule) -> Iterator[Counted]:
    """Yield the counts of each table, kind by kind."""
    for table in schedule.tables:
        found: dict[str, Counted] = {}
        for one in table.measures():
            found.setdefault(one.kind, Counted(table.publication.source, one.kind)).add(one.expression_text)
        yield from found.values()


def show_schedule(options: Namespace) -> int:
    """Show the publications of a territory's tariff, and how its texts are read."""
    tariffs = read_tables(options)
    schedule = tariffs.schedule(options.code)
    if schedule is None:
        schedule = tariffs.territory(options.code).schedule()
    if schedule is None:
        raise NotModelledError(f"the tariff of {options.code} is not in the tables", subject=options.code)
    found = list(counts(schedule))
    if options.format == "json":
        publications = [_publication_dict(one.publication, len(one)) for one in schedule.tables]
        _write_json({"publications": publications, "counts": [one.to_dict() for one in found]})
        return DONE
    blocks: list[Block] = []
    for one in schedule.tables:
        publication = one.publication
        blocks.append(Heading(f"{publication.source}: {len(one):,} codes"))
        blocks.append(Paragraph(bullets=tuple(_says(publication))))
    columns = (
        Column("table"), Column("kind"), Column("measures", right=True), Column("texts", right=True),
        Column("rates", right=True), Column("refer elsewhere", right=True), Column("not read", right=True),
    )  # fmt: skip
    rows = tuple(
        (each.table, each.kind, f"{each.measures:,}", f"{each.texts:,}", f"{each.rates:,}",
         f"{each.refer:,}", f"{each.unread:,}")
        for each in found
    )  # fmt: skip
    blocks += [Heading("Texts, each counted once"), Table(columns, (Section(rows),))]
    write_page(Page(f"The tariff of {schedule.territory.upper()}", tuple(blocks)))
    return DONE


def _says(one: Publication) -> Iterator[str]:
    yield f"{one.title}, {one.publisher}, published {one.published}"
    yield one.url
    yield f"covered from {one.covered_from}, last checked on {one.checked_on}, {one.nomenclature}"
    extent = "complete" if one.complete else "incomplete"
    yield f"{extent}, chapters {'-'.join(one.chapters)}, {one.confidence}"
    yield f"terms: {one.terms}"
    if one.notice:
        yield f"notice: {one.notice}"


def _publication_dict(one: Publication, codes: int) -> dict[str, Any]:
    return {
        "table": one.source, "codes": codes, "title": one.title, "publisher": one.publisher, "url": one.url,
        "published": one.published.isoformat(), "covered_from": one.covered_from.isoformat(),
        "checked_on": one.checked_on.isoformat(), "nomenclature": one.nomenclature,
        "complete": one.complete, "confidence": one.confidence, "terms": one.terms, "notice": one.notice,
    }  # fmt: skip


def diff_editions(old: str, new: str, form: str) -> int:
    """Show what one edition of a tariff changes in another; each is a folder with `measures.csv`."""
    first, second = _edition(old), _edition(new)
    found = diff_schedules(first, second)
    if form == "json":
        _write_json(
            {
                "old": _publication_dict(first.publication, len(first.main)),
                "new": _publication_dict(second.publication, len(second.main)),
                "added": [_measure_dict(one) for one in found.added],
                "ended": [_measure_dict(one) for one in found.ended],
                "changed": [_change_dict(one) for one in found.changed],
            }
        )
        return DONE
    blocks: list[Block] = [
        Paragraph(bullets=tuple(f"{name}: {one.publication.title}, published {one.publication.published}"
                                for name, one in (("old", first), ("new", second))))
    ]  # fmt: skip
    listed = {
        "Added": [_named(one) for one in found.added],
        "Ended": [_named(one) for one in found.ended],
        "Changed": [str(one) for one in found.changed],
    }
    for title, lines in listed.items():
        if lines:
            branches = tuple(Branch("", line) for line in lines)
            blocks += [Heading(f"{title}: {len(lines):,}"), Outline(branches)]
    if not found:
        blocks.append(Paragraph("No measure is added, ended or changed."))
    write_page(Page(f"{first.territory.upper()}: from {old} to {new}", tuple(blocks)))
    return DONE


def _edition(name: str) -> Schedule:
    folder = Path(name).resolve()
    if not folder.is_dir():
        raise FactsError(f"{name}: no folder of a tariff")
    return load_schedule(folder)


def _named(one: Measure) -> str:
    name = " ".join(filter(None, (one.code, one.kind, one.origin_group, one.requires)))
    return f"{name}: {one.expression_text}"


def _measure_dict(one: Measure) -> dict[str, Any]:
    return {
        "code": one.code, "kind": one.kind, "origin_group": one.origin_group, "requires": one.requires,
        "expression": one.expression_text, "valid_from": one.valid_from.isoformat(),
        "valid_until": one.valid_until.isoformat(),
    }  # fmt: skip


def _change_dict(one: Change) -> dict[str, Any]:
    return {
        "code": one.code,
        "old": [_measure_dict(each) for each in one.old],
        "new": [_measure_dict(each) for each in one.new],
    }


def _write_json(value: Any) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")
