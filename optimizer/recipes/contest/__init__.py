"""A comparison: who meets, on which items, and what came of it."""
