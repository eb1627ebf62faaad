"""Rules on what is asked: a seed must not evolve into a text that asks nothing, or something else."""

from __future__ import annotations

import re

from ...agents.messages import Finding
from .asks import asking_sentences, only_supposes
from .pair import Pair
from .results import is_calculation
from .sense import content, kinds_of, sense_of, stem, substance
from .texts import clean, numbers_of, quote, sentences
from .words import WORDLESS, word_lists

__all__ = ["lost_question", "task_changed"]

_LEAST_WORDS, _LEAST_CHARACTERS = 4, 5
_ZH_WANTS = re.compile(r"(?:请|请你|帮我)?(推荐|翻译|造句|写)(?=[一两三几\d]|.{0,4}[本首篇封则个部])")
_ZH_ASKS = re.compile(r"什么|为什么|怎样|如何|哪些|多大程度")
_WORKS = frozenset({"letter", "poem", "story", "joke"})
_GONE_WORDS, _OTHER_WORDS, _GONE_CHARACTERS, _OTHER_CHARACTERS, _ROOT = 2, 4, 3, 8, 5
_TELLING = 9  # letters of a word that says alone what a text is about
_NAMED = re.compile(r"(?<=[a-z,;] )[A-Z][a-z]{2,}")
_NOTHING_LEFT = 0.15  # share of the seed's words of substance; under it a longer text speaks of something else
_LITTLE_LEFT = 0.34  # the same, where the kind of the task is another one, too


def lost_question(pair: Pair) -> Finding | None:
    """The seed asks for something; no sentence of the evolved text asks or commands.

    A question that became a command (`calculate …`, `determine …`) is still a task. A seed in which no question and no
    command can be told is left alone. This is class 8 of the published taxonomy, "no proper question left" (Auto
    Evol-Instruct, appendix B).
    """
    text = clean(pair.evolved or "")
    if not text or not any(asking_sentences(pair.instruction, pair.language)):
        return None
    flags = asking_sentences(text, pair.language)
    if any(flag and not only_supposes(s) for s, flag in zip(sentences(text), flags, strict=True)):
        return None
    return Finding("lost-question", quote(text[-120:]))


def task_changed(pair: Pair) -> Finding | None:
    """The evolved text is about something else than the seed.

    Told by the words of substance that the two share, synonyms made one: none, of four at least (under 10 % of
    ten or more); or a third at most where the kind of the task is another one, too (code became a story, a
    translation an essay). A text that keeps a number of the seed's needs another kind. What the seed only asks in three
    words may evolve into anything.
    """
    if not pair.evolved or not pair.evolved.strip():
        return None
    seed = {*substance(pair.instruction, pair.language)}
    text = {*content(pair.evolved, pair.language)}
    least = _LEAST_CHARACTERS if pair.language in WORDLESS else _LEAST_WORDS
    old, new = kinds_of(pair.instruction, pair.language), kinds_of(pair.evolved, pair.language)
    share = len(seed & text) / len(seed) if seed else 1.0
    said = f"{share:.0%} of the words are left: {quote(', '.join(sorted(seed))[:100])}"
    evidence = _changed(pair, old, new, share)
    if evidence:
        return Finding("task-changed", f"{evidence}; {said}")
    enough = len(seed) >= least + (1 if share else 0) and not (old & new and len(seed) <= least)
    enough = enough and share <= _NOTHING_LEFT and not _same_numbers(pair) and "```" not in pair.evolved
    gone = not share and not old & new and _nothing_in_common(pair, seed, text)
    return Finding("task-changed", said) if enough or gone else None


def _changed(pair: Pair, old: frozenset[str], new: frozenset[str], share: float) -> str:
    """How the kind of the task became another one; empty where it did not."""
    least = _LEAST_CHARACTERS if pair.language in WORDLESS else _LEAST_WORDS
    other = bool(old) and bool(new) and not old & new
    if other and share <= _LITTLE_LEFT and len({*substance(pair.instruction, pair.language)}) >= least - 2:
        return f"{', '.join(sorted(old))} became {', '.join(sorted(new))}"
    if _talks_of_a_calculation(pair, old, new):
        return "a calculation became a talk"
    if _asks_for_other_things(pair):
        return "other things are asked for"
    return f"{', '.join(sorted(old))} became a talk" if _talks_of_a_work(pair, old, new) else ""


def _nothing_in_common(pair: Pair, seed: set[str], text: set[str]) -> bool:
    """Whether two or more words of substance are gone without a trace, and a text of some length has others.

    Words with the same first letters (`photosynthesis`, `photosynthetic`) are a trace, and so are numbers.
    """
    wordless = pair.language in WORDLESS
    least, other = (_GONE_CHARACTERS, _OTHER_CHARACTERS) if wordless else (_GONE_WORDS, _OTHER_WORDS)
    new = {*substance(pair.evolved or "", pair.language)}
    telling = wordless or any(len(word) >= _TELLING for word in seed) or _NAMED.search(pair.instruction)
    if len(seed) < (least if telling else _LEAST_WORDS) or len(new) < other or "```" in (pair.evolved or ""):
        return False
    roots = {word[:_ROOT] for word in text}
    return not any(word[:_ROOT] in roots for word in seed) and not _same_numbers(pair)


def _talks_of_a_work(pair: Pair, old: frozenset[str], new: frozenset[str]) -> bool:
    """Whether something was to be written (a letter, a poem) and the text only wants talk about its matter."""
    text = clean(pair.evolved or "")
    lists = word_lists(pair.language)
    if not old & _WORKS or old & new or any(words["writes"].search(text) for words in lists):
        return False
    seed = clean(pair.instruction)
    wrote = any(words["writes"].search(seed) for words in lists) and not seed.endswith(("?", "？"))
    return wrote and any(words["talk_openings"].match(text) for words in lists)


def _talks_of_a_calculation(pair: Pair, old: frozenset[str], new: frozenset[str]) -> bool:
    """Whether the seed gives numbers and asks for one, and the text asks for no number and speaks of no mathematics."""
    lists = word_lists(pair.language)
    if "maths" not in old or not is_calculation(pair.instruction, pair.language) or "maths" in new or "code" in new:
        return False
    text = clean(pair.evolved or "")
    kept = numbers_of(pair.instruction, pair.language).stated & numbers_of(text, pair.language).stated
    if len(kept) >= 2:
        return False
    quantity = any(words["quantity_asked"].search(text) for words in lists)
    return not quantity and any(words["talks"].search(text) for words in lists)


def _asks_for_other_things(pair: Pair) -> bool:
    """Whether the thing that the seed's command wants (`recommend three books`) is gone, and the command as well."""
    text = clean(pair.evolved or "")
    if pair.language in WORDLESS:
        wish = _ZH_WANTS.match(clean(pair.instruction))
        made = wish and any(sign in text for sign in ("写", "作", "编", "拟", "起草", "改", wish[1]))
        return bool(wish) and not made and bool(_ZH_ASKS.search(text))
    command = word_lists(pair.language)[0]["wanted_things"].match(clean(pair.instruction))
    seed = {*substance(pair.instruction, pair.language)}
    if command is None or not seed & {*content(text, pair.language)}:
        return False
    same, verb, thing = sense_of(pair.language).same, stem(command[1]), stem(command[2])
    words = {*content(text, pair.language)}
    return same.get(verb, verb) not in words and same.get(thing, thing) not in words


def _same_numbers(pair: Pair) -> bool:
    old, new = numbers_of(pair.instruction, pair.language), numbers_of(pair.evolved or "", pair.language)
    return bool(old.stated & new.stated)
