"""Rules on what stands in the evolved text and should not: the answer, the way to it, the scaffold of the rewrite."""

from __future__ import annotations

import re
from fractions import Fraction

from ...agents.messages import Finding
from .answers import final_answer
from .pair import Pair
from .texts import clean, numbers_of, quote, sentences, tokens, units
from .words import Words, word_lists

__all__ = ["answer_leak", "scaffold_leak", "solution_hint", "unfilled_template"]

# ---------------------------------------------------------------- the answer

_PIECE_WORDS, _PIECE_CHARACTERS = 12, 24  # a run that long, shared with the response, is a copy
_WHOLE_WORDS = 4  # a whole response of so many words counts although it is shorter
_TELLING_DIGITS = 4  # a number with so many significant digits does not meet the answer by chance
_ANNOTATION = re.compile(r"<<[^<>\n]{1,200}>>")
_MARKED = re.compile(r"####\s*[-$£€]?[0-9]|\\boxed\s*\{")
_EQUATION = re.compile(
    r"(?<![\w.])\(?([0-9][0-9,]*(?:\.[0-9]+)?)\)?\s?([-+*/x×÷])\s?\(?([0-9][0-9,]*(?:\.[0-9]+)?)\)?\s?=\s?[$£€]?([0-9][0-9,]*(?:\.[0-9]+)?)"
)
_RESULT = re.compile(r"=\s?[$£€]?([0-9][0-9,]*(?:\.[0-9]+)?)")
_CURRENCY = r"(?:[$£€¥]\s?)?"


def answer_leak(pair: Pair) -> Finding | None:
    """The answer stands in the evolved text and did not in the seed.

    Three ways, of which only the last needs no known response:
    a run of 12 words (24 characters) of the response, or all of it;
    its final answer where the text gives it as a result (`is`, `=`, `leaving 11`, `has 11 left`), or where it has four
    significant digits and so cannot meet the answer by chance; a new number that merely equals the answer is none;
    a solution worked in the text: marks of a final answer, a heading with a solution, equations that come out.
    """
    if not pair.evolved:
        return None
    lists = word_lists(pair.language)
    seed, text = clean(pair.instruction), clean(pair.evolved)
    evidence = ""
    if pair.response and pair.response.strip():
        evidence = _copied(seed, text, pair.response) or _stated(pair, text, lists)
    evidence = evidence or _worked(seed, text, lists)
    return Finding("answer-leak", quote(evidence)) if evidence else None


def _copied(seed: str, text: str, response: str) -> str:
    """The first long run of the response that is in the text and not in the seed."""
    answer = tokens(_ANNOTATION.sub("", response))
    wordless = sum(len(token) == 1 and ord(token) > 0x2E80 for token in answer) * 2 > len(answer)
    size = _PIECE_CHARACTERS if wordless else _PIECE_WORDS
    least = 2 * _WHOLE_WORDS if wordless else _WHOLE_WORDS
    if len(answer) < size:
        size = len(answer)
        if size < least:
            return ""
    known = _runs(tokens(seed), size)
    held = _runs(tokens(text), size) - known
    for start in range(len(answer) - size + 1):
        run = tuple(answer[start : start + size])
        if run in held:
            return ("" if wordless else " ").join(run)
    return ""


def _runs(words: list[str], size: int) -> set[tuple[str, ...]]:
    return {tuple(words[start : start + size]) for start in range(len(words) - size + 1)}


def _stated(pair: Pair, text: str, lists: tuple[Words, ...]) -> str:
    """The sentence that gives the response's final answer as a result."""
    answer = final_answer(pair.response or "", pair.language)
    if answer is None:
        return ""
    if isinstance(answer, Fraction):
        before = numbers_of(pair.instruction, pair.language)
        if answer in before.stated or answer not in numbers_of(text, pair.language).stated:
            return ""
        return _number_as_result(text, answer, pair.language, lists)
    if answer in clean(pair.instruction).casefold() or any(words["plain_answers"].fullmatch(answer) for words in lists):
        return ""
    result = "|".join(words["result_before"].pattern for words in lists)
    named = re.search(
        rf"(?:{result}|\bis|\bare|\bwas|\bwere|\bnamely|\bcalled|是|为|叫)\s?[\"'(]?{re.escape(answer)}(?!\w)",
        text,
        re.IGNORECASE,
    )
    return text[max(0, named.start() - 40) : named.end()] if named else ""


def _number_as_result(text: str, answer: Fraction, language: str, lists: tuple[Words, ...]) -> str:
    telling = len(str(answer.numerator).strip("0")) + (len(str(answer.denominator)) if answer.denominator > 1 else 0)
    for sentence in sentences(text):
        if answer not in numbers_of(sentence, language).stated:
            continue
        if telling >= _TELLING_DIGITS or _is_result(sentence, answer, language, lists):
            return sentence
    return ""


def _is_result(sentence: str, answer: Fraction, language: str, lists: tuple[Words, ...]) -> bool:
    """Whether a phrase of result stands right before the number, or shortly after it in a plain statement."""
    asks = sentence.endswith(("?", "？")) or any(words["suppositions"].search(sentence) for words in lists)
    result = "|".join(words["result_before"].pattern for words in lists)
    hedge = "|".join(words["hedges"].pattern for words in lists)
    for match in re.finditer(r"[0-9][0-9,]*(?:\.[0-9]+)?|\.[0-9]+", sentence):
        if answer not in numbers_of(match[0].rstrip(","), language).stated:
            continue
        start = sentence[: match.start()]
        if start.endswith("(") and sentence[match.end() : match.end() + 1] == ")":
            return True
        if re.search(rf"(?:{result})[:,]?\s?(?:(?:{hedge})\s?)?{_CURRENCY}$", start, re.IGNORECASE):
            return not (asks and re.search(r"\b(?:if|suppose|assum)|如果|假设|假如|若", start, re.IGNORECASE))
        rest = " ".join(re.split(r"\s", sentence[match.end() :])[:6])
        if not asks and any(words["result_after"].search(re.split(r"[,;]", rest)[0]) for words in lists):
            return True
    return False


def _worked(seed: str, text: str, lists: tuple[Words, ...]) -> str:
    """A solution in the text itself."""
    marked = _MARKED.search(text)
    if marked and not _MARKED.search(seed):
        return text[max(0, marked.start() - 60) : marked.end() + 20]
    for words in lists:
        for hit in words["solutions"].finditer(text):
            if not words["solutions"].search(seed) and re.search(r"[0-9]", text[hit.start() : hit.end() + 12]):
                return text[hit.start() : hit.end() + 80]
        heading = re.search(
            rf"(?:^|\n|[.?!。]\s?)\s*[#*]*\s?(?:{words['solution_headings'].pattern})\s?[*]*:[*]*(?P<rest>(?:.|\n){{0,400}})",
            text,
            re.IGNORECASE,
        )
        if (
            heading
            and units(heading["rest"]) >= 3
            and not re.search(rf"(?:{words['solution_headings'].pattern})\s?[*]*:", seed, re.IGNORECASE)
        ):
            return heading[0]
    new = [match for match in _EQUATION.finditer(text) if match[0] not in seed and _comes_out(match)]
    concluded = bool(new) and any(words["conclusions"].search(text[new[0].start() :]) for words in lists)
    return " ; ".join(match[0] for match in new) if len(new) >= 2 or concluded else ""


def _comes_out(match: re.Match[str]) -> bool:
    """Whether an equation holds to the digits that it shows."""
    if any(len(match[group]) > 30 for group in (1, 3, 4)):
        return False
    left, right, result = (Fraction(match[group].replace(",", "").rstrip(".")) for group in (1, 3, 4))
    sign = match[2]
    if sign in "/÷":
        return right != 0 and abs(left / right - result) < Fraction(1, 100)
    value = left + right if sign == "+" else left - right if sign == "-" else left * right
    return abs(value - result) < Fraction(1, 100)


def solution_hint(pair: Pair) -> Finding | None:
    """The evolved text tells how its task is solved, or solves a part of it, which makes it easier instead of harder.

    Counted are phrases that a solution is made of (`to find x, subtract …`, `by multiplying …`) and that the seed does
    not have, and results of steps of the known response that the text gives as results (`which amounts to 8 pants`).
    One alone may be part of a task, two are a finding; so is one formula to calculate with.
    """
    if not pair.evolved:
        return None
    seed, text = clean(pair.instruction), clean(pair.evolved)
    lists = word_lists(pair.language)
    formula = next((hit[0] for words in lists for hit in words["formulas"].finditer(text) if hit[0] not in seed), "")
    hits = [hit[0] for words in lists for hit in words["hints"].finditer(text) if hit[0] not in seed]
    hits += _steps(pair, text, lists)
    if formula or len(hits) >= 2:
        return Finding("solution-hint", quote(formula or " ; ".join(hits)))
    return None


def _steps(pair: Pair, text: str, lists: tuple[Words, ...]) -> list[str]:
    """Results of steps of the known response, which the seed does not have, where the text gives them as results."""
    if not pair.response:
        return []
    given = numbers_of(pair.instruction, pair.language)
    shown = set(_RESULT.findall(clean(pair.response)))
    results = {value for figure in shown for value in numbers_of(figure, pair.language).digits}
    results -= given.stated | given.loose | {final_answer(pair.response, pair.language)}
    found: list[str] = []
    for value in sorted(results):
        told = next((s for s in sentences(text) if _is_result(s, value, pair.language, lists)), "")
        if told:
            found.append(f"{float(value):g}: {told}")
    return found


# ---------------------------------------------------------------- the scaffold

_CONTRACT = re.compile(r"</?\s?evolved(?:-[0-9a-f]{8})?\s?>|<<<\s?TEXT\b|\bTEXT [0-9a-f]{8}>>>", re.IGNORECASE)
_WHOLE_FENCE = re.compile(r"```[\w-]*\n(?:.|\n)*\n```")
_LINE_HEAD = re.compile(r"^[ #*>]{0,12}([^\n:：#*]{1,40}?) ?(?:[#*]+ ?[:：]?|[:：][*]*|$)", re.MULTILINE)
_PLACEHOLDER = re.compile(
    r"\{\{\s?[\w .-]{1,60}\s?\}\}|\[(?:insert|your|add|fill in)\b[^\]\n]{0,60}\]|<(?:insert|your)\b[^>\n]{0,60}>"
    r"|\[(?:在此)?(?:插入|填入|填写)[^\]\n]{0,40}\]",
    re.IGNORECASE,
)


def scaffold_leak(pair: Pair) -> Finding | None:
    """Words of the rewriting itself stand in the evolved text: headings, tags, a lead-in, a fence round all.

    What the seed has already does not count. Single headings such as `Plan:` or `Step 1:` belong to many honest
    tasks, so two different ones are asked for; a numbered series (`Step 1`, `Step 2`) is one heading.
    """
    if not pair.evolved:
        return None
    seed, text = clean(pair.instruction), clean(pair.evolved)
    lists = word_lists(pair.language)
    evidence = _tags(seed, text) or _phrases(seed, text, lists) or _headings(seed, text, lists)
    return Finding("scaffold-leak", quote(evidence)) if evidence else None


def _tags(seed: str, text: str) -> str:
    tag = _CONTRACT.search(text)
    if tag and not _CONTRACT.search(seed):
        return tag[0]
    return text[:80] if _WHOLE_FENCE.fullmatch(text) and "```" not in seed else ""


def _phrases(seed: str, text: str, lists: tuple[Words, ...]) -> str:
    for words in lists:
        hit = words["scaffold"].search(text)
        if hit and not words["scaffold"].search(seed):
            return text[max(0, hit.start() - 30) : hit.end() + 60]
        if words["lead_ins"].match(text) and not words["lead_ins"].match(seed):
            return text[:120]
    return ""


def _headings(seed: str, text: str, lists: tuple[Words, ...]) -> str:
    heads = {head.group(1).strip().casefold() for head in _LINE_HEAD.finditer(text)}
    found: dict[str, str] = {}
    for words in lists:
        for head in sorted(heads):
            hit = words["headings"].fullmatch(head)
            if hit and head not in seed.casefold():
                found.setdefault(re.sub(r"[\d一二三四五六]+", "n", head), head)
    return " / ".join(found.values()) if len(found) >= 2 else ""


def unfilled_template(pair: Pair) -> Finding | None:
    """A place to fill in was left open (`{{name}}`, `[insert text]`) that the seed does not have."""
    if not pair.evolved:
        return None
    hit = _PLACEHOLDER.search(pair.evolved)
    if hit is None or _PLACEHOLDER.search(pair.instruction):
        return None
    return Finding("unfilled-template", quote(hit[0]))
