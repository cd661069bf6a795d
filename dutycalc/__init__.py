"""What is owed at the border, under which law, and who collects it."""

from dutycalc.answer import Charge, Collection, Step
from dutycalc.assessment import Assessment
from dutycalc.engine import assess
from dutycalc.errors import DutycalcError
from dutycalc.goods import Consignment, GoodsItem, Party
from dutycalc.law import Citation
from dutycalc.loader import Tariffs, load_tariffs
from dutycalc.money import Money
from dutycalc.render import explain

__all__ = [
    "Assessment", "Charge", "Citation", "Collection", "Consignment", "DutycalcError", "GoodsItem",
    "Money", "Party", "Step", "Tariffs", "assess", "explain", "load_tariffs",
]  # fmt: skip
