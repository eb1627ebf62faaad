"""Magpie (arXiv 2406.08464): instructions that an aligned model writes by itself, from nothing but its template."""
