"""What an endpoint's model can do, found out by a few small calls."""
