"""A row as the text that a student is trained on, with the places of its answers: chat templates."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

from jinja2 import TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from ....agents.gateway.errors import UsageError
from ....agents.gateway.requests import Turn
from ...dataset.exports.example import Example, Unfit

__all__ = ["TEMPLATES", "ChatTemplate", "Learn", "Rendered", "template_of"]

Learn = Literal["last", "all", "text"]
"""Which tokens are learnt: of the last answer, of all answers, or of the whole text."""

# Marks only, as optimizer/scoring/frames.py has them: the sentence that Alpaca's own prompt opens with is left out.
TEMPLATES: Mapping[str, str] = {
    "chatml": (
        "{% for turn in messages %}<|im_start|>{{ turn.role }}\n{{ turn.content }}<|im_end|>\n{% endfor %}"
        "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
    ),
    "llama-3": (
        "<|begin_of_text|>{% for turn in messages %}<|start_header_id|>{{ turn.role }}<|end_header_id|>\n\n"
        "{{ turn.content }}<|eot_id|>{% endfor %}"
        "{% if add_generation_prompt %}<|start_header_id|>assistant<|end_header_id|>\n\n{% endif %}"
    ),
    "alpaca": (
        "{{ bos_token }}{% for turn in messages %}{% if turn.role == 'system' %}{{ turn.content }}\n\n"
        "{% elif turn.role == 'user' %}### Instruction:\n{{ turn.content }}\n\n"
        "{% else %}### Response:\n{{ turn.content }}{{ eos_token }}{% if not loop.last %}\n\n{% endif %}{% endif %}"
        "{% endfor %}{% if add_generation_prompt %}### Response:\n{% endif %}"
    ),
    "plain": (
        "{{ bos_token }}{% for turn in messages %}{{ turn.content }}{{ eos_token if turn.role == 'assistant' else '' }}"
        "{% if not loop.last %}\n{% endif %}{% endfor %}{% if add_generation_prompt and messages %}\n{% endif %}"
    ),
}


@dataclass(frozen=True, slots=True)
class Rendered:
    """A text, and the stretches of it that are learnt: from and to, in characters."""

    text: str
    learnt: tuple[tuple[int, int], ...]


class ChatTemplate:
    """A template and what is learnt of it. An answer's stretch ends where its turn does, so its end mark is learnt.

    Args:
        name: as it is told.
        text: Jinja, as in a tokenizer's `chat_template`: `messages`, `add_generation_prompt`, `bos_token`, `eos_token`.
        tokens: texts of `bos_token` and `eos_token`.
        learn: what is learnt.

    Raises:
        UsageError: it is no Jinja template.
    """

    def __init__(self, name: str, text: str, tokens: Mapping[str, str], learn: Learn = "last") -> None:
        self.name = name
        self.learn = learn
        self._tokens = {"bos_token": "", "eos_token": "", **tokens}
        # The text of rows is data to the template; the template itself may come from a model's folder, hence the cage.
        cage = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True)
        cage.globals["raise_exception"] = _refuse  # pyright: ignore[reportArgumentType]
        cage.filters["tojson"] = _to_json
        try:
            self._template = cage.from_string(text)
        except TemplateError as error:
            raise UsageError(f"The template {name} cannot be read: {error}.", fix="Give a Jinja template.") from error

    def render(self, example: Example) -> Rendered:
        """A row as text.

        Raises:
            Unfit: nothing is answered, the template refuses the row, or an answer's place in the text is not clear.
        """
        if not example.response.strip():
            raise Unfit("no-response")
        turns = [*example.prompt, Turn("assistant", example.response)]
        whole = self._text(turns, ask=False)
        if self.learn == "text":
            return Rendered(whole, ((0, len(whole)),))
        answers = [number for number, turn in enumerate(turns) if turn.speaker == "assistant"]
        learnt: list[tuple[int, int]] = []
        for number in answers[-1:] if self.learn == "last" else answers:
            before = self._text(turns[:number], ask=True)
            upto = whole if number == len(turns) - 1 else self._text(turns[: number + 1], ask=False)
            if not upto.startswith(before) or not whole.startswith(upto) or len(upto) == len(before):
                raise Unfit("template-hides-answer")
            learnt.append((len(before), len(upto)))
        return Rendered(whole, tuple(learnt))

    def _text(self, turns: Sequence[Turn], *, ask: bool) -> str:
        said = [{"role": turn.speaker, "content": turn.text} for turn in turns]
        try:
            return self._template.render(messages=said, add_generation_prompt=ask, **self._tokens)
        except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError) as error:
            raise Unfit("template-refuses-row") from error


def template_of(name: str, folder: Path | None, learn: Learn) -> ChatTemplate:
    """A template by its name, out of a Jinja file, or `own`: the one in the tokenizer's folder.

    Args:
        name: of `TEMPLATES`, a path, or `own`.
        folder: of the tokenizer, whose `tokenizer_config.json` also says what `bos_token` and `eos_token` are.
        learn: what is learnt.

    Raises:
        UsageError: there is no such template.
    """
    config = _config(folder)
    tokens = {key: _token(config.get(key)) for key in ("bos_token", "eos_token")}
    if name in TEMPLATES:
        return ChatTemplate(name, TEMPLATES[name], tokens, learn)
    if name == "own":
        return ChatTemplate("own", _own(folder, config), tokens, learn)
    try:
        return ChatTemplate(Path(name).name, Path(name).read_text(encoding="utf-8"), tokens, learn)
    except (OSError, ValueError):
        raise UsageError(
            f"There is no template {name!r}.", fix=f"Give a Jinja file, own, or one of {', '.join(TEMPLATES)}."
        ) from None


def _own(folder: Path | None, config: Mapping[str, Any]) -> str:
    beside = None if folder is None else folder / "chat_template.jinja"
    if beside is not None and beside.is_file():
        return beside.read_text(encoding="utf-8", errors="replace")
    said = config.get("chat_template")
    if isinstance(said, list):  # several, by name
        named = [cast("dict[str, Any]", each) for each in cast("list[object]", said) if isinstance(each, dict)]
        said = next((each.get("template") for each in named if each.get("name") == "default"), None)
    if not isinstance(said, str):
        raise UsageError(
            "The tokenizer has no chat template.",
            fix="Give the folder of the tokenizer as --tokenizer, or a --template by name or file.",
        )
    return said


def _config(folder: Path | None) -> dict[str, Any]:
    try:
        said: Any = json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8")) if folder else {}
    except (OSError, ValueError, RecursionError):
        return {}
    return cast("dict[str, Any]", said) if isinstance(said, dict) else {}


def _token(said: object) -> str:
    text = cast("dict[str, Any]", said).get("content") if isinstance(said, dict) else said
    return text if isinstance(text, str) else ""


def _refuse(message: object) -> str:
    raise TemplateError(str(message))


def _to_json(value: object, indent: int | None = None) -> str:
    return json.dumps(value, ensure_ascii=False, indent=indent)
