"""Which borders a consignment crosses: no importation within one country or one customs union."""

from __future__ import annotations

from datetime import date

from dutycalc.errors import FactsError, NotModelledError
from dutycalc.goods import Consignment
from dutycalc.loader import Law, Tariffs, Territory
from dutycalc.stages.context import place_in


def check_crossing(one: Consignment, border: Law, territory: Territory) -> None:
    """Refuse a consignment whose law of import cannot be asked for: no border, or no one place of arrival."""
    _refuse_union(one, border, territory)
    if _has_its_own_word(one, border):
        return
    home = one.destination.partition("-")[0]
    if one.dispatch.partition("-")[0] == home and not territory.parents:
        raise _no_importation(one, home)
    for parent in territory.parents:
        if _is_member(one.dispatch, parent.code, territory.tariffs, one.import_day):
            raise _no_importation(one, parent.code)


def _has_its_own_word(one: Consignment, border: Law) -> bool:
    """Tell whether a record names the law on goods from this place as not in the tables."""
    return any(
        place_in(one.dispatch, condition.dispatch)
        for record in border.all("unmodelled").values()
        for condition in record.value.when
    )


def _no_importation(one: Consignment, within: str) -> NotModelledError:
    return NotModelledError(
        f"dispatch: from {one.dispatch} to {one.destination} is within {within}: there is no importation, "
        "and domestic law is not in the tables",
        subject="domestic law",
    )


def _is_member(place: str, union: str, tariffs: Tariffs, day: date) -> bool:
    """Tell whether a place is the union or country, or was a member of it on a day."""
    if place == union:
        return True
    if union not in tariffs.unions_of(place):
        return False
    series = tariffs.territory(place).own["member_of"][""]
    record = series.find(day)
    return record is not None and record.value.code == union


def _refuse_union(one: Consignment, border: Law, territory: Territory) -> None:
    """Refuse a destination whose tax differs by part: the part must be stated."""
    rated = any(charge.value.rate == "tax_class" for charge in border.all("charge").values())
    if not rated or border.find("tax_class", "standard") is not None:
        return
    tariffs = territory.tariffs
    parts = [code for code in tariffs.codes if territory.code in tariffs.unions_of(code)]
    if parts:
        raise FactsError(
            f"destination: tax in {territory.code} differs by part; state one of {', '.join(parts)}",
            fact="destination",
        )
