"""Where candidates come from: one file a strategy. All share the loop's budget, journal, evaluation, race, decision."""
