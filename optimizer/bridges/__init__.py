"""DSPy and GEPA; the only place that imports them."""
