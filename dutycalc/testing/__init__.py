"""For auditors: strategies that crowd the edges of the law, and invariants to hold them against.

Nothing here is read by an assessment. `strategies` needs Hypothesis (extra `tests`).
"""


def register() -> None:
    """Let `st.from_type(Consignment)` give lawful consignments; Hypothesis calls it by its entry point."""
    from dutycalc.testing.strategies import register_types  # noqa: PLC0415 # Hypothesis is optional

    register_types()
