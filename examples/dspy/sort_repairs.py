"""A DSPy program that sorts what tenants write by urgency, and AutoEvol that finds out by what rules.

python examples/dspy/sort_repairs.py                                         # the embedded model, no key
python examples/dspy/sort_repairs.py gpt-4o-mini https://api.openai.com/v1   # its key in OPENAI_API_KEY
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Literal

import dspy

from autoevol.agents.gateway.errors import AutoEvolError
from autoevol.optimizer.bridges.teleprompter import AutoEvol

HERE = Path(__file__).parent


class Urgency(dspy.Signature):
    """Say how soon the message must be dealt with."""

    message: str = dspy.InputField()
    urgency: Literal["now", "today", "later"] = dspy.OutputField()


def metric(gold: Any, pred: Any, trace: Any = None) -> dict[str, Any]:
    """1 where the label is right; the words are for the analyst."""
    right = gold.urgency == pred.urgency
    return {"score": float(right), "feedback": "" if right else f"It is {gold.urgency}, not {pred.urgency}."}


def main(model: str = "qwen2.5-coder-1.5b", base_url: str = "") -> None:
    """Compile the program and say what came of it."""
    rows = [json.loads(line) for line in (HERE / "repairs.jsonl").read_text(encoding="utf-8").splitlines()]
    examples = [dspy.Example(**row).with_inputs("message") for row in rows]
    settings = {
        "model": model,
        "budget": {"calls": 5000},
        "endpoints": {"default": {"base_url": base_url} if base_url else {"local": model}},
        "search": {"steps": 3, "candidates": 4, "batch": 12},
        "roles": {"responder": {"max_tokens": 100}},
    }
    optimizer = AutoEvol(metric, settings=settings, folder=f"runs/repairs-{model}")
    program = optimizer.compile(dspy.Predict(Urgency), trainset=examples)
    results = program.detailed_results
    print(f"{results.verdict}: {results.reason}")
    print(f"{results.total_metric_calls} uses of the program, {results.calls} calls; records in {results.log_dir}")
    print(program.signature.instructions)
    program.save(f"runs/repairs-{model}/program.json")


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except AutoEvolError as error:  # the embedded model is not there, a key is missing, a cap is reached, ...
        print(error, file=sys.stderr)
        sys.exit(2)
