"""Audit: a ledger of what was charged, held line by line against the law of each day."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

from dutycalc.auditing.entries import Booking, Entry, Unreadable
from dutycalc.auditing.findings import CAUSES, WORST_KEPT, Cause, Difference, Finding, Summary
from dutycalc.auditing.judge import Judge
from dutycalc.auditing.ledger import Ledger, entry_of
from dutycalc.errors import FactsError
from dutycalc.loader import Tariffs
from dutycalc.stages.duty import Classification

__all__ = [
    "CAUSES", "Audit", "Booking", "Cause", "Difference", "Entry", "Finding", "Summary", "Unreadable", "audit",
    "audit_file",
]  # fmt: skip

SAVED_EVERY: Final = 10_000
"""Lines of a ledger between two savings of the state of an audit."""

STATE: Final = "dutycalc.audit-state/1"


Tell = Callable[[int, int, list["Finding | Unreadable"]], None]
"""Is told the lines that are read, the bytes, and what was found on the last consignment."""


class Audit:
    """An audit that runs as it is iterated: it yields findings and unreadable rows, in the ledger's order.

    `summary` counts them as they come, and is whole once the last is read.
    """

    def __init__(self, entries: Iterable[Entry | Unreadable], judge: Judge, summary: Summary) -> None:
        self.summary = summary
        self._entries = entries
        self._judge = judge

    def __iter__(self) -> Iterator[Finding | Unreadable]:
        for found in self.by_entry():
            yield from found

    def by_entry(self) -> Iterator[list[Finding | Unreadable]]:
        """Yield what is found on each consignment, often nothing."""
        summary = self.summary
        for entry in self._entries:
            summary.lines += entry.last - entry.first + 1
            found: list[Finding | Unreadable] = []
            if isinstance(entry, Unreadable):
                found.append(entry)
            else:
                items, judged = self._judge.judge(entry)
                summary.items += items
                summary.consignments += 1 if items else 0
                found += [judged] if isinstance(judged, Unreadable) else judged
            for one in found:
                summary.add(one)
            yield found


def audit(
    ledger: BinaryIO | Iterable[Mapping[str, Any]],
    tariffs: Tariffs,
    *,
    known_on: date | None = None,
    variants: Iterable[str] = (),
    classification: Classification = "strict",
    worst: int = WORST_KEPT,
) -> Audit:
    """Return the audit of a ledger: iterate it for the findings, then read its `summary`.

    The ledger is an open file of bytes (CSV, JSON Lines, Parquet) or mappings as JSON Lines has them, with
    `consignment` and `charged`. It is read as the audit runs, and nothing of it is kept. `known_on`,
    `variants` and `classification` are those of `assess`; `worst` bounds how many findings of each
    currency the summary keeps. FactsError at once for a header that names no fields; what else cannot be
    read is yielded as `Unreadable`, and a consignment that the law's tables refuse as a finding.
    """
    judge = Judge(tariffs, known_on=known_on, variants=variants, classification=classification)
    if hasattr(ledger, "readline"):
        return Audit(Ledger(cast(BinaryIO, ledger)), judge, Summary(worst))
    entries = (entry_of(stated, n) for n, stated in enumerate(ledger, start=1))
    return Audit(entries, judge, Summary(worst))


def audit_file(
    ledger: str | Path | BinaryIO,
    tariffs: Tariffs,
    *,
    findings: str | Path | None = None,
    state: str | Path | None = None,
    every: int = SAVED_EVERY,
    tell: Tell | None = None,
    known_on: date | None = None,
    variants: Iterable[str] = (),
    classification: Classification = "strict",
    worst: int = WORST_KEPT,
) -> Summary:
    """Audit a ledger, by its path or open, and return the summary; write every finding, a line of JSON each.

    `findings` is written beside itself and renamed once it is whole. `state` is where the audit stands,
    saved every so many lines and removed at the end; where it is there already, the audit goes on from it,
    to the same result. FactsError where ledger, tables or options are not those of the state. `tell` is
    called after each consignment: with the lines, the bytes (rows of Parquet), and what was found.
    """
    options: dict[str, Any] = {
        "known_on": known_on, "variants": sorted(variants), "classification": classification, "worst": worst,
    }  # fmt: skip
    judge = Judge(tariffs, **{name: value for name, value in options.items() if name != "worst"})
    with ExitStack() as open_files:
        if isinstance(ledger, (str, Path)):
            try:
                stream: BinaryIO = open_files.enter_context(Path(ledger).open("rb"))
            except OSError as fault:
                raise FactsError(f"{ledger}: {(fault.strerror or str(fault)).lower()}") from None
            read = Ledger(stream, str(ledger))
        else:
            read = Ledger(ledger)
        saved = _State(Path(state), tariffs, options, findings is not None) if state is not None else None
        begun = saved.read(read) if saved is not None else None
        summary = Summary(worst) if begun is None else Summary.from_dict(begun["summary"], worst)
        out = _Findings(Path(findings)) if findings is not None else None
        if out is not None:
            open_files.callback(out.close, keep=saved is not None)
            out.open(begun["findings"] if begun is not None else 0)
        since = summary.lines
        for found in Audit(read, judge, summary).by_entry():
            if out is not None:
                out.write(found)
            if saved is not None and summary.lines - since >= every:
                saved.write(read, summary, out.save() if out is not None else 0)
                since = summary.lines
            if tell is not None:
                tell(summary.lines, read.read, found)
        if out is not None:
            out.finish()
        if saved is not None:
            saved.path.unlink(missing_ok=True)
    return summary


class _Findings:
    """The file of all findings: written beside its name, renamed when it is whole."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.beside = path.with_name(path.name + ".new")
        self.stream: BinaryIO | None = None

    def open(self, size: int) -> None:
        """Begin, or go on after so many bytes."""
        if size and (not self.beside.is_file() or self.beside.stat().st_size < size):
            raise FactsError(f"{self.beside}: the findings of the audit that is to be resumed are not there")
        self.stream = self.beside.open("r+b" if size else "wb")
        self.stream.truncate(size)
        self.stream.seek(size)

    def write(self, found: Iterable[Finding | Unreadable]) -> None:
        """Write what was found, a JSON object a line."""
        assert self.stream is not None
        for one in found:
            self.stream.write(
                json.dumps(one.to_dict(), ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
            )

    def save(self) -> int:
        """Bring what is written to the disk, and return its size."""
        assert self.stream is not None
        self.stream.flush()
        os.fsync(self.stream.fileno())
        return self.stream.tell()

    def finish(self) -> None:
        """Give the file its name."""
        self.save()
        self.close(keep=True)
        os.replace(self.beside, self.path)

    def close(self, *, keep: bool) -> None:
        """Close the file; take away what is not whole, unless the audit is to be resumed."""
        if self.stream is not None:
            self.stream.close()
            self.stream = None
            if not keep:
                self.beside.unlink(missing_ok=True)


class _State:
    """Where an audit stands, as JSON: what was read of which ledger, under which law, and the sums."""

    def __init__(self, path: Path, tariffs: Tariffs, options: Mapping[str, Any], findings: bool) -> None:
        self.path = path
        self.made_with = json.loads(
            json.dumps(dict(options) | {"tables": tariffs.digest, "with_findings": findings}, default=str)
        )

    def read(self, ledger: Ledger) -> dict[str, Any] | None:
        """Return what was saved and let the ledger skip what was read then; None where nothing was saved."""
        try:
            found: dict[str, Any] = json.loads(self.path.read_bytes())
            if found["format"] != STATE:
                raise ValueError
        except FileNotFoundError:
            return None
        except OSError as fault:
            raise FactsError(f"{self.path}: {(fault.strerror or str(fault)).lower()}") from None
        except (ValueError, KeyError, TypeError):
            raise FactsError(f"{self.path}: no state of an audit") from None
        for name, value in self.made_with.items():
            if found["made_with"].get(name) != value:
                raise FactsError(
                    f"{self.path}: begun with {name} {found['made_with'].get(name)}, not {value}; "
                    "remove the file to begin anew"
                )
        ledger.skip(found["read"], found["line"], found["digest"])
        return found

    def write(self, ledger: Ledger, summary: Summary, findings: int) -> None:
        """Save where the audit stands, beside the file and renamed."""
        stated = {
            "format": STATE, "made_with": self.made_with, "read": ledger.read, "line": ledger.line,
            "digest": ledger.digest, "findings": findings, "summary": summary.to_dict(),
        }  # fmt: skip
        beside = self.path.with_name(self.path.name + ".new")
        beside.write_text(json.dumps(stated, ensure_ascii=False), encoding="utf-8")
        os.replace(beside, self.path)
