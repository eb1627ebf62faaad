"""One form for tags that are written in several: case, signs and endings.

InsTag (arXiv 2308.07074, section 2.2) lowers case, replaces special characters by spaces and stems. Its stemmer cuts
words to what is none (`mathemat`); ours is the S-stemmer (Harman 1991), which takes only the plural off: tags are
mostly nouns, and `program` and `programming` are two things. What is not ASCII, as Chinese, has no ending to be cut.
Unlike the published rule a `+` or `#` behind a letter stays, else C, C# and C++ would be one language.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

__all__ = ["cleaned", "names_of", "stem"]

_SIGNS = re.compile(r"[^\w+#]|_")
_LOOSE = re.compile(r"(?<![\w+#])[+#]+")
_NO_PLURALS = frozenset({"bayes", "bias", "canvas", "kubernetes", "news", "pandas", "series", "species"})


def cleaned(tag: str) -> str:
    """A tag in the one form: words with a space between them; empty where no letter or digit is left."""
    plain = unicodedata.normalize("NFKC", tag).casefold()
    # An apostrophe belongs to its word.
    plain = _LOOSE.sub(" ", _SIGNS.sub(" ", re.sub(r"(?<=\w)['’](?=\w)", "", plain)))
    words = [stem(word) for word in plain.split()]
    return " ".join(words) if any(char.isalnum() for char in plain) else ""


def stem(word: str) -> str:
    """An English word without the ending of its plural; any other word as it is."""
    if not word.isascii() or not word.isalpha() or len(word) < 4 or word in _NO_PLURALS:
        return word
    if word.endswith("ies") and not word.endswith(("eies", "aies")):
        return f"{word[:-3]}y"
    if word.endswith(("sses", "xes", "ches", "shes", "zzes")):
        return word[:-2]
    # `us`, `ss` and `is` (status, class, analysis) are no plurals, nor is `ics` (physics).
    if word.endswith("s") and not word.endswith(("us", "ss", "is", "ics")):
        return word[:-1]
    return word


def names_of(written: Iterable[str]) -> Mapping[str, str]:
    """By cleaned form the way of writing that is met most often, in lower case, to be shown; ties by letters.

    Args:
        written: every tag of every row as it was written.
    """
    ways: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for tag in written:
        ways[cleaned(tag)][" ".join(tag.casefold().split())] += 1
    return {form: min(found, key=lambda way: (-found[way], way)) for form, found in ways.items() if form}
