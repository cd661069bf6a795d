"""The wheel: built, installed in a fresh environment outside the checkout, compared and used there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ANSWER = re.compile(
    r"^```console\n\$ dutycalc assess docs/examples/berlin-ioss\.json\n(.*?)^```$", re.MULTILINE | re.DOTALL
)
COMMAND = re.compile(r"^<!-- command: (\w+) -->\n```sh\n(.*?)\n```$", re.MULTILINE)

pytestmark = pytest.mark.packaging


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a clean copy of what is under version control, or is about to be."""
    copy = tmp_path_factory.mktemp("checkout") / "dutycalc"
    listed = _run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], ROOT)
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, copy / name)
    return copy


@pytest.fixture(scope="module")
def wheel(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the wheel, built from the source distribution as an installer would."""
    folder = tmp_path_factory.mktemp("dist")
    _run([sys.executable, "-m", "build", "--outdir", str(folder), str(checkout)], folder)
    (found,) = folder.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a fresh environment, outside the checkout, that holds the wheel and what it needs."""
    folder = tmp_path_factory.mktemp("installed")
    _run([sys.executable, "-m", "venv", str(folder / ".venv")], folder)
    _run([str(folder / ".venv/bin/pip"), "install", "--quiet", str(wheel)], folder)
    return folder


def test_the_wheel_holds_the_tables_byte_for_byte(wheel: Path, checkout: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        shipped = {
            name.removeprefix("dutycalc/_tariffs/"): archive.read(name)
            for name in archive.namelist()
            if name.startswith("dutycalc/_tariffs/") and not name.endswith("/")
        }
        others = {name.partition("/")[0] for name in archive.namelist()}
    tables = {path.as_posix(): content for path, content in _contents(checkout / "tariffs").items()}
    assert shipped.keys() == tables.keys()
    assert [name for name in tables if shipped[name] != tables[name]] == []
    top = {re.sub(r"-[0-9.]+\.dist-info", ".dist-info", one) for one in others}
    assert top == {"dutycalc", "dutycalc.dist-info", "pytest_dutycalc.py"}


def test_the_installed_tables_are_those_of_the_checkout(installed: Path, checkout: Path) -> None:
    (folder,) = installed.glob(".venv/lib/python3*/site-packages/dutycalc/_tariffs")
    assert _contents(folder) == _contents(checkout / "tariffs")
    code = "from dutycalc import load_tariffs; print(load_tariffs().digest)"
    digest = _run([str(installed / ".venv/bin/python"), "-c", code], installed)
    assert digest == _run([sys.executable, "-c", code], checkout)


def test_the_installed_wheel_answers_as_the_readme_says(installed: Path, checkout: Path) -> None:
    shutil.copytree(checkout / "docs" / "examples", installed / "docs" / "examples", dirs_exist_ok=True)
    command = str(installed / ".venv/bin/dutycalc")
    printed = _run([command, "assess", "docs/examples/berlin-ioss.json"], installed)
    assert _cut(printed) == _answer(checkout)


def test_the_installed_wheel_needs_no_extras(installed: Path) -> None:
    """Every module can be imported but the strategies, which are made of the extra that they name."""
    code = (
        "import pkgutil, dutycalc\n"
        "for one in pkgutil.walk_packages(dutycalc.__path__, 'dutycalc.'):\n"
        "    if not one.name.endswith(('__main__', 'testing.strategies', 'testing.ledgers')): __import__(one.name)\n"
    )
    _run([str(installed / ".venv/bin/python"), "-W", "error", "-c", code], installed)


def test_the_first_command_of_the_readme(checkout: Path) -> None:
    """A stranger's first minute, word for word; the second command is what runs all the tests in CI."""
    commands = dict(COMMAND.findall((checkout / "README.md").read_text(encoding="utf-8")))
    assert commands.keys() == {"assess", "test"}
    printed = _run(["bash", "-c", commands["assess"]], checkout)
    assert _cut(printed) == _answer(checkout)


def _answer(checkout: Path) -> str:
    found = ANSWER.search((checkout / "README.md").read_text(encoding="utf-8"))
    assert found is not None
    return found[1]


def _cut(text: str) -> str:
    """Return what was printed as the docs have it: digests cut, no blanks at line ends."""
    lines = re.sub(r"sha256:[0-9a-f]{64}", "sha256:…", text).splitlines()
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _contents(folder: Path) -> dict[Path, bytes]:
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _run(command: list[str], folder: Path) -> str:
    done = subprocess.run(
        command, cwd=folder, env=_environment(folder), stdin=subprocess.DEVNULL, capture_output=True,
        text=True, encoding="utf-8", timeout=480, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def _environment(home: Path) -> dict[str, str]:
    """Return a bare environment with what an installer needs to know: where packages come from."""
    kept = {name: one for name, one in os.environ.items() if name.startswith(("PIP_", "SSL_", "REQUESTS_"))}
    kept |= {name: one for name, one in os.environ.items() if name.lower().endswith("_proxy")}
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return {**kept, "PATH": path, "LC_ALL": "C.UTF-8", "COLUMNS": "100", "HOME": str(home)}
