"""What each profile sets before the person says anything. Settings file and flags override it.

Sources: Auto Evol-Instruct (arXiv 2406.00770), Appendix F.2 (batch, dev, m, steps, decoding), footnote 1 (about 2,000
seeds for the search), section 3.3 (stop when failures no longer fall); its official code for `official-code`.
What binds every profile (a test split of its own, the laws of budget and of bad items) is not here to be changed.
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["PROFILES"]

_PAPER_OPTIMIZER = {"temperature": 0.6, "top_p": 0.95, "max_tokens": 2048}
_CODE_DECODING = {"temperature": 0.0, "top_p": 0.9, "max_tokens": 1500}

PROFILES: Mapping[str, Mapping[str, object]] = {
    # The best we know: detectors, judge, race with paired evidence, controls. Tuned in the world of benchmarks/world.
    "recommended": {
        "judge": True,
        "search": {
            "batch": 10, "dev": 400, "test": 100, "candidates": 5, "steps": 10, "rounds": 1, "train": 2000,
            "rungs": [16, 48, 96, 192], "alpha": 0.05, "margin": 0.0, "patience": 5, "regret": 0.02, "least_dev": 30,
        },
        "roles": {
            "evolver": {"temperature": 0.0, "max_tokens": 1024},
            "responder": {"temperature": 0.0, "max_tokens": 2048},
            "analyst": {"temperature": 0.6, "top_p": 0.95, "max_tokens": 1500},
            "refiner": {"temperature": 0.6, "top_p": 0.95, "max_tokens": 1500},
            "judge": {"temperature": 0.0, "max_tokens": 512},
        },
    },
    # As published: lowest failure rate wins, one look at the whole dev set, stop when it no longer falls.
    "paper": {
        "judge": False,
        "search": {
            "batch": 10, "dev": 50, "test": 100, "candidates": 5, "steps": 10, "rounds": 1, "train": 2000,
            "rungs": [], "patience": 1, "least_dev": 1,
        },
        "roles": {
            "evolver": {"temperature": 0.0, "max_tokens": 2048},
            "responder": {"temperature": 0.0, "max_tokens": 2048},
            "analyst": _PAPER_OPTIMIZER,
            "refiner": _PAPER_OPTIMIZER,
        },
    },
    # As the authors' code does it: the launcher's values, one decoding for everybody, no early stop.
    "official-code": {
        "judge": False,
        "search": {
            "batch": 10, "dev": 50, "test": 100, "candidates": 5, "steps": 10, "rounds": 1, "train": 2000,
            "rungs": [], "patience": None, "least_dev": 1,
        },
        "roles": {
            "evolver": _CODE_DECODING, "responder": _CODE_DECODING, "analyst": _CODE_DECODING,
            "refiner": _CODE_DECODING,
        },
    },
}  # fmt: skip
