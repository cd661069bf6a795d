"""The command line: what goes in and comes out, exit codes, and no traceback for anything that is typed."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from small_tables import HEADER, LAW, write

from dutycalc.cli import main
from dutycalc.commands import terminal

ROOT = Path(__file__).parents[1]

BERLIN: dict[str, Any] = {
    "destination": "DE", "dispatch": "CN", "sold_on": "2026-11-20", "channel": "express",
    "delivery_term": "DDP", "transport": "4.90 EUR", "seller": {"country": "CN"},
    "platform": {"country": "LU", "registrations": {"IOSS": "IM4420000123"}},
    "buyer": {"kind": "consumer"},
    "items": [{"id": "1", "commodity": "61091000", "origin": "CN", "quantity": "2",
               "unit_price": "12.50 EUR", "net_mass_kg": "0.36"}],
}  # fmt: skip

Outcome = tuple[int, str, str]


class Shell:
    """Runs commands in this process, with their input as stdin."""

    def __init__(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self.capsys = capsys
        self.monkeypatch = monkeypatch

    def __call__(self, *arguments: str, stdin: str | bytes = "") -> Outcome:
        data = stdin.encode() if isinstance(stdin, str) else stdin
        self.monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data)))
        code = main(arguments)
        found = self.capsys.readouterr()
        assert "Traceback" not in found.err
        assert all(line.startswith("error: ") for line in found.err.splitlines())
        return code, found.out, found.err


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    return Shell(capsys, monkeypatch)


@pytest.fixture
def berlin(tmp_path: Path) -> str:
    path = tmp_path / "berlin.json"
    path.write_text(json.dumps(BERLIN, indent=2), encoding="utf-8")
    return str(path)


def process(*arguments: str, **options: Any) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "dutycalc", *arguments],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options,
    )  # fmt: skip


# assess


def test_one_cart_is_answered_as_text(shell: Shell, berlin: str) -> None:
    code, out, err = shell("assess", berlin)
    assert (code, err) == (0, "")
    assert out.startswith("China to Germany: €8.68 due\n===")
    assert "│" not in out
    assert "\u00a0" not in out


def test_one_cart_from_stdin_as_exact_json(shell: Shell) -> None:
    code, out, _ = shell("assess", "-", "--format", "json", "--locale", "de", stdin=json.dumps(BERLIN))
    found = json.loads(out)
    assert code == 0
    assert found["totals"]["all"] == "8.68 EUR"
    assert out.count("\n") == 1


def test_locale(shell: Shell, berlin: str) -> None:
    _, out, _ = shell("assess", berlin, "--locale", "de")
    assert "China to Deutschland: 8,68 €" in out


def test_a_byte_order_mark_is_no_fault(shell: Shell) -> None:
    code, _, _ = shell("assess", "-", stdin=b"\xef\xbb\xbf" + json.dumps(BERLIN).encode())
    assert code == 0


@pytest.mark.parametrize(
    "bad", ["{", "not json", '{"destination": "DE"}', "[]", "null", '{"destination": 1}', "\udcff"]
)
def test_a_bad_cart_in_the_middle_of_lines_stops_nothing(shell: Shell, bad: str) -> None:
    lines = [json.dumps(BERLIN), bad, "", json.dumps(BERLIN)]
    code, out, err = shell("assess", "-", stdin="\n".join(lines).encode("utf-8", "surrogateescape"))
    first, refused, last = (json.loads(line) for line in out.splitlines())
    assert code == 1
    assert first["totals"]["all"] == last["totals"]["all"] == "8.68 EUR"
    assert refused["format"] == "dutycalc.refusal/1"
    assert refused["line"] == 2
    assert refused["errors"]
    assert len(refused["errors"]) == len(err.splitlines())
    assert all(line.startswith("error: line 2: ") for line in err.splitlines())


@pytest.mark.parametrize("bad", ["{", "no cart"])
def test_a_bad_cart_at_the_head_of_lines_stops_nothing(shell: Shell, bad: str) -> None:
    code, out, _ = shell("assess", "-", stdin=f"{bad}\n{json.dumps(BERLIN)}\n{json.dumps(BERLIN)}\n")
    refused, *others = (json.loads(line) for line in out.splitlines())
    assert code == 1
    assert refused["line"] == 1
    assert [one["totals"]["all"] for one in others] == ["8.68 EUR"] * 2


def test_lines_that_are_all_good(shell: Shell) -> None:
    code, out, err = shell("assess", "-", stdin=(json.dumps(BERLIN) + "\n") * 3)
    assert (code, err) == (0, "")
    assert len(out.splitlines()) == 3


def test_a_refusal_names_fact_and_item(shell: Shell) -> None:
    no_mass = BERLIN | {"items": [BERLIN["items"][0] | {"stated_duty": "2 EUR/l"}], "sold_on": "2026-01-05"}
    no_mass["items"][0]["unit_price"] = "200.00 EUR"
    _, out, _ = shell("assess", "-", stdin=f"{json.dumps(BERLIN)}\n{json.dumps(no_mass)}\n")
    refused = json.loads(out.splitlines()[1])
    assert refused["errors"][0]["error"] == "MissingFactError"
    assert refused["errors"][0]["item"] == "1"
    assert refused["errors"][0]["fact"] == "measures.l"


def test_an_array_gives_an_array(shell: Shell) -> None:
    code, out, err = shell("assess", "-", stdin=json.dumps([BERLIN, {}, 1, BERLIN], indent=1))
    found = json.loads(out)
    assert code == 1
    assert [one.get("decision") for one in found] == ["assessed", "refused", "refused", "assessed"]
    assert [one.get("cart") for one in found] == [None, 2, 3, None]
    assert "error: cart 3: the cart is no JSON object\n" in err


def test_an_empty_array_is_answered(shell: Shell) -> None:
    code, out, _ = shell("assess", "-", stdin="[]")
    assert (code, json.loads(out)) == (0, [])


def test_an_array_that_breaks_off_prints_nothing(shell: Shell) -> None:
    code, out, err = shell("assess", "-", stdin="[{},")
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1


def test_several_carts_as_text(shell: Shell) -> None:
    code, out, _ = shell(
        "assess", "-", "--format", "text", stdin=f"{json.dumps(BERLIN)}\n{{}}\n{json.dumps(BERLIN)}"
    )
    assert code == 1
    assert out.count("China to Germany") == 2
    assert "line 2: refused" in out


def test_html_holds_one_cart(shell: Shell, berlin: str) -> None:
    assert shell("assess", berlin, "--format", "html")[1].startswith("<!doctype html>")
    assert (
        shell("assess", "-", "--format", "html", stdin=f"{json.dumps(BERLIN)}\n{json.dumps(BERLIN)}")[0] == 2
    )


def test_bad_input_is_2_with_a_line_for_every_fault(shell: Shell) -> None:
    code, out, err = shell("assess", "-", stdin='{"destination": "DE", "channel": "pigeon"}')
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 5
    assert "error: channel: 'pigeon' is not one of" in err


def test_law_that_is_not_in_the_tables_is_1(shell: Shell) -> None:
    for changes in ({"destination": "XX"}, {"sold_on": "1999-01-01"}):
        code, out, err = shell("assess", "-", stdin=json.dumps(BERLIN | changes))
        assert (code, out) == (1, "")
        assert err.startswith("error: ")


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["assess"],
        ["foo"],
        ["assess", "no-such-file.json"],
        ["assess", str(ROOT)],
        ["assess", "-"],
        ["assess", "-", "--known-on", "20261120"],
        ["assess", "-", "--known-on", "2026-02-30"],
        ["assess", "-", "--tables", "no-such-folder"],
        ["assess", "-", "--only-tables", "no-such-folder"],
        ["assess", "-", "--tables", "a", "--only-tables", "b"],
        ["assess", "-", "--format", "yaml"],
        ["tables"],
        ["tables", "show", "DE"],
        ["tables", "show", "DE", "--on", "2026-01-01", "--family", "taxes"],
        ["tables", "show", "DE", "--on", "2026-01-01", "--variant", "nobody"],
        ["tables", "diff", "DE", "--from", "2026-07-01", "--to", "2026-06-30"],
        ["tables", "check", "no-such-folder"],
        ["tables", "import", "no-kind", "file", "--out", "dir", "--published", "2026-01-01"],
        ["tables", "import", "plain-csv", "no-such-file", "--out", "dir", "--published", "2026-01-01"],
        ["expression", "12% of", "--value", "1 EUR"],
        ["expression", "12%", "--value", "1"],
        ["expression", "12%", "--value", "1 EUR", "--measure", "kg"],
        ["expression", "2 EUR/kg", "--value", "1 EUR"],
        ["expression", "2 EUR/kg", "--value", "1 EUR", "--measure", "kgs=x"],
    ],
    ids=" ".join,
)
def test_bad_arguments_are_2_and_one_line_each(shell: Shell, arguments: list[str]) -> None:
    code, out, err = shell(*arguments)
    assert (code, out) == (2, "")
    assert err.startswith("error: ")


def test_a_locale_or_reading_that_is_none_is_2(shell: Shell, berlin: str) -> None:
    assert shell("assess", berlin, "--locale", "xx")[0] == 2
    assert shell("assess", berlin, "--variant", "nobody")[0] == 2


def test_own_tables_over_the_bundled_and_instead(shell: Shell, tmp_path: Path, berlin: str) -> None:
    tables = tmp_path / "tables"
    write(tables, *LAW)
    cart = BERLIN | {"destination": "ZZ", "platform": None}
    cart["items"] = [BERLIN["items"][0] | {"stated_duty": "10%"}]
    for option in ("--tables", "--only-tables"):
        code, out, _ = shell("assess", "-", option, str(tables), "--format", "json", stdin=json.dumps(cart))
        assert code == 0
        assert json.loads(out)["tables"]["territory"] == "ZZ"
    assert shell("assess", berlin, "--tables", str(tables))[0] == 0
    assert shell("assess", berlin, "--only-tables", str(tables))[0] == 1


def test_partial_marks_what_is_refused_without_it(shell: Shell, tmp_path: Path) -> None:
    write(tmp_path, *LAW)
    cart = json.dumps(BERLIN | {"destination": "ZZ", "platform": None})
    assert shell("assess", "-", "--only-tables", str(tmp_path), stdin=cart)[0] == 1
    code, out, _ = shell("assess", "-", "--only-tables", str(tmp_path), "--partial", stdin=cart)
    assert code == 0
    assert "not calculable" in out


def test_variant_and_known_on_reach_the_engine(shell: Shell, tmp_path: Path) -> None:
    rates = """
[[tax_class.standard]]
valid_from = 2020-01-01
rate = "20%"
cite = ["act"]

[[tax_class.standard]]
valid_from = 2025-01-01
known_from = 2026-06-15
rate = "21%"
cite = ["act"]

[[tax_class.standard]]
valid_from = 2025-01-01
variant = "older"
rate = "30%"
cite = ["act"]
"""
    parts = [part for part in LAW if "tax_class.standard" not in part]
    write(tmp_path, *parts, rates)
    cart = BERLIN | {"destination": "ZZ", "platform": None, "transport": None, "sold_on": "2026-06-01"}
    cart["items"] = [BERLIN["items"][0] | {"stated_duty": "free"}]

    def vat(*options: str) -> str:
        _, out, _ = shell(
            "assess",
            "-",
            "--only-tables",
            str(tmp_path),
            "--format",
            "json",
            *options,
            stdin=json.dumps(cart),
        )
        found: str = json.loads(out)["totals"]["by_kind"]["vat"]
        return found

    assert vat() == "5.25 EUR"
    assert vat("--known-on", "2026-06-14") == "5.00 EUR"
    assert vat("--variant", "older") == "7.50 EUR"


# explain


def test_explain_as_text_markdown_html_json(shell: Shell, berlin: str) -> None:
    starts = {"text": "Working: ", "markdown": "# Working: ", "html": "<!doctype html>", "json": '{"format":'}
    for form, start in starts.items():
        code, out, err = shell("explain", berlin, "--format", form)
        assert (code, err) == (0, "")
        assert out.startswith(start)
        assert out.endswith("\n")


def test_explain_one_charge_of_one_item(shell: Shell, berlin: str) -> None:
    _, out, _ = shell("explain", berlin, "--item", "1", "--charge", "vat")
    assert "VALUE ADDED TAX: €5.68" in out
    assert "CUSTOMS DUTY" not in out
    assert shell("explain", berlin, "--item", "2")[0] == 2
    assert shell("explain", berlin, "--charge", "gst")[0] == 2


def test_explain_many(shell: Shell) -> None:
    code, out, _ = shell("explain", "-", stdin=f"{json.dumps(BERLIN)}\n{{}}\n{json.dumps(BERLIN)}")
    assert code == 1
    assert [json.loads(line)["format"] for line in out.splitlines()] == [
        "dutycalc.explanation/1",
        "dutycalc.refusal/1",
        "dutycalc.explanation/1",
    ]


# tables


def test_list(shell: Shell) -> None:
    _, out, _ = shell("tables", "list", "--format", "json")
    found = {one["code"]: one for one in json.loads(out)}
    assert found["DE"]["tariff"] == "EU"
    assert found["EU"]["tariff"] == "EU"
    assert found["DE"]["records"] > 5
    _, text, _ = shell("tables", "list")
    assert any(line.startswith("DE ") and line.endswith("yes, of EU") for line in text.splitlines())


def test_list_shows_the_rest_beside_a_faulty_file(shell: Shell, tmp_path: Path) -> None:
    write(tmp_path, *LAW)
    assert shell("tables", "list", "--only-tables", str(tmp_path))[0] == 0
    write(tmp_path, 'no_such_family = "x"', code="YY")
    code, out, err = shell("tables", "list", "--only-tables", str(tmp_path))
    assert code == 1
    assert "ZZ " in out
    assert "YY " not in out
    assert "no_such_family" in err


def test_show(shell: Shell) -> None:
    code, out, _ = shell("tables", "show", "de", "--on", "2020-08-01", "--family", "tax_class")
    assert code == 0
    assert "de/tax_class.standard, in force from 2020-07-01 to 2020-12-31" in out
    assert 'rate = "16%"' in out
    assert "https://www.gesetze-im-internet.de/ustg_1980/__28.html" in out
    _, whole, _ = shell("tables", "show", "DE", "--on", "2020-08-01", "--format", "json")
    families = {one["family"] for one in json.loads(whole)["records"]}
    assert {"charge", "limit", "tax_class", "currency"} <= families


def test_show_before_the_tables_begin(shell: Shell) -> None:
    assert shell("tables", "show", "DE", "--on", "1999-01-01")[0] == 1
    assert shell("tables", "show", "XX", "--on", "2026-01-01")[0] == 1


def test_diff_of_the_end_of_june_2026_in_germany(shell: Shell) -> None:
    code, out, err = shell("tables", "diff", "DE", "--from", "2026-06-30", "--to", "2026-07-01")
    assert (code, err) == (0, "")
    begins, _, ends = out.partition("\nEnds\n")
    assert "eu/special.flat_duty, in force from 2026-07-01" in begins
    assert 'rate = "3 EUR"' in begins
    assert "eu/relief.negligible_value, in force from 2018-01-01 to 2026-06-30" in ends
    assert "de/tax_class.standard" not in out
    _, text, _ = shell(
        "tables", "diff", "DE", "--from", "2026-06-30", "--to", "2026-07-01", "--format", "json"
    )
    kinds = {one["record"]: one["change"] for one in json.loads(text)["changes"]}
    assert kinds["eu/special.flat_duty"] == "begins"
    assert kinds["eu/relief.negligible_value"] == "ends"


def test_diff_shows_old_and_new_values(shell: Shell) -> None:
    _, out, _ = shell("tables", "diff", "DE", "--from", "2020-06-30", "--to", "2020-07-01")
    assert 'rate: "19%" -> "16%"' in out
    assert 'rate: "7%" -> "5%"' in out
    assert "eu/charge.vat" not in out


def test_diff_without_a_change(shell: Shell) -> None:
    _, out, _ = shell("tables", "diff", "DE", "--from", "2026-06-29", "--to", "2026-06-29")
    assert "No record of law begins, ends or changes." in out


def test_check_finds_every_fault_of_every_file(shell: Shell, tmp_path: Path) -> None:
    write(tmp_path, *LAW)
    code, out, err = shell("tables", "check", str(tmp_path))
    assert (code, err) == (0, "")
    assert out == "1 folder of law: no fault\n"
    write(tmp_path, *LAW, '[[charge.vat]]\nvalid_from = 2021-01-01\ncite = ["nothing"]', code="YY")
    (tmp_path / "xx").mkdir()
    (tmp_path / "xx" / "law.toml").write_text("= broken", encoding="utf-8")
    code, out, err = shell("tables", "check", str(tmp_path))
    assert code == 1
    assert {line.split(": ")[1] for line in err.splitlines()} >= {"xx/law.toml", "yy/law.toml"}
    assert len(err.splitlines()) >= 3
    code, out, _ = shell("tables", "check", str(tmp_path), "--format", "json")
    assert code == 1
    assert {one["file"] for one in json.loads(out)} >= {"xx/law.toml", "yy/law.toml"}


def test_check_reads_tariffs_too(shell: Shell, tmp_path: Path) -> None:
    write(tmp_path, *LAW)
    (tmp_path / "zz" / "measures.csv").write_text("no table\n", encoding="utf-8")
    code, _, err = shell("tables", "check", str(tmp_path))
    assert code == 1
    assert "measures.csv" in err


def test_import(shell: Shell, tmp_path: Path) -> None:
    source = tmp_path / "tariff.csv"
    source.write_text(
        "code,expression\n61091000,12%\n64039993,8% MIN 2 EUR/pair\n85285210,banana\n", encoding="utf-8"
    )
    out_dir = tmp_path / "tables" / "zz"
    code, out, err = shell(
        "tables", "import", "plain-csv", str(source), "--out", str(out_dir), "--published", "2025-01-01",
        "--title", "Tariff of the small country",
    )  # fmt: skip
    assert (code, err) == (1, "")
    assert "1 text not read" in out
    assert (out_dir / "measures.csv").is_file()
    (out_dir / "law.toml").write_text("\n".join((HEADER, *LAW)), encoding="utf-8")
    cart = BERLIN | {"destination": "ZZ", "platform": None, "transport": None}
    _, text, _ = shell("assess", "-", "--only-tables", str(tmp_path / "tables"), stdin=json.dumps(cart))
    assert "12%" in text


# expression


def test_expression(shell: Shell) -> None:
    code, out, _ = shell(
        "expression", "9.27 GBP/%vol/hl", "--value", "1000 GBP", "--measure", "hl=10", "--measure", "%vol=8.4"
    )
    assert code == 0
    assert "£778.68" in out
    assert "£9.27 x 8.4 %vol x 10 hl" in out
    _, text, _ = shell("expression", "12% MAX 10 EUR", "--value", "100 EUR", "--format", "json")
    found = json.loads(text)
    assert found["amount"] == found["working"][-1]["value"] + " EUR"
    assert found["expression"] == "12% MAX 10 EUR"


def test_expression_of_a_season(shell: Shell) -> None:
    text = "12% (1 JAN-30 JUN), 5% (1 JUL-31 DEC)"
    assert shell("expression", text, "--value", "100 EUR")[0] == 2
    assert "€5.00" in shell("expression", text, "--value", "100 EUR", "--on", "2026-08-01")[1]


# The process


def test_help_teaches_with_an_example(shell: Shell) -> None:
    commands = [
        [], ["assess"], ["explain"], ["tables"], ["expression"],
        *(["tables", one] for one in ("list", "show", "check", "diff", "import")),
    ]  # fmt: skip
    for command in commands:
        code, out, _ = shell(*command, "--help")
        assert code == 0
        assert "$ " in out, command


def test_the_first_example_of_the_help_is_answered(shell: Shell) -> None:
    _, out, _ = shell("--help")
    cart = out.partition("<<'END'\n")[2].partition("END")[0]
    code, answer, _ = shell("assess", "-", stdin=cart)
    assert code == 0
    assert answer.startswith("China to Germany: ")


def test_version(shell: Shell) -> None:
    code, out, _ = shell("--version")
    assert code == 0
    assert out.startswith("dutycalc ")


def test_the_module_is_the_command(berlin: str) -> None:
    with process("assess", berlin, env=os.environ | {"PYTHONIOENCODING": "ascii", "LC_ALL": "C"}) as one:
        out, err = one.communicate()
    assert (one.returncode, err) == (0, b"")
    assert "€8.68" in out.decode("utf-8")


def test_a_reader_who_stops_reading_is_no_fault() -> None:
    with process("assess", "-") as one:
        assert one.stdin is not None
        assert one.stdout is not None
        assert one.stderr is not None
        one.stdout.close()
        try:
            one.stdin.write((json.dumps(BERLIN) + "\n").encode() * 50)
            one.stdin.close()
        except BrokenPipeError:
            pass
        assert one.stderr.read() == b""
        assert one.wait(60) == 141


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_an_interrupt_leaves_quietly() -> None:
    with process("assess", "-") as one:
        assert one.stdin is not None
        assert one.stdout is not None
        assert one.stderr is not None
        line = (json.dumps(BERLIN) + "\n").encode()
        one.stdin.write(line * 30)
        one.stdin.flush()
        one.stdout.read(1)
        one.send_signal(signal.SIGINT)
        one.stdout.read()
        assert one.stderr.read() == b""
        assert one.wait(60) == 130


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_on_a_terminal_tables_have_lines(monkeypatch: pytest.MonkeyPatch, berlin: str) -> None:
    pytest.importorskip("rich")
    screen = Terminal()
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr("sys.stdout", screen)
    assert main(["assess", berlin]) == 0
    text = re.sub(r"\x1b\[[0-9;]*m", "", screen.getvalue())
    assert "│ value added tax │ 19%" in text
    assert max(len(line) for line in text.splitlines() if "│" in line) <= 100


def test_on_a_terminal_without_rich_the_text_is_plain(monkeypatch: pytest.MonkeyPatch, berlin: str) -> None:
    screen = Terminal()
    monkeypatch.setattr(terminal, "find_spec", lambda name: None)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr("sys.stdout", screen)
    assert main(["assess", berlin]) == 0
    text = screen.getvalue()
    assert "value added tax  19%" in text
    assert "│" not in text


def test_progress_is_told_on_a_terminal_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Terminal()
    monkeypatch.setattr("sys.stderr", screen)
    with terminal.progress("carts", 200) as told:
        told.tell(999, 10)
        assert screen.getvalue() == ""
        told.tell(1000, 50)
        assert "1,000 carts, 25%" in screen.getvalue()
    assert screen.getvalue().endswith("\r\x1b[K")
    pipe = io.StringIO()
    monkeypatch.setattr("sys.stderr", pipe)
    with terminal.progress("carts", 200) as told:
        told.tell(1000, 50)
    assert pipe.getvalue() == ""
