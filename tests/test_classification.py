"""A code that is too short: refused with its candidates, or the lowest or highest duty; options; duties on top."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_tables import LAW, cart, item, write

from dutycalc import Assessment, Consignment, DutycalcError, Money, Tariffs, assess
from dutycalc.errors import FactsError, MissingFactError, NotModelledError
from dutycalc.importers import Edition, import_table
from dutycalc.stages.duty import CLASSIFICATIONS, Classification

LINES = '''61091000,third_country,,10%,,,
61092000,third_country,,1 EUR/kg,,,
61093000,third_country,,10%,,,
62011000,third_country,,5%,,,
62012000,third_country,,"ref ""as the mixture""",,,
63010000,third_country,,4%,,,
63010000,preference,KR,2%,,,
64010000,third_country,,6%,,,
64010000,additional_duty,-KR,3%,,,
65010000,third_country,,6%,,,
65010000,additional_duty,STRUCK,3%,,,
66010000,third_country,,6%,,,
66021000,third_country,,6%,,,
66021000,additional_duty,,3%,,,
66022000,third_country,,6%,,,
67010000,third_country,,6%,,,
67010000,additional_duty,,2% (01 DEC-31 DEC),,,
68011000,third_country,,6%,,,
68011000,preference,KR,1%,,,
68012000,third_country,,6%,,,
68012000,preference,KR,3%,,,
68013000,third_country,,6%,,,
690100,third_country,,6%,,,
69010010,preference,KR,2%,,,
'''

ON_TOP = """
[[charge.additional_duty]]
valid_from = 2020-01-01
kind = "additional_duty"
base = ["customs_value"]
rate = "stated"
rounding = { to = "0.01 EUR", mode = "half_up" }
cite = ["act"]
"""


def made(folder: Path, *law: str) -> Tariffs:
    """Return the small country with a tariff of its own."""
    source = folder / "source.csv"
    source.write_text("code,kind,origin_group,expression,valid_from,valid_until,requires\n" + LINES)
    day = date(2026, 1, 1)
    import_table(
        "plain-csv", source, folder / "tables" / "zz",
        edition=Edition(published=day, url="https://example.org/", checked_on=date(2026, 12, 31)),
    )  # fmt: skip
    return write(folder / "tables", *law)


@pytest.fixture(scope="module")
def tariffs(tmp_path_factory: pytest.TempPathFactory) -> Tariffs:
    return made(tmp_path_factory.mktemp("zz"), *LAW, ON_TOP)


def ask(tariffs: Tariffs, commodity: str, classification: str = "strict", **changes: Any) -> Assessment:
    line = item(commodity=commodity, **changes)
    del line["stated_duty"]
    consignment = Consignment.model_validate(cart(line))
    return assess(consignment, tariffs, classification=classification)  # type: ignore[arg-type]


def duty(result: Assessment, name: str = "customs_duty") -> str:
    return str(result.items[0].charge(name).amount)


def test_by_default_a_code_whose_lines_differ_is_refused_with_its_candidates(tariffs: Tariffs) -> None:
    with pytest.raises(MissingFactError, match=r"6109 .*61091000 \(10%\), 61092000 \(1 EUR/kg\)") as refused:
        ask(tariffs, "6109", net_mass_kg="4")
    assert refused.value.fact == "commodity"


@pytest.mark.parametrize(
    ("mass", "lowest", "highest"), [("4", "4.00 EUR", "10.00 EUR"), ("40", "10.00 EUR", "40.00 EUR")]
)
def test_the_lowest_and_the_highest_depend_on_the_line(
    tariffs: Tariffs, mass: str, lowest: str, highest: str
) -> None:
    assert duty(ask(tariffs, "6109", "lowest", net_mass_kg=mass)) == lowest
    assert duty(ask(tariffs, "6109", "highest", net_mass_kg=mass)) == highest


def test_the_choice_is_not_kept_for_who_made_another(tariffs: Tariffs) -> None:
    assert duty(ask(tariffs, "6109", "lowest", net_mass_kg="4")) == "4.00 EUR"
    with pytest.raises(MissingFactError):
        ask(tariffs, "6109", net_mass_kg="4")
    assert duty(ask(tariffs, "6109", "highest", net_mass_kg="4")) == "10.00 EUR"


def test_the_working_shows_every_candidate_with_its_law(tariffs: Tariffs) -> None:
    result = ask(tariffs, "6109", "lowest", net_mass_kg="4")
    chosen = next(step for step in result.working if step.op == "least")
    by_id = {step.id: step for step in result.working}
    assert [by_id[one].value for one in chosen.inputs] == ["10.0000", "4"]
    records = [one.record for one in result.items[0].charge("customs_duty").records]
    assert records[1:3] == ["zz/measures 61091000 third_country", "zz/measures 61092000 third_country"]
    cited = {step.law.record for step in result.working if step.law is not None}
    assert cited.issuperset(records[1:3])


def test_a_notice_names_the_candidates_and_the_options_tell_which_is_taken(tariffs: Tariffs) -> None:
    result = ask(tariffs, "6109", "lowest", net_mass_kg="4")
    (notice,) = (one for one in result.notices if one.code == "classification")
    assert "61091000 (10%), 61092000 (1 EUR/kg), 61093000 (10%)" in notice.text
    assert "the lowest duty of them is taken" in notice.text
    taken = {one.expression: one.selected for one in result.items[0].options}
    assert taken == {"10%": False, "1 EUR/kg": True}
    heavy = ask(tariffs, "6109", "lowest", net_mass_kg="40")
    assert {one.expression: one.selected for one in heavy.items[0].options} == {
        "10%": True,
        "1 EUR/kg": False,
    }


def test_where_the_lines_agree_nothing_is_chosen(tariffs: Tariffs) -> None:
    result = ask(tariffs, "61091000", "highest")
    assert duty(result) == "10.00 EUR"
    assert not [one for one in result.notices if one.code == "classification"]


def test_a_candidate_that_cannot_be_reckoned_leaves_the_choice_unknown(tariffs: Tariffs) -> None:
    with pytest.raises(NotModelledError, match="as the mixture"):
        ask(tariffs, "6201", "highest")
    with pytest.raises(MissingFactError) as refused:
        ask(tariffs, "6109", "lowest")
    assert refused.value.fact == "net_mass_kg"


def test_another_word_is_refused(tariffs: Tariffs) -> None:
    with pytest.raises(FactsError, match="'cheapest' is none of strict, lowest, highest"):
        ask(tariffs, "6109", "cheapest")
    assert get_args(Classification) == CLASSIFICATIONS


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(mass=st.decimals("0.001", "900", places=3), price=st.decimals("0.01", "900", places=2))
def test_no_candidate_is_below_the_lowest_or_above_the_highest(
    tariffs: Tariffs, mass: Decimal, price: Decimal
) -> None:
    def charged(commodity: str, classification: str) -> Money:
        line = {"net_mass_kg": str(mass), "unit_price": f"{price} EUR"}
        amount = ask(tariffs, commodity, classification, **line).items[0].charge("customs_duty").amount
        assert amount is not None
        return amount

    each = [charged(code, "strict") for code in ("61091000", "61092000", "61093000")]
    assert charged("6109", "lowest") == min(each, key=lambda one: one.amount)
    assert charged("6109", "highest") == max(each, key=lambda one: one.amount)


# Claims


KOREAN: dict[str, Any] = {
    "origin": "KR",
    "claims": [{"kind": "preference", "programme": "KR", "proof": "declared"}],
}


@pytest.mark.parametrize(
    ("code", "lowest", "highest", "told"),
    [
        ("6801", "1.00 EUR", "6.00 EUR", "68011000 (1%), 68012000 (3%), 68013000 (6%)"),
        ("690100", "2.00 EUR", "6.00 EUR", "690100 (6%), 69010010 (2%)"),
    ],
)
def test_a_claim_on_a_short_code_is_chosen_from_what_its_goods_may_bear(
    tariffs: Tariffs, code: str, lowest: str, highest: str, told: str
) -> None:
    with pytest.raises(FactsError, match="needs more digits|not covered"):
        ask(tariffs, code, **KOREAN)
    for choice, amount in (("lowest", lowest), ("highest", highest)):
        result = ask(tariffs, code, choice, **KOREAN)
        assert duty(result) == amount
        (notice,) = (one for one in result.notices if one.code == "classification")
        assert told in notice.text
        taken = [one for one in result.items[0].options if one.selected]
        assert [one.reason for one in taken] == [f"its duty is the {choice}: preference claimed: KR"]
        assert "not claimed" not in {one.reason for one in result.items[0].options}
        assert any("tariff: preference claimed: KR" in step.label for step in result.working)


@pytest.mark.parametrize("choice", ["lowest", "highest"])
def test_a_claim_that_covers_none_of_the_goods_is_refused_all_the_same(tariffs: Tariffs, choice: str) -> None:
    with pytest.raises(FactsError, match="not covered by the preference KR"):
        ask(tariffs, "6602", choice, **KOREAN)
    with pytest.raises(NotModelledError, match="the claim cannot be checked"):
        ask(tariffs, "6801", choice, **(KOREAN | {"origin": "US"}))


# Options


def test_every_lawful_option_is_listed_in_rank_and_one_is_taken(tariffs: Tariffs) -> None:
    result = ask(tariffs, "63010000", origin="KR")
    general, preference = result.items[0].options
    assert (general.rank, general.kind, general.expression, general.selected) == (
        1,
        "third_country",
        "4%",
        True,
    )
    assert general.reason.startswith("the duty of ZZ on every origin")
    assert (preference.rank, preference.kind, preference.expression) == (2, "preference", "2%")
    assert (preference.programme, preference.selected, preference.reason) == ("KR", False, "not claimed")
    assert preference.needs == "a claim of preference KR with proof of origin KR"
    claims = [{"kind": "preference", "programme": "KR", "proof": "declared"}]
    claimed = ask(tariffs, "63010000", origin="KR", claims=claims).items[0].options
    assert [(one.selected, one.reason) for one in claimed] == [
        (False, "another option is claimed"),
        (True, "preference claimed: KR"),
    ]


def test_the_options_are_in_the_json_as_in_python(tariffs: Tariffs) -> None:
    for classification in ("lowest", "highest"):
        for mass in ("4", "40"):
            result = ask(tariffs, "6109", classification, net_mass_kg=mass)
            written = json.loads(result.to_json())["items"][0]
            assert written == result.items[0].to_dict()
            assert sum(one["selected"] for one in written["options"]) == 1
    assert (
        json.loads(ask(tariffs, "63010000", origin="KR").to_json())["items"][0]["options"][1]["rank"] == "2"
    )


def test_a_stated_duty_leaves_no_option_of_the_tariff(tariffs: Tariffs) -> None:
    result = assess(Consignment.model_validate(cart(item(commodity="63010000"))), tariffs)
    assert result.items[0].options == ()


# Duties on top


def test_an_additional_duty_of_the_tariff_is_charged_on_top(tariffs: Tariffs) -> None:
    result = ask(tariffs, "64010000")
    assert (duty(result), duty(result, "additional_duty")) == ("6.00 EUR", "3.00 EUR")
    assert result.items[0].charge("additional_duty").records[1].record == (
        "zz/measures 64010000 additional_duty"
    )
    spared = ask(tariffs, "64010000", origin="KR").items[0]
    assert [one.name for one in spared.charges] == ["customs_duty", "vat"]


def test_what_the_caller_states_replaces_it(tariffs: Tariffs) -> None:
    stated = [{"kind": "additional_duty", "amount": "0 EUR"}]
    assert duty(ask(tariffs, "64010000", stated_charges=stated), "additional_duty") == "0.00 EUR"


@pytest.mark.parametrize(
    "commodity",
    [
        pytest.param("65010000", id="for origins that the tables do not list"),
        pytest.param("6602", id="on one of the lines only"),
    ],
)
def test_one_that_may_or_may_not_strike_the_line_is_missing(tariffs: Tariffs, commodity: str) -> None:
    with pytest.raises(NotModelledError, match="additional duties on") as refused:
        ask(tariffs, commodity)
    assert refused.value.subject == "additional_duty"
    assert duty(ask(tariffs, "66010000")) == "6.00 EUR"


def test_out_of_its_season_there_is_none(tariffs: Tariffs) -> None:
    assert duty(ask(tariffs, "67010000")) == "6.00 EUR"


def test_without_a_charge_for_it_the_line_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotModelledError, match="have no charge"):
        ask(made(tmp_path, *LAW), "64010000")
    assert duty(ask(made(tmp_path, *LAW), "63010000")) == "4.00 EUR"


def test_the_shell_takes_the_choice(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    from dutycalc.cli import main

    made(tmp_path, *LAW)
    line = item(commodity="6109", net_mass_kg="4")
    del line["stated_duty"]
    file = tmp_path / "cart.json"
    file.write_text(json.dumps(cart(line)))
    command = ["assess", str(file), "--only-tables", str(tmp_path / "tables"), "--format", "json"]
    assert main(command) != 0
    assert "needs more digits" in capsys.readouterr().err
    assert main([*command, "--classification", "lowest"]) == 0
    assert json.loads(capsys.readouterr().out)["totals"]["by_kind"]["customs_duty"] == "4.00 EUR"


def test_every_refusal_is_one_of_the_library(tariffs: Tariffs) -> None:
    with pytest.raises(DutycalcError):
        ask(tariffs, "99999999", "lowest")
