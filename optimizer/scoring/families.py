"""Which models are kin: those of one family were trained on much the same and share their blind spots."""

from __future__ import annotations

import re

__all__ = ["kin_warning", "model_family", "shared_family"]

# The first that is found in the name counts: a distilled model counts as what it was made from.
_FAMILIES = ("qwen", "qwq", "llama", "mixtral", "mistral", "ministral", "codestral", "magistral", "devstral", "gemma",
             "gemini", "claude", "deepseek", "smollm", "phi", "gpt", "chatgpt", "glm", "yi", "kimi", "moonshot",
             "command", "grok", "nova", "nemotron", "olmo", "granite", "falcon", "internlm", "baichuan", "minimax",
             "doubao", "hunyuan", "ernie", "jamba", "exaone", "solar", "vicuna", "wizardlm")  # fmt: skip
_SAME = {"qwq": "qwen", "chatgpt": "gpt", "moonshot": "kimi", "vicuna": "llama", "wizardlm": "llama",
         **dict.fromkeys(("mixtral", "ministral", "codestral", "magistral", "devstral"), "mistral")}  # fmt: skip


def model_family(name: str) -> str:
    """The family of a model by its name (`Qwen/Qwen2.5-7B` is `qwen`); empty where it is not known.

    OpenAI's o-series (`o1`, `o3-mini`) is `gpt`.
    """
    words = re.findall(r"[a-z]+|\d+", name.casefold().rpartition("/")[2])
    text = "".join(words)
    for family in _FAMILIES:
        if (len(family) > 3 and family in text) or family in words:
            return _SAME.get(family, family)
    if re.match(r"o[1-9](?:\b|-)", name.casefold().rpartition("/")[2]):
        return "gpt"
    return ""


def shared_family(one: str, other: str) -> str:
    """The family that two models share; empty where they share none, or one's is not known."""
    family = model_family(one)
    return family if family == model_family(other) else ""


def kin_warning(judge: str, evolver: str) -> str:
    """A sentence where the judge is the evolver's own model or of its family; else empty.

    Args:
        judge, evolver: names of their models; empty where not known.
    """
    advice = "shared blind spots; give the judge a model of another family (--judge-model, or [roles.judge])."
    if judge and judge == evolver:
        return f"The judge is the evolver's own model ({judge}): {advice}"
    family = shared_family(judge, evolver)
    return f"The judge is of the same family as the evolver ({family}): {advice}" if family else ""
