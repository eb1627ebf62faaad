"""What a model's requests must do without. Models reject parameters that others need; each learns it from a refusal.

A refusal is a 400 or 422 that names a parameter which was sent and says that it is not taken. What is learned holds for
the model from then on, so it costs one call a parameter and not one a row; every answer that it touched says so.

    no temperature, no top_p, no seed, no stop, no n, no encoding_format, no top_k, no min_p, no repeat_penalty,
    no repetition_penalty, no skip_special_tokens     the parameter is left out
    max_completion_tokens      the bound goes by this name (OpenAI's reasoning models refuse `max_tokens`)
    no logprobs                `logprobs` and `top_logprobs` of a chat are left out
    json_object                JSON is asked for, but the schema only in the prompt
    no response_format         not even that
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from ..endpoints import Abilities
from .failures import Failure, Said, said
from .reading import fields_of
from .transport import WireReply

__all__ = ["Quirks"]

Body = dict[str, object]

_LEFT_OUT = ("temperature", "top_p", "seed", "stop", "stop_sequences", "n", "encoding_format", "top_k", "min_p",
             "repeat_penalty", "repetition_penalty", "skip_special_tokens")  # fmt: skip
_SCORED = ("top_logprobs", "logprobs")
# Raw completions have one name only for the bound, and ask for log-probabilities where those are the matter.
_OF_CHATS = {"no logprobs": _SCORED, "max_completion_tokens": ("max_tokens",)}
# Only the beginning is read: some servers repeat the prompt further down, and prompts say anything.
_READ = 400
_REFUSAL = re.compile(
    r"unsupported|not support|n't support|not (?:be )?(?:allowed|permitted|accepted|available)|unavailable"
    r"|does(?: not|n't) (?:accept|take)|unrecogni[sz]ed|unknown (?:name|parameter|field|argument|key)"
    r"|unexpected (?:keyword|field|parameter|argument|key)|extra (?:inputs|fields)|extra_forbidden|deprecated"
    r"|cannot (?:both )?be (?:used|specified|set)|cannot both|(?:may|can) only be|cannot find field|only the default"
    r"|unsupported_parameter|unsupported_value|unknown_parameter"
)
_ONE_ONLY = re.compile(r"\bn\b.{0,20} must be (?:at most |equal to )?1\b|only one (?:completion )?choice")
_FORMS = ("response_format", "response format", "json_schema", "json_object", "json schema", "structured output",
          "output_config", "output_format")  # fmt: skip


class Quirks:
    """What is known of the models of one endpoint.

    Args:
        abilities: what `autoevol doctor` found out, by model.
    """

    def __init__(self, abilities: Mapping[str, Abilities] | None = None) -> None:
        self._known = {model: list(_found(ability)) for model, ability in (abilities or {}).items()}

    def learned(self, model: str) -> tuple[str, ...]:
        """What requests to a model must do without, in the words above."""
        return tuple(self._known.get(model, ()))

    def apply(self, model: str, body: Body) -> tuple[str, ...]:
        """Change a body so that the model takes it; the words for what that changed."""
        known = self._known.get(model)
        return tuple(word for word in known if _changed(word, body)) if known else ()

    def learn(self, model: str, body: Body, reply: WireReply, failure: Failure) -> Failure:
        """What a refused request comes to.

        Args:
            model: whom it was sent to.
            body: as it was sent.
            reply: the refusal.
            failure: what it is otherwise.

        Returns:
            `adapted` where it names a parameter that was sent and can be done without; else the same failure.
        """
        if failure.kind != "bad_request" or reply.status not in {400, 422}:
            return failure
        word = _culprit(said(reply.body), body)
        if word is None:
            return failure
        known = self._known.setdefault(model, [])
        if word not in known:
            known.append(word)
        return Failure("adapted", f"{model} is asked with {word} from now on: {failure.detail}")

    def note(self, model: str, word: str) -> None:
        """Keep what was found out in another way."""
        known = self._known.setdefault(model, [])
        if word not in known:
            known.append(word)


def _found(ability: Abilities) -> tuple[str, ...]:
    words = list(ability.refused)
    if ability.json_schema is False:
        words.append("no response_format" if ability.json_object is False else "json_object")
    asked = (("no seed", ability.seed), ("no n", ability.n), ("no logprobs", ability.logprobs))
    words.extend(word for word, found in asked if found is False)
    return tuple(dict.fromkeys(words))


# ---------------------------------------------------------------- bodies


def _changed(word: str, body: Body) -> bool:
    """Do what a word says to a body; whether that changed anything."""
    change = _CHANGES.get(word)
    if change is not None:
        return change(body)
    name = word.removeprefix("no ")
    names = ("stop", "stop_sequences") if name == "stop" else (name,)
    return bool([body.pop(each) for each in names if each in body])


def _renamed(body: Body) -> bool:
    # Raw completions have the one name only.
    if "max_tokens" not in body or "messages" not in body:
        return False
    body["max_completion_tokens"] = body.pop("max_tokens")
    return True


def _unscored(body: Body) -> bool:
    # Of a given text they are what is asked for.
    return "messages" in body and bool([body.pop(name) for name in _SCORED if name in body])


def _loosened(body: Body) -> bool:
    if fields_of(body.get("response_format")).get("type") == "json_schema":
        body["response_format"] = {"type": "json_object"}
        return True
    # Anthropic knows schemas only.
    return _without_form(body) if "output_config" in body else False


def _without_form(body: Body) -> bool:
    config = fields_of(body.get("output_config"))
    held = "format" in config
    if held:
        kept = {name: value for name, value in config.items() if name != "format"}
        del body["output_config"]
        body |= {"output_config": kept} if kept else {}
    return body.pop("response_format", None) is not None or held


_CHANGES: dict[str, Callable[[Body], bool]] = {
    "max_completion_tokens": _renamed,
    "no logprobs": _unscored,
    "json_object": _loosened,
    "no response_format": _without_form,
}


# ---------------------------------------------------------------- refusals


def _culprit(heard: Said, body: Body) -> str | None:
    """The word for what a refusal says about a body; None where it is about something else."""
    words = heard.words[:_READ].lower()
    if "n" in body and _ONE_ONLY.search(words):
        return "no n"
    if not _REFUSAL.search(f"{words} {' '.join(heard.codes)}"):
        return None
    if "temperature" in body and "top_p" in body and "both" in words and _names(words, "temperature"):
        return "no top_p"
    told = set(re.split(r"[.\[\]/]+", heard.param.lower())) - {""}
    named = told or {name for name in (*_LEFT_OUT, *_SCORED, "max_tokens") if _names(words, name)}
    for name in _LEFT_OUT:
        if name in body and name in named:
            return "no stop" if name == "stop_sequences" else f"no {name}"
    if "messages" in body:
        for word, names in _OF_CHATS.items():
            if any(name in body and name in named for name in names):
                return word
    about_form = bool(told & set(_FORMS)) if told else any(form in words for form in _FORMS)
    return _next_form(body) if about_form else None


def _next_form(body: Body) -> str | None:
    if fields_of(body.get("response_format")).get("type") == "json_schema":
        return "json_object"
    return "no response_format" if "response_format" in body or "output_config" in body else None


def _names(words: str, name: str) -> bool:
    """Whether a parameter is named: as a word of its own, and where it is an ordinary word, in quotes."""
    quoted = re.escape(name)
    if name in {"n", "stop", "seed"}:
        told = r"(?:supplied|argument|model|field|parameter|name): ?"
        return re.search(rf"""['"`‘“]{quoted}['"`’”]|{told}{quoted}\b""", words) is not None
    return re.search(rf"(?<![a-z0-9_]){quoted}(?![a-z0-9_])", words) is not None
