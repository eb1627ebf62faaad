"""What is kept: the journal of finished calls, the ledger of what they cost, prices."""
