"""Rules that drop what a model wrote as a user: it spoke as the assistant, or did not end."""

from __future__ import annotations

import re

__all__ = ["REFUSALS"]

_ROLE = r"\A[ \t]*[#*_]{0,4}(?:assistant|chatgpt|ai|bot|model|助手)[*_]{0,3}[ \t]*(?:[:：]|\n)"
_SORRY = (
    r"i(?:'m| am) (?:very |so |really )?sorry,? (?:but )?i", r"sorry, (?:but )?i (?:can|am|do)",
    r"i (?:can(?:no|')t|am (?:not able|unable)) (?:to )?(?:assist|help|provide|answer|fulfil|comply)",
    r"as an? (?:ai|large|language|artificial)", r"i(?:'m| am) an? (?:ai|language model|artificial|virtual)",
    r"作为(?:一个|一名)?(?:ai|人工智能|语言模型)", r"抱歉|对不起",
)  # fmt: skip
_VOICE = (
    r"sure\b", r"certainly\b", r"of course\b", r"absolutely[!,]", r"here (?:is|are)\b", r"here's\b",
    r"below (?:is|are) (?:the|a|an|some)\b", r"great (?:question|choice)",
    r"i(?:'d| would) be (?:happy|glad|delighted)", r"i(?:'m| am) (?:here|happy|glad|ready) to",
    r"i(?:'ll| will) (?:help|assist|provide|be happy)", r"i can (?:help|assist|provide|offer)",
    r"(?:hello|hi|welcome)\b[^\n]{0,60}\b(?:how (?:can|may) i|what can i|i(?:'m| am) (?:your|an?|the) )",
    r"(?:how|what) (?:can|may) i (?:help|assist|do for)", r"thank you for (?:providing|sharing|your)",
    r"you(?:'re| are) welcome", r"当然", r"好的[，,！!]", r"以下是", r"很高兴", r"有什么(?:可以|能)帮",
)  # fmt: skip
_OPEN = r"[^\n]{0,40}(?:[,，、(（\[{]|\b(?:and|or|the|of|to|a|an|with|for))\Z"


def _begins(words: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(rf"\A\W*(?:{'|'.join(words)})", re.IGNORECASE)


REFUSALS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("assistant-turn", re.compile(_ROLE, re.IGNORECASE)),
    ("refusal", _begins(_SORRY)),
    ("assistant-voice", _begins(_VOICE)),
    ("ends-in-colon", re.compile(r"[^\n]{0,80}[:：]\Z")),
    ("unfinished", re.compile(_OPEN)),
    ("open-code", re.compile(r"\A(?:(?!```).)*```(?:(?:(?!```).)*```(?:(?!```).)*```)*(?:(?!```).)*\Z", re.DOTALL)),
)
"""Names and what they look for, in the order in which they are tried."""
