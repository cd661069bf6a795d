"""The law of each stage, written once over symbolic steps."""
