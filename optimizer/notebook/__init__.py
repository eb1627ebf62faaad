"""A run in a notebook: `Run.open` gives its story, its methods, tidy tables and charts."""
