"""The commands of `dutycalc`, one module for each thing they work on; `cli` reads what is typed."""
