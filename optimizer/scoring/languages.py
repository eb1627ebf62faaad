"""Rule on the language: an evolution keeps the one of its seed."""

from __future__ import annotations

import re

from ...agents.messages import Finding
from .pair import Pair
from .sense import foreign_words, kinds_of
from .texts import clean, quote, scripts_of, sentences
from .words import word_lists

__all__ = ["language_changed"]

_OWN_SCRIPT, _LEAST_WORDS = 0.8, 4
_LEAST_RESPONSE = 15
_STRAY = 0.3  # share of a text that whole sentences of another script may not reach
_FUNCTION, _FUNCTION_HITS, _CLEARLY = 0.15, 3, 1.5
_LATIN_WORD = re.compile(r"[A-Za-zÀ-ɏẠ-ỹ]+(?:'[A-Za-zÀ-ɏ]+)?")
_MATERIAL = re.compile(r"[:：]\s*[^:：。？！?!]*(?=[。？！?!\n]|\Z)|^[ \t]*[-*•>\d].*$", re.MULTILINE)
_HAN_RUN = re.compile("[\u3040-\u30ff\u3400-\u9fff](?:[\u3040-\u30ff\u3400-\u9fff，、。；：]{5,})")
_LATIN_RUN = re.compile(
    r"(?=(?:[A-Za-z',-]+ ){0,40}(?:the|of|and|to|in|is|are|with|for|that|you|your) )"
    r"(?:\b[A-Za-z]+['-]?[a-z]*[ ,]+){5,}[A-Za-z]+"
)
_CODE_SIGNS = re.compile(r"```|\bSELECT\b|[{};]|\w+\([^)]*\)|</?\w+>")
_SIMPLIFIED = re.compile(
    "[这个们来时说对学国会为过还没么问题给让写请计应从两东车门长见书报语话读数点开关买卖红绿价钱间]"
)
_TRADITIONAL = re.compile(
    "[這個們來時說對學國會為過還沒麼問給讓寫請計應從兩東車門長見書報語話讀數點開關買賣紅綠價錢間題]"
)
_ENGLISH_TOO = 0.08
_ASIDE = re.compile(
    r"```.*?(?:```|\Z)|`[^`\n]*`|https?://\S+|\"[^\"\n]{3,400}\"|“[^”\n]{3,400}”|「[^」\n]{3,400}」|'[^'\n]{12,400}'",
    re.DOTALL,
)


def language_changed(pair: Pair) -> Finding | None:
    """The evolved text stands in another language than the seed.

    Told by the script (80 % of the seed in one, 80 % of the evolved text in another, or whole sentences in another that
    the seed has not), and within the Latin script by function words (`the`, `und`, `pour`). A seed that mixes scripts
    or names a language is left alone unless all of the text changed, and so are texts under four words. The response
    counts, too, where it is long and all of it stands in another script than what it answers.
    """
    seed, text = clean(pair.instruction), clean(pair.evolved or "")
    if not text:
        return None
    named = any(words["names_a_language"].search(seed + " " + text) for words in word_lists(pair.language))
    old, new = _script(seed), _script(text)
    if old and new and old != new and not (named and _script(_ASIDE.sub(" ", text)) != new):
        return Finding("language-changed", f"from {old} to {new} script")
    if named:
        return None
    return (
        _variant(seed, text) or _stray(seed, text) or _slips(seed, text) or _latin(seed, text) or _response(pair, new)
    )


def _script(text: str, least: int = _LEAST_WORDS) -> str:
    counts = scripts_of(text)
    if counts["Kana"]:  # Japanese writes Han characters too
        counts["Kana"] += counts.pop("Han")
    name = max(counts, key=lambda key: counts[key])
    total = sum(counts.values())
    return name if total >= least and counts[name] >= _OWN_SCRIPT * total else ""


def _variant(seed: str, text: str) -> Finding | None:
    """Simplified characters became traditional ones, or the other way round."""
    for ours, theirs, name in ((_SIMPLIFIED, _TRADITIONAL, "traditional"), (_TRADITIONAL, _SIMPLIFIED, "simplified")):
        if ours.search(seed) and not theirs.search(seed) and len(theirs.findall(text)) >= 3 and not ours.search(text):
            return Finding("language-changed", f"to {name} characters")
    return None


def _stray(seed: str, text: str) -> Finding | None:
    """Sentences of another script, a third of the text, where the seed is of one."""
    own = _script(seed)
    if not own:
        return None
    alien: list[tuple[int, str]] = []
    total = 0
    for sentence in sentences(_MATERIAL.sub(" ", _ASIDE.sub(" ", text))):
        count = sum(scripts_of(sentence).values())
        total += count
        other = _script(sentence, 5)
        if other and other != own and {own, other} != {"Han", "Kana"}:
            alien.append((count, sentence))
    if alien and sum(count for count, _ in alien) >= _STRAY * total:
        return Finding("language-changed", quote(alien[0][1]))
    return None


def _slips(seed: str, text: str) -> Finding | None:
    """A run of Chinese or Japanese in a text of an alphabet, or of English words in Chinese, in the middle of prose."""
    prose, known = (_MATERIAL.sub(" ", _ASIDE.sub(" ", one)) for one in (text, seed))
    own = _script(known)
    for script, run in (("Han", _LATIN_RUN), ("Latin", _HAN_RUN)):
        if own == script and not run.search(known) and (hit := run.search(prose)):
            return Finding("language-changed", quote(hit[0]))
    return None


def _latin(seed: str, text: str) -> Finding | None:
    old, new = _spoken(seed) or "English", _spoken(text)
    if new and old != new and not (new != "English" and _spoken(seed, 1) == new):
        return Finding("language-changed", f"from {old} to {new}")
    return None


def _spoken(text: str, least: int = _FUNCTION_HITS) -> str:
    """The language of the Latin script that a text is written in; empty where it cannot be told."""
    words = [word.casefold() for word in _LATIN_WORD.findall(_ASIDE.sub(" ", text))]
    if len(words) < 5:
        return ""
    hits = {name: sum(word in known for word in words) for name, known in foreign_words().items()}
    first, second = sorted(hits, key=lambda name: -hits[name])[:2]
    if first != "English" and hits["English"] >= _ENGLISH_TOO * len(words):
        return ""
    clear = hits[first] >= max(least, _FUNCTION * len(words)) and hits[first] >= _CLEARLY * hits[second]
    return first if clear else ""


def _response(pair: Pair, asked: str) -> Finding | None:
    """A long response, all in another script than the instruction it answers."""
    said = _script(clean(pair.evolved_response or ""), _LEAST_RESPONSE)
    code = _CODE_SIGNS.search(pair.evolved_response or "") or "code" in kinds_of(pair.evolved or "", pair.language)
    if asked and said and asked != said and not code:
        return Finding("language-changed", f"asked in {asked}, answered in {said} script")
    return None
