"""The simulated provider: an OpenAI-compatible server on loopback with everything that goes wrong in life.

`running.serve` runs one in the event loop of the caller, `process.start_provider` in a process of its own; `autoevol
provider` is the same for people.
"""
