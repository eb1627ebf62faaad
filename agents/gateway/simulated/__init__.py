"""Models that are none: a scripted model, and a provider on loopback with everything that goes wrong in life."""
