"""Chat templates in their parts, by model family: what opens a user's turn, closes it, and opens the next one.

A chat is the text before an instruction, the instruction, and the text after it (Magpie, section 2): sent up to where
the user would speak, an aligned model speaks as the user. What stands here are facts about public chat formats, as the
authors' configuration has them (its typo in one stop string of Llama-3.1-405B left out).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ....agents.gateway.errors import UsageError
from ...record.making.magpie_values import FamilySettings

__all__ = ["FAMILIES", "family_of", "opened", "parts_of", "with_answer"]

_CHATML_STOPS = ("<|im_end|>", "<|im_start|>", "<|endoftext|>")
_LLAMA3_HEADER = "<|start_header_id|>{}<|end_header_id|>\n\n"
# Their templates put a system text of their own where there is none; without it SmolLM2 hardly writes as a user.
_SMOLLM = "<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n"
_QWEN25 = "<|im_start|>system\nYou are Qwen, created by Alibaba Cloud. You are a helpful assistant.<|im_end|>\n"


def _chatml(bos: str = "", before: str = "", stops: tuple[str, ...] = _CHATML_STOPS) -> FamilySettings:
    return FamilySettings(
        bos=bos, user=f"{before}<|im_start|>user\n", system="<|im_start|>system\n",
        system_user="<|im_end|>\n<|im_start|>user\n", assistant="<|im_end|>\n<|im_start|>assistant\n",
        again="<|im_end|>\n<|im_start|>user\n", stops=stops, special="<|im_start|>",
    )  # fmt: skip


def _gemma(header: str) -> FamilySettings:
    return FamilySettings(
        bos="<bos>", user=f"<start_of_turn>user{header}",
        assistant="<end_of_turn>\n<start_of_turn>model\n", again=f"<end_of_turn>\n<start_of_turn>user{header}",
        stops=("<end_of_turn>", "<start_of_turn>", "<eos>", "<bos>"), special="<start_of_turn>",
    )  # fmt: skip


def _phi(bos: str) -> FamilySettings:
    return FamilySettings(
        bos=bos, user="<|user|>\n", system="<|system|>\n", system_user="<|end|>\n<|user|>\n",
        assistant="<|end|>\n<|assistant|>\n", again="<|end|>\n<|user|>\n",
        stops=("<|end|>", "<|assistant|>", "<|user|>", "<|endoftext|>", "<|system|>"), special="<|user|>",
    )  # fmt: skip


def _inst(system: str | None, system_user: str) -> FamilySettings:
    return FamilySettings(
        bos="<s>", user="[INST] ", system=system, system_user=system_user, assistant=" [/INST] ",
        again=" </s><s>[INST] ", stops=("</s>", "[/INST]", "[INST]"), special="<s>",
    )  # fmt: skip


FAMILIES: Mapping[str, FamilySettings] = {
    "llama-3": FamilySettings(
        bos="<|begin_of_text|>", user=_LLAMA3_HEADER.format("user"), system=_LLAMA3_HEADER.format("system"),
        system_user="<|eot_id|>" + _LLAMA3_HEADER.format("user"),
        assistant="<|eot_id|>" + _LLAMA3_HEADER.format("assistant"),
        again="<|eot_id|>" + _LLAMA3_HEADER.format("user"),
        stops=("<|eot_id|>", "<|start_header_id|>", "<|end_of_text|>", "<|end_header_id|>"),
        special="<|start_header_id|>",
    ),
    "qwen2.5": _chatml(before=_QWEN25),
    "qwen2": _chatml(),
    "smollm": _chatml(before=_SMOLLM),
    "gemma-2": _gemma("\n\n"),
    "gemma": _gemma("\n"),
    "phi-3-small": _phi("<|endoftext|>"),
    "phi-3": _phi("<s>"),
    "mistral": _inst(None, ""),
    "llama-2": _inst("[INST] <<SYS>>\n", "\n<</SYS>>\n\n"),
    "yi-1.5": _chatml(bos="<|startoftext|>", stops=("<|im_end|>", "<|im_start|>", "<|endoftext|>")),
    "vicuna": FamilySettings(
        bos="<s>", user="A chat between a curious user and an artificial intelligence assistant. The assistant gives "
        "helpful, detailed, and polite answers to the user's questions.\n\nUSER: ", system="",
        system_user="\n\nUSER: ", assistant="\nASSISTANT: ", again="</s>\nUSER: ",
        stops=("</s>", "ASSISTANT", "USER:"), special="<s>",
    ),
    "deepseek-coder-v2": FamilySettings(
        bos="<｜begin▁of▁sentence｜>", user="User: ", system="", system_user="\n\nUser: ",
        assistant="\n\nAssistant:", again="<｜end▁of▁sentence｜>User: ",
        stops=("<｜end▁of▁sentence｜>", "\nUser:", "Assistant:", "User:"), special="<｜begin▁of▁sentence｜>",
    ),
}  # fmt: skip
"""The shipped families."""

# What a model's name must hold, in this order: the more special first.
_NAMES: Sequence[tuple[str, str]] = (
    ("qwen2.5", "qwen2.5"), ("qwen2", "qwen2"), ("qwen1.5", "qwen2"), ("smollm", "smollm"), ("vicuna", "vicuna"),
    ("gemma-2", "gemma-2"), ("gemma2", "gemma-2"), ("gemma", "gemma"), ("phi-3-small", "phi-3-small"),
    ("phi-3", "phi-3"), ("phi3", "phi-3"), ("deepseek-coder-v2", "deepseek-coder-v2"), ("llama-3", "llama-3"),
    ("llama3", "llama-3"), ("llama-2", "llama-2"), ("llama2", "llama-2"), ("mistral-7b", "mistral"),
    ("yi-1.5", "yi-1.5"),
)  # fmt: skip


def family_of(model: str) -> str | None:
    """The family that a model's name tells; None where it tells none."""
    name = model.casefold()
    return next((family for part, family in _NAMES if part in name), None)


def parts_of(name: str, own: Mapping[str, FamilySettings]) -> FamilySettings:
    """The template of a family; one's own win over the shipped.

    Raises:
        UsageError: there is none of that name.
    """
    found = own.get(name) or FAMILIES.get(name)
    if found is None:
        known = ", ".join(dict.fromkeys((*own, *FAMILIES)))
        raise UsageError(
            f"There is no family of chat templates named '{name}'.",
            fix=f"Families are: {known}. Say another with families, or take the server's with template=server.",
        )
    return found


def opened(family: FamilySettings, system: str = "") -> str:
    """The text up to where the user begins to speak, without what the text itself begins with (`bos`).

    Raises:
        UsageError: a system text is wanted of a family that has no system turn.
    """
    if not system:
        return family.user
    if family.system is None:
        raise UsageError(
            "This family of chat templates has no system turn, so that nothing can steer what users ask.",
            fix="Leave out control and turns, or take a model whose template has one.",
        )
    return f"{family.system}{system}{family.system_user}"


def with_answer(family: FamilySettings, before: str, instruction: str) -> str:
    """The text up to where the assistant begins to speak."""
    return f"{before}{instruction}{family.assistant}"
