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
    return _ROLES[role](body)


def _luck(*parts: object) -> int:
    """Chance that depends on data alone, so that another wording of a prompt does not change the course."""
    return int(hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:8], 16)


def _turns(body: Body) -> tuple[str, str]:
    return "\n".join(t["content"] for t in body["messages"][:-1]), str(body["messages"][-1]["content"])


def _data(text: str, label: str) -> str:
    found = re.findall(rf"<<<{label} (\w+)\n(.*?)\n{label} \1>>>", text, re.DOTALL)
    return str(found[-1][1]) if found else ""


def _evolver(body: Body) -> ModelReply:
    method, ask = _turns(body)
    text = _data(ask, "TEXT")
    # A method that asks to look twice makes fewer mistakes, one that only asks for length makes more.
    mistakes = 12 if "breaths" in method else 2 if "longer" in method else 3
    luck = _luck("evolver", text, mistakes)
    match luck % mistakes:
        case 0:
            return ModelReply("I would rather not use any tags today.")
        case 1 if luck % 5 == 0:
            return ModelReply(f"<evolved>{text}</evolved>")
        case 2 if luck % 4 == 0:
            return ModelReply(text="", finish="content_filter")
        case _:
            extra = f"There are also {luck % 50 + 2} boxes with {luck % 7 + 3} parts each, and a third of them is lost."
            return ModelReply(f"<evolved>{extra} {text} Say how many are left over in the end.</evolved>")


def _responder(body: Body) -> ModelReply:
    luck = _luck("responder", _turns(body)[1][-80:])
    if luck % 17 == 0:
        return ModelReply("")
    if luck % 19 == 0:
        return ModelReply("Could you please provide the missing numbers?")
    return ModelReply(f"Counting step by step gives {luck % 900 + 10}.", tokens=(40, 12))


def _analyst(body: Body) -> ModelReply:
    luck = _luck("analyst", body.get("seed"))
    if luck % 11 == 0:
        return ModelReply("no findings worth a list")
    return ModelReply(
        "<findings>\nproblem: form not kept\ncases: 1, 2\nquote: no tags\n"
        f"rule: Look over the result {['once', 'twice', 'slowly'][luck % 3]} before it is given.\n</findings>"
    )


_CLAUSES = (
    "Take three breaths, then read the new problem aloud as a stranger would.",
    "Count every object before and after; breaths between counts keep them honest.",
    "Give each new quantity a unit, and let two breaths pass before the last line.",
    "Prefer a condition that changes a number over one that decorates; mind your breaths.",
    "End by asking for one figure only, after as many breaths as it takes.",
    "When in doubt leave the story as it was, take breaths, and sharpen the question.",
)


def _refiner(body: Body) -> ModelReply:
    _, ask = _turns(body)
    luck = _luck("refiner", body.get("seed"))
    clause = _CLAUSES[luck % len(_CLAUSES)]
    if "number of the clause" in ask:
        return ModelReply(f"<why>results were careless</why>\n<clauses>\n99. {clause}\n</clauses>")
    clauses = [*re.findall(r"^\d+\. (.*)$", ask, re.MULTILINE)[:5], clause]
    lines = "\n".join(f"{number}. {text}" for number, text in enumerate(clauses, 1))
    if "<method>" in ask:
        return ModelReply(f"<method>\n{lines}\n</method>")
    return ModelReply(f"<why>results were careless</why>\n<clauses>\n{lines}\n</clauses>")


def _judge(body: Body) -> ModelReply:
    _, ask = _turns(body)
    (_, _, a), (_, _, b) = re.findall(r"<<<(\w+) (\w+)\n(.*?)\n\1 \2>>>", ask, re.DOTALL)[:2]
    harder = "A" if (len(a) > len(b)) != (_luck("judge", a, b) % 7 == 0) else "B"
    lines = ["quote: boxes", "valid: yes", "self_contained: yes", "consistent: yes", "intent: yes", f"harder: {harder}"]
    return ModelReply("\n".join(["<verdict>", *lines, "</verdict>"]))


_ROLES: dict[str, Callable[[Body], ModelReply]] = {
    "evolver": _evolver,
    "responder": _responder,
    "analyst": _analyst,
    "refiner": _refiner,
    "judge": _judge,
}
