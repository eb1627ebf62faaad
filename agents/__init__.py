"""Who speaks, and how they reach a model. Nothing here knows the optimizer."""
