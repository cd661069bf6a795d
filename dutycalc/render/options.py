"""Options of the tariff that a cart does not claim: what each needs, and what it would save."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from dutycalc.answer import TariffOption
from dutycalc.assessment import Assessment
from dutycalc.engine import assess
from dutycalc.errors import DutycalcError
from dutycalc.goods import Claim, Consignment, GoodsItem
from dutycalc.money import Money
from dutycalc.render.formats import Formats
from dutycalc.values import Frozen
from dutycalc.words import ClaimKind

_CLAIMS: Final[dict[str, ClaimKind]] = {
    "preference": "preference",
    "suspension": "suspension",
    "quota": "quota",
    "preferential_quota": "quota",
}
"""How an option is claimed, by the kind of its measure."""


class NotTaken(Frozen):
    """An option of a line that nobody claims, and what all charges together would be less under it.

    `saves` is None where the cart with the claim cannot be assessed.
    """

    item: str
    option: TariffOption
    saves: Money | None


def options_not_taken(assessment: Assessment) -> Iterator[NotTaken]:
    """Yield each option that needs a claim and has none; those that would save nothing are left out.

    Each is assessed by itself: claims on several lines may save more, or less, than their sum.
    """
    for place, (item, line) in enumerate(zip(assessment.consignment.items, assessment.items, strict=True)):
        if item.claims:
            continue
        for option in line.options:
            kind = _CLAIMS.get(option.kind)
            if kind is None or option.selected or option.rank == 1:
                continue
            found = _claiming(assessment, place, Claim(kind=kind, programme=option.programme))
            if found is None:
                yield NotTaken(item.id, option, None)
                continue
            saves = assessment.totals["all"] - found.totals["all"]
            if saves.amount > 0:
                yield NotTaken(item.id, option, saves)


def _claiming(assessment: Assessment, place: int, claim: Claim) -> Assessment | None:
    """Return the same consignment with a claim on a line, assessed as it was; None where it is refused."""
    stated = assessment.consignment
    items = list(stated.items)
    items[place] = GoodsItem(**_fields(items[place]) | {"claims": (claim,)})
    profile = assessment.whole.trace.profile
    tariff = assessment.lines[place].trace.tariff
    try:
        return assess(
            Consignment(**_fields(stated) | {"items": tuple(items)}),
            assessment.tariffs,
            known_on=profile.known_on,
            variants=profile.variants,
            partial=bool(assessment.missing),
            classification=tariff.classification if tariff is not None else "strict",
        )
    except DutycalcError:
        return None


def _fields(stated: Consignment | GoodsItem) -> dict[str, Any]:
    return {name: getattr(stated, name) for name in stated.model_fields_set}


def options_in_words(assessment: Assessment, formats: Formats) -> tuple[str, ...]:
    """Return a sentence on each option not taken: the duty, what it needs, what it saves."""
    return tuple(_sentence(one, formats) for one in options_not_taken(assessment))


def _sentence(one: NotTaken, formats: Formats) -> str:
    option = one.option
    saves = (
        f"it would save {formats.money(one.saves)} of all charges"
        if one.saves is not None
        else "what it would save cannot be calculated"
    )
    needs = f", needs {option.needs}" if option.needs else ""
    kind = option.kind.replace("_", " ")
    return f"line {one.item}: {kind} {option.programme}, {formats.rate(option.expression)}{needs}; {saves}"
