"""The first answer of a fresh process: import, load one territory, assess."""

import sys

from dutycalc import Consignment, assess, load_tariffs

with open(sys.argv[1], encoding="utf-8") as cart:
    result = assess(Consignment.model_validate_json(cart.read()), load_tariffs())
print(result.totals["all"])
