"""A person's hand on a run that is at work: wishes in an inbox, taken up by the running process, kept as events."""
