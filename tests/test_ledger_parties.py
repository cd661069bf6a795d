"""Columns of a ledger for the parties of a consignment: each party that facts may name has columns of its own."""

from __future__ import annotations

from typing import Final, get_args

import pytest

from dutycalc.auditing.entries import Entry
from dutycalc.auditing.rows import KNOWN, Columns
from dutycalc.errors import FactsError
from dutycalc.goods import Buyer, Consignment, Party
from dutycalc.words import Role

PARTIES: Final = tuple(role for role in get_args(Role) if role in Consignment.model_fields)
BOOKED: Final = ("consignment", "charge", "amount")


def columns(*more: str) -> Columns:
    return Columns((*BOOKED, *more), "ledger.csv")


def test_the_issuer_of_the_card_is_a_party_of_a_consignment() -> None:
    assert PARTIES == ("seller", "platform", "redeliverer", "payment_service", "buyer")


@pytest.mark.parametrize("party", PARTIES)
def test_every_party_has_a_column_for_each_of_its_fields(party: str) -> None:
    shape = Buyer if party == "buyer" else Party
    fields = [f"{party}.{name}" for name in shape.model_fields]
    assert len(columns(*fields).whole) == len(fields)
    assert set(fields) <= set(KNOWN)
    assert party not in KNOWN


@pytest.mark.parametrize("party", PARTIES)
def test_a_party_as_a_whole_is_no_column(party: str) -> None:
    with pytest.raises(FactsError, match=f"column '{party}': names no field"):
        columns(party)


def test_a_row_states_the_country_and_the_numbers_of_the_issuer_of_the_card() -> None:
    found = columns("payment_service.country", "payment_service.registrations.CL-IVA")
    row = found.row(("1", "vat", "5700 CLP", "CL", "12345678-5"), "", 2, 2, 1)
    entry = found.entry([row], 1)
    assert isinstance(entry, Entry)
    assert entry.facts["payment_service"] == {"country": "CL", "registrations": {"CL-IVA": "12345678-5"}}


def test_a_slip_in_the_name_of_a_field_of_the_issuer_is_answered_with_the_name() -> None:
    with pytest.raises(FactsError, match=r"'payment_service\.contry'.*payment_service\.country"):
        columns("payment_service.contry")
