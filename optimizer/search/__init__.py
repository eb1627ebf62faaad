"""The loop: batch, analysis, candidates, race, decision, until a stop rule says so."""
