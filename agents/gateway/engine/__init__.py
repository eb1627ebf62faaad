"""The embedded model: its files, its engine, its server."""
