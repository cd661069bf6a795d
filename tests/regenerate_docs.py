"""The examples of the README and the docs: found, run, and written anew.

`python tests/regenerate_docs.py` rewrites the output of every example, the parts that are made from the code,
the example tables and the JSON Schemas. A `console` block holds commands after `$ ` and what they print; a
`python` block is followed by an `output` block where it prints; the `python` blocks of a page share their
names. A `toml` or `csv` block with a path is part of that file. Other blocks are not run.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import chdir, contextmanager, redirect_stdout
from inspect import get_annotations
from io import StringIO
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[1]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from json_schemas import SCHEMAS, schema_text  # noqa: E402

from dutycalc import tables  # noqa: E402

PAGES: Final = (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
EXAMPLE_TABLES: Final = ROOT / "docs" / "examples" / "tables"

_BLOCK: Final = re.compile(
    r"^```console\n(?P<console>.*?)^```$"
    r"|^```python\n(?P<python>.*?)^```$(?P<between>\n{1,2}^```output\n(?P<output>.*?)^```$)?"
    r"|^<!-- made: (?P<made>\w+) -->\n(?P<text>.*?)^<!-- end -->$",
    re.MULTILINE | re.DOTALL,
)
_FILE: Final = re.compile(r"^```(?:toml|csv) (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")
_GUARDED: Final = re.compile(r"Annotated\[(\w+(?:\[\w+\])?), .*\]")
_COMMAND: Final = re.compile(r"^\$ (?:[^\n]*\\\n)*[^\n]*$", re.MULTILINE)


def regenerated(page: Path) -> str:
    """Return the page with every example run and every made part made anew."""
    names: dict[str, Any] = {"__name__": "__main__"}

    def anew(block: re.Match[str]) -> str:
        if block["console"] is not None:
            return f"```console\n{_run(block['console'])}```"
        if block["python"] is not None:
            printed = _execute(block["python"], names, f"{page.name}, line {_line_of(block)}")
            output = f"\n\n```output\n{printed}```" if printed else ""
            return f"```python\n{block['python']}```{output}"
        return f"<!-- made: {block['made']} -->\n{MADE[block['made']]()}<!-- end -->"

    return _BLOCK.sub(anew, page.read_text(encoding="utf-8"))


def _line_of(block: re.Match[str]) -> int:
    return block.string.count("\n", 0, block.start()) + 2


def _run(text: str) -> str:
    """Return the commands of a console block, each with what it prints."""
    with _commands() as environment:
        return "".join(
            f"{command}\n{_printed(command[2:], environment)}" for command in _COMMAND.findall(text)
        )


def _printed(command: str, environment: dict[str, str]) -> str:
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
        text=True, encoding="utf-8", timeout=120, check=False,
    )  # fmt: skip
    return _told(done.stdout)


def _told(text: str) -> str:
    """Return what was printed, without blanks at line ends; digests, which change with any table, are cut."""
    return "".join(f"{line.rstrip()}\n" for line in _DIGEST.sub("sha256:…", text).splitlines())


@contextmanager
def _commands() -> Iterator[dict[str, str]]:
    """Give an environment in which `dutycalc` and `python` are this checkout's and this interpreter's."""
    with tempfile.TemporaryDirectory() as folder:
        for name, code in (("python", ""), ("dutycalc", "-m dutycalc ")):
            script = Path(folder, name)
            script.write_text(f'#!/bin/sh\nexec "{sys.executable}" {code}"$@"\n', encoding="utf-8")
            script.chmod(0o755)
        yield {
            "PATH": f"{folder}{os.pathsep}/usr/bin{os.pathsep}/bin",
            "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", "PYTHONWARNINGS": "error",
            "LC_ALL": "C.UTF-8", "TERM": "dumb", "COLUMNS": "100", "HOME": folder,
        }  # fmt: skip


def _execute(code: str, names: dict[str, Any], place: str) -> str:
    printed = StringIO()
    with chdir(ROOT), redirect_stdout(printed):
        exec(compile(code, place, "exec"), names)
    return _told(printed.getvalue())


def field_reference() -> str:
    """Return every family of records and every shape within them, field by field, as the code has them."""
    common, scoped = set(tables.Record.model_fields), set(tables.Scoped.model_fields)
    parts = [
        _shape(tables.Header),
        _shape(tables.Source, "Written `[sources.SLUG]`."),
        _shape(tables.Record, "Its fields stand in every record."),
        _shape(tables.Scoped, "Its fields stand in the records below that say so.", leave=common),
    ]
    for family, (shape, named) in tables.FAMILIES.items():
        written = f"Written `[[{family}{'.NAME' if named else ''}]]`"
        if issubclass(shape, tables.Scoped):
            parts.append(_shape(shape, f"{written}, with the fields of Scoped.", leave=scoped))
        else:
            parts.append(_shape(shape, f"{written}.", leave=common))
    inner: tuple[type[Any], ...] = (
        tables.Goods, tables.Condition, tables.RoundingRule, tables.FurtherMeasure, tables.Count, tables.Bucket,
        tables.Take, tables.Returns, tables.DueOtherwise, tables.Turnover,
    )  # fmt: skip
    parts += [_shape(shape) for shape in inner]
    return "\n".join(parts)


def _shape(shape: type[Any], where: str = "", leave: set[str] | frozenset[str] = frozenset()) -> str:
    said = " ".join(f"{shape.__doc__} {where}".split())
    rows = [
        f"| `{field}` | `{_annotation(shape, field)}` | {_default(info)} |"
        for field, info in shape.model_fields.items()
        if field not in leave
    ]
    head = f"### {shape.__name__}\n\n{said}\n"
    if not rows:
        return head
    return f"{head}\n| field | type | default |\n| --- | --- | --- |\n" + "\n".join(rows) + "\n"


def _annotation(shape: type[Any], field: str) -> str:
    """Return a field's type as it is written in the code, without what guards its value."""
    for one in shape.__mro__:
        text = get_annotations(one).get(field)
        if text is not None:
            return _GUARDED.sub(r"\1", str(text)).replace("|", "or")
    raise KeyError(field)


def _default(info: Any) -> str:
    if info.is_required():
        return "required"
    value = info.get_default(call_default_factory=True)
    return "none" if value is None else f"`{value!r}`" if value not in ("", [], {}, ()) else "empty"


MADE: Final[dict[str, Callable[[], str]]] = {"fields": field_reference}
"""Parts of pages that are made from the code."""


def example_tables() -> dict[Path, str]:
    """Return the files of law that the blocks of docs/tables.md add up to, by their place."""
    found: dict[str, list[str]] = {}
    for path, text in _FILE.findall((ROOT / "docs" / "tables.md").read_text(encoding="utf-8")):
        found.setdefault(path, []).append(text)
    return {EXAMPLE_TABLES / path: "\n".join(texts) for path, texts in found.items()}


def main() -> None:
    """Write every page, file of law and schema anew."""
    for path, text in example_tables().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
    for page in PAGES:
        page.write_text(regenerated(page), encoding="utf-8", newline="\n")
    for name in SCHEMAS:
        (ROOT / "docs" / "schema" / name).write_text(schema_text(name), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
