"""Ways to make data, one file each."""
