"""A DSPy program that reads orders of a bakery, and AutoEvol that finds out how they are to be written down.

python examples/dspy/read_orders.py                                         # the embedded model, no key
python examples/dspy/read_orders.py gpt-4o-mini https://api.openai.com/v1   # its key in OPENAI_API_KEY
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import dspy

from autoevol.agents.gateway.errors import AutoEvolError
from autoevol.optimizer.bridges.teleprompter import AutoEvol

HERE = Path(__file__).parent
FIELDS = ("product", "count", "day")


class Order(dspy.Signature):
    """Write down the order."""

    note: str = dspy.InputField()
    product: str = dspy.OutputField()
    count: int = dspy.OutputField()
    day: str = dspy.OutputField()


def metric(gold: Any, pred: Any, trace: Any = None) -> dict[str, Any]:
    """The share of fields that are right; the words are for the analyst."""
    wrong = [name for name in FIELDS if gold[name] != pred[name]]
    said = "; ".join(f"{name} is {gold[name]!r}, not {pred[name]!r}" for name in wrong)
    return {"score": 1 - len(wrong) / len(FIELDS), "feedback": said}


def main(model: str = "qwen2.5-coder-1.5b", base_url: str = "") -> None:
    """Compile the program and say what came of it."""
    rows = [json.loads(line) for line in (HERE / "orders.jsonl").read_text(encoding="utf-8").splitlines()]
    examples = [dspy.Example(**row).with_inputs("note") for row in rows]
    settings = {
        "model": model,
        "budget": {"calls": 5000},
        "endpoints": {"default": {"base_url": base_url} if base_url else {"local": model}},
        "search": {"steps": 3, "candidates": 4, "batch": 8},
        "roles": {"responder": {"max_tokens": 150}},
    }
    optimizer = AutoEvol(metric, settings=settings, folder=f"runs/orders-{model}")
    program = optimizer.compile(dspy.Predict(Order), trainset=examples)
    results = program.detailed_results
    print(f"{results.verdict}: {results.reason}")
    print(f"{results.total_metric_calls} uses of the program, {results.calls} calls; records in {results.log_dir}")
    print(program.signature.instructions)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except AutoEvolError as error:  # the embedded model is not there, a key is missing, a cap is reached, ...
        print(error, file=sys.stderr)
        sys.exit(2)
