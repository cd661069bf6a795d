"""`tables show CODE --schedule` and `tables diff OLD NEW`: what a tariff holds, and what two editions differ in."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from dutycalc.cli import main
from dutycalc.importers import Edition, import_table

COLUMNS = "code,kind,origin_group,expression,valid_from,valid_until,requires\n"
OLD = "01012100,third_country,,5%,,,\n01012900,third_country,,6%,,,\n02011000,third_country,,7%,,,\n"
NEW = "01012100,third_country,,4%,,,\n02011000,third_country,,7%,,,\n03011100,third_country,,free,,,\n"


def edition(folder: Path, text: str, year: int) -> str:
    """Write an edition of a tariff and return its folder."""
    source = folder / "source.csv"
    source.write_text(COLUMNS + text)
    place = folder / str(year) / "xx"
    day = date(year, 1, 1)
    import_table("plain-csv", source, place, edition=Edition(published=day, url="https://example.org/"))
    return str(place)


def shell(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(arguments)
    out, err = capsys.readouterr()
    return code, out, err


def test_two_editions_are_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old, new = edition(tmp_path, OLD, 2025), edition(tmp_path, NEW, 2026)
    code, out, _ = shell(capsys, "tables", "diff", old, new)
    assert code == 0
    for line in (
        "Added: 1",
        "03011100 third_country: free",
        "Ended: 1",
        "01012900 third_country: 6%",
        "Changed: 1",
        "01012100 third_country: 5% -> 4%",
    ):
        assert line in out
    assert "02011000" not in out
    code, out, _ = shell(capsys, "tables", "diff", old, new, "--format", "json")
    found = json.loads(out)
    assert [one["code"] for one in found["added"]] == ["03011100"]
    assert [one["code"] for one in found["ended"]] == ["01012900"]
    (change,) = found["changed"]
    assert (change["old"][0]["expression"], change["new"][0]["expression"]) == ("5%", "4%")


def test_an_edition_does_not_differ_from_itself(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old = edition(tmp_path, OLD, 2025)
    code, out, _ = shell(capsys, "tables", "diff", old, old)
    assert code == 0
    assert "No measure is added, ended or changed." in out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["diff", "nowhere", "nowhere-else"], "no folder of a tariff"),
        (["diff", "DE"], "two days with --from and --to"),
        (["diff", "a", "b", "--from", "2026-01-01"], "without days"),
        (["show", "DE"], "--on"),
    ],
)
def test_what_is_not_named_is_asked_for(
    arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = shell(capsys, "tables", *arguments)
    assert (code, out) == (2, "")
    assert told in err


def test_a_folder_without_a_tariff_is_a_finding(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = shell(capsys, "tables", "diff", str(tmp_path), str(tmp_path))
    assert code == 1
    assert "is not in the tables" in err


def test_every_text_of_a_shipped_tariff_is_a_rate_or_refuses_by_name(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for territory in ("US", "EU", "GB", "JP", "EAEU", "PE", "CA"):
        code, out, _ = shell(capsys, "tables", "show", territory, "--schedule", "--format", "json")
        assert code == 0
        for one in json.loads(out)["counts"]:
            assert one["texts"] == one["rates"] + one["refer"] + one["unread"]
            assert one["texts"] > 0


def test_the_publication_of_a_member_is_its_unions(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = shell(capsys, "tables", "show", "DE", "--schedule")
    assert code == 0
    assert out.startswith("The tariff of EU")
    assert "eu/measures: 11,830 codes" in out
    assert "eu/measures  third_country" in out


def test_a_territory_without_a_tariff_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = shell(capsys, "tables", "show", "NO", "--schedule")
    assert code == 1
    assert "the tariff of NO is not in the tables" in err
