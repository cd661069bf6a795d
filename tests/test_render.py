"""Summaries and workings: what they show, in which form, and what they never let through."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from small_tables import LAW, SMALL_RELIEF, assessed, cart, item, write

from dutycalc import Assessment, Consignment, Money, Tariffs, assess, explain, load_tariffs
from dutycalc.errors import FactsError
from dutycalc.render import FORMATS, summarize
from dutycalc.render.formats import Formats
from dutycalc.render.outline import Node, outline
from dutycalc.render.pages import (
    Branch,
    Column,
    Heading,
    Note,
    Notes,
    Outline,
    Page,
    Paragraph,
    Section,
    Table,
    columns_of,
    numbers,
    write_text,
)

EXAMPLES = sorted((Path(__file__).parents[1] / "docs" / "examples").glob("*.json"))


@pytest.fixture(scope="module")
def bundled() -> Tariffs:
    return load_tariffs()


@pytest.fixture
def small(tmp_path: Path) -> Tariffs:
    return write(tmp_path, *LAW, SMALL_RELIEF)


def berlin(**changes: Any) -> Consignment:
    stated = {
        "destination": "DE", "dispatch": "CN", "sold_on": "2026-11-20", "channel": "express",
        "delivery_term": "DDP", "transport": "4.90 EUR", "seller": {"country": "CN"},
        "platform": {"country": "LU", "registrations": {"IOSS": "IM4420000123"}},
        "buyer": {"kind": "consumer"},
        "items": [{"id": "1", "commodity": "61091000", "origin": "CN", "quantity": "2",
                   "unit_price": "12.50 EUR", "net_mass_kg": "0.36"}],
    }  # fmt: skip
    return Consignment.model_validate(stated | changes)


def nodes(one: Node) -> Iterator[Node]:
    yield one
    for inside in one.inside:
        yield from nodes(inside)


# Numbers, days, places


@pytest.mark.parametrize(
    ("locale", "money", "text"),
    [
        ("en", "1234.5 EUR", "€1,234.50"),
        ("de", "1234.5 EUR", "1.234,50\u00a0€"),
        ("de-AT", "5.68 EUR", "€\u00a05,68"),
        ("en", "61 CHF", "CHF\u00a061.00"),
        ("en", "61 JPY", "¥61"),
        ("en", "1.5 ISK", "ISK\u00a01.5"),
        ("en", "1.2 TND", "TND\u00a01.200"),
        ("en", "5.022 CHF", "CHF\u00a05.022"),
        ("en", "5.0220 CHF", "CHF\u00a05.022"),
        ("en", "-3 EUR", "-€3.00"),
    ],
)
def test_money_keeps_every_digit_and_its_minor_units(locale: str, money: str, text: str) -> None:
    assert Formats(locale).money(Money.parse(money)) == text


def test_long_amounts_are_not_rounded() -> None:
    number = "123456789012345678901234567890123.01"
    digits = Formats("en").money(Money.parse(f"{number} EUR")).lstrip("€").replace(",", "")
    assert digits == number


@pytest.mark.parametrize(
    ("locale", "rate", "text"),
    [
        ("en", "19%", "19%"),
        ("de", "6.5%", "6,5\u00a0%"),
        ("en", "0.125%", "0.125%"),
        ("de", "12% + 5 EUR/100kg MAX 17%", "12% + 5 EUR/100kg MAX 17%"),
    ],
)
def test_a_bare_percentage_is_formatted_and_a_notation_stands(locale: str, rate: str, text: str) -> None:
    assert Formats(locale).rate(rate) == text


def test_a_locale_that_babel_lacks_is_refused() -> None:
    for name in ("xx", "not a locale", ""):
        with pytest.raises(FactsError, match="is no locale"):
            Formats(name)


def test_places_are_named_and_subdivisions_keep_their_code() -> None:
    assert Formats("de").place("CH") == "Schweiz"
    assert Formats("en").place("CA-ON") == "Canada (CA-ON)"
    assert Formats("en").place("QQ") == "QQ"


def test_values_of_steps() -> None:
    formats = Formats("en")
    assert formats.value("yes", "") == "yes"
    assert formats.value("2", "item") == "2 item"
    assert formats.value("3.00 | 1.5", "EUR") == "€3.00 | €1.50"
    assert formats.value("19%", "%") == "19%"
    assert formats.number(Decimal("0.000000000000000000000000000001")) == "0." + "0" * 29 + "1"


# Pages


def test_text_tables_align_and_wrap() -> None:
    table = Table(
        (Column("name", wraps=True), Column("sum", right=True)),
        (Section((("a long name that has to wrap somewhere", "1.00"), ("日本", "10.00")), "First"),),
    )
    text = write_text(Page("T", (table,)), 32)
    lines = text.splitlines()
    assert "First" in lines
    assert all(len(line) <= 32 for line in lines)
    ends = {columns_of(line) for line in lines if line.endswith(("1.00", "10.00", "sum"))}
    assert len(ends) == 1


def test_numbers_of_notes_are_drawn_together() -> None:
    assert numbers([3, 1, 2, 2]) == "1-3"
    assert numbers([1, 2, 5]) == "1, 2, 5"
    assert numbers([]) == ""


HOSTILE = '<script>alert("1")</script>\x1b[31m\n| `x` [y](javascript:z) *'


def hostile_page() -> Page:
    branch = Branch("<m>", HOSTILE, (1,), (Branch("b", HOSTILE, see=HOSTILE),), anchor=True)
    return Page(
        HOSTILE,
        (
            Heading(HOSTILE),
            Paragraph(HOSTILE, (HOSTILE,)),
            Table((Column(HOSTILE),), (Section(((HOSTILE,),), HOSTILE),)),
            Outline((branch,)),
            Notes(
                (
                    Note(
                        1,
                        HOSTILE,
                        ((HOSTILE, "javascript:alert(1)"), (HOSTILE, 'https://a/"><script>')),
                        HOSTILE,
                    ),
                )
            ),
        ),
    )


class Balanced(HTMLParser):
    """Reads HTML whose every element is closed, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_html_escapes_what_was_stated_and_what_tables_say() -> None:
    from dutycalc.render.markup import write_html

    text = write_html(hostile_page())
    page = Balanced()
    page.feed(text)
    assert page.open == []
    assert not any(tag == "script" for tag, _ in page.seen)
    links = [attributes["href"] or "" for tag, attributes in page.seen if tag == "a"]
    assert links
    assert all(link.startswith(("#", "https://")) for link in links)
    assert "\x1b" not in text


def test_markdown_escapes_its_own_marks() -> None:
    from dutycalc.render.markup import write_markdown

    text = write_markdown(hostile_page())
    assert "<script>" not in text
    assert "\x1b" not in text
    assert not re.search(r"(?<!\\)\]\((?!<)", text)


def test_text_writes_control_characters_as_escapes() -> None:
    text = write_text(hostile_page())
    assert "\x1b" not in text
    assert "\\x1b[31m\\n|" in text


# The summary


def test_summary_tells_a_stranger_the_whole(bundled: Tariffs) -> None:
    text = summarize(assess(berlin(), bundled))
    assert "China to Germany: €8.68 due" in text
    duty = r"customs duty +3 EUR for each tariff line +€29\.90 +€3\.00 +declarant, from the seller"
    assert re.search(duty, text)
    assert re.search(r"value added tax +19% +€29\.90 +€5\.68 +platform, at checkout \(IOSS\)", text)
    assert "Line 1: 61091000 from China, 2 at €12.50; customs value €29.90" in text
    assert re.search(r"the buyer, at checkout +€5\.68", text)
    assert re.search(r"the buyer, at the door +€0\.00", text)
    assert "IOSS: send number IM4420000123 with the parcel data; do not print it on the parcel" in text
    assert "Council Regulation (EU) 2026/382, Article 2" in text
    assert re.search(r"Tables of DE, last checked \d{4}-\d\d-\d\d,\s+sha256:[0-9a-f]{64}", text)
    assert "Notices" in text


def test_summary_follows_the_locale(bundled: Tariffs) -> None:
    text = summarize(assess(berlin(), bundled), locale="de")
    assert re.search(r"19 % +29,90 € +5,68 €", text)
    assert "Sale of 20.11.2026" in text
    assert "Deutschland" in text


def test_a_missing_rate_and_a_duty_free_zero_never_look_alike(small: Tariffs) -> None:
    missing = summarize(assessed(small, item(stated_duty=None, unit_price="60.00 EUR"), partial=True))
    free = summarize(assessed(small, item(stated_duty="free", unit_price="60.00 EUR")))
    row = next(line for line in missing.splitlines() if "customs duty" in line)
    assert "not calculable" in row
    assert "€0.00" not in row
    assert "nothing can be determined" in missing
    assert "state it as stated_duty" in missing
    assert "not calculable" not in free
    assert re.search(r"customs duty .*€0\.00", free)


def test_where_nothing_is_known_no_sum_stands_at_all(small: Tariffs) -> None:
    """A sum of nothing that is only a least sum reads as an answer; the page says what is missing instead."""
    unknown = assessed(small, item(unit_price="60.00 USD"), item(id="2", unit_price="9 USD"), partial=True)
    text = summarize(unknown)
    assert "nothing can be determined: missing is the rate of exchange USD/EUR (line 1, 2)" in " ".join(
        text.partition("=")[0].split()
    )
    assert "Due in all" not in text
    assert "\u20ac0.00" not in text
    assert explain(unknown).startswith("Working: nothing can be determined")


def test_what_is_known_of_a_partial_answer_is_a_least_sum(small: Tariffs) -> None:
    part = assessed(small, item(), item(id="2", stated_duty=None), partial=True)
    text = summarize(part)
    assert "\u20ac32.00 due at least (partial: some charges are not calculable)" in text
    assert "Due in all (partial)" in text


def from_vietnam(**changes: Any) -> Consignment:
    line = {"id": "a", "commodity": "6109100010", "origin": "VN", "quantity": "1", "unit_price": "200 GBP"}
    return Consignment.model_validate({
        "destination": "GB", "dispatch": "VN", "sold_on": "2026-11-20", "channel": "express",
        "buyer": {"kind": "consumer"}, "items": [line | changes],
    })  # fmt: skip


def test_an_option_that_nobody_claims_is_told_with_its_proof_and_what_it_saves(bundled: Tariffs) -> None:
    plain, claimed = (
        assess(from_vietnam(claims=claims), bundled)
        for claims in ((), [{"kind": "preference", "programme": "VN"}])
    )
    saved = Formats("en").money(plain.totals["all"] - claimed.totals["all"])
    text = " ".join(summarize(plain).split())
    assert "Options not taken" in text
    assert (
        f"line a: preference VN, 0%, needs a claim of preference VN with proof of origin VN; it would save {saved} "
        "of all charges" in text
    )
    assert "Options not taken" not in summarize(claimed)


def test_an_option_that_saves_nothing_is_not_told(bundled: Tariffs) -> None:
    relieved = assess(from_vietnam(unit_price="100 GBP"), bundled)
    assert any(one.programme == "VN" for one in relieved.items[0].options)
    assert "Options not taken" not in summarize(relieved)


@pytest.mark.parametrize("changes", [{"unit_price": "0.00 EUR"}, {"discount": "100.00 EUR"}])
def test_goods_for_nothing_are_told(small: Tariffs, changes: dict[str, str]) -> None:
    told = [one for one in assessed(small, item(), item(id="2", **changes)).notices if one.code == "no_price"]
    assert [one.item for one in told] == ["2"]
    assert "free of charge" in told[0].text
    assert all(one.code != "no_price" for one in assessed(small, item(unit_price="0.01 EUR")).notices)


def test_notices_stand_once_with_their_lines(bundled: Tariffs) -> None:
    two = [
        {"id": name, "commodity": "61091000", "origin": "CN", "quantity": "1", "unit_price": "9.00 EUR"}
        for name in ("a", "b")
    ]
    text = summarize(assess(berlin(items=two), bundled))
    notices = text.partition("Notices")[2].partition("\nLaw\n")[0]
    told = [line for line in notices.splitlines() if line.startswith("* ")]
    assert len(told) == len(set(told))
    assert any(line.startswith("* lines a, b: ") for line in told)


# The explanation


def test_at_a_test_only_the_branch_taken_is_shown(small: Tariffs) -> None:
    result = assessed(small)
    whole = {step.id: step for step in result.working}
    tree = outline(result)
    seen = {node.step.id for one in tree.charges for node in nodes(one.working)}
    seen |= {node.step.id for one in tree.consignment for node in nodes(one)}
    decided = [step for step in result.working if step.op == "decide" and step.id in seen]
    assert decided
    for step in decided:
        test, yes, no = step.inputs
        left = no if whole[test].value == "yes" else yes
        reached = any(
            left in other.inputs for other in result.working if other.id in seen and other.id != step.id
        )
        assert reached or left not in seen, f"{step.label} shows the branch not taken"
    text = explain(result)
    assert "relieved" not in text
    assert "relieved" in explain(assessed(small, item(unit_price="50.00 EUR")))


def test_a_test_shows_its_numbers(small: Tariffs) -> None:
    assert "€100.00 > €50.00" in explain(assessed(small))
    assert "€50.00 <= €50.00" in explain(assessed(small, item(unit_price="50.00 EUR")))


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda one: one.stem)
@pytest.mark.parametrize("format", ["text", "markdown", "html"])
def test_every_law_of_every_charge_is_cited(file: Path, format: Any, bundled: Tariffs) -> None:
    from html import unescape

    result = assess(Consignment.model_validate_json(file.read_bytes()), bundled, partial=True)
    text = explain(result, format=format)
    flat = " ".join(unescape(text).replace("\\", "").split())
    for _, charge in result.all_charges():
        for record in charge.records:
            assert record.record in flat
        for cite in charge.citations:
            assert " ".join(cite.title.split()) in flat
            assert cite.url in flat


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda one: one.stem)
def test_every_amount_stands_on_stated_facts_and_law(file: Path, bundled: Tariffs) -> None:
    """Each tree ends in facts by their path, in law, or in a step that is worked elsewhere on the page."""
    result = assess(Consignment.model_validate_json(file.read_bytes()), bundled, partial=True)
    tree = outline(result)
    every = [node for one in tree.charges for node in nodes(one.working)]
    every += [node for one in tree.consignment for node in nodes(one)]
    worked = {node.step.id for node in every if node.shown == "here"}
    for node in every:
        assert node.shown == "here" or node.step.id in worked
        if not node.inputs:
            assert node.step.op in (
                "given",
                "law",
                "because",
                "missing",
                "total",
                "any_line",
                "count_distinct",
            )
    times = [node.step.id for node in every if node.shown == "here" and node.inputs]
    assert len(times) == len(set(times)), "a step is worked twice"


def test_the_text_names_facts_law_and_days(bundled: Tariffs) -> None:
    text = explain(assess(berlin(), bundled))
    assert "unit price: €12.50, stated at items[0].unit_price" in text
    assert "price of the line: €25.00 = €12.50 x 2 item" in text
    assert "€5.681 rounded half up to 0.01" in text
    assert "de/tax_class.standard, in force from Jan 1, 2021" in text
    assert "eu/special.flat_duty, in force from Jul 1, 2026 to Jun 30, 2028" in text
    assert "https://eur-lex.europa.eu/eli/reg/2026/382/oj/eng" in text
    assert "under IOSS with number IM4420000123" in " ".join(text.split())


def test_one_item_or_one_charge(bundled: Tariffs) -> None:
    two = [
        {"id": name, "commodity": "61091000", "origin": "CN", "quantity": "1", "unit_price": "9.00 EUR"}
        for name in ("a", "b")
    ]
    result = assess(berlin(items=two), bundled)
    text = explain(result, item="b", charge="vat")
    assert "Line b:" in text
    assert "Line a:" not in text
    assert "VALUE ADDED TAX" in text
    assert "CUSTOMS DUTY" not in text
    with pytest.raises(FactsError, match="no item 'c'"):
        explain(result, item="c")
    with pytest.raises(FactsError, match="no charge 'gst': customs_duty, vat"):
        explain(result, charge="gst")


def test_json_is_exact_and_names_its_law_once(bundled: Tariffs) -> None:
    result = assess(berlin(), bundled)
    found = json.loads(explain(result, format="json", locale="de"))
    by_name = {one["name"]: one for one in found["charges"]}
    assert by_name["vat"]["amount"] == "5.68 EUR"
    assert by_name["vat"]["working"]["value"] == "5.68"
    named = set(re.findall(r'"law":"([^"]+)"', explain(result, format="json")))
    assert named
    assert named <= found["law"].keys()
    assert {name for one in found["charges"] for name in one["records"]} <= found["law"].keys()


@pytest.mark.parametrize("format", FORMATS)
def test_a_page_grows_with_the_lines_and_not_with_their_square(format: Any, bundled: Tariffs) -> None:
    def length(count: int) -> int:
        line = {"commodity": "61091000", "origin": "CN", "quantity": "1", "unit_price": "0.50 EUR"}
        consignment = berlin(items=[line | {"id": f"{n:03}"} for n in range(count)])
        return len(explain(assess(consignment, bundled), format=format))

    assert length(120) < 2.2 * length(60)


def test_charges_on_the_whole_are_explained(tmp_path: Path) -> None:
    fee = """
[[charge.fee]]
valid_from = 2020-01-01
kind = "fee"
title = "handling fee"
rate = "4 EUR"
per = "consignment"
rounding = { to = "0.01 EUR", mode = "half_up" }
cite = ["act"]
"""
    result = assessed(write(tmp_path, *LAW, fee))
    assert "HANDLING FEE: €4.00" in explain(result)
    assert "Charges on the consignment" in explain(result)
    assert "On the consignment as a whole" in summarize(result)


def test_what_is_not_calculable_says_why(small: Tariffs) -> None:
    text = explain(assessed(small, item(stated_duty=None), partial=True))
    assert "CUSTOMS DUTY: not calculable" in text
    assert "state it as stated_duty" in text


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("write_one", [explain, summarize], ids=["explain", "summarize"])
def test_hostile_ids_stay_words(write_one: Any, format: Any, small: Tariffs) -> None:
    text = write_one(assessed(small, item(id=HOSTILE[:60])), format=format)
    assert "\x1b" not in text
    if format == "html":
        page = Balanced()
        page.feed(text)
        assert page.open == []
        assert "<script>" not in text
        ids = [attributes["id"] for _, attributes in page.seen if "id" in attributes]
        assert len(ids) == len(set(ids))


def test_the_same_facts_give_the_same_page(small: Tariffs) -> None:
    consignment = Consignment.model_validate(cart(item(), item(id="2", unit_price="3.00 EUR")))
    first: Assessment = assess(consignment, small)
    assert explain(first) == explain(assess(consignment, small))
    assert summarize(first) == summarize(assess(consignment, small))


def test_babel_is_imported_only_to_lay_out_pages() -> None:
    package = Path(__file__).parents[1] / "dutycalc"
    users = [
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        if re.search(r"^\s*(from|import) babel\b", path.read_text(encoding="utf-8"), re.MULTILINE)
    ]
    assert users == ["render/formats.py"]
    code = "import sys, dutycalc; print('babel' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=package.parent
    )
    assert done.stdout == "False\n"
