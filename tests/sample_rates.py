"""Rates as schedules state them, of the kinds that are hardest to read."""

SUGAR = "0.036606 USD/kg - 0.00020668 USD/kg/degree under 100 MIN 0.03143854 USD/kg"
TOBACCO = "16.5% on retail price + 244.78 GBP/kg MIN 320.9 GBP/kg"
SEASONAL = "10.4% (1 MAY-31 OCT), 8% (1 NOV-30 APR)"
