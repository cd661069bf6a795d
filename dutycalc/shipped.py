"""Where the tables that come with the library lie."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from dutycalc.errors import TableError

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable


def tariffs_folder() -> Traversable:
    """Return the tables in the wheel, else those beside the package in a checkout."""
    package = Path(__file__).parent
    for folder in (package / "_tariffs", package.parent / "tariffs"):
        if folder.is_dir():
            return folder
    from importlib.resources import files  # noqa: PLC0415 # only a package that is no folder, such as a zip, pays for it

    shipped = files("dutycalc").joinpath("_tariffs")
    if shipped.is_dir():
        return shipped
    raise TableError("the installation lacks its tables: no `_tariffs` in the package", file=str(package))
