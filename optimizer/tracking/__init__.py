"""Trackers and traces: MLflow, Weights & Biases and OpenTelemetry hear how a run goes, where a person wants that.

None of them is imported unless it is switched on. Each has a thread of its own behind a bounded queue, so it neither
holds up nor fails the run (see `courier`).
"""
