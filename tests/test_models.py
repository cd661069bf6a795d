"""Collection models: every scheme in force is listed, with who may use it, when it is due, and its law."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from small_tables import LAW, write

from dutycalc import DutycalcError, Tariffs, load_tariffs
from dutycalc.cli import main
from dutycalc.models import SchemeModel, models
from dutycalc.number_checks import check_number, has_check_digits, placeholder
from dutycalc.stages.collection import fits_picture

SCHEME = """
[[limit.low_value]]
valid_from = 2020-01-01
measure = "intrinsic_value"
per = "item"
below = "150 EUR"
cite = ["act"]

[[scheme.VENDOR]]
valid_from = 2021-01-01
tax_point = "sale"
model = "vendor"
within = "low_value"
when = { purpose = ["sale"], buyer = ["consumer"], not_dispatch = ["ZZ"] }
not_for = { commodities = ["2204"] }
liable = ["platform", "seller"]
registration = "ZZ-NR"
turnover = { above = "1000 EUR" }
takes = { vat = { at = "sale", base = ["price", "transport"] }, customs_duty = "relieved" }
returns = { every = "quarter", months_after = 1, day = 20 }
declare = true
cite = ["act"]
confidence = "secondary"

[[scheme.VENDOR]]
valid_from = 2026-01-01
variant = "wider"
tax_point = "sale"
model = "vendor"
liable = ["seller"]
registration = "ZZ-NR"
takes = { vat = { at = "sale", base = ["price"] } }
cite = ["act"]
confidence = "secondary"

[[registration.ZZ-NR]]
valid_from = 2020-01-01
title = "Number of a vendor"
pictures = ["ZZ###-@*"]
cite = ["act"]

[[charge.handling]]
valid_from = 2020-01-01
kind = "fee"
rate = "2 EUR"
per = "consignment"
rounding = { to = "0.01 EUR", mode = "half_up" }
cite = ["act"]
"""


@pytest.fixture
def tariffs(tmp_path: Path) -> Tariffs:
    return write(tmp_path, *LAW, SCHEME)


def named(found: tuple[SchemeModel, ...], name: str) -> SchemeModel:
    return next(one for one in found if one.name == name)


def test_a_scheme_says_all_that_its_record_says(tariffs: Tariffs) -> None:
    one = named(models(tariffs, "ZZ", date(2026, 5, 10)), "VENDOR")
    assert one.conditions == (
        "the purpose is sale, the buyer is a consumer, not dispatched from ZZ",
        "within the limit low value",
        "not for commodities 2204",
    )
    assert (one.model, one.tax_point, one.liable, one.optional) == (
        "vendor", "sale", ("platform", "seller"), False,
    )  # fmt: skip
    (limit,) = one.limits
    assert (limit.measure, limit.per, limit.comparator, limit.bound) == (
        ("intrinsic_value",), "item", "<", "150 EUR",
    )  # fmt: skip
    assert one.registration is not None
    assert (one.registration.title, one.registration.pictures) == ("Number of a vendor", ("ZZ###-@*",))
    assert one.turnover == "turnover above 1000 EUR"
    assert (one.takes_at_sale, one.takes_at_border, one.relieved) == (("vat",), (), ("customs_duty",))
    assert one.left_at_delivery == ("handling",)
    assert (one.declare, one.print) == (True, False)
    assert [record.record for record in one.law] == [
        "zz/scheme.VENDOR", "zz/limit.low_value", "zz/registration.ZZ-NR",
    ]  # fmt: skip
    assert one.provision.confidence == "secondary"


@pytest.mark.parametrize(
    ("day", "due"),
    [
        (date(2026, 1, 1), date(2026, 4, 20)),
        (date(2026, 3, 31), date(2026, 4, 20)),
        (date(2026, 4, 1), date(2026, 7, 20)),
        (date(2026, 12, 31), date(2027, 1, 20)),
    ],
)
def test_the_due_day_is_that_of_the_period_of_the_day(tariffs: Tariffs, day: date, due: date) -> None:
    one = named(models(tariffs, "ZZ", day), "VENDOR")
    assert (one.returns, one.due) == ("quarterly, due by day 20 of the month after", due)


def test_the_border_stands_last_and_takes_every_charge(tariffs: Tariffs) -> None:
    *_, last = models(tariffs, "ZZ", date(2026, 5, 10))
    assert (last.name, last.default, last.liable, last.collector) == ("anybody", True, ("buyer",), "carrier")
    assert last.left_at_delivery == ("customs_duty", "vat", "handling")
    assert (last.due, last.registration) == (None, None)


def test_a_scheme_is_listed_only_while_it_is_in_force(tariffs: Tariffs) -> None:
    assert [one.name for one in models(tariffs, "ZZ", date(2020, 12, 31))] == ["anybody"]
    assert [one.name for one in models(tariffs, "ZZ", date(2021, 1, 1))] == ["VENDOR", "anybody"]


def test_a_reading_and_a_day_of_knowledge_choose_the_law(tariffs: Tariffs) -> None:
    day = date(2026, 5, 10)
    assert named(models(tariffs, "ZZ", day, variants=["wider"]), "VENDOR").liable == ("seller",)
    with pytest.raises(DutycalcError, match="no reading 'widr'; did you mean wider"):
        models(tariffs, "ZZ", day, variants=["widr"])
    assert models(tariffs, "ZZ", day, known_on=date(2019, 1, 1)) == ()


def test_every_scheme_and_border_of_every_territory_is_listed_with_its_law() -> None:
    bundled = load_tariffs()
    day = date(2026, 11, 20)
    for code in bundled.codes:
        territory = bundled.territory(code)
        law = territory.law(day)
        found = models(bundled, code, day)
        assert [one.name for one in found if not one.default] == list(law.all("scheme"))
        assert [one.name for one in found if one.default] == list(law.all("border"))
        for one in found:
            assert one.law[0] is one.provision
            assert all(record.citations for record in one.law)
            assert (one.due is None) == (one.returns == "")
            assert one.due is None or one.due > day


def test_the_command_prints_what_the_function_returns(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "no", "--on", "2026-11-20", "--format", "json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    wanted = [one.to_dict() for one in models(load_tariffs(), "NO", date(2026, 11, 20))]
    assert printed == {"destination": "NO", "on": "2026-11-20", "models": wanted}
    assert main(["models", "NO", "--on", "2026-11-20"]) == 0
    text = capsys.readouterr().out
    assert "liable: the platform, else the seller" in text
    assert "due by\n      2027-01-20" in text or "due by 2027-01-20" in text
    assert main(["models", "QQ", "--on", "2026-11-20"]) == 1
    assert "no tables of law" in capsys.readouterr().err


# Numbers


def test_a_placeholder_fits_every_picture_of_every_registration() -> None:
    bundled = load_tariffs()
    for code in bundled.codes:
        for name, rule in bundled.territory(code).law(date(2026, 11, 20)).all("registration").items():
            for picture in rule.value.pictures:
                assert check_number(name, placeholder([picture]), rule.value.pictures) != "malformed"
    assert placeholder(["ZZ###-@*"]) == "ZZ000-X0"
    assert not fits_picture("ZZ##-X#", ["ZZ###-@*"])


def test_a_number_is_held_against_its_pictures() -> None:
    assert check_number("ZZ-NR", "ZZ123-A9", ["ZZ###-@*"]) == "well_formed"
    assert check_number("ZZ-NR", "ZZ12-A9", ["ZZ###-@*"]) == "malformed"
    assert check_number("ZZ-NR", "anything") == "well_formed"


def test_check_digits_are_reckoned_where_the_extra_is_installed() -> None:
    pytest.importorskip("stdnum")
    assert check_number("GB-VAT", "GB980780684", ["GB#########"]) == "checked"
    assert check_number("GB-VAT", "GB802311781", ["GB#########"]) == "wrong_check_digits"
    assert check_number("NO-MVA", "995525828MVA") == "checked"


def test_the_registrations_with_check_digits_are_in_the_tables() -> None:
    known = load_tariffs().registrations
    assert [one for one in known if has_check_digits(one)] != []
    assert not has_check_digits("VOEC")  # its number has no published check digit
