"""Choosing among rows: one method a file, each a pure function over numbers, and what makes a part of a run of it."""
