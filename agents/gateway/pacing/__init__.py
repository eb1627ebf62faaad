"""How fast an endpoint may be asked: known limits, announced limits, learned limits, shared limits, a fair queue."""
