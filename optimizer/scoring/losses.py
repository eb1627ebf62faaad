"""Rules on what a seed holds and its evolution does not: numbers, code, tables, addresses.

They catch the published class "loss of key information" in the text itself, where the published rule waits for a
response that asks for it (Auto Evol-Instruct, appendix A).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction

from ...agents.messages import Finding
from .measures import measured_kinds, mentions_number_of
from .pair import Pair
from .results import asked_words, derived, is_calculation
from .sense import kinds_of, sense_of
from .texts import Numbers, clean, numbers_of, quote, tokens, units
from .words import word_lists

__all__ = ["got_vague", "lost_code", "lost_numbers", "lost_table", "lost_urls"]

# Under this share of the seed's numbers a text has lost its data. An evolution of a maths problem may change values, so
# the rule fires only where there are fewer numbers than before, too: of 96 released evolutions of GSM8K, 1 falls under
# half, a problem whose values were replaced by a symbol, and none of 90 of another model.
KEPT_NUMBERS = 0.5
_SAME_QUESTION = 0.6
_CELL = 4  # words or characters
_WEEKDAYS = re.compile(r"\b(?:Mon|Tues|Wednes|Thurs|Fri)day|星期[一二三四五]|周[一二三四五]")
_FIGURE = re.compile(r"[0-9][0-9,.]*")
_PERIODS = frozenset({"days", "weeks", "months", "years"})
_FACTORS = (60, 100, 1000, 24, 12, 7, 3600)  # between units of time, money, measures and per cent
KEPT_CODE = 0.3  # of the names in the seed's code; an evolution may rewrite a part of it
KEPT_CELLS = 0.5

# Separator, least cells in a row, least rows. Prose has commas and colons, too, so there must be more of them.
_SEPARATORS = (("|", 2, 2), ("\t", 2, 2), (",", 3, 3), ("，", 2, 3), (":", 2, 3), ("：", 2, 3), (" ", 2, 3))
_FENCE = re.compile(r"^[ \t]*```[^\n`]*\n(.*?)(?:```|\Z)", re.DOTALL | re.MULTILINE)
_INLINE = re.compile(r"`([^`\n]{2,200})`")
_CODE_LINE = re.compile(
    r"^\s*(?:(?:async )?def \w+\(.*|class \w+.*[:{]|from [\w.]+ import .*|import [\w.]+;?|#include\b.*|return\b.*;?|"
    r"(?:public|private|static|const|let|var|function|func|fn|int|void|SELECT|INSERT|UPDATE|CREATE)\b.*[({;=*].*|"
    r"(?:if|for|while|elif|else)\b.*[:{]|[\w.\[\]]+ ?[-+*/]?= ?\S.*|[\w.]+\(.*\);?|[{}]+;?|</?\w+[^>]*>.*)$"
)
_SURE_CODE_LINE = re.compile(
    r"^\s*(?:(?:async )?def \w+\(|class \w+\(?.*:$|function \w+\(|#include\b|SELECT\b.*\bFROM\b)"
)
# A pattern or a formula without backticks: signs that prose has not, two of them in one piece.
_SYMBOLS = re.compile(
    r"(?<!\S)(?=\S*[\^$\\|{}\[\]<>=+*#@~]\S*[\^$\\|{}\[\]<>=+*#@~])(?!\*\*?\w)(?![#*>|<-]+(?:\s|$))(?!\[\w+\])\S{3,}"
)
_RANKS = re.compile(r"\b(?:most|each|every|least|top)\b|最|每个|各")
_LISTED = re.compile(r"\[[^\[\]\n]{0,40}?\d[^\[\]\n]{0,40}?,[^\[\]\n]{0,200}\]")
_NAME = re.compile(r"[A-Za-z_]\w+")
_URL = re.compile(r"(?:https?://|www\.)[^\s<>\"'`，。；！？、）】》]+", re.IGNORECASE)


def lost_numbers(pair: Pair) -> Finding | None:
    """Numbers of the seed are gone, and nothing stands for them.

    Less than half are left and there are fewer than before; or a word such as `some` or 若干 stands where a number did;
    or a problem to calculate has lost one and got no new one. Numbers are values: `1,000`, `1000` and `one thousand`
    are one; `half`, `dozen`, the parts of fractions and the same value in another unit (`90 minutes` for `1.5 hours`)
    keep a value alive. New values beside or instead of the old ones are no loss, and neither is a text that speaks of
    any number on purpose (`in terms of n`). A single number that is lost counts only where it was written in digits.
    """
    if not pair.evolved:
        return None
    old = numbers_of(_URL.sub(" ", pair.instruction), pair.language)
    new = numbers_of(pair.evolved, pair.language)
    lost = frozenset(value for value in old.stated - new.stated - new.loose if not _converted(value, new))
    if not lost or (len(lost) == 1 and not lost <= old.digits):
        return None
    one = _lost_measure(pair) or _lost_place(pair, lost)
    if len(new.stated) >= len(old.stated) or one:
        return one
    if _calculated(lost, new.stated - old.stated) or _other_data(pair):
        return None
    few = len(old.stated) - len(lost) < KEPT_NUMBERS * len(old.stated)
    if not (few or _lost_one(pair, (new.stated | new.loose) - (old.stated | old.loose))):
        return None
    shown = ", ".join(str(value) if value.denominator == 1 else f"{float(value):g}" for value in sorted(lost)[:8])
    return Finding("lost-numbers", f"{len(lost)} of {len(old.stated)}: {shown}")


def _converted(value: Fraction, new: Numbers) -> bool:
    """Whether the value stands in the text in another unit (hours and minutes, per cent and parts)."""
    if value < 60 and value / 60 in new.loose:  # half an hour
        return True
    return any(value * factor in new.stated or value / factor in new.stated for factor in _FACTORS)


def _lost_place(pair: Pair, lost: frozenset[Fraction]) -> Finding | None:
    """In a calculation that asks what the seed asks: a number that is gone while all others were kept as they are.

    It is not lost where a new number has its neighbour (`has $50`, `has $60`) or where it can be calculated.
    """
    old = numbers_of(pair.instruction, pair.language).stated
    new = numbers_of(pair.evolved or "", pair.language)
    if len(lost) * 2 > len(old) or not is_calculation(pair.instruction, pair.language):
        return None
    before = asked_words(pair.instruction, pair.language)
    kept = before & asked_words(pair.evolved or "", pair.language)
    fresh = new.stated - old
    text = clean(pair.evolved or "")
    generalised = sense_of(pair.language).generalised.search(text)
    if not kept or len(kept) < _SAME_QUESTION * len(before) or generalised:
        return None
    if _WEEKDAYS.search(text) or any(derived(value, fresh | new.loose) for value in lost):
        return None
    loose = numbers_of(pair.instruction, pair.language).loose
    parts = [part for part in fresh | (new.loose - loose) if 0 < part < 1]
    if any(value in {part * whole, (1 - part) * whole} for value in lost for part in parts for whole in old):
        return None  # a quarter of the 36 stands for 9
    places = dict(_neighbours(clean(pair.instruction), pair.language))
    taken = {word for value, beside in _neighbours(text, pair.language) if value in fresh for word in beside}
    gone = [value for value in sorted(lost) if value in places and not places[value] & taken]
    if not gone:
        return None
    return Finding("lost-numbers", f"{', '.join(f'{float(value):g}' for value in gone)}; the others are kept")


def _neighbours(text: str, language: str) -> Iterator[tuple[Fraction, frozenset[str]]]:
    """Each number in digits with the word right before it and the words of content around it, by side."""
    idle = frozenset[str]().union(*(words.stop for words in word_lists(language)))
    measures = [unit for words in word_lists(language) for kind, unit in words.units.items() if kind not in _PERIODS]
    for match in _FIGURE.finditer(text):
        values = numbers_of(match[0].rstrip(",."), language).digits
        if len(values) != 1:
            continue
        before, behind = tokens(text[: match.start()][-40:]), tokens(text[match.end() :][:40])
        left, right = [word for word in before if word.isalpha()][-1:], [word for word in behind if word.isalpha()][:2]
        near = {f">{word}" for word in right if word not in idle and not any(unit.fullmatch(word) for unit in measures)}
        yield next(iter(values)), frozenset(near | {f"<{word}" for word in left})


def _calculated(lost: frozenset[Fraction], fresh: frozenset[Fraction]) -> bool:
    """Whether what is gone was calculated: two numbers for one, which is a matter for `not-harder`."""
    return len(lost) == 2 and len(fresh) == 1 and derived(next(iter(fresh)), lost)


def _other_data(pair: Pair) -> bool:
    """Whether a list got other entries, or code is to be written and another condition stands for its one number."""
    seed, text = clean(pair.instruction), clean(pair.evolved or "")
    if _LISTED.search(seed) and _LISTED.search(text):
        return True
    if got_vague(pair):
        return False
    if len(numbers_of(seed, pair.language).stated) > 1 or "```" in seed:
        return False
    code = all("code" in kinds_of(one, pair.language) for one in (seed, text))
    demands = sense_of(pair.language).demands
    more = {hit[0] for hit in demands.finditer(text)} - {hit[0] for hit in demands.finditer(seed)}
    return code and bool(more or _RANKS.search(text))


def got_vague(pair: Pair) -> bool:
    """Whether words such as `some` came in that say no number."""
    sense, text, seed = sense_of(pair.language), clean(pair.evolved or ""), clean(pair.instruction)
    new = {hit[0].casefold() for hit in sense.vague.finditer(text)}
    return bool(new - {hit[0].casefold() for hit in sense.vague.finditer(seed)})


def _lost_one(pair: Pair, fresh: frozenset[Fraction]) -> bool:
    generalised = sense_of(pair.language).generalised
    if generalised.search(clean(pair.evolved or "")) and not generalised.search(clean(pair.instruction)):
        return False
    calculation = is_calculation(pair.instruction, pair.language)
    return got_vague(pair) or (calculation and all(value < 1 for value in fresh))


def _lost_measure(pair: Pair) -> Finding | None:
    """In a calculation: what was given in money, length, time or weight, and no number of that kind is left."""
    if not is_calculation(pair.instruction, pair.language):
        return None
    old, new = measured_kinds(pair.instruction, pair.language), measured_kinds(pair.evolved or "", pair.language)
    gone = [kind for kind in old if kind not in new]
    generalised = sense_of(pair.language).generalised.search(clean(pair.evolved or ""))
    if not gone or generalised or mentions_number_of(pair.evolved or "", gone, pair.language):
        return None
    return Finding("lost-numbers", quote("; ".join(f"{', '.join(old[kind])} ({kind})" for kind in gone)))


def lost_code(pair: Pair) -> Finding | None:
    """The seed holds code, and less than 30 % of the names in it are left."""
    if not pair.evolved:
        return None
    names = _names_in_code(pair.instruction)
    if not names:
        signs = _SYMBOLS.findall(_URL.sub(" ", pair.instruction))
        gone = bool(signs) and not _SYMBOLS.search(pair.evolved)
        return Finding("lost-code", quote(" ".join(signs))) if gone else None
    kept = names & set(_NAME.findall(pair.evolved))
    if len(kept) >= KEPT_CODE * len(names):
        return None
    return Finding(
        "lost-code", quote(f"{len(names) - len(kept)} of {len(names)}: {', '.join(sorted(names - kept)[:8])}")
    )


def _names_in_code(text: str) -> set[str]:
    """Names in fenced blocks, in backticks, and in unfenced lines that look like code (two of them, or one `def`)."""
    code = _FENCE.findall(text)
    outside = _FENCE.sub("\n", text)
    code += _INLINE.findall(outside)
    lines = [line for line in outside.splitlines() if len(line) < 500 and _CODE_LINE.match(line)]
    if len(lines) >= 2 or any(_SURE_CODE_LINE.match(line) for line in lines):
        code += lines
    return {name for piece in code for name in _NAME.findall(piece)}


def lost_table(pair: Pair) -> Finding | None:
    """The seed holds a table (rows between pipes, tabs or commas), and less than half of its cells are left."""
    if not pair.evolved:
        return None
    cells = {cell for row in _table_rows(pair.instruction) for cell in row}
    if not cells:
        return None
    text = " ".join(tokens(pair.evolved))
    padded = f" {text} "
    kept = {cell for cell in cells if f" {cell} " in padded}
    if len(kept) >= KEPT_CELLS * len(cells):
        return None
    return Finding(
        "lost-table", quote(f"{len(cells) - len(kept)} of {len(cells)} cells: {', '.join(sorted(cells - kept)[:8])}")
    )


def _table_rows(text: str) -> list[list[str]]:
    """Cells of at least two rows in a row (three for commas) that have the same number of columns."""
    rows: list[list[str]] = []
    for separator, least_cells, least_rows in _SEPARATORS:
        block: list[list[str]] = []
        for line in [*text.splitlines(), ""]:
            cells = _cells(line, separator)
            if len(cells) >= least_cells and (not block or len(block[-1]) == len(cells)):
                block.append(cells)
                continue
            if len(block) >= least_rows:
                rows += block
            block = [cells] if len(cells) >= least_cells else []
    return [[cell for cell in (" ".join(tokens(raw)) for raw in row) if cell.strip("- ")] for row in rows]


def _cells(line: str, separator: str) -> list[str]:
    if separator not in line or len(line) > 2000:
        return []
    cells = line.strip().strip("|" if separator == "|" else "").split(separator)
    # Prose has commas too: cells of a table are short, and one of them is a number.
    if separator in "|\t":
        return cells
    short = all(0 < units(cell) <= _CELL for cell in cells)
    figures = separator == "," or any(cell.strip()[:1].isdigit() for cell in cells[1:])
    return cells if short and figures else []


def lost_urls(pair: Pair) -> Finding | None:
    """An address of the seed is gone. Its scheme, a slash at its end and punctuation behind it do not count."""
    if not pair.evolved:
        return None
    kept = set(_urls(pair.evolved))
    lost = [url for url in _urls(pair.instruction) if url not in kept]
    return Finding("lost-urls", quote(", ".join(lost))) if lost else None


def _urls(text: str) -> list[str]:
    """Addresses without scheme, `www.` and what follows them in a sentence, each once."""
    bare = (url.rstrip(".,;:!?)]}*/") for url in _URL.findall(text))
    return list(dict.fromkeys(re.sub(r"^(?:https?://)?(?:www\.)?", "", url, flags=re.IGNORECASE) for url in bare))
