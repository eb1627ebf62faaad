"""DSPy and GEPA; the only place that will import them."""
