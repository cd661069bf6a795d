"""`python -m dutycalc` is the command `dutycalc`."""

import sys

from dutycalc.cli import main

sys.exit(main())
