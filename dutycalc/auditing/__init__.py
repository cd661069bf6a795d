"""Auditing: ledgers of what was charged, read row by row and held against the law of each day."""
