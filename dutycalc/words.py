"""The closed lists of words in which facts are stated and law is written."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal, get_args

Channel = Literal["post", "express", "freight"]
TransportMode = Literal["air", "sea", "road", "rail"]
Purpose = Literal["sale", "gift", "return", "sample"]
BuyerKind = Literal["consumer", "business"]
DeliveryTerm = Literal["EXW", "FCA", "FAS", "FOB", "CFR", "CIF", "CPT", "CIP", "DAP", "DPU", "DDP"]
"""Incoterms 2020."""

BUYER_PAYS_CARRIAGE: Final = frozenset({"EXW", "FCA", "FAS", "FOB"})
"""Terms under which the price cannot include the main carriage."""

SELLER_PAYS_DUTIES: Final = frozenset({"DDP"})
"""Terms under which the seller bears duties and taxes of import."""

TaxClass = Literal[
    "standard", "reduced", "second_reduced", "super_reduced", "zero", "exempt",
    "food", "basic_food", "books", "newspapers", "medicine", "children_clothing", "footwear",
    "children_footwear", "clothing", "medical_equipment", "menstrual_products", "works_of_art", "plants",
    "diapers", "pet_food", "digital_publications",
]  # fmt: skip
"""Rates that laws name, and classes of goods that laws name."""

ChargeKind = Literal[
    "customs_duty", "additional_duty", "trade_defence", "excise",
    "vat", "gst", "sales_tax", "composite", "fee",
]  # fmt: skip

ClaimKind = Literal["preference", "suspension", "exclusion", "quota"]
HistoryPeriod = Literal["day", "month", "quarter", "half_year", "year"]
HistoryOf = Literal["consignee", "sender"]
"""Whose earlier consignments are added up: all that the consignee has had, or those of this sender alone."""

Role = Literal[
    "seller", "platform", "redeliverer", "payment_service",
    "carrier", "post", "declarant", "customs", "buyer",
]  # fmt: skip
Model = Literal["vendor", "intermediary", "consumer", "exempt"]
Moment = Literal["checkout", "delivery"]
Decision = Literal["assessed", "partial", "prohibited"]

KINDS: Final[tuple[ChargeKind, ...]] = get_args(ChargeKind)


def near(word: str, words: Iterable[str]) -> str:
    """Return `; did you mean …?` with the nearest words of a closed list, or nothing."""
    from difflib import get_close_matches  # noqa: PLC0415 # only a refusal pays for it

    found = get_close_matches(word, sorted(words), n=3)
    return f"; did you mean {' or '.join(found)}?" if found else ""
