"""Runs untrusted Python programs, shut in: see running.py for what is enforced and how."""

from .running import Isolation, Limits, RunResult, isolation, run_program

__all__ = ["Isolation", "Limits", "RunResult", "isolation", "run_program"]
