"""The live page: the runs of a folder in a browser, served on loopback. Only `autoevol ui` imports it."""
