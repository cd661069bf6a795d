"""Claims on a tariff's answer: which option a claim gives, or why it cannot hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

from dutycalc.errors import ConflictError, FactsError
from dutycalc.lookups import RANKS, Lookup, Option, is_free, listed
from dutycalc.measures import Measure, MeasureKind

DutyClaim = Literal["preference", "suspension", "quota"]

KINDS: Final[dict[DutyClaim, tuple[MeasureKind, ...]]] = {
    "preference": ("preference",),
    "suspension": ("suspension",),
    "quota": ("quota", "preferential_quota"),
}
"""The kinds of measure that each kind of claim can call for."""


def option_claimed(answer: Lookup, kind: DutyClaim, programme: str, groups: Sequence[str]) -> Option:
    """Return the option that the claim gives on every line of the answer.

    `groups` are the origin groups that the claim may stand on, in order; none for a claim that is not by
    origin. FactsError where a line is not covered or the lines differ, ConflictError where the claim
    names several measures.
    """
    chosen: list[Option] = []
    for line in answer.lines or (answer,):
        option = _on_line(line, kind, programme, groups)
        parts = _on_parts(line, kind, programme, groups)
        if option is not None and all(text == option.expression_text for _, text in parts):
            chosen.append(option)
            continue
        raise FactsError(
            f"commodity {line.commodity} needs more digits for the {kind} {programme} on {line.day}: "
            + listed([*([(line.codes[0], option.expression_text)] if option else []), *parts])
            if parts
            else f"{line.codes[0]} is not covered by the {kind} {programme} on {line.day}",
            fact="commodity" if parts else "claims",
        )
    if len({option.expression_text for option in chosen}) > 1:
        raise FactsError(
            f"commodity {answer.commodity} needs more digits for the {kind} {programme} on {answer.day}: "
            + listed([(one.measure.code, one.expression_text) for one in chosen]),
            fact="commodity",
        )
    return chosen[0]


def options_by_line(
    answer: Lookup, kind: DutyClaim, programme: str, groups: Sequence[str]
) -> tuple[tuple[str, Option], ...]:
    """Return every duty that goods of the answer's lines may bear under the claim, each with its code.

    A line or a part of one that the claim does not cover bears its own duty. FactsError where the claim
    covers nothing.
    """
    found: list[tuple[str, Option]] = []
    covers = False
    for line in answer.lines or (answer,):
        option = _on_line(line, kind, programme, groups)
        parts = _parts(line, kind, programme, groups)
        covers = covers or option is not None or bool(parts)
        whole = option or line.selected
        found += [(line.codes[0], whole)] if whole is not None else []
        found += [(one.code, Option(RANKS[one.kind], one, one.expression_text)) for one in parts]
    if not covers:
        option_claimed(answer, kind, programme, groups)
    return tuple(found)


def _on_line(line: Lookup, kind: DutyClaim, programme: str, groups: Sequence[str]) -> Option | None:
    wanted = [one for one in line.options if one.measure.kind in KINDS[kind]]
    if not groups:
        return _named(line, wanted, programme)
    for group in groups:
        for one in wanted:
            if one.measure.origin_group == group:
                return one
    # A line that is free for every origin needs no preference: the claim holds and changes nothing.
    free = line.selected is not None and is_free(line.selected.expression_text)
    return line.selected if free and kind == "preference" else None


def _named(line: Lookup, wanted: Sequence[Option], programme: str) -> Option | None:
    found = [
        one
        for one in wanted
        if programme in ("", one.programme, one.measure.requires, one.measure.origin_group)
    ]
    if len(found) > 1:
        names = sorted(one.measure.requires or one.programme for one in found)
        raise ConflictError(
            f"{line.codes[0]} has several such measures on {line.day}: name one of {', '.join(names)}",
            records=names,
        )
    return found[0] if found else None


def _on_parts(line: Lookup, kind: DutyClaim, programme: str, groups: Sequence[str]) -> list[tuple[str, str]]:
    """Return the duties that the claim names on parts of the line that more digits would tell."""
    return sorted({(one.code, one.expression_text) for one in _parts(line, kind, programme, groups)})


def _parts(line: Lookup, kind: DutyClaim, programme: str, groups: Sequence[str]) -> list[Measure]:
    return [
        one
        for one in line.partial
        if one.kind in KINDS[kind]
        and (one.origin_group in groups if groups else programme in ("", one.requires, one.origin_group))
    ]
