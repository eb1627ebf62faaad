"""The published failure rules, as printed and as the authors' code has them. They look at the response alone.

Source: Auto Evol-Instruct (arXiv 2406.00770), appendix A, table 5; Zeng-WH/Auto-Evol-Instruct, `optimizer.py`,
`is_false_string`. They are tied to the phrasing of one model of 2023 and to English: of the 96 evolutions that the
authors released they find 1 and 3 wrong, a reader most of them.
"""

from __future__ import annotations

from collections.abc import Mapping

from ...agents.messages import Finding
from .pair import Detector, Pair
from .texts import quote

__all__ = ["CODE", "PAPER"]

_STAGNANT = ("Understood", "Thank you", "What", "That is correct", "Great")


def _asks(kind: str, starts: tuple[str, ...], *, stripped: bool) -> Detector:
    """Fires on a response that starts with one of these (case counts) and ends with `?`."""

    def rule(pair: Pair) -> Finding | None:
        response = pair.evolved_response or ""
        if stripped:
            response = response.strip()
        hit = response.startswith(starts) and response.endswith("?")
        return Finding(kind, quote(response)) if hit else None

    rule.__doc__ = f"The response starts with {', '.join(starts)} and ends with a question mark."
    return rule


def _contains(kind: str, phrase: str) -> Detector:
    """Fires on a response that holds the phrase anywhere, in any case."""

    def rule(pair: Pair) -> Finding | None:
        response = pair.evolved_response or ""
        at = response.lower().find(phrase)
        return Finding(kind, quote(response[max(0, at - 40) : at + 80])) if at >= 0 else None

    rule.__doc__ = f"The response contains '{phrase}' in any case."
    return rule


# Table 5 says "begins with" where the main text says "contains"; the table is followed. It prints its prefixes with a
# capital letter, so case counts there; for "please provide" it is silent and the authors' code lowers the response.
PAPER: Mapping[str, Detector] = {
    "paper-stagnant": _asks("paper-stagnant", _STAGNANT, stripped=True),
    "paper-insufficient": _asks("paper-insufficient", ("Sure",), stripped=True),
    "paper-lost-key": _contains("paper-lost-key", "please provide"),
}

# Twelve conditions: five prefixes, one, four more, and two phrases. White space at the ends counts, as in the code.
CODE: Mapping[str, Detector] = {
    "code-stagnant": _asks("code-stagnant", _STAGNANT, stripped=False),
    "code-insufficient": _asks("code-insufficient", ("Sure",), stripped=False),
    "code-sorry": _asks("code-sorry", ("I'm sorry",), stripped=False),
    "code-anything-else": _asks("code-anything-else", ("Is there anything else",), stripped=False),
    "code-as-an-assistant": _asks("code-as-an-assistant", ("As an AI assistant",), stripped=False),
    "code-i-understand": _asks("code-i-understand", ("I understand",), stripped=False),
    "code-lost-key": _contains("code-lost-key", "please provide"),
    "code-not-possible": _contains("code-not-possible", "not possible"),
}
