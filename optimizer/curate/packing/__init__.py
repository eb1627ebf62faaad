"""Which rows share a training sequence, and which of their tokens are learnt."""
