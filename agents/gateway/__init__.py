"""The one door to models: limits, attempts, journal, ledger, transport. It imports nothing above it."""
