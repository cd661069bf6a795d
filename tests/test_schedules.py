"""Tariff schedules: lookup by the longest prefix, options and claims, refusals, editions compared."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dutycalc.errors import (
    ConflictError,
    FactsError,
    MissingFactError,
    NotInForceError,
    NotModelledError,
    TableError,
)
from dutycalc.expressions import parse
from dutycalc.importers import Edition, import_table
from dutycalc.law import ALWAYS
from dutycalc.lookups import is_free
from dutycalc.measures import KINDS, Column, Measure, Publication
from dutycalc.nomenclature import hs_2022
from dutycalc.origin_groups import FIELDS, OriginGroups
from dutycalc.schedule_diff import diff_schedules
from dutycalc.schedule_files import TableFile, set_name, write_table
from dutycalc.schedules import Schedule, load_schedule
from dutycalc.shipped import tariffs_folder

DAYS = {
    "us": date(2026, 8, 3), "eu": date(2021, 6, 1), "gb": date(2021, 6, 1), "jp": date(2026, 9, 1),
    "eaeu": date(2026, 9, 1), "pe": date(2024, 5, 1), "ca": date(2026, 9, 2),
}  # fmt: skip
LINES = {"us": 11_414, "eu": 11_830, "gb": 11_830, "jp": 9_654, "eaeu": 13_276, "pe": 8_015, "ca": 5_322}


@cache
def schedule(territory: str) -> Schedule:
    return load_schedule(tariffs_folder().joinpath(territory))


def shipped() -> Iterator[Schedule]:
    return (schedule(territory) for territory in DAYS)


# What is shipped


@pytest.mark.parametrize("territory", DAYS)
def test_a_shipped_table_has_all_its_lines_and_names_its_publication(territory: str) -> None:
    main = schedule(territory).main
    assert sum(len(main.rows(code)) for code in main.codes) == LINES[territory]
    publication = main.publication
    assert publication.url.startswith("https://")
    assert publication.terms
    assert publication.published <= publication.checked_on <= DAYS[territory] or territory in ("eu", "gb")


@pytest.mark.parametrize("territory", DAYS)
def test_every_expression_shipped_is_canonical(territory: str) -> None:
    texts = {one.expression_text for one in schedule(territory).measures()}
    assert all(str(parse(text)) == text for text in texts)


@pytest.mark.parametrize("territory", DAYS)
def test_every_origin_group_of_a_shipped_table_is_known_by_name(territory: str) -> None:
    found = schedule(territory)
    groups = frozenset[str]().union(*(table.origin_groups() for table in found.tables))
    assert {group for group in groups if group not in found.groups} == set()


@pytest.mark.parametrize("territory", DAYS)
def test_every_line_shipped_has_an_answer(territory: str) -> None:
    found = schedule(territory)
    for code in found.main.codes[::97]:
        answer = found.lookup(code, "CN", DAYS[territory])
        assert code in answer.codes
        assert answer.ambiguous or answer.selected in answer.options


@pytest.mark.parametrize(
    ("territory", "code", "duty"),
    [
        ("us", "0101300000", "6.8%"),
        ("us", "0402291000", "17.5%"),
        ("us", "7202111000", "1.4%"),
        ("us", "9108114000", "0.36 USD/item + 5.3% on battery value"),
        ("us", "17011305", "0.014606 USD/kg - 0.00020668 USD/kg/degree under 100 MIN 0.00943854 USD/kg"),
        ("eu", "64039111", "8%"),
        ("eu", "02023010", "12.8% + 221.1 EUR/100kg"),
        ("gb", "61091000", "12%"),
        ("gb", "04039031", "0.8 GBP/kg/lactic matter + 18 GBP/100kg"),
        ("jp", "640399011", "27%"),
        ("jp", "851713000", "free"),
        ("eaeu", "8517130000", "0%"),
        ("eaeu", "2204211100", "12.5%"),
        ("eaeu", "6101201000", "10% MIN 2.25 EUR/kg"),
        ("eaeu", "6403999600", "1.25 EUR/pair"),
        ("eaeu", "6109100000", "1.75 EUR/kg"),
        ("eaeu", "2203000100", "0.018 EUR/l"),
        ("pe", "6109100031", "11%"),
        ("pe", "9503009100", "6%"),
        ("ca", "61091000", "18%"),
    ],
)  # fmt: skip
def test_spot_checks_of_the_duty_on_goods_of_china(territory: str, code: str, duty: str) -> None:
    assert schedule(territory).lookup(code, "CN", DAYS[territory]).only().expression_text == duty


def test_the_harmonized_system_of_2022_is_whole() -> None:
    assert len(hs_2022()) == 5_613
    assert {"851713", "030910"} <= hs_2022()
    assert not {"851712", "040310"} & hs_2022()


# Lookup


def test_more_digits_than_the_table_has_fall_under_their_prefix() -> None:
    answer = schedule("us").lookup("6109100040", "CN", DAYS["us"])
    assert answer.codes == ("61091000",)
    assert answer.only().expression_text == "16.5%"
    assert answer.only().measure.provision().citations[0].url == "https://hts.usitc.gov/"


def test_fewer_digits_have_an_answer_where_all_lines_bear_the_same_duty() -> None:
    answer = schedule("us").lookup("010130", "CN", DAYS["us"])
    assert answer.only().expression_text == "6.8%"
    wide = schedule("pe").lookup("6109", "CN", DAYS["pe"])
    assert wide.only().expression_text == "11%"
    assert len(wide.codes) > 1


def test_fewer_digits_are_refused_with_the_lines_where_their_duties_differ() -> None:
    answer = schedule("us").lookup("6109", "CN", DAYS["us"])
    assert answer.ambiguous
    assert ("61091000", "16.5%") in answer.candidates
    assert [line.codes[0] for line in answer.lines] == [code for code, _ in answer.candidates]
    with pytest.raises(FactsError, match=r"6109 needs more digits .*61091000 \(16.5%\)"):
        answer.only()


def test_a_code_split_without_numbers_is_ambiguous_unless_its_lines_agree() -> None:
    bananas = schedule("jp").lookup("080310100", "PH", DAYS["jp"])
    assert bananas.ambiguous
    assert bananas.candidates == (("080310100", "20%"), ("080310100", "25%"))
    grapefruit = schedule("jp").lookup("080540000", "ZA", DAYS["jp"])
    assert grapefruit.only().expression_text == "10%"


def test_a_code_not_in_the_nomenclature_is_refused_with_near_codes() -> None:
    with pytest.raises(
        FactsError, match=r"61091055 is not in the tariff of US .*near codes: 61091000"
    ) as caught:
        schedule("us").lookup("61091055", "CN", DAYS["us"])
    assert caught.value.fact == "commodity"


def test_an_incomplete_table_never_makes_an_absent_code_free() -> None:
    with pytest.raises(NotModelledError, match="not in the tables of CA, which are incomplete"):
        schedule("ca").lookup("01012100", "CN", DAYS["ca"])


def test_chapters_beyond_the_table_are_refused_by_name_and_can_still_be_read() -> None:
    with pytest.raises(NotModelledError, match="chapter 99"):
        schedule("us").lookup("99030101", "CN", DAYS["us"])
    general = {one.kind: one.expression_text for one in schedule("us").stated("98010010")}
    assert general == {"third_country": "free"}


@pytest.mark.parametrize("commodity", ["", "610", "61 09", "6109.10", "１２３４", "1234567890123"])
def test_what_is_no_code_is_refused(commodity: str) -> None:
    with pytest.raises(FactsError, match="not 4 to 12 digits"):
        schedule("us").lookup(commodity, "CN", DAYS["us"])


def test_an_origin_not_stated_is_missing() -> None:
    with pytest.raises(MissingFactError) as caught:
        schedule("us").lookup("61091000", "", DAYS["us"])
    assert caught.value.fact == "origin"


@pytest.mark.parametrize("territory", DAYS)
def test_a_day_before_the_table_is_refused_and_a_later_one_carries_a_notice(territory: str) -> None:
    found = schedule(territory)
    code = found.main.codes[500]
    before = found.publication.covered_from - timedelta(days=1)
    with pytest.raises(NotInForceError, match="nothing is known of"):
        found.lookup(code, "CN", before)
    later = found.publication.checked_on + timedelta(days=1)
    assert any("last checked on" in text for text in found.lookup(code, "CN", later).notices)


@given(place=st.integers(0, 11_413), digits=st.text("0123456789", max_size=4))
def test_a_line_answers_for_every_code_that_begins_with_it(place: int, digits: str) -> None:
    found = schedule("us")
    code = found.main.codes[place]
    longer, own = (found.lookup(one, "CN", DAYS["us"]) for one in (code + digits, code))
    assert longer.codes == own.codes == (code,)
    assert longer.only() == own.only()


@given(territory=st.sampled_from(sorted(DAYS)), place=st.integers(0, 5_000), length=st.integers(4, 10))
def test_a_prefix_is_answered_by_lines_that_begin_with_it_and_says_what_they_say(
    territory: str, place: int, length: int
) -> None:
    found = schedule(territory)
    prefix = found.main.codes[place][:length]
    answer = found.lookup(prefix, "CN", DAYS[territory])
    assert all(code.startswith(prefix) or prefix.startswith(code) for code in answer.codes)
    duties = {text for _, text in answer.candidates}
    assert answer.ambiguous == (len(duties) > 1)
    if answer.selected is not None:
        assert duties == {answer.selected.expression_text}


@given(commodity=st.text("0123456789", min_size=4, max_size=12))
def test_any_code_is_answered_or_refused_and_twice_alike(commodity: str) -> None:
    found = schedule("eu")

    def say() -> str:
        try:
            return repr(found.lookup(commodity, "CN", DAYS["eu"]))
        except (FactsError, NotModelledError) as refusal:
            return str(refusal)

    assert say() == say()


# Columns of origin


@pytest.mark.parametrize(
    ("origin", "day", "duty"),
    [("RU", date(2026, 8, 3), "90%"), ("KP", date(2026, 8, 3), "90%"), ("KZ", date(2026, 8, 3), "16.5%")],
)
def test_column_2_replaces_the_general_duty_for_its_origins(origin: str, day: date, duty: str) -> None:
    answer = schedule("us").lookup("61091000", origin, day)
    assert answer.only().expression_text == duty
    assert [one.rank for one in answer.options] == [1]


def test_column_2_is_a_matter_of_the_day() -> None:
    groups = schedule("us").groups
    assert groups.member("column-2", "RU", date(2022, 4, 8)) is None
    assert groups.member("column-2", "RU", date(2022, 4, 9)) is not None
    assert groups.member("column-2", "CU", date(2000, 1, 1)) is not None


def test_the_general_tariff_of_canada_is_refused_by_name() -> None:
    answer = schedule("ca").lookup("61091000", "RU", DAYS["ca"])
    assert answer.only().expression_text == 'ref "General Tariff"'
    assert "General Tariff applies to origin RU since 2022-03-02" in answer.reason


@pytest.mark.parametrize(
    ("code", "origin", "duty", "reason"),
    [
        ("640399029", "CN", "30% MIN 4300 JPY/pair", "the WTO rate applies"),
        ("640399029", "SY", "60% MIN 4800 JPY/pair", "not in WTO"),
        ("640399029", "RU", "60% MIN 4800 JPY/pair", "not in WTO"),
        ("640399011", "CN", "27%", "the WTO rate is not lower"),
        ("020230010", "CN", "38.5%", "the temporary rate replaces"),
        ("220421020", "CL", "15% MAX 125 JPY/l MIN 67 JPY/l", "the WTO rate applies"),
        ("520811010", "CN", "5.6% MIN 4.4% + 1.52 JPY/m2 MAX 5.6%", "the WTO rate applies"),
        ("070310013", "CN", "free", "the WTO rate is not lower"),
    ],
)
def test_japan_charges_the_rate_that_its_law_makes_effective(
    code: str, origin: str, duty: str, reason: str
) -> None:
    answer = schedule("jp").lookup(code, origin, DAYS["jp"])
    assert answer.only().expression_text == duty
    assert reason in answer.reason


# Claims


def test_a_preference_is_offered_and_never_applied_unless_claimed() -> None:
    answer = schedule("us").lookup("61091000", "MX", DAYS["us"])
    assert answer.only().expression_text == "16.5%"
    offered = [one for one in answer.options if one.rank == 2]
    assert [(one.programme, one.expression_text) for one in offered] == [("USMCA", "free")]
    assert "proof of origin MX" in offered[0].needs
    assert schedule("us").claim("61091000", "MX", DAYS["us"], "USMCA") == offered[0]
    assert schedule("us").claim("61091000", "MX", DAYS["us"], "S") == offered[0]


def test_a_claim_can_have_one_answer_where_the_lines_differ_in_their_duty() -> None:
    assert schedule("us").lookup("6109", "MX", DAYS["us"]).ambiguous
    assert schedule("us").claim("6109", "MX", DAYS["us"], "S").expression_text == "free"


def test_a_claim_on_what_is_free_for_everybody_holds_and_changes_nothing() -> None:
    option = schedule("us").claim("01012100", "CA", DAYS["us"], "USMCA")
    assert option.rank == 1
    assert is_free(option.expression_text)


@pytest.mark.parametrize(
    ("territory", "code", "origin", "programme", "refusal", "reason"),
    [
        ("us", "61091000", "CN", "USMCA", FactsError, "CN is not a member of S"),
        ("us", "61091000", "IN", "GSP", NotInForceError, "lapsed for IN on 2020-12-31"),
        ("us", "61091000", "IN", "A+", NotInForceError, "lapsed"),
        ("us", "61091000", "NP", "NP", NotInForceError, "lapsed for NP on 2025-12-31"),
        ("us", "61091000", "MX", "USMCAA", FactsError, "did you mean USMCA"),
        ("us", "61091000", "JP", "JP", FactsError, "not covered by the preference JP"),
        ("gb", "61091000", "JM", "CARIFORUM", NotModelledError, "not in the tables"),
        ("eu", "61091000", "VN", "EVFTA", NotModelledError, "preferences of EU are not in the tables"),
        ("jp", "610910010", "BD", "LDC", NotModelledError, "not in the tables"),
        ("ca", "61091000", "GB", "CPTPP", NotModelledError, "CPUKT"),
    ],
)
def test_a_claim_that_cannot_hold_is_refused_with_the_reason(
    territory: str, code: str, origin: str, programme: str, refusal: type[Exception], reason: str
) -> None:
    with pytest.raises(refusal, match=reason):
        schedule(territory).claim(code, origin, DAYS[territory], programme)


def test_agoa_ends_with_its_last_day() -> None:
    found = schedule("us")
    assert found.claim("16041430", "KE", date(2026, 12, 31), "AGOA").expression_text == "free"
    with pytest.raises(NotInForceError, match="lapsed for KE on 2026-12-31"):
        found.claim("16041430", "KE", date(2027, 1, 1), "AGOA")


def test_a_lapsed_programme_is_not_offered_though_its_symbol_is_a_country() -> None:
    found = schedule("us")
    code = next(one.code for one in found.main.measures() if one.origin_group == "NP")
    offered = found.lookup(code, "NP", DAYS["us"]).options[1:]
    assert "NP" not in {one.measure.origin_group for one in offered}


def test_a_programme_that_points_elsewhere_is_claimed_and_refuses_by_name() -> None:
    option = schedule("us").claim("04069094", "PA", DAYS["us"], "PA")
    assert option.expression_text == 'ref "9919.04.50, 9919.04.57, 9919.04.67"'


def test_preferences_of_another_publication_begin_with_it_and_carry_its_notice() -> None:
    found = schedule("gb")
    assert found.lookup("07041000", "CL", date(2021, 6, 1)).options[1:] == ()
    with pytest.raises(NotInForceError, match="in the tables from 2022-01-01"):
        found.claim("07041000", "CL", date(2021, 6, 1), "Chile")
    option = found.claim("07041000", "CL", date(2022, 6, 1), "Chile")
    assert option.expression_text == "8%"
    assert any("March 2022" in text for text in option.measure.publication.notices(date(2022, 6, 1)))


def test_a_seasonal_preference_is_an_option_in_its_season_only() -> None:
    found = schedule("gb")
    assert found.claim("07020000", "EG", date(2022, 12, 1), "Egypt").expression_text == "0%"
    assert found.lookup("07020000", "EG", date(2022, 8, 1)).options[1:] == ()
    with pytest.raises(FactsError, match="not covered"):
        found.claim("07020000", "EG", date(2022, 8, 1), "Egypt")


def test_a_preference_on_a_part_of_the_line_asks_for_more_digits() -> None:
    found = schedule("gb")
    part = next(
        (code, one)
        for code in found.main.codes
        if len(code) == 8 and code[:6] in hs_2022()
        for one in found.lookup(code, "FO", date(2022, 6, 1)).partial
        if one.origin_group == "FO" and one.kind == "preference"
    )
    with pytest.raises(FactsError, match="needs more digits"):
        found.claim(part[0], "FO", date(2022, 6, 1), "FO")


def test_a_trade_remedy_known_to_exist_marks_the_line() -> None:
    found = schedule("gb")
    marked = next(
        one.code for one in found.main.measures() if one.kind == "trade_defence" and one.code[:6] in hs_2022()
    )
    answer = found.lookup(marked, "CN", DAYS["gb"])
    assert answer.trade_defence[0].expression_text.startswith('ref "trade remedy')


def test_a_suspension_is_claimed_by_its_kind() -> None:
    found = schedule("gb")
    code = next(one.code for one in found.main.measures() if one.kind == "suspension")
    option = found.claim(code, "CN", DAYS["gb"], "", "suspension")
    assert (option.rank, option.measure.kind) == (3, "suspension")
    with pytest.raises(FactsError, match="not covered by the quota"):
        found.claim("61091000", "CN", DAYS["gb"], "", "quota")


def test_a_quota_of_an_agreement_is_claimed_as_a_quota() -> None:
    found = schedule("jp")
    code, option = next(
        (code, one)
        for code in found.main.codes
        for one in found.lookup(code, "AU", DAYS["jp"]).options
        if one.measure.kind == "preferential_quota" and one.measure.origin_group == "AU"
    )
    assert found.claim(code, "AU", DAYS["jp"], "AU", "quota") == option
    assert "tariff quota certificate" in option.needs


# The January 2021 tables after the nomenclature of 2022


@pytest.mark.parametrize("territory", ["eu", "gb"])
def test_a_table_of_2021_is_carried_forward_only_where_2022_keeps_the_subheading(territory: str) -> None:
    found, later = schedule(territory), date(2026, 9, 1)
    assert found.lookup("85171200", "CN", date(2021, 12, 31)).only().expression_text == "0%"
    with pytest.raises(NotModelledError, match="851712 ended with HS 2017"):
        found.lookup("85171200", "CN", later)
    with pytest.raises(NotModelledError, match="851713 is new in HS 2022"):
        found.lookup("85171300", "CN", later)
    kept = found.lookup("61091000", "CN", later)
    assert kept.only().expression_text == "12%"
    assert any("January 2021" in text for text in kept.notices)


# Tables of a test's own


def publication(**changes: object) -> Publication:
    fields: dict[str, object] = {
        "territory": "xx", "name": "measures", "title": "Tariff", "publisher": "Customs",
        "url": "https://example.org/", "published": date(2026, 1, 1), "covered_from": date(2026, 1, 1),
        "checked_on": date(2026, 6, 1), "nomenclature": "HS2022", "terms": "facts", "format": "plain-csv",
    }  # fmt: skip
    return Publication(**(fields | changes))  # type: ignore[arg-type]


def made(folder: Path, text: str, *, groups: str = "", day: date = date(2026, 1, 1)) -> Schedule:
    source = folder / "source.csv"
    source.write_text("code,kind,origin_group,expression,valid_from,valid_until,requires\n" + text)
    place = folder / "xx"
    import_table("plain-csv", source, place, edition=Edition(published=day, url="https://example.org/"))
    if groups:
        (place / "origin_groups.csv").write_text(
            "#source,s,Agreements,https://example.org/,2026-01-01\n" + ",".join(FIELDS) + "\n" + groups
        )
    return load_schedule(place)


def test_the_longest_prefix_speaks_for_each_kind_and_origin(tmp_path: Path) -> None:
    found = made(
        tmp_path,
        "61,preference,CH,5%,,,\n"
        "6109,third_country,,12%,,,\n"
        "610910,preference,CH,3%,,,\n"
        "610910,additional_duty,-CH -FTA,2%,,,\n"
        "61091000,trade_defence,UNKNOWN,10%,,,anti-dumping\n",
        groups="FTA,Free Trade,Free Trade Area,NO,,,,confirmed,s\nUNKNOWN,,Some,,,,,confirmed,s\n",
    )
    day = date(2026, 2, 1)
    swiss = found.lookup("61091000", "CH", day)
    assert swiss.only().expression_text == "12%"
    assert [(one.measure.code, one.expression_text) for one in swiss.options[1:]] == [("610910", "3%")]
    assert swiss.additional == ()
    assert found.lookup("61091000", "NO", day).additional == ()
    assert [one.expression_text for one in found.lookup("61091000", "CN", day).additional] == ["2%"]
    assert found.lookup("61092000", "CH", day).options[1].expression_text == "5%"
    assert [one.expression_text for one in swiss.trade_defence] == ["10%"], "whom it strikes is not known"
    wide = found.lookup("610910", "CH", day)
    assert [one.code for one in wide.trade_defence] == ["61091000"], "a part of the line may bear it"


def test_a_measure_is_law_from_its_first_to_its_last_day(tmp_path: Path) -> None:
    found = made(
        tmp_path,
        "6109,third_country,,12%,2026-01-01,2026-03-31,\n6109,third_country,,10%,2026-04-01,,\n",
    )
    assert found.lookup("6109", "CN", date(2026, 3, 31)).only().expression_text == "12%"
    assert found.lookup("6109", "CN", date(2026, 4, 1)).only().expression_text == "10%"
    assert found.lookup("6109", "CN", date(2026, 4, 1)).only().measure.valid_until == ALWAYS


def test_two_duties_for_one_thing_on_one_day_are_a_conflict(tmp_path: Path) -> None:
    found = made(tmp_path, "6109,third_country,,12%,,,\n6109,third_country,,10%,,,\n")
    with pytest.raises(ConflictError, match="both 10% and 12%") as caught:
        found.lookup("6109", "CN", date(2026, 2, 1))
    assert caught.value.records == ("10%", "12%")


def test_several_quotas_must_be_told_apart(tmp_path: Path) -> None:
    found = made(
        tmp_path,
        "6109,third_country,,12%,,,\n6109,quota,,0%,,,order 05.0001\n6109,quota,,4%,,,order 05.0002\n",
    )
    day = date(2026, 2, 1)
    assert found.claim("6109", "CN", day, "order 05.0002", "quota").expression_text == "4%"
    with pytest.raises(ConflictError, match=r"name one of order 05.0001, order 05.0002"):
        found.claim("6109", "CN", day, "", "quota")


def test_a_group_that_is_a_country_code_is_that_country(tmp_path: Path) -> None:
    found = made(tmp_path, "6109,third_country,,12%,,,\n6109,preference,CL 2020,0%,,,\n")
    day = date(2026, 2, 1)
    assert found.claim("6109", "CL", day, "CL").expression_text == "0%"
    with pytest.raises(NotModelledError, match="origins of 2020 are not in the tables"):
        found.claim("6109", "KH", day, "2020")


def test_a_membership_begins_on_its_day(tmp_path: Path) -> None:
    found = made(
        tmp_path,
        "6109,third_country,,12%,,,\n6109,preference,FTA,0%,,,\n",
        groups="FTA,Free Trade,Free Trade Area,NO,2026-05-01,,a certificate,confirmed,s\n",
    )
    with pytest.raises(NotInForceError, match="holds for NO from 2026-05-01"):
        found.claim("6109", "NO", date(2026, 4, 30), "free trade")
    assert found.claim("6109", "NO", date(2026, 5, 1), "Free Trade Area").needs.endswith("and a certificate")


def test_a_seasonal_duty_is_that_of_the_day(tmp_path: Path) -> None:
    found = made(tmp_path, '0702,third_country,,"8% (1 NOV-14 MAY), 14% (15 MAY-31 OCT)",,,\n')
    option = found.lookup("0702", "MA", date(2026, 5, 14)).only()
    assert (option.expression_text, option.measure.expression_text[:3]) == ("8%", "8% ")
    assert found.lookup("0702", "MA", date(2026, 5, 15)).only().expression_text == "14%"


# Files


def test_a_table_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "measures.csv"
    entries = (("preference", ("CH", "NO"), "2%", ""), ("preference", ("CL",), "3%", "end use"))
    name = set_name(entries)  # type: ignore[arg-type]
    write_table(
        path,
        publication(complete=False, notice="a notice", confidence="secondary", chapters=("01", "24")),
        ["code", "unit", "note", "general", "preferences"],
        [("0101", "item", "note 1", "5%", name), ("0102", "", "", "free", "")],
        columns=[Column("general", "third_country"), Column("preferences", "set")],
        sets={name: entries},  # type: ignore[dict-item]
    )
    table = TableFile.read(path, "xx")
    assert table.publication == publication(
        complete=False, notice="a notice", confidence="secondary", chapters=("01", "24")
    )
    assert [(one.code, one.kind, one.origin_group, one.expression_text) for one in table.measures()] == [
        ("0101", "third_country", "", "5%"),
        ("0101", "preference", "CH", "2%"),
        ("0101", "preference", "NO", "2%"),
        ("0101", "preference", "CL", "3%"),
        ("0102", "third_country", "", "free"),
    ]
    assert table.rows("0101")[0].note == "note 1"
    found = Schedule("xx", [table], OriginGroups("xx", ()))
    assert found.lookup("0101", "CN", date(2026, 2, 1)).notices == (
        "a notice",
        "xx/measures rests on a secondary source",
        "note 1 of xx/measures bears on 0101: the rate may be for a time only",
    )


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (("#published,2026-01-01", "#published,2026-13-01"), "header lacks or spoils"),
        (("#terms,facts\n", ""), "lacks or spoils 'terms'"),
        (("#confidence,confirmed", "#confidence,sure"), "'sure' is no degree of confidence"),
        (("third_country", "third_land"), "'third_land' is no kind of measure"),
        (("code,general", "code,wide"), "not declared: wide"),
        (("0101,5%", "0101,5%,7"), "has 3 fields, not 2"),
    ],
)
def test_a_file_that_breaks_the_format_is_refused(
    tmp_path: Path, change: tuple[str, str], reason: str
) -> None:
    path = tmp_path / "measures.csv"
    write_table(
        path,
        publication(),
        ["code", "general"],
        [("0101", "5%")],
        columns=[Column("general", "third_country")],
    )
    path.write_text(path.read_text().replace(*change))
    with pytest.raises(TableError, match=reason):
        TableFile.read(path, "xx")


def test_a_folder_without_a_main_table_has_no_tariff(tmp_path: Path) -> None:
    with pytest.raises(NotModelledError, match="tariff of"):
        load_schedule(tmp_path)


@pytest.mark.parametrize(
    "line", ["FTA,,,NO,,,,certain,s", "FTA,,,NO,,,,confirmed,t", "FTA,,,NO,soon,,,confirmed,s", "FTA,NO"]
)
def test_groups_that_break_the_format_are_refused(tmp_path: Path, line: str) -> None:
    path = tmp_path / "origin_groups.csv"
    path.write_text(f"#source,s,Agreements,https://example.org/,2026-01-01\n{','.join(FIELDS)}\n{line}\n")
    with pytest.raises(TableError, match=r"origin_groups.csv"):
        OriginGroups.read(path, "xx")


def test_every_kind_of_measure_shipped_is_in_the_closed_list() -> None:
    assert {one.kind for found in shipped() for one in found.measures()} <= set(KINDS)


# Editions compared


def test_two_editions_differ_in_what_was_added_ended_and_changed(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    old = made(
        tmp_path / "a",
        "0101,third_country,,5%,,,\n0102,third_country,,6%,,,\n0103,third_country,,7%,,,\n"
        "0103,preference,CH NO,0%,,,\n",
    )
    new = made(
        tmp_path / "b",
        "0101,third_country,,5%,,,\n0102,third_country,,4%,,,\n0103,preference,CH,0%,,,\n"
        "0103,third_country,,7%,,,\n0104,third_country,,8%,,,\n",
        day=date(2026, 7, 1),
    )
    found = diff_schedules(old, new)
    assert [(one.code, one.expression_text) for one in found.added] == [("0104", "8%")]
    assert [(one.code, one.origin_group) for one in found.ended] == [("0103", "NO")]
    assert [str(one) for one in found.changed] == ["0102 third_country: 6% -> 4%"]
    assert found


@pytest.mark.parametrize("territory", ["us", "pe"])
def test_an_edition_does_not_differ_from_itself(territory: str) -> None:
    assert not diff_schedules(schedule(territory), schedule(territory))


@given(kept=st.sets(st.integers(0, 40)), made_of=st.sets(st.integers(0, 40)))
def test_what_is_added_is_what_the_other_way_round_is_ended(kept: set[int], made_of: set[int]) -> None:
    def edition(numbers: set[int]) -> Schedule:
        table = TableFile(
            Path("measures.csv"), publication(), [Column("general", "third_country")], {}, ["code", "general"]
        )
        table.fill([[f"{n:04}", f"{n % 7}%"] for n in sorted(numbers)])
        return Schedule("xx", [table], OriginGroups("xx", ()))

    old, new = edition(kept), edition(made_of)
    forth, back = diff_schedules(old, new), diff_schedules(new, old)

    def codes(measures: tuple[Measure, ...]) -> list[str]:
        return [one.code for one in measures]

    assert codes(forth.added) == codes(back.ended) == [f"{n:04}" for n in sorted(made_of - kept)]
    assert codes(forth.ended) == codes(back.added)
    assert forth.changed == back.changed == ()
