"""The dear checks: what an evolved item is asked after the free detectors, each a plug in its course."""
