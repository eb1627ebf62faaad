"""Language models for whole-run tests: each plays one role, and every answer is a function of the request's body.

They make the mistakes that models make (no tags, unchanged text, lost numbers, refusals, empty answers), so that runs
have rows that are dropped, candidates that fail the checks, and candidates that win.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable

from tests.model_server import Body, ModelReply

__all__ = ["act"]


def act(body: Body) -> ModelReply:
    """Play the role that the model's name says."""
    role = str(body["model"]).removeprefix("m-")
    return _ROLES[role](body, _luck(body))


def _luck(body: Body) -> int:
    return int(hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()[:8], 16)


def _turns(body: Body) -> tuple[str, str]:
    return "\n".join(t["content"] for t in body["messages"][:-1]), str(body["messages"][-1]["content"])


def _data(text: str, label: str) -> str:
    found = re.findall(rf"<<<{label} (\w+)\n(.*?)\n{label} \1>>>", text, re.DOTALL)
    return str(found[-1][1]) if found else ""


def _evolver(body: Body, luck: int) -> ModelReply:
    method, ask = _turns(body)
    text = _data(ask, "TEXT")
    # A method that asks for a check makes fewer mistakes: something that a search can find.
    mistakes = 12 if "twice" in method else 3
    match luck % mistakes:
        case 0:
            return ModelReply("I would rather not use any tags today.")
        case 1 if luck % 2:
            return ModelReply(f"<evolved>{text}</evolved>")
        case 2 if luck % 4 == 0:
            return ModelReply(text="", finish="content_filter")
        case _:
            extra = f"There are also {luck % 50 + 2} boxes with {luck % 7 + 3} parts each, and a third of them is lost."
            return ModelReply(f"<evolved>{extra} {text} Say how many are left over in the end.</evolved>")


def _responder(body: Body, luck: int) -> ModelReply:
    if luck % 17 == 0:
        return ModelReply("")
    if luck % 19 == 0:
        return ModelReply("Could you please provide the missing numbers?")
    return ModelReply(f"Counting step by step gives {luck % 900 + 10}.", tokens=(40, 12))


def _analyst(body: Body, luck: int) -> ModelReply:
    if luck % 11 == 0:
        return ModelReply("no findings worth a list")
    return ModelReply(
        "<findings>\nproblem: form not kept\ncases: 1, 2\nquote: no tags\n"
        f"rule: Look over the result {['once', 'twice', 'slowly'][luck % 3]} before it is given.\n</findings>"
    )


def _refiner(body: Body, luck: int) -> ModelReply:
    _, ask = _turns(body)
    rule = re.findall(r"Look over the result \w+", ask)
    clause = f"{rule[-1] if rule else 'Look'} and mend what is wrong, {luck % 90 + 10} breaths long."
    clauses = [*re.findall(r"^\d+\. (.*)$", ask, re.MULTILINE)[:5], clause]
    lines = "\n".join(f"{number}. {text}" for number, text in enumerate(clauses, 1))
    return ModelReply(f"<why>results were careless</why>\n<clauses>\n{lines}\n</clauses>")


def _judge(body: Body, luck: int) -> ModelReply:
    harder = "A" if luck % 3 else "B"
    return ModelReply(
        f"<verdict>\nquote: boxes\nvalid: yes\nself_contained: yes\nintent: yes\nharder: {harder}\n</verdict>"
    )


_ROLES: dict[str, Callable[[Body, int], ModelReply]] = {
    "evolver": _evolver,
    "responder": _responder,
    "analyst": _analyst,
    "refiner": _refiner,
    "judge": _judge,
}
