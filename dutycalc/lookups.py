"""Answers of a tariff: the options that law offers on a line, the one that applies, and why."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final

from dutycalc.errors import FactsError
from dutycalc.measures import Measure, MeasureKind
from dutycalc.values import Frozen

RANKS: Final[dict[MeasureKind, int]] = {
    "third_country": 1, "column_2": 1, "temporary": 1, "treaty": 1,
    "preference": 2,
    "suspension": 3, "quota": 3, "preferential_quota": 3,
}  # fmt: skip
"""HMRC's order of options: third country, preference, suspension and quota."""

_SHOWN: Final = 12


class Option(Frozen):
    """A duty that law offers for the line.

    `expression_text` is the duty on the day: of a seasonal measure, the part that covers it. `needs` says
    what must be claimed or shown; empty for the duty that applies by itself. `programme` is the word to
    claim it by.
    """

    rank: int
    measure: Measure
    expression_text: str
    needs: str = ""
    programme: str = ""

    def notices(self, day: date) -> tuple[str, ...]:
        """Return what a reader of the measure's table on that day should know."""
        return self.measure.publication.notices(day)


class Lookup(Frozen):
    """What the tariff says of a code, an origin and a day.

    `codes` are the lines that the code covers. `selected` applies unless something is claimed, `reason`
    says why; it is None where the lines bear different duties: `lines` then holds the answer for each.
    `options` are all lawful choices, in rank. `additional` and `trade_defence` come on top of whichever
    is chosen; a trade defence measure whose origins or amount are not in the tables is there by name.
    `partial` are measures on a part of the line that more digits would tell.
    """

    territory: str
    commodity: str
    origin: str
    day: date
    codes: tuple[str, ...]
    selected: Option | None
    reason: str
    options: tuple[Option, ...] = ()
    lines: tuple[Lookup, ...] = ()
    additional: tuple[Measure, ...] = ()
    trade_defence: tuple[Measure, ...] = ()
    partial: tuple[Measure, ...] = ()
    notices: tuple[str, ...] = ()
    unit: str = ""

    @property
    def ambiguous(self) -> bool:
        """Return whether the code needs more digits before it has one duty."""
        return self.selected is None

    def only(self) -> Option:
        """Return the selected option; FactsError with the candidate lines where the code is ambiguous."""
        if self.selected is None:
            raise FactsError(
                f"commodity {self.commodity} needs more digits in the tariff of {self.territory.upper()} on "
                f"{self.day}: " + listed(self.candidates),
                fact="commodity",
            )
        return self.selected

    @property
    def candidates(self) -> tuple[tuple[str, str], ...]:
        """Return the lines that the code covers, each with the duty that applies by itself."""
        each = self.lines or (self,)
        return tuple((one.codes[0], one.selected.expression_text) for one in each if one.selected)


def together(commodity: str, answers: Sequence[Lookup]) -> Lookup:
    """Return one answer for several lines: theirs where they agree, else no duty is selected."""
    first = answers[0]
    texts = {one.selected.expression_text for one in answers if one.selected}
    shared = [
        option
        for option in first.options
        if all(any(_same(option, other) for other in one.options) for one in answers[1:])
    ]
    one_duty = len(texts) == 1
    return first.replaced(  # type: ignore[no-any-return]
        commodity=commodity,
        codes=tuple(dict.fromkeys(one.codes[0] for one in answers)),
        selected=first.selected if one_duty else None,
        reason=(
            f"{first.reason}; all {len(answers)} lines under {commodity} bear it"
            if one_duty
            else f"{len(answers)} lines under {commodity} bear {len(texts)} different duties"
        ),
        options=tuple(shared) if one_duty else tuple(one for one in shared if one.rank > 1),
        lines=tuple(answers),
        additional=tuple(dict.fromkeys(one for each in answers for one in each.additional)),
        trade_defence=tuple(dict.fromkeys(one for each in answers for one in each.trade_defence)),
        partial=tuple(dict.fromkeys(one for each in answers for one in each.partial)),
        unit=first.unit if len({one.unit for one in answers}) == 1 else "",
    )


def _same(one: Option, other: Option) -> bool:
    return _sense(one) == _sense(other)


def _sense(option: Option) -> tuple[int, str, str, str, str]:
    measure = option.measure
    return (option.rank, option.expression_text, measure.kind, measure.origin_group, measure.requires)


def listed(candidates: Sequence[tuple[str, str]]) -> str:
    """Return the candidate lines with their duties, not more than a reader takes in."""
    shown = ", ".join(f"{code} ({text})" for code, text in candidates[:_SHOWN])
    return shown if len(candidates) <= _SHOWN else f"{shown} and {len(candidates) - _SHOWN} more"


def is_free(expression_text: str) -> bool:
    """Return whether a duty is free: nothing to pay, whatever the goods."""
    return expression_text in ("free", "0%")
