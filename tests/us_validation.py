"""Rows of public peers for the United States, compared with what the tables give; prints the table of the docs.

`golden/us_rates.csv` holds, for a line, an origin and a day, what a peer expects: the whole duty (`total`), the
part of one programme, or that a list names the line (`membership:…`). `ANSWERS` are rows whose peer takes an
answer for granted; `DIFFERENCES` are rows that do not agree, with the reason.
Run as `python tests/us_validation.py`.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, NamedTuple

from dutycalc import Consignment, DutycalcError, Tariffs, assess, load_tariffs
from dutycalc.profile import item_profile
from dutycalc.stages.layers import with_lists

PAGE: Final = Path(__file__).parents[1] / "docs" / "jurisdictions" / "us-validation.md"
FILE: Final = Path(__file__).parent / "golden" / "us_rates.csv"
Row = dict[str, str]
Facts = dict[str, str]

IEEPA: Final = ("ieepa_fentanyl", "ieepa_reciprocal", "ieepa_country")
METALS: Final = (
    "section_232_steel", "section_232_aluminium", "section_232_copper", "section_232_metals",
)  # fmt: skip
COMPONENTS: Final[dict[str, tuple[str, ...]]] = {
    "base": ("customs_duty",),
    "ieepa": IEEPA,
    "ieepa_with_exceptions": IEEPA,
    "s122": ("section_122",),
    "s232_aluminum": METALS,
    "s301_china": ("section_301_china",),
    "s301_brazil": ("section_301_brazil",),
    "s301_forced_labor": ("section_301_labour",),
    "s301_forced_labor_entry": ("section_301_labour",),
    "s338": ("section_338",),
    "s338_entry": ("section_338",),
    "s201": ("section_201",),
}
"""Charges of which a component is the sum; a component of the entry, or with exceptions, heeds the conditions."""

HEEDS_CONDITIONS: Final = frozenset({
    "total", "base", "ieepa_with_exceptions", "s301_forced_labor_entry", "s338_entry",
})  # fmt: skip

CONDITIONS: Final[dict[str, Facts]] = {
    "entry_is_humanitarian_donation_article": {"donation": "yes"},
    "entry_is_informational_material_article": {"informational_material": "yes"},
    "entry_is_personal_use_accompanied_baggage": {"accompanied_baggage": "yes"},
    "entry_is_entered_free_of_duty_under_usmca": {"usmca_qualifying": "yes"},
    "entry_loaded_and_in_transit_before_july_24_2026": {"loaded_before_2026_07_24": "yes"},
    "article_is_potash": {"potash": "yes"},
    "entry_is_properly_claimed_chapter_98_entry": {"chapter_98": "yes"},
    "cbp_agrees_chapter_98_entry_is_appropriate": {},
    "entry_is_chapter_98_subchapter_xxiii_entry": {"chapter_98": "subchapter_xxiii"},
    "entry_is_9802_excepted_entry": {"chapter_98": "9802"},
    "pharma=patented": {"patented_pharmaceutical": "yes"},
    "end_use=pharmaceutical": {"pharmaceutical_use": "yes"},
    "end_use=research": {"end_use": "research"},
    "program=onshoring": {"pharmaceutical_programme": "onshoring"},
    "program=annexCompany": {"pharmaceutical_programme": "annex_company"},
}

GENERAL: Final = frozenset({"entry_is_properly_claimed_chapter_98_entry"})
"""Conditions that give way to a narrower one of the same fact."""

QUANTITIES: Final = {"KG": "kg", "L": "l", "NO": "item", "DOZ": "doz", "DPR": "dozpair"}

MEMBERSHIPS: Final = {
    "s232_steel_primary": ("steel_articles", "metals_steel_articles"),
    "s232_steel_derivative_legacy": ("metals_steel_derivatives",),
    "s232_steel_derivative_april": ("metals_annex_1b_steel",),
    "s232_steel_derivative_equipment": ("metals_annex_3_steel",),
    "s232_steel_derivative_mobile": ("metals_annex_1c",),
    "s232_aluminum_primary": ("metals_aluminium_articles",),
    "s232_aluminum_derivative": ("metals_aluminium_derivatives",),
    "s201_cspv": ("solar",),
    "china_301_list1": ("section_301_china_list_1",),
    "china_301_list3": ("section_301_china_list_3",),
    "china_301_list4a": ("section_301_china_list_4a",),
    "s122_gn6_conditional": ("civil_aircraft",),
}

ANSWERS: Final[dict[str, tuple[Facts, dict[str, str]]]] = {
    "rs-comp-012": ({"uk_metal_95": "yes"}, {}),
    "rs-comp-121": ({}, {"%aluminium": "0"}),
}
"""Facts and measures that a peer takes for granted, by the start of the row's name."""

_CANADA_MEXICO: Final = (
    "Since 4 June 2025 articles under section 232 on steel or aluminium bear no IEEPA duty on goods of Canada "
    "and Mexico: Executive Order 14289 as amended by Proclamation 10947 (90 FR 24199; CSMS 65236574). "
    "The peer adds both."
)

DIFFERENCES: Final[dict[str, str]] = {
    "rs-comp-046-total": _CANADA_MEXICO,
    "rs-comp-046-ieepa": _CANADA_MEXICO,
    "rs-comp-048-ieepa": _CANADA_MEXICO,
    "rs-comp-134-s338_entry": (
        "Goods of 9802.00.40 to .80 bear the duty on the value of the work abroad, which no fact gives: refused by "
        "name. The peer leaves out what it cannot compute and shows zero."
    ),
    "dodao-cn301-excluded-fireplace-cn-confirmed": (
        "8516.29.00 stands in note 16(c)(x) since 8 June 2026 (Proclamation 11032): section 232 up to 15% "
        "(9903.82.10), and for that no duty on forced labour (note 52(f)). The peer lacks the line. With "
        "`contains_metal` stated as no, or `metal_below_15` as yes, the row comes out exact."
    ),
}
"""Why a row does not agree, by its name."""


class Outcome(NamedTuple):
    """What became of a row: `exact`, `differs` or `refused`, and what came out."""

    row: Row
    kind: str
    expected: str
    found: str


def outcomes(tariffs: Tariffs) -> Iterator[Outcome]:
    """Yield the outcome of every row."""
    with FILE.open(encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            yield (
                _membership(row, tariffs)
                if row["component"].startswith("membership:")
                else _amount(row, tariffs)
            )


def consignment_of(row: Row) -> dict[str, Any]:
    """Return the row as a consignment of one item, freight, with the facts that its component heeds."""
    facts: Facts = {}
    measures: dict[str, str] = {}
    channel = "freight"
    if row["component"] in HEEDS_CONDITIONS:
        for one in filter(None, row["conditions"].split(";")):
            if one == "postal":
                channel = "post"
            elif one.startswith("named_product="):
                facts["named_product"] = one.partition("=")[2]
            else:
                facts = CONDITIONS[one] | facts if one in GENERAL else facts | CONDITIONS[one]
    for start, (more, shares) in ANSWERS.items():
        if row["case_id"].startswith(f"{start}-"):
            facts |= more
            measures |= shares
    for one in filter(None, row["quantities"].split(";")):
        unit, _, number = one.partition("=")
        if QUANTITIES[unit] != "item":
            measures[QUANTITIES[unit]] = number
    item: dict[str, Any] = {
        "id": "1",
        "commodity": row["hts10"],
        "origin": row["country"],
        "quantity": "1",
        "unit_price": f"{row['customs_value_usd'] or '10000'}.00 USD",
    }
    if facts:
        item["facts"] = facts
    if measures:
        item["measures"] = measures
    if row["hts10"].startswith(("2203", "2204", "2205", "2206", "2207", "2208")):
        item["stated_charges"] = [{"kind": "excise", "amount": "0.00 USD"}]
    if row["component"] not in {"total", "base"} and row["country"] == "RU":
        item["stated_duty"] = "0%"
    if row["spi_claimed"]:
        item["claims"] = [{"kind": "preference", "programme": row["spi_claimed"]}]
    return {
        "destination": "US",
        "dispatch": row["country"],
        "sold_on": row["entry_date"],
        "imported_on": row["entry_date"],
        "channel": channel,
        "transport": "0.00 USD",
        "transport_mode": "air",
        "seller": {"country": row["country"]},
        "buyer": {"kind": "business"},
        "items": [item],
    }


def _amount(row: Row, tariffs: Tariffs) -> Outcome:
    value = Decimal(row["customs_value_usd"] or "10000")
    expected = (
        Decimal(row["expected_duty_usd"])
        if row["expected_duty_usd"]
        else value * Decimal(row["expected_rate"])
    )
    try:
        result = assess(Consignment.model_validate(consignment_of(row)), tariffs)
    except (DutycalcError, ExceptionGroup) as refusal:
        return Outcome(row, "refused", f"{expected:.2f}", str(refusal).splitlines()[0])
    names = COMPONENTS.get(row["component"])
    found = Decimal(0)
    for _, charge in result.all_charges():
        counted = charge.name in names if names else charge.kind in ("customs_duty", "additional_duty")
        if counted and charge.amount is not None:
            found += charge.amount.amount
    return Outcome(row, "exact" if found == expected else "differs", f"{expected:.2f}", f"{found:.2f}")


def _membership(row: Row, tariffs: Tariffs) -> Outcome:
    stem = row["component"].removeprefix("membership:").partition("_membership")[0]
    for extra in ("_heading", "_subheading6"):
        stem = stem.removesuffix(extra)
    law = tariffs.territory("US").law(date.fromisoformat(row["entry_date"]))
    horse = Consignment.model_validate(consignment_of(row | {"hts10": "01012100", "country": "CN"}))
    item = with_lists(item_profile(horse.items[0]).replaced(commodity=row["hts10"]), law)
    held = [name for name in MEMBERSHIPS[stem] if name in item.lists | item.doubtful_lists]
    return Outcome(row, "exact" if held else "differs", "named", ", ".join(held) or "not named")


def table(found: list[Outcome]) -> str:
    """Return the share that agrees, by component, as a table in Markdown."""
    kinds = [(_group(one.row["component"]), one.kind) for one in found]
    counted = Counter(kinds)
    lines = ["| component | rows | exact | differ | refused |", "| --- | ---: | ---: | ---: | ---: |"]
    for group in [*sorted({group for group, _ in kinds} - {"total"}), "total"]:
        sums = [counted[group, kind] for kind in ("exact", "differs", "refused")]
        lines.append(f"| {group} | {sum(sums)} | " + " | ".join(map(str, sums)) + " |")
    exact = sum(1 for one in found if one.kind == "exact")
    lines.append(f"| all | {len(found)} | {exact} | "
                 + " | ".join(str(sum(1 for one in found if one.kind == kind)) for kind in ("differs", "refused"))
                 + " |")  # fmt: skip
    return "\n".join(lines)


def _group(component: str) -> str:
    return "membership of a list" if component.startswith("membership:") else component


if __name__ == "__main__":
    every = list(outcomes(load_tariffs()))
    print(table(every))
    print()
    for one in every:
        if one.kind != "exact":
            reason = DIFFERENCES.get(one.row["case_id"], "not explained")
            print(f"{one.row['case_id']}: expected {one.expected}, {one.kind}: {one.found}. {reason}")
