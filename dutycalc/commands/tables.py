"""`dutycalc tables`: the law in the tables, its faults and changes, and new tables from official files."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from dutycalc.answer import law_dict
from dutycalc.commands.carts import read_tables
from dutycalc.commands.records import Change, as_written, changes, fields_of
from dutycalc.commands.schedules import diff_editions, show_schedule
from dutycalc.commands.terminal import DONE, FINDINGS, faults_in, progress, write_faults, write_page
from dutycalc.errors import DutycalcError, FactsError, NotModelledError
from dutycalc.importers import Edition, ImportReport, import_table
from dutycalc.law import ALWAYS, Provision
from dutycalc.loader import Tariffs, Territory, load_tariffs
from dutycalc.render.pages import (
    Block,
    Branch,
    Column,
    Heading,
    Outline,
    Page,
    Paragraph,
    Section,
    Table,
)
from dutycalc.schedules import Schedule
from dutycalc.tables import FAMILIES
from dutycalc.words import near


def write_json(value: Any) -> None:
    """Write a value as JSON, for reading."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def _count(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"


@dataclass(frozen=True)
class Listed:
    """A territory in the tables: how many records of law are its own, and whose tariff bears on it."""

    code: str
    name: str
    covered_from: str
    checked_on: str
    records: int
    tariff: str | None


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
        write_json([asdict(one) for one in found])
    else:
        write_page(_list_page(tariffs, found))
    write_faults(faults)
    return FINDINGS if faults else DONE


def _listed(tariffs: Tariffs, code: str) -> Listed:
    own = tariffs.schedule(code)
    try:
        territory = tariffs.territory(code)
    except NotModelledError:
        if own is None:
            raise
        edition = own.publication
        first, checked = edition.covered_from.isoformat(), edition.checked_on.isoformat()
        return Listed(code, "(a tariff without other law)", first, checked, 0, code)
    schedule = territory.schedule()
    return Listed(
        code=code,
        name=territory.name,
        covered_from=territory.covered_from.isoformat(),
        checked_on=territory.checked_on.isoformat(),
        records=sum(len(series) for series in territory.series()),
        tariff=None if schedule is None else schedule.territory.upper(),
    )


def _list_page(tariffs: Tariffs, found: list[Listed]) -> Page:
    columns = (
        Column("code"), Column("name", wraps=True), Column("covered from"), Column("checked on"),
        Column("records", right=True), Column("tariff"),
    )  # fmt: skip
    rows = tuple(
        (one.code, one.name, one.covered_from, one.checked_on, f"{one.records:,}", _tariff(one))
        for one in found
    )
    title = f"{_count(len(found), 'territory', 'territories')} in the tables"
    return Page(title, (Table(columns, (Section(rows),)), Paragraph(f"Tables: {tariffs.digest}")))


def _tariff(one: Listed) -> str:
    if one.tariff is None:
        return "no"
    return "yes" if one.tariff == one.code else f"yes, of {one.tariff}"


def _territory(options: Namespace) -> Territory:
    """Return the territory that is asked for; FactsError where it has no such disputed reading."""
    found = read_tables(options).territory(options.code)
    known = found.variants()
    for name in options.variant:
        if name not in known:
            raise FactsError(f"--variant: {found.code} has no reading {name!r}{near(name, known)}")
    return found


def show_table(options: Namespace) -> int:
    """Show the law of a territory on a day, or what its tariff was made from."""
    if options.schedule:
        return show_schedule(options)
    if options.on is None:
        raise FactsError("--on: the law is that of a day; name it, or ask for the --schedule")
    family = options.family
    if family is not None and family not in FAMILIES:
        raise FactsError(
            f"--family: no family {family!r}{near(family, FAMILIES)}; there are {', '.join(FAMILIES)}"
        )
    territory = _territory(options)
    law = territory.law(options.on, known_on=options.known_on, variants=frozenset(options.variant))
    found = {name: law.all(name) for name in law.families if family in (None, name)}
    if options.format == "json":
        records = [
            {"family": name, "name": label, **law_dict(one), "says": fields_of(one)}
            for name, named in found.items() for label, one in named.items()
        ]  # fmt: skip
        write_json({"territory": territory.code, "on": options.on.isoformat(), "records": records})
        return DONE
    blocks: list[Block] = []
    for name, named in found.items():
        blocks += [
            Heading(name.replace("_", " ")),
            Outline(tuple(_record_branch(one) for one in named.values())),
        ]
    if not blocks:
        blocks.append(Paragraph("No record is in force."))
    write_page(Page(f"Law of {territory.code} ({territory.name}) on {options.on}", tuple(blocks)))
    return DONE


def _record_branch(one: Provision[Any]) -> Branch:
    inside = [Branch("", f"{name} = {as_written(value)}") for name, value in fields_of(one).items()]
    inside += [Branch("", f"law: {cite.title} <{cite.url}>") for cite in one.citations]
    return Branch("", f"{one.record}, {_days(one)}{_standing(one)}", inside=tuple(inside))


def _days(one: Provision[Any]) -> str:
    until = "" if one.valid_until == ALWAYS else f" to {one.valid_until}"
    return f"in force from {one.valid_from}{until}"


def _standing(one: Provision[Any]) -> str:
    variant = f", reading {one.variant!r}" if one.variant else ""
    return variant + (f", {one.confidence}" if one.confidence != "confirmed" else "")


def check_tables(options: Namespace) -> int:
    """Write every fault of every file; return 1 where there is any."""
    tariffs = load_tariffs(options.dir) if options.dir is not None else read_tables(options)
    found = {str(one): one for one in _all_faults(tariffs)}
    faults = list(found.values())
    if options.format == "json":
        write_json([_fault_dict(one) for one in faults])
    write_faults(faults)
    if options.format != "json":
        files = _count(len(tariffs.codes), "folder of law", "folders of law")
        sys.stdout.write(f"{files}: {_count(len(faults), 'fault', 'faults') if faults else 'no fault'}\n")
    return FINDINGS if faults else DONE


def _fault_dict(one: DutycalcError) -> dict[str, str]:
    file, record = getattr(one, "file", ""), getattr(one, "record", "")
    return {"error": type(one).__name__, "text": str(one), "file": file, "record": record}


def _all_faults(tariffs: Tariffs) -> Iterable[DutycalcError]:
    try:
        yield from tariffs.check()
    except DutycalcError as fault:
        yield from faults_in(fault)
    for code in tariffs.codes:
        try:
            tariffs.schedule(code)
        except DutycalcError as fault:
            yield from faults_in(fault)


def diff_tables(options: Namespace) -> int:
    """Show what the law of a territory changes between two days, or one edition of a tariff in another."""
    first, last = options.from_, options.to
    if options.new is not None:
        if first is not None or last is not None:
            raise FactsError("--from and --to: two editions are compared as they are, without days")
        return diff_editions(options.code, options.new, options.format)
    if first is None or last is None:
        raise FactsError("diff: name two days with --from and --to, or two folders of a tariff, OLD and NEW")
    options.code = options.code.upper()
    if last < first:
        raise FactsError(f"--to {last} is before --from {first}")
    territory = _territory(options)
    chosen = frozenset(options.variant)
    law = [territory.law(day, known_on=options.known_on, variants=chosen) for day in (first, last)]
    found = list(changes(law[0], law[1]))
    note = _measures_note(territory.schedule(), first, last)
    if options.format == "json":
        write_json(
            {
                "territory": territory.code,
                "from": first.isoformat(),
                "to": last.isoformat(),
                "changes": [_change_dict(one) for one in found],
                "tariff": note or None,
            }
        )
        return DONE
    blocks: list[Block] = []
    for kind in ("begins", "ends", "changes"):
        here = tuple(_change_branch(one) for one in found if one.kind == kind)
        if here:
            blocks += [Heading(kind.capitalize()), Outline(here)]
    if not found:
        blocks.append(Paragraph("No record of law begins, ends or changes."))
    if note:
        blocks.append(Paragraph(note))
    write_page(Page(f"{territory.code} ({territory.name}): the law from {first} to {last}", tuple(blocks)))
    return DONE


def _change_branch(one: Change) -> Branch:
    if one.kind != "changes":
        return _record_branch(one.record)
    inside = [
        Branch("", f"{name}: {_side(was)} -> {_side(now)}")
        for name, (was, now) in one.fields.items() if name != "cite"
    ]  # fmt: skip
    if "cite" in one.fields and one.old is not None:
        inside += [Branch("", f"was law by: {cite.title} <{cite.url}>") for cite in one.old.citations]
    inside += [Branch("", f"law: {cite.title} <{cite.url}>") for cite in one.record.citations]
    return Branch(
        "", f"{one.record.record}, {_days(one.record)}{_standing(one.record)}", inside=tuple(inside)
    )


def _side(value: Any) -> str:
    return "nothing" if value is None else as_written(value)


def _change_dict(one: Change) -> dict[str, Any]:
    return {
        "change": one.kind,
        "family": one.family,
        "record": one.record.record,
        "fields": {name: {"old": was, "new": now} for name, (was, now) in one.fields.items()},
        "old": None if one.old is None else law_dict(one.old) | {"says": fields_of(one.old)},
        "new": None if one.new is None else law_dict(one.new) | {"says": fields_of(one.new)},
    }


def _measures_note(schedule: Schedule | None, first: date, last: date) -> str:
    """Return how many lines of the tariff begin and end between the days, in a sentence."""
    if schedule is None:
        return ""
    edition = schedule.publication
    if first < edition.covered_from:
        return f"The tariff in the tables begins on {edition.covered_from}: its rates cannot be compared."
    begin = sum(1 for one in schedule.measures() if first < one.valid_from <= last)
    end = sum(1 for one in schedule.measures() if first <= one.valid_until < last)
    if not begin and not end:
        return "No rate of the tariff in the tables begins or ends."
    return f"In the tariff {_count(begin, 'rate begins', 'rates begin')} and {_count(end, 'ends', 'end')}."


def import_tables(options: Namespace) -> int:
    """Write the table of an official file; return 1 where some of its texts could not be read."""
    texts = {
        name: getattr(options, name) for name in ("name", "title", "publisher", "url", "terms", "notice")
    }
    edition = Edition(
        published=options.published,
        covered_from=options.covered_from,
        checked_on=options.checked_on,
        complete=not options.incomplete,
        **{name: text for name, text in texts.items() if text is not None},
    )
    with progress("records") as told:
        report = import_table(
            options.kind, Path(options.file), Path(options.out), edition=edition, progress=told.tell
        )
    write_page(_import_page(report))
    return FINDINGS if report.quarantined else DONE


def _import_page(report: ImportReport) -> Page:
    columns = (
        Column("column", wraps=True), Column("texts", right=True), Column("read as rates", right=True),
        Column("refer elsewhere", right=True), Column("not read", right=True),
    )  # fmt: skip
    rows = tuple(
        (name, f"{one.texts:,}", f"{one.parsed:,}", f"{one.referred:,}", f"{one.quarantined:,}")
        for name, one in report.columns.items()
    )
    words = [f"{report.publication.title}, published {report.publication.published}"]
    if report.quarantine is not None:
        words.append(f"{_count(report.quarantined, 'text', 'texts')} not read, in {report.quarantine}")
    lines = (
        f"{_count(report.records, 'record', 'records')} read, {_count(report.lines, 'line', 'lines')} written"
    )
    return Page(
        f"{report.kind}: {report.table}",
        (Paragraph(bullets=(*words, lines)), Table(columns, (Section(rows),))),
    )
