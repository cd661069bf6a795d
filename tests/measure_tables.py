"""Nudges every record of the bundled tables and writes the report into docs/testing-tables.md.

Run as `python tests/measure_tables.py DAY`, with the day that the report is to bear; it takes some minutes.
"""

from __future__ import annotations

import re
import sys
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Final

from dutycalc.cli import main

ROOT: Final = Path(__file__).parent.parent
PAGE: Final = ROOT / "docs" / "testing-tables.md"
MARK: Final = "<!-- measured by tests/measure_tables.py -->\n"


def report() -> str:
    """Return the Markdown that the command prints, its headings one level lower and without its title."""
    cases = sorted(str(one) for one in (ROOT / "tests" / "golden").glob("*.jsonl"))
    with redirect_stdout(StringIO()) as printed:
        code = main(["tables", "mutate", "--format", "markdown", "--cases", *cases])
    if code:
        sys.exit(code)
    _, _, text = printed.getvalue().partition("\n\n")
    return re.sub(r"^#", "##", text, flags=re.MULTILINE)


def write(day: str) -> None:
    """Put the report at the foot of the page, under the day on which it was measured."""
    head, mark, _ = PAGE.read_text(encoding="utf-8").partition(MARK)
    text = f"{head}{mark}\nMeasured on {day}.\n\n{report()}"
    fresh = PAGE.with_suffix(".new")
    fresh.write_text(text, encoding="utf-8", newline="\n")
    fresh.replace(PAGE)


if __name__ == "__main__":
    write(sys.argv[1])
