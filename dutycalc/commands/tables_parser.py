"""What may be typed after `dutycalc tables`: a command for each thing that is done with the tables of law."""

from __future__ import annotations

from typing import Final

from dutycalc.commands import tables
from dutycalc.commands.mutation import add_mutate
from dutycalc.commands.parsing import (
    Commands,
    add_choice_of_tables,
    add_command,
    add_format,
    add_reading,
    read_day,
    read_territory,
)
from dutycalc.commands.standing import add_coverage
from dutycalc.importers import KINDS

_TABLES: Final = """
    Read and check the tables of law, ask what they change between two days, and make
    tables of tariffs from official files.
"""

_TABLES_EXAMPLES: Final = """
    examples:

      $ dutycalc tables list
      $ dutycalc tables show DE --on 2026-11-20 --family tax_class
      $ dutycalc tables diff DE --from 2026-06-30 --to 2026-07-01
      $ dutycalc tables check my-tables
"""

_LIST: Final = """
    List the territories: since when their law is covered, the day on which it was
    last compared with its sources, how many records it has, whether its tariff is in
    the tables.
"""

_SHOW: Final = """
    Show the law of a territory on a day, record by record, that of its union included.
    With --schedule: which publications its tariff was made from, and how many of
    their texts are rates, refer elsewhere, or could not be read.
"""

_CHECK: Final = """
    Write every fault of every file of law. Without DIR the bundled tables are checked.
"""

_DIFF: Final = """
    Show what the law of a territory changes between two days: the records that begin,
    that end, and that change, with old and new values and where both are written. Or,
    for OLD and NEW, two folders of a tariff: the measures that the new edition adds,
    ends and changes.
"""

_IMPORT: Final = f"""
    Make a table of a tariff from an official file. DIR is the folder of the territory
    (its name is the territory's code). What cannot be read goes into a file beside the
    table, with its reason, and the table refuses those rates by name.

    kinds: {", ".join(KINDS[:5])},
           {", ".join(KINDS[5:])}
"""


def add_tables(commands: Commands) -> None:
    """Add `dutycalc tables` and its own commands."""
    parser = add_command(
        commands,
        "tables",
        "the tables of law: list, show, check, diff, import",
        _TABLES,
        _TABLES_EXAMPLES,
        tables.list_tables,
    )
    inside = parser.add_subparsers(dest="tables_command", metavar="COMMAND", required=True, title="commands")
    one = add_command(
        inside,
        "list",
        "the territories in the tables",
        _LIST,
        "\nexample:\n\n  $ dutycalc tables list\n",
        tables.list_tables,
    )
    add_format(one)
    add_choice_of_tables(one)
    one = add_command(
        inside,
        "show",
        "the law of a day",
        _SHOW,
        "\nexamples:\n\n  $ dutycalc tables show NO --on 2025-05-05\n"
        "  $ dutycalc tables show US --schedule\n",
        tables.show_table,
    )
    one.add_argument("code", metavar="CODE", type=read_territory, help="the territory, such as DE or CA-ON")
    one.add_argument("--on", metavar="DAY", type=read_day, help="the day, such as 2026-11-20")
    one.add_argument("--schedule", action="store_true", help="what its tariff is made from")
    one.add_argument("--family", metavar="NAME", help="only records of this family, such as charge or limit")
    add_reading(one)
    add_format(one)
    add_choice_of_tables(one)
    one = add_command(
        inside,
        "check",
        "every fault of every file",
        _CHECK,
        "\nexample:\n\n  $ dutycalc tables check my-tables\n",
        tables.check_tables,
    )
    one.add_argument("dir", metavar="DIR", nargs="?", help="a folder of tables, checked by itself")
    add_format(one)
    add_choice_of_tables(one)
    example = (
        "\nexamples:\n\n  $ dutycalc tables diff DE --from 2026-06-30 --to 2026-07-01\n"
        "  $ dutycalc tables diff 2025/us 2026/us\n"
    )
    one = add_command(
        inside, "diff", "what the law changes between two days", _DIFF, example, tables.diff_tables
    )
    one.add_argument("code", metavar="CODE|OLD", help="the territory, such as DE, or the folder of a tariff")
    one.add_argument("new", metavar="NEW", nargs="?", help="the folder of a later edition of that tariff")
    one.add_argument("--from", dest="from_", metavar="DAY", type=read_day, help="the earlier day")
    one.add_argument("--to", metavar="DAY", type=read_day, help="the later day")
    add_reading(one)
    add_format(one)
    add_choice_of_tables(one)
    add_coverage(inside)
    add_mutate(inside)
    _add_import(inside)


def _add_import(inside: Commands) -> None:
    example = """
    example:

      $ dutycalc tables import usitc-hts-json hts.json --out my-tables/us --published 2026-06-08
    """
    one = add_command(
        inside, "import", "make a table from an official file", _IMPORT, example, tables.import_tables
    )
    one.add_argument("kind", metavar="KIND", choices=KINDS, help="the kind of file (above)")
    one.add_argument("file", metavar="FILE", help="the official file")
    one.add_argument("--out", metavar="DIR", required=True, help="the folder of the territory")
    one.add_argument(
        "--published",
        metavar="DAY",
        type=read_day,
        required=True,
        help="the day on which the file was published",
    )
    one.add_argument(
        "--covered-from", metavar="DAY", type=read_day, help="the first day it covers (default: that day)"
    )
    one.add_argument(
        "--checked-on", metavar="DAY", type=read_day, help="the day it was last checked (default: that day)"
    )
    one.add_argument("--incomplete", action="store_true", help="the file leaves out lines of the tariff")
    for name, what in (
        ("name", "the table's name (default: measures)"),
        ("title", "the title of the publication"),
        ("publisher", "who published it"),
        ("url", "where it was published"),
        ("terms", "on which terms it may be used"),
        ("notice", "what every answer that reads it has to say"),
    ):
        one.add_argument(f"--{name}", metavar="TEXT", help=what)
