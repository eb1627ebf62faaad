"""Self-Instruct: new tasks from a few seed tasks, with instances, by a model that needs no tuning."""
