"""The options of a line's tariff, as the answer lists them: what is offered, and which of it is taken."""

from __future__ import annotations

from typing import Any

from dutycalc.answer import TariffOption
from dutycalc.decided import unknown
from dutycalc.lookups import Option
from dutycalc.stages.duty import Tariff
from dutycalc.stages.tracing import LineProgram


def options_of(line: LineProgram, values: list[Any]) -> tuple[TariffOption, ...]:
    """Return what the tariff offers on a line, in rank; kept with the line's program.

    Only where the lowest or the highest of several duties was chosen does the one taken depend on values.
    """
    tariff: Tariff | None = line.trace.tariff
    if tariff is None or not tariff.options:
        return ()
    taken = _taken(line, tariff, values) if tariff.candidates else None
    key = ("options", taken)
    found: tuple[TariffOption, ...] | None = line.kept.get(key)
    if found is None:
        found = line.kept[key] = tuple(
            _shown(one, tariff, place, one is tariff.selected or place == taken, taken is not None)
            for place, one in enumerate(tariff.options)
        )
    return found


def _taken(line: LineProgram, tariff: Tariff, values: list[Any]) -> int | None:
    """Return which of the candidates bears the duty chosen; None where it is not known or no duty is due."""
    places = [line.program.places.get(id(step)) for step in line.trace.candidates]
    amounts = [values[place] for place in places if place is not None]
    if not amounts or len(amounts) < len(places) or any(unknown(one) for one in amounts):
        return None
    chosen = min(amounts) if tariff.classification == "lowest" else max(amounts)
    return amounts.index(chosen)


def _shown(one: Option, tariff: Tariff, place: int, selected: bool, compared: bool) -> TariffOption:
    measure = one.measure
    return TariffOption(
        rank=one.rank,
        kind=measure.kind,
        commodity=measure.code,
        programme=one.programme,
        expression=one.expression_text,
        needs=one.needs,
        selected=selected,
        reason=_reason(one, tariff, place, selected, compared),
    )


def _reason(one: Option, tariff: Tariff, place: int, selected: bool, compared: bool) -> str:
    """Return why an option is taken, or why it is not."""
    if selected:
        chosen = f"its duty is the {tariff.classification}: {tariff.reason}"
        return chosen if tariff.candidates else tariff.reason
    if one.rank > 1 and place >= len(tariff.candidates):
        return "not claimed"
    if tariff.selected is not None:
        return "another option is claimed"
    if not tariff.candidates:
        return "the commodity needs more digits"
    if compared:
        return f"its duty is not the {tariff.classification}, or an earlier candidate's is the same"
    return f"the {tariff.classification} duty is not known, or none is due"
