"""Numbers of registrations: whether one fits its picture, its check digits, and one that stands for all."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Final, Literal

from dutycalc.profile import PICTURE
from dutycalc.stages.collection import fits_picture

Verdict = Literal["well_formed", "malformed", "wrong_check_digits", "checked"]
"""`well_formed` fits its picture, and no check digits were reckoned; `checked` has them right, too."""

_MODULES: Final = {
    "AU-ABN": "stdnum.au.abn",
    "BR-CNPJ": "stdnum.br.cnpj",
    "BR-CPF": "stdnum.br.cpf",
    "CH-MWST": "stdnum.ch.vat",
    "CL-RUT": "stdnum.cl.rut",
    "EU-VAT": "stdnum.eu.vat",
    "GB-VAT": "stdnum.gb.vat",
    "IOSS": "stdnum.eu.oss",
    "NO-MVA": "stdnum.no.mva",
    "NZ-IRD": "stdnum.nz.ird",
}
"""Where python-stdnum (the extra `ids`) reckons the check digits of a registration's numbers."""


def has_check_digits(registration: str) -> bool:
    """Tell whether python-stdnum knows the number of this registration."""
    return registration in _MODULES


def check_number(registration: str, number: str, pictures: Sequence[str] = ()) -> Verdict:
    """Return whether a number fits its pictures and, where python-stdnum is installed, its check digits."""
    if not fits_picture(number.translate(PICTURE), list(pictures)):
        return "malformed"
    module = _MODULES.get(registration)
    if module is None:
        return "well_formed"
    try:
        found = import_module(module)
    except ModuleNotFoundError:
        return "well_formed"
    return "checked" if found.is_valid(number) else "wrong_check_digits"


def placeholder(pictures: Sequence[str]) -> str:
    """Return a number that fits the first picture and belongs to nobody: zeros for digits, X for letters."""
    if not pictures:
        return "PLACEHOLDER"
    return pictures[0].replace("#", "0").replace("@", "X").replace("*", "0")
