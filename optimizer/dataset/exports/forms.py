"""The forms that trainers read, one function each: an example becomes a row of the form, or a reason why it cannot.

What the readers want, as their own code has it (docs/export.md names the versions): Alpaca and ShareGPT of
LLaMA-Factory and axolotl, the conversational forms of TRL (`messages`, `prompt` and `completion`, `prompt` with
`chosen` and `rejected`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, cast

from ....agents.gateway.requests import Turn
from .example import Example, Rated, Unfit

__all__ = ["FORMS", "TRAINERS", "Column", "Form", "Needs", "Trainer", "form_of"]

Trainer = Literal["trl", "axolotl", "llama-factory", "unsloth"]
TRAINERS: tuple[Trainer, ...] = ("trl", "axolotl", "llama-factory", "unsloth")
# What a column holds: a text, texts, a number, numbers, turns as {role, content} or {from, value}, one such turn, or
# pairs of texts.
Column = Literal["text", "texts", "number", "numbers", "turns", "said", "turn", "says", "pairs"]
Row = dict[str, object]


@dataclass(frozen=True, slots=True)
class Needs:
    """What the rows of a source have, as a first pass found it: `system` prompts, earlier turns (`history`)."""

    system: bool = False
    history: bool = False


@dataclass(frozen=True, slots=True)
class Form:
    """A form.

    Args:
        name: as `--to` says it.
        what: in a few words.
        columns: names and kinds, in order; None where rows stay as they are.
        row: makes a row.
        source: what of a run it is made from: `rows`, `pairs` or `answers`.
    """

    name: str
    what: str
    columns: Mapping[str, Column] | None
    row: Callable[[Example], Row]
    source: Literal["rows", "pairs", "answers"] = "rows"


def form_of(name: str, trainer: Trainer | None, needs: Needs) -> Form:
    """The form of this name, as a trainer's reader wants it.

    Raises:
        KeyError: there is none.
    """
    if name == "alpaca":
        return _alpaca(trainer, needs)
    if name == "dpo" and trainer == "llama-factory":
        return _DPO_SAID
    if name == "dpo" and trainer == "axolotl":
        return _DPO_TURN
    return FORMS[name]


# ------------------------------------------------------------ one answer


def _answered(example: Example) -> str:
    if not example.response.strip():
        raise Unfit("no-response")
    return example.response


def _alpaca(trainer: Trainer | None, needs: Needs) -> Form:
    """Three columns; `system` and `history` only where rows need them, for they are LLaMA-Factory's alone.

    Raises by row, where another trainer is to read it: its reader would pass over these two without a word.
    """
    extended = trainer in (None, "llama-factory")
    columns: dict[str, Column] = {"instruction": "text", "input": "text", "output": "text"}
    columns |= {"system": "text"} if extended and needs.system else {}
    columns |= {"history": "pairs"} if extended and needs.history else {}

    def row(example: Example) -> Row:
        if not extended and example.system.strip():
            raise Unfit("system-prompt")
        if not extended and example.context:
            raise Unfit("earlier-turns")
        texts = [turn.text for turn in example.context]
        made: Row = {"instruction": example.instruction, "input": example.input, "output": _answered(example)}
        more: Row = {"system": example.system, "history": [list(pair) for pair in zip(*[iter(texts)] * 2, strict=True)]}
        return made | {name: value for name, value in more.items() if name in columns}

    return Form("alpaca", "instruction, input and output", columns, row)


def _sharegpt(example: Example) -> Row:
    return {"conversations": _said([*example.prompt, Turn("assistant", _answered(example))])}


def _messages(example: Example) -> Row:
    return {"messages": _turns([*example.prompt, Turn("assistant", _answered(example))])}


def _prompt_completion(example: Example) -> Row:
    return {"prompt": _turns(example.prompt), "completion": _turns([Turn("assistant", _answered(example))])}


# ------------------------------------------------------------ several answers


def _pair(example: Example) -> tuple[Rated, Rated]:
    if example.chosen is None or example.rejected is None:
        raise Unfit("no-preference-pair")
    if not example.chosen.text.strip() or not example.rejected.text.strip():
        raise Unfit("no-response")
    if example.chosen.text == example.rejected.text:
        raise Unfit("equal-answers")
    return example.chosen, example.rejected


def _dpo(example: Example) -> Row:
    chosen, rejected = ([Turn("assistant", each.text)] for each in _pair(example))
    return {"prompt": _turns(example.prompt), "chosen": _turns(chosen), "rejected": _turns(rejected)}


def _dpo_said(example: Example) -> Row:
    chosen, rejected = (_said([Turn("assistant", each.text)])[0] for each in _pair(example))
    return {"conversations": _said(example.prompt), "chosen": chosen, "rejected": rejected}


def _dpo_turn(example: Example) -> Row:
    chosen, rejected = (_turns([Turn("assistant", each.text)])[0] for each in _pair(example))
    return {"messages": _turns(example.prompt), "chosen": chosen, "rejected": rejected}


def _reward(example: Example) -> Row:
    """All rated answers, the best first; of equal ones the earlier."""
    rated = [each for each in example.answers if each.reward is not None and each.text.strip()]
    if len(rated) < 2:
        raise Unfit("fewer-than-two-rewards")
    rated.sort(key=lambda each: -cast("float", each.reward))
    return {
        "id": example.id, "prompt": _turns(example.prompt), "responses": [each.text for each in rated],
        "rewards": [each.reward for each in rated], "sources": [each.source for each in rated],
        "reward_by": example.rated_by,
    }  # fmt: skip


# ------------------------------------------------------------ our own rows


def _own(example: Example) -> Row:
    """A row as columns that are the same for all recipes; what only some have is in `provenance`, as JSON text."""
    came = example.row.get("provenance")
    said = cast("dict[str, object]", came) if isinstance(came, dict) else {}
    models = said.get("models")
    try:
        score, cost = (float(each) if isinstance(each, int | float) else None
                       for each in (said.get("score"), said.get("cost")))  # fmt: skip
        provenance = json.dumps(said, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError, OverflowError, RecursionError):  # NaN, dates, bytes, numbers without end
        raise Unfit("unreadable") from None
    return {
        "id": example.id, "instruction": example.asked, "input": example.input, "response": example.response,
        "system": example.system, "context": _turns(example.context), "language": example.language,
        "recipe": _text(said.get("recipe")), "seed_id": _text(said.get("seed_id")),
        "seed_instruction": _text(said.get("seed_instruction")), "method_id": _text(said.get("method_id")),
        "models": [str(each) for each in cast("list[object]", models)] if isinstance(models, list) else [],
        "score": score, "cost": cost, "provenance": provenance,
    }  # fmt: skip


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _turns(turns: Iterable[Turn]) -> list[dict[str, str]]:
    return [{"role": turn.speaker, "content": turn.text} for turn in turns]


_FROM = {"system": "system", "user": "human", "assistant": "gpt"}


def _said(turns: Iterable[Turn]) -> list[dict[str, str]]:
    return [{"from": _FROM[turn.speaker], "value": turn.text} for turn in turns]


_OWN_COLUMNS: Mapping[str, Column] = {
    "id": "text", "instruction": "text", "input": "text", "response": "text", "system": "text", "context": "turns",
    "language": "text", "recipe": "text", "seed_id": "text", "seed_instruction": "text", "method_id": "text",
    "models": "texts", "score": "number", "cost": "number", "provenance": "text",
}  # fmt: skip
_REWARD_COLUMNS: Mapping[str, Column] = {
    "id": "text", "prompt": "turns", "responses": "texts", "rewards": "numbers", "sources": "texts",
    "reward_by": "text",
}  # fmt: skip
_DPO_SAID = Form(
    "dpo", "preference pairs after conversations", {"conversations": "said", "chosen": "says", "rejected": "says"},
    _dpo_said, "pairs",
)  # fmt: skip
_DPO_TURN = Form(
    "dpo", "preference pairs after messages", {"messages": "turns", "chosen": "turn", "rejected": "turn"},
    _dpo_turn, "pairs",
)  # fmt: skip
FORMS: Mapping[str, Form] = {
    "alpaca": _alpaca(None, Needs()),
    "sharegpt": Form("sharegpt", "conversations of human and gpt", {"conversations": "said"}, _sharegpt),
    "messages": Form("messages", "chats as lists of messages", {"messages": "turns"}, _messages),
    "prompt-completion": Form(
        "prompt-completion", "prompts and completions, both as messages", {"prompt": "turns", "completion": "turns"},
        _prompt_completion,
    ),
    "dpo": Form(
        "dpo", "preference pairs", {"prompt": "turns", "chosen": "turns", "rejected": "turns"}, _dpo, "pairs"
    ),
    "reward": Form("reward", "answers with their rewards, the best first", _REWARD_COLUMNS, _reward, "answers"),
    "jsonl": Form("jsonl", "the rows as AutoEvol writes them", None, lambda example: dict(example.row)),
    "parquet": Form("parquet", "the rows of AutoEvol as a table", _OWN_COLUMNS, _own),
    "arrow": Form("arrow", "the rows of AutoEvol as a folder of Arrow files", _OWN_COLUMNS, _own),
}  # fmt: skip
