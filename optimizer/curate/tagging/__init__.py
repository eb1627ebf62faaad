"""Open tags brought to one form, and rows chosen by them (InsTag, arXiv 2308.07074)."""
