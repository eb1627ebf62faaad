"""Our judge as a program of DSPy, its prompt improved on labelled evolutions, and kept for `--prompts`.

    python examples/dspy/tune_judge.py                                         # the embedded model, no key
    python examples/dspy/tune_judge.py gpt-4o-mini https://api.openai.com/v1   # its key in OPENAI_API_KEY

Any other optimizer of DSPy does in the place of AutoEvol. Afterwards:

    autoevol judge-audit --prompts my-prompts --model gpt-4o-mini …
"""

from __future__ import annotations

import sys
from typing import Any

import dspy

from autoevol.agents.gateway.errors import AutoEvolError
from autoevol.optimizer.bridges.role_programs import role_program, save_prompts
from autoevol.optimizer.bridges.teleprompter import AutoEvol
from autoevol.optimizer.scoring.audit import JUDGED
from autoevol.optimizer.scoring.labelled import load_labelled

ASKED = ("valid", "self_contained", "consistent", "intent")


def metric(gold: Any, pred: Any, trace: Any = None) -> dict[str, Any]:
    """1 where the judge objects to what is flawed, and to nothing that is good."""
    objects = [name for name in ASKED if pred[name] == "no"]
    right = bool(objects) != gold.good
    said = f"it objected to {', '.join(objects)}" if objects else "it objected to nothing"
    return {"score": float(right), "feedback": "" if right else f"Wrong: {said}. {gold.why}"}


def main(model: str = "qwen2.5-coder-1.5b", base_url: str = "") -> None:
    """Compile the judge on the labelled set, and write its prompt."""
    rows = [row for row in load_labelled() if row.language == "en" and row.evolved.strip()]
    rows = [row for row in rows if row.good or set(row.flaws) & set(JUDGED) - {"wrong-response"}]
    shown = ("version_a", "version_b", "response", "target")
    said = [
        {"version_a": row.seed, "version_b": row.evolved, "response": row.response or "", "target": "B",
         "good": row.good, "why": row.why}
        for row in rows
    ]  # fmt: skip
    examples = [dspy.Example(**each).with_inputs(*shown) for each in said]
    settings = {
        "model": model,
        "budget": {"calls": 5000},
        "endpoints": {"default": {"base_url": base_url} if base_url else {"local": model}},
        "search": {"steps": 3, "candidates": 4, "batch": 8},
    }
    judge = AutoEvol(metric, settings=settings, folder=f"runs/judge-{model}").compile(
        role_program("judge"), trainset=examples
    )
    print(judge.detailed_results.reason)
    print(*save_prompts(judge, "my-prompts"))


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except AutoEvolError as error:  # the embedded model is not there, a key is missing, a cap is reached, ...
        print(error, file=sys.stderr)
        sys.exit(2)
