"""The audit: every cause by hand-worked cases, ledgers as they come, resuming, and what nobody is accused of."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made_ledger import write_ledger
from small_tables import LAW, cart, item, write

from dutycalc import Tariffs, load_tariffs
from dutycalc.audit import CAUSES, Audit, Cause, Finding, Unreadable, audit, audit_file
from dutycalc.cli import main
from dutycalc.errors import FactsError
from dutycalc.testing.strategies import ledgers

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "docs" / "examples"
QUICK = settings(max_examples=15, deadline=None, database=None, suppress_health_check=list(HealthCheck))

MORE_LAW = """
[[limit.low_value]]
valid_from = 2020-01-01
measure = "intrinsic_value"
per = "consignment"
at_most = "150 EUR"
cite = ["act"]

[[relief.low_value]]
valid_from = 2020-01-01
of = ["customs_duty"]
within = "low_value"
cite = ["act"]

[[tax_class.standard]]
valid_from = 2020-01-01
rate = "20%"
cite = ["act"]

[[tax_class.standard]]
valid_from = 2025-01-01
rate = "23%"
cite = ["act"]

[[tax_class.reduced]]
valid_from = 2020-01-01
rate = "10%"
cite = ["act"]
"""
"""Duty is 0 up to EUR 150; VAT is 20%, and 23% from 2025 on; the reduced rate is 10%."""


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Tariffs:
    currency, values, _, duty, vat, border = LAW
    return write(tmp_path_factory.mktemp("tables"), currency, values, duty, vat, border, MORE_LAW)


@pytest.fixture(scope="module")
def shipped() -> Tariffs:
    return load_tariffs()


def entry(*charged: tuple[str, str], price: str = "200.00 EUR", **changes: Any) -> dict[str, Any]:
    """Return a parcel of one article at EUR 200, a duty of 10% and VAT of 23%, and what was charged on it."""
    own = {key: changes.pop(key) for key in ("tax_class", "stated_duty", "quantity") if key in changes}
    bookings = []
    for charge, said in charged:
        amount, _, collector = said.partition(" by ")
        bookings.append(
            {"item": "1", "charge": charge, "amount": amount}
            | ({"collector": collector} if collector else {})
        )
    return {"id": "A", "consignment": cart(item(unit_price=price, **own), **changes), "charged": bookings}


def told(run: Audit) -> list[tuple[str, str, str]]:
    """Return the consignment, the item and the cause of every finding; nothing may be unreadable."""
    found = []
    for one in run:
        assert isinstance(one, Finding), one
        found.append((one.consignment, one.item, str(one.cause)))
    return found


def found_in(tariffs: Tariffs, *entries: dict[str, Any]) -> list[Finding]:
    found = list(audit(entries, tariffs))
    assert all(isinstance(one, Finding) for one in found), found
    return [one for one in found if isinstance(one, Finding)]


# Duty 10% of 200 is 20.00; VAT 23% of 220 is 50.60.
RIGHT = (("customs_duty", "20.00 EUR by carrier"), ("vat", "50.60 EUR by carrier"))


def test_what_was_charged_as_owed_is_no_finding(small: Tariffs) -> None:
    assert found_in(small, entry(*RIGHT)) == []
    assert found_in(small, entry(("customs_duty", "20.00 EUR"), ("vat", "50.6 EUR"))) == []
    assert found_in(small, entry(("customs_duty", "20 EUR"), ("vat", "50.00 EUR"), ("vat", "0.60 EUR"))) == []


CASES: list[tuple[str, str, dict[str, str], list[tuple[str, str]], dict[str, Any]]] = [
    # cause, words of the explanation, differences, what was charged, other facts
    ("rounding", "rounded down to 0.01", {"customs_duty": "-0.01 EUR"},
     [("customs_duty", "20.00 EUR"), ("vat", "50.62 EUR")], {"price": "200.07 EUR"}),  # 20.007 and, on 220.08, 50.6184
    ("rounding", "not rounded", {"vat": "0.0015 EUR"}, [("vat", "2.3115 EUR")], {"price": "10.05 EUR"}),
    ("rounding", "rounded down to 0.01", {"vat": "-0.01 EUR"},  # 23% is 0.0759; the 20% of 2024 gave 0.07 too
     [("vat", "0.07 EUR")], {"price": "0.33 EUR"}),
    ("wrong day", "until 2024-12-31", {"vat": "-6.60 EUR"},
     [("customs_duty", "20.00 EUR"), ("vat", "44.00 EUR")], {}),
    ("wrong day", "only from 2025-01-01", {"vat": "6.60 EUR"},
     [("customs_duty", "20.00 EUR"), ("vat", "50.60 EUR")], {"sold_on": "2024-06-01"}),
    ("wrong day", "day of sale, 2024-12-30", {"vat": "-6.60 EUR"},
     [("customs_duty", "20.00 EUR"), ("vat", "44.00 EUR")],
     {"sold_on": "2024-12-30", "imported_on": "2025-01-02"}),
    ("wrong regime", "within the limit: low value", {"customs_duty": "10.00 EUR", "vat": "2.30 EUR"},
     [("customs_duty", "10.00 EUR"), ("vat", "25.30 EUR")], {"price": "100.00 EUR"}),
    ("wrong regime", "within the limit: low value", {"customs_duty": "-20.00 EUR", "vat": "-4.60 EUR"},
     [("vat", "46.00 EUR")], {}),
    ("wrong rate", "tax class reduced in place of standard", {"vat": "-28.60 EUR"},
     [("customs_duty", "20.00 EUR"), ("vat", "22.00 EUR")], {}),
    ("wrong rate", "tax class standard in place of reduced", {"vat": "28.60 EUR"},
     [("customs_duty", "20.00 EUR"), ("vat", "50.60 EUR")], {"tax_class": "reduced"}),
    ("wrong rate", "a duty of 12%", {"customs_duty": "4.00 EUR", "vat": "0.92 EUR"},
     [("customs_duty", "24.00 EUR"), ("vat", "51.52 EUR")], {}),
    ("wrong rate", "17% of the base, where the law has 23%", {"vat": "-13.20 EUR"},
     [("customs_duty", "20.00 EUR"), ("vat", "37.40 EUR")], {}),
    ("not collected", "nothing is booked", {"customs_duty": "-20.00 EUR", "vat": "-50.60 EUR"}, [], {}),
    ("not collected", "nothing is booked", {"vat": "-50.60 EUR"}, [("customs_duty", "20.00 EUR")], {}),
    ("collected twice", "by the carrier and the platform", {"vat": "50.60 EUR"},
     [("customs_duty", "20.00 EUR"), ("vat", "50.60 EUR by carrier"), ("vat", "50.60 EUR by platform")], {}),
    ("collected twice", "by the platform and the carrier", {"vat": "46.00 EUR"},
     [("customs_duty", "20.00 EUR"), ("vat", "46.00 EUR by platform"), ("vat", "50.60 EUR by carrier")], {}),
    ("collected twice", "exactly double", {"vat": "50.60 EUR"},
     [("customs_duty", "20.00 EUR"), ("vat", "101.20 EUR")], {}),
    ("wrong collector", "collected by the post; the law has the carrier", {"vat": "0.00 EUR"},
     [("customs_duty", "20.00 EUR by carrier"), ("vat", "50.60 EUR by post")], {}),
    ("unknown", "no rule of the tables", {"vat": "1.23 EUR"},
     [("customs_duty", "20.00 EUR"), ("vat", "51.83 EUR")], {}),
    ("unknown", "not due by law", {"excise": "3.33 EUR"}, [*RIGHT, ("excise", "3.33 EUR")], {}),
]  # fmt: skip


@pytest.mark.parametrize(("cause", "words", "differences", "charged", "facts"), CASES)
def test_a_difference_has_its_cause(
    small: Tariffs,
    cause: Cause,
    words: str,
    differences: dict[str, str],
    charged: list[tuple[str, str]],
    facts: dict[str, Any],
) -> None:
    found = found_in(small, entry(*charged, **facts))
    assert [(one.cause, one.item) for one in found] == [(cause, "1")], found
    assert words in found[0].explanation
    assert {one.charge: str(one.difference) for one in found[0].differences} == differences
    assert cause == "unknown" or found[0].law


def test_two_errors_of_a_line_are_two_findings(small: Tariffs) -> None:
    found = found_in(small, entry(("customs_duty", "20.00 EUR by post"), ("vat", "51.83 EUR")))
    assert [(one.cause, [each.charge for each in one.differences]) for one in found] == [
        ("wrong collector", ["customs_duty"]),
        ("unknown", ["vat"]),
    ]


def test_a_booking_of_the_whole_consignment_is_held_against_the_sum_of_its_lines(small: Tariffs) -> None:
    facts = cart(item(unit_price="100.05 EUR"), item(id="2", unit_price="100.05 EUR"))
    # A line: duty 10.01, VAT 23% of 110.06 = 25.3138, so 25.31; both: 20.02 and 50.62; on the total 50.63.
    whole = [{"charge": "customs_duty", "amount": "20.02 EUR"}, {"charge": "vat", "amount": "50.62 EUR"}]
    assert found_in(small, {"consignment": facts, "charged": whole}) == []
    whole[1]["amount"] = "50.63 EUR"
    (found,) = found_in(small, {"consignment": facts, "charged": whole})
    assert (found.cause, found.item) == ("rounding", "")
    assert "on the total" in found.explanation


def test_a_kind_of_charge_stands_for_the_charges_of_that_kind(tmp_path: Path) -> None:
    named = [part.replace("charge.vat", "charge.import_tax") for part in LAW]  # its VAT is 20%
    tariffs = write(tmp_path, *named)
    assert found_in(tariffs, entry(("customs_duty", "20.00 EUR"), ("vat", "44.00 EUR"))) == []
    assert found_in(tariffs, entry(("customs_duty", "20.00 EUR"), ("import_tax", "44.00 EUR"))) == []
    (found,) = found_in(tariffs, entry(("customs_duty", "20.00 EUR"), ("vat", "22.00 EUR")))
    assert [each.charge for each in found.differences] == ["vat"]


def test_a_wrong_number_is_a_wrong_collector(shipped: Tariffs) -> None:
    facts = json.loads((EXAMPLES / "sydney.json").read_text(encoding="utf-8"))
    booked = {"charge": "gst", "amount": "12.80 AUD", "number": "99999999999"}
    (found,) = found_in(shipped, {"consignment": facts, "charged": [booked]})
    assert found.cause == "wrong collector"
    assert "collected under 99999999999; the number is" in found.explanation


def test_a_refused_consignment_is_a_finding_by_the_name_of_the_refusal(small: Tariffs) -> None:
    (found,) = found_in(small, entry(("vat", "5.00 EUR"), sold_on="2019-01-01"))
    assert (found.cause, str(found.differences[0].charged)) == ("unknown", "5.00 EUR")
    assert found.explanation.startswith("NotInForceError: ZZ: the tables begin on 2020-01-01")
    assert found.differences[0].owed is None
    run = audit([entry(("vat", "5.00 EUR"), sold_on="2019-01-01")], small)
    list(run)
    assert run.summary.to_dict()["totals"][0]["unjudged"] == "5.00"


def test_a_booking_in_other_money_is_not_compared(small: Tariffs) -> None:
    (found,) = found_in(small, entry(("vat", "50.60 USD")))
    assert found.cause == "unknown"
    assert "booked in USD" in found.explanation


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"charged": [{"item": "1", "charge": "vta", "amount": "1 EUR"}]}, "no charge 'vta'; did you mean vat?"),
        ({"charged": [{"item": "9", "charge": "vat", "amount": "1 EUR"}]}, "'9' is no item"),
        ({"charged": [{"charge": "vat", "amount": 1}]}, "charged[0].amount: 1 is no amount"),
        ({"charged": [{"charge": "vat", "amount": "1 EUR", "collector": "postman"}]}, "did you mean post"),
        ({"charged": [{"amount": "1 EUR", "by": "x"}]}, "charged[0].charge: not stated"),
        ({"charged": None}, "charged: not stated"),
        ({"consignment": {"destination": "ZZ"}}, "items: not stated"),
        ({"bill": 1}, "bill: unknown field"),
        ({"id": 7}, "id: 7 is no text"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_counted_and_not_judged(
    small: Tariffs, changes: dict[str, Any], reason: str
) -> None:
    run = audit([entry(*RIGHT), entry(*RIGHT) | changes, entry()], small)
    first, second = run
    assert isinstance(first, Unreadable)
    assert first.first == 2
    assert any(reason in one for one in first.reasons), first.reasons
    assert isinstance(second, Finding)
    assert (run.summary.unreadable_count, run.summary.findings, run.summary.items) == (1, 1, 2)


# Totals


def test_totals_are_exact_and_the_worst_stand_first(small: Tariffs) -> None:
    entries = [
        entry(("customs_duty", "20.00 EUR"), ("vat", "22.00 EUR"), sold_on="2026-05-31"),
        entry(("customs_duty", "20.00 EUR"), ("vat", "44.00 EUR")),
        entry(),
        entry(*RIGHT),
        entry(("customs_duty", "20.00 EUR"), ("vat", "22.00 EUR")),
    ]
    run = audit(entries, small, worst=2)
    list(run)
    found = run.summary.to_dict()
    rows = [(one["cause"], one["period"], one["findings"], one["under"]) for one in found["totals"]]
    assert rows == [
        ("not collected", "2026-06", 1, "70.60"),
        ("wrong rate", "2026-05", 1, "28.60"),
        ("wrong rate", "2026-06", 1, "28.60"),
        ("wrong day", "2026-06", 1, "6.60"),
    ]
    assert [(one["cause"], one["line"]) for one in found["worst"]] == [
        ("not collected", 3),
        ("wrong rate", 1),
    ]
    assert (found["findings"], found["items"]) == (4, 5)


# Ledgers as files


HEADER = "consignment,destination,dispatch,sold_on,channel,buyer.kind,item.id,item.commodity,item.origin,item.quantity,item.unit_price,item.stated_duty,charge,amount"


def rows(*lines: str) -> bytes:
    return "\n".join((HEADER, *lines, "")).encode()


ONE = "ZZ,CN,2026-06-01,express,consumer,1,61091000,CN,1,200.00 EUR,10%"
GOOD = (f"A,{ONE},vat,50.60 EUR", "A,,,,,,1,,,,,,customs_duty,20.00 EUR")


def test_rows_of_one_id_make_one_consignment(small: Tariffs) -> None:
    run = audit(io.BytesIO(rows(*GOOD, f"B,{ONE},,")), small)
    (found,) = run
    assert isinstance(found, Finding)
    assert (found.where, found.cause) == ("line 4: B, item 1", "not collected")
    assert (run.summary.lines, run.summary.consignments) == (3, 2)


@pytest.mark.parametrize(
    ("bad", "where", "reason"),
    [
        (f"B,{ONE},vat,50.6", "line 4", "amount: '50.6' is no amount"),
        (f"B,{ONE.replace('express', 'drone')},vat,50.60 EUR", "line 4", "channel"),
        (f"B,{ONE},vat,50.60 EUR,more", "line 4", "15 cells stand under 14 columns"),
        (f",{ONE},vat,50.60 EUR", "lines 2-4", "consignment: not stated"),
        (f'B,{ONE},vat,"50.60 EUR"x', "lines 2-4", "no row of CSV"),
        (f"B,{ONE},vat,50.60 EUR\nB,DE,,,,,,,,,,,,", "lines 4-5", "destination is 'DE', and 'ZZ' on an earlier line"),
        (f"B,{ONE.replace('CN', '[')},vat,50.60 EUR", "line 4", "is no JSON"),
    ],
)  # fmt: skip
def test_a_row_that_cannot_be_read_accuses_nobody(small: Tariffs, bad: str, where: str, reason: str) -> None:
    """Nor does it lend itself to the consignment before it: that is then not judged either."""
    run = audit(io.BytesIO(rows(*GOOD, bad, f"C,{ONE},,")), small)
    first, second = run
    assert isinstance(first, Unreadable)
    assert first.where == where
    assert any(reason in one for one in first.reasons), first.reasons
    assert isinstance(second, Finding)
    assert second.consignment == "C"


def test_bytes_that_are_no_text_are_one_reason(small: Tariffs) -> None:
    data = rows(*GOOD, f"B,{ONE},vat,50.60 EUR").replace(b"B,ZZ", b"B,Z\xff")
    (found,) = audit(io.BytesIO(data), small)
    assert isinstance(found, Unreadable)
    assert "is not UTF-8" in found.reasons[0]


def test_a_header_is_refused_whole(small: Tariffs) -> None:
    with pytest.raises(FactsError, match="'charge': not there.*'destinatoin': names no field; did you mean"):
        audit(io.BytesIO(b"consignment,destinatoin,amount,amount\n"), small)
    with pytest.raises(FactsError, match="empty"):
        audit(io.BytesIO(b""), small)


def test_a_field_over_two_lines_and_a_byte_order_mark_are_read(small: Tariffs) -> None:
    data = b"\xef\xbb\xbf" + rows(
        GOOD[0].replace("A,", '"A\n1",', 1), GOOD[1].replace("A,", '"A\n1",', 1), ""
    )
    run = audit(io.BytesIO(data), small)
    assert list(run) == []
    assert (run.summary.lines, run.summary.consignments) == (4, 1)


def test_json_lines_say_the_same_as_rows(shipped: Tariffs) -> None:
    found = [
        list(audit(io.BytesIO((EXAMPLES / f"ledger.{form}").read_bytes()), shipped))
        for form in ("csv", "jsonl")
    ]
    causes = [
        [(one.consignment, one.cause, one.differences) for one in some if isinstance(one, Finding)]
        for some in found
    ]
    assert causes[0] == causes[1]
    assert set(Counter(cause for _, cause, _ in causes[0])) == set(CAUSES)


def test_parquet_says_the_same_as_rows(shipped: Tariffs, tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    with (EXAMPLES / "ledger.csv").open(encoding="utf-8", newline="") as stream:
        table = list(csv.DictReader(stream))
    columns: dict[str, list[Any]] = {name: [one[name] or None for one in table] for name in table[0]}
    columns["sold_on"] = [date.fromisoformat(one) if one else None for one in columns["sold_on"]]
    columns["item.quantity"] = [Decimal(one) if one else None for one in columns["item.quantity"]]
    parquet.write_table(pyarrow.table(columns), tmp_path / "ledger.parquet")
    with (tmp_path / "ledger.parquet").open("rb") as one, (EXAMPLES / "ledger.csv").open("rb") as other:
        found, wanted = list(audit(one, shipped)), list(audit(other, shipped))
    assert [(x.consignment, x.cause) for x in found if isinstance(x, Finding)] == [
        (x.consignment, x.cause) for x in wanted if isinstance(x, Finding)
    ]
    columns["item.quantity"] = [2.0 for _ in table]
    parquet.write_table(pyarrow.table(columns), tmp_path / "doubles.parquet")
    with (
        (tmp_path / "doubles.parquet").open("rb") as one,
        pytest.raises(FactsError, match=r"of doubles.*item\.quantity"),
    ):
        list(audit(one, shipped))


# All of them found, nobody else accused


def test_in_a_made_ledger_every_planted_error_is_found_by_its_name_and_no_other(
    shipped: Tariffs, tmp_path: Path
) -> None:
    planted = write_ledger(tmp_path / "ledger.csv", 2000, 80)
    with (tmp_path / "ledger.csv").open("rb") as stream:
        found = told(audit(stream, shipped))
    assert [(id, cause) for id, _, cause in found] == planted
    assert set(Counter(cause for _, cause in planted).values()) == {10}


@QUICK
@given(data=st.data())
def test_a_lawful_ledger_has_no_findings(shipped: Tariffs, data: st.DataObject) -> None:
    drawn = data.draw(ledgers(shipped, destinations=["DE", "GB", "CH", "NO"]))
    assert drawn.planted == ()
    assert list(audit(io.BytesIO(drawn.to_jsonl()), shipped)) == []


@pytest.mark.parametrize("cause", CAUSES)
@QUICK
@given(data=st.data())
def test_one_planted_error_is_exactly_one_finding_of_its_cause(
    shipped: Tariffs, cause: Cause, data: st.DataObject
) -> None:
    drawn = data.draw(ledgers(shipped, destinations=["DE", "GB", "CH"], max_consignments=2, errors=[cause]))
    found = told(audit(drawn.entries, shipped))
    assert found == [(one.consignment, one.item, one.cause) for one in drawn.planted]


def test_errors_that_cannot_be_planted_are_refused(small: Tariffs) -> None:
    with pytest.raises(ValueError, match="'wrong way' is no cause; did you mean wrong day"):
        ledgers(small, errors=["wrong way"])  # type: ignore[list-item]
    with pytest.raises(ValueError, match="each error needs a consignment of its own"):
        ledgers(small, max_consignments=1, errors=["rounding", "unknown"])


# Interrupted and resumed


class Stop(Exception):
    """Stands for an interruption."""


def interrupted_at(line: int) -> Any:
    def tell(lines: int, read: int, found: list[Any]) -> None:
        if lines >= line:
            raise Stop

    return tell


@pytest.mark.parametrize("form", ["csv", "jsonl"])
@pytest.mark.parametrize("line", [1, 150, 333])
def test_a_resumed_audit_ends_as_one_that_was_never_interrupted(
    shipped: Tariffs, tmp_path: Path, form: str, line: int
) -> None:
    ledger, state = tmp_path / f"ledger.{form}", tmp_path / "audit.state"
    if form == "csv":
        write_ledger(ledger, 400, 40)
    else:
        ledger.write_bytes((EXAMPLES / "ledger.jsonl").read_bytes() * 40)
    plain = audit_file(ledger, shipped, findings=tmp_path / "plain.jsonl", worst=7)
    options: dict[str, Any] = {"findings": tmp_path / "again.jsonl", "state": state, "every": 50, "worst": 7}
    with pytest.raises(Stop):
        audit_file(ledger, shipped, tell=interrupted_at(line), **options)
    assert state.exists() == (line > 50)
    assert not (tmp_path / "again.jsonl").exists()
    seen: list[int] = []
    again = audit_file(ledger, shipped, tell=lambda lines, *_: seen.append(lines), **options)
    assert seen[0] > line - 60
    assert again.to_dict() == plain.to_dict()
    assert (tmp_path / "again.jsonl").read_bytes() == (tmp_path / "plain.jsonl").read_bytes()
    assert sorted(one.name for one in tmp_path.iterdir()) == ["again.jsonl", ledger.name, "plain.jsonl"]


def test_an_audit_is_not_resumed_on_another_ledger_or_in_another_reading(
    shipped: Tariffs, tmp_path: Path
) -> None:
    ledger, state = tmp_path / "ledger.csv", tmp_path / "audit.state"
    write_ledger(ledger, 300, 8)
    with pytest.raises(Stop):
        audit_file(ledger, shipped, state=state, every=50, tell=interrupted_at(200))
    with pytest.raises(FactsError, match="begun with known_on None, not 2026-01-01"):
        audit_file(ledger, shipped, state=state, known_on=date(2026, 1, 1))
    ledger.write_bytes(ledger.read_bytes().replace(b"S-0000003", b"S-X000003"))
    with pytest.raises(FactsError, match="not the ledger whose audit was begun, or has changed"):
        audit_file(ledger, shipped, state=state)
    state.write_text("{}", encoding="utf-8")
    with pytest.raises(FactsError, match="no state of an audit"):
        audit_file(ledger, shipped, state=state)


# The command


def test_the_command_tells_findings_by_its_exit_code(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    ledger = str(EXAMPLES / "ledger.csv")
    assert main(["audit", ledger]) == 1
    text = capsys.readouterr()
    assert text.out.startswith("Audit of ledger.csv: 9 findings on 11 lines of goods\n")
    assert text.err == ""
    assert main(["audit", ledger, "--format", "json", "--findings", str(tmp_path / "all.jsonl")]) == 1
    summary = json.loads(capsys.readouterr().out)
    every = [json.loads(line) for line in (tmp_path / "all.jsonl").read_text(encoding="utf-8").splitlines()]
    assert summary["findings"] == len(every) == 9
    assert sorted(map(str, every)) == sorted(map(str, summary["worst"]))
    assert main(["audit", ledger, "--format", "html"]) == 1
    assert capsys.readouterr().out.startswith("<!doctype html>")


def test_the_command_names_rows_that_cannot_be_read(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    ledger = tmp_path / "ledger.csv"
    lines = (EXAMPLES / "ledger.csv").read_text(encoding="utf-8").splitlines()
    ledger.write_text(
        "\n".join([lines[0], lines[1], lines[1].replace("A-1001,GB", "B,G8"), ""]), encoding="utf-8"
    )
    assert main(["audit", str(ledger)]) == 2
    text = capsys.readouterr()
    assert text.err.startswith("error: ledger.csv: line 3: destination: 'G8' is no")
    assert "Not read, and not judged" in text.out
    ledger.write_text("\n".join(lines[:2]) + "\n", encoding="utf-8")
    assert main(["audit", str(ledger)]) == 0
    assert main(["audit", str(tmp_path / "none.csv")]) == 2


# Parquet, by the extra `columns`


def write_parquet(path: Path, source: Path, *, rows_a_group: int) -> None:
    """Write a ledger of CSV as Parquet, so many rows to a row group."""
    pyarrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    with source.open(encoding="utf-8", newline="") as stream:
        table = list(csv.DictReader(stream))
    columns = {
        name: pyarrow.array([one[name] or None for one in table], pyarrow.string()) for name in table[0]
    }
    parquet.write_table(pyarrow.table(columns), path, row_group_size=rows_a_group)


@pytest.fixture
def few_rows_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let Parquet be read 100 rows at once, so that a small ledger has many batches to skip."""
    monkeypatch.setattr("dutycalc.auditing.rows._ROWS_AT_ONCE", 100)


@pytest.mark.usefixtures("few_rows_at_once")
@pytest.mark.parametrize("rows_a_group", [64, 1000])
@pytest.mark.parametrize("line", [1, 150, 333])
def test_a_resumed_audit_of_parquet_ends_as_one_that_was_never_interrupted(
    shipped: Tariffs, tmp_path: Path, rows_a_group: int, line: int
) -> None:
    source, ledger, state = tmp_path / "ledger.csv", tmp_path / "ledger.parquet", tmp_path / "audit.state"
    write_ledger(source, 400, 40)
    write_parquet(ledger, source, rows_a_group=rows_a_group)
    of_rows = audit_file(source, shipped, worst=7)
    plain = audit_file(ledger, shipped, findings=tmp_path / "plain.jsonl", worst=7)
    assert (plain.lines, plain.findings, plain.items) == (of_rows.lines, 40, of_rows.items)
    options: dict[str, Any] = {"findings": tmp_path / "again.jsonl", "state": state, "every": 50, "worst": 7}
    with pytest.raises(Stop):
        audit_file(ledger, shipped, tell=interrupted_at(line), **options)
    assert state.exists() == (line > 50)
    assert not (tmp_path / "again.jsonl").exists()
    seen: list[tuple[int, int]] = []
    again = audit_file(ledger, shipped, tell=lambda lines, read, _: seen.append((lines, read)), **options)
    assert seen[0][0] > line - 60
    assert all(lines == read for lines, read in seen)
    assert again.to_dict() == plain.to_dict()
    assert (tmp_path / "again.jsonl").read_bytes() == (tmp_path / "plain.jsonl").read_bytes()
    assert not state.exists()


def test_an_audit_of_parquet_is_not_resumed_on_a_ledger_that_has_changed(
    shipped: Tariffs, tmp_path: Path
) -> None:
    """A change anywhere, even after what was read, is refused: the whole file has one digest."""
    source, ledger, state = tmp_path / "ledger.csv", tmp_path / "ledger.parquet", tmp_path / "audit.state"
    write_ledger(source, 300, 8)
    write_parquet(ledger, source, rows_a_group=64)
    with pytest.raises(Stop):
        audit_file(ledger, shipped, state=state, every=50, tell=interrupted_at(200))
    with pytest.raises(FactsError, match="not the ledger whose audit was begun, or has changed"):
        audit_file(source, shipped, state=state)
    lines = source.read_bytes().splitlines(keepends=True)
    for changed in (2, 299):
        source.write_bytes(
            b"".join(lines[:changed])
            + lines[changed].replace(b"S-0", b"S-X")
            + b"".join(lines[changed + 1 :])
        )
        write_parquet(ledger, source, rows_a_group=64)
        with pytest.raises(FactsError, match="not the ledger whose audit was begun, or has changed"):
            audit_file(ledger, shipped, state=state)
    assert state.exists()
