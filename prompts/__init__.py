"""What agents are told: one text file a task, variables checked at start-up, and the starting methods."""
