"""Keys are never written down: what looks like one is recognised and hidden. Standard library only."""

from __future__ import annotations

import re

__all__ = ["KEY", "hide_keys", "looks_like_key"]

# Prefixes that providers give their keys, bearer tokens, and passwords inside addresses.
KEY = re.compile(
    r"\b(?:sk|pk|rk)-[A-Za-z0-9_\-]{8,}"
    r"|\b(?:gsk|hf|xai|r8|nvapi|pplx|fw|tgp|csk)[_-][A-Za-z0-9_\-]{16,}"
    r"|\bAIza[A-Za-z0-9_\-]{20,}"
    r"|\bghp_[A-Za-z0-9]{20,}"
    r"|(?i:\bbearer\s+)[A-Za-z0-9._\-]{8,}"
    r"|(?<=://)[^/\s@:]*:[^/\s@]+(?=@)"
    r"|(?i:(?<=[?&]key=)|(?<=api_key=)|(?<=api-key=)|(?<=[?&]token=))[^&\s]{8,}"
)

# One of these is in every key, in small letters: to look for them costs a tenth of the pattern.
_MARKS = (
    "sk-", "pk-", "rk-", "gsk", "hf_", "hf-", "xai", "r8_", "r8-", "nvapi", "pplx", "fw_", "fw-", "tgp", "csk", "aiza",
    "ghp_", "bearer", "://", "key=", "token=",
)  # fmt: skip


def looks_like_key(text: str) -> bool:
    """Whether a text holds something that looks like a secret."""
    return _may(text) and KEY.search(text) is not None


def hide_keys(text: str) -> str:
    """The text with everything that looks like a secret replaced."""
    return KEY.sub("[hidden key]", text) if _may(text) else text


def _may(text: str) -> bool:
    small = text.lower()
    return any(mark in small for mark in _MARKS)
