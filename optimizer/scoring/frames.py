"""How an instruction is put before a student whose log-probabilities are read: a named frame round it.

What stands in front of a response changes what the response is worth, so a score says which frame it was taken in. The
frames are marks only: sentences that some published ones open with ("below is …") are left out, and can be said in a
frame of one's own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from ...agents.gateway.errors import UsageError

__all__ = ["FRAMES", "Frame", "frame_of"]

_PLACE = "{instruction}"


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands before and behind an instruction; the response follows.

    Args:
        name: as scores record it.
        before, after: text.
    """

    name: str
    before: str
    after: str

    def of(self, instruction: str) -> str:
        """The instruction in its frame."""
        return f"{self.before}{instruction}{self.after}"


FRAMES: Mapping[str, Frame] = {
    frame.name: frame
    for frame in (
        # Superfiltering's: nothing but a line end.
        Frame("plain", "", "\n"),
        Frame("sections", "### Instruction:\n", "\n\n### Response:\n"),
        Frame("user-assistant", "USER: ", " ASSISTANT: "),
        Frame("chatml", "<|im_start|>user\n", "<|im_end|>\n<|im_start|>assistant\n"),
        Frame(
            "llama-3", "<|start_header_id|>user<|end_header_id|>\n\n",
            "<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n",
        ),
    )
}  # fmt: skip
"""Frames by name."""


def frame_of(words: str) -> Frame:
    r"""A frame by its name, or one's own: a text with `{instruction}` in it, where `\n` is a line end.

    One's own is recorded as `own-` and 8 hex digits of its SHA-256.

    Raises:
        UsageError: there is no frame of this name, and no place for the instruction in it.
    """
    if words in FRAMES:
        return FRAMES[words]
    before, place, after = words.replace("\\n", "\n").partition(_PLACE)
    if not place:
        raise UsageError(
            f"There is no frame '{words}' for scores.",
            fix=f"Frames are {', '.join(FRAMES)}; one of your own is a text with {_PLACE} in it.",
        )
    return Frame(f"own-{hashlib.sha256(words.encode()).hexdigest()[:8]}", before, after)
