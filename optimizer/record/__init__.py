"""A run on disk: settings, events, rows, resume."""
