"""Rows that say what another row says already."""
