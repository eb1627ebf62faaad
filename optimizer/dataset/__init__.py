"""Reading seeds, splitting them, writing data sets."""
