"""Plays AutoEvol's agents in a world where the truth is known, so that whole runs can be held against it.

What a text is worth stands in it, for those who can read it: clauses of a method carry marks (their effect on quality
in ten-thousandths, and a name), an evolved text the number of a crate (how hard it came out). A mark `P0312x1f3a2b` is
what a small edit adds, or with M takes; `Q0312x1f3a2b` (N where it is a loss) is all that a list written anew is worth.
Of several of these the mean counts, so a merge of two lists is in between; it takes each marked clause of its two
methods with an even chance. A refiner draws the effect of what it proposes by the laws of the world (`nature`),
whatever it was shown: here a strategy is no better for reading results, only for what it does with proposals and
scores. Every answer is a function of the prompt and the sampling.
"""

from __future__ import annotations

import math
import re
from statistics import NormalDist

from .acting import Scene
from .asked import Asked
from .draws import digest_of, mixed, share
from .nature import FAILED, LESS, SAME, Nature, skill_of

__all__ = ["play", "true_quality"]

_MARK = re.compile(r"\b([PMQN])(\d{4})x([0-9a-f]{6})\b")
_CRATE = re.compile(r"\bCrate (\d{6}) stands apart\b")
_LABELLED = re.compile(r"^([AB]\d{1,2})\. (.+)$", re.MULTILINE)
_TAGS = re.compile(r"<([A-Za-z][\w-]*)>(.*?)</\1>", re.DOTALL)
_DATA = re.compile(r"<<<(\w+) (\w+)\n.*?\n\1 \2>>>", re.DOTALL)  # edits that were tried stand in there, too
_NORMAL = NormalDist()
_UNIT, _ZERO = 10_000, 6.0  # of marks and crates; a crate's number is never negative
_FULL = 7  # clauses from which on none is added
_WORST, _BEST = 0.03, 0.93  # true quality


def true_quality(method: str, nature: Nature) -> float:
    """The true quality of a method, by the marks of its clauses.

    Args:
        method: its text.
        nature: the laws.
    """
    return min(_BEST, max(_WORST, nature.start + _worth(method)))


def play(asked: Asked, index: int, nature: Nature) -> str | None:
    """What to answer; None where nobody of AutoEvol's asks.

    Args:
        asked: the call.
        index: which of its answers.
        nature: the laws.
    """
    scene = Scene.of(asked, index)
    form = {match[1].partition("-")[0]: match for match in _TAGS.finditer(scene.form)}
    if "evolved" in form:
        return _evolved(scene, nature)
    if "clauses" in form:
        return _refined(scene, asked, nature, form)
    if "findings" in form:
        return f"<findings>\nproblem: too easy\ncases: 1\nquote: balls\nrule: {scene.advice(0)}\n</findings>"
    verdict = next((match for match in form.values() if "harder:" in match[2]), None)
    if verdict is not None:
        return _judged(scene, nature, verdict[1])
    return f"Counting step by step gives {scene.chance % 900 + 10}."


# ---------------------------------------------------------------- texts and what they are worth


def _worth(method: str) -> float:
    """What a method is better than the start: the mean of its lists, and what edits added."""
    marks = list(_MARK.finditer(method))
    lists = [_effect(mark) for mark in marks if mark[1] in "QN"]
    edits = sum(_effect(mark) for mark in marks if mark[1] in "PM")
    return (sum(lists) / len(lists) if lists else 0.0) + edits


def _effect(mark: re.Match[str]) -> float:
    return (1 if mark[1] in "PQ" else -1) * int(mark[2]) / _UNIT


def _chance(*parts: object) -> float:
    """In (0, 1), a function of texts and numbers."""
    return max(1e-12, share(digest_of("\x1f".join(map(str, parts)).encode("utf-8", "surrogatepass"))))


def _normal(*parts: object) -> float:
    return _NORMAL.inv_cdf(_chance(*parts))


def _hard(method: str, item: str, nature: Nature) -> float:
    """How hard a text comes out: the method's skill, the item's difficulty, the method's own way with the item."""
    own = _normal("own", item)
    for mark in _MARK.finditer(method):
        if _chance("anew", mark[3], item) < 0.2 + 0.6 * _chance("share", mark[3]):
            own = _normal("own", mark[3], item)
    skill = skill_of(nature, true_quality(method, nature))
    return skill + nature.shared * _normal("difficulty", item) + nature.own * own


def _evolved(scene: Scene, nature: Nature) -> str:
    item = scene.blocks[-1].strip()
    hard = _hard(scene.told, item, nature)
    seen = nature.recall if hard < FAILED else nature.alarm
    if _chance("seen", scene.told, item) < seen:
        return "I would rather not use any tags today."
    crate = round((hard + _ZERO) * _UNIT)
    a, b = int(_chance("a", item) * 50) + 12, int(_chance("b", item) * 7) + 3
    added = (
        f"There are also {a} boxes with {b} parts each, and a third of them is lost. Crate {crate:06d} stands apart."
    )
    return f"<plan>another condition</plan>\n<evolved>{added} {item} Say how many are left over in the end.</evolved>"


def _judged(scene: Scene, nature: Nature, tag: str) -> str:
    crates = [_CRATE.search(text) for text in scene.blocks[:2]]
    harder = "same"
    evolved = [place for place, found in enumerate(crates) if found]
    if len(evolved) == 1 and (found := crates[evolved[0]]) is not None:
        side = 1 if evolved[0] == 0 else -1
        seen = int(found[1]) / _UNIT - _ZERO + side * nature.order + nature.judge * _normal("judge", *scene.blocks[:2])
        harder = "same" if LESS <= seen < SAME else "AB"[evolved[0] if seen >= SAME else 1 - evolved[0]]
    lines = [f"harder: {harder}", "quote: balls", "valid: yes", "self_contained: yes", "consistent: yes", "intent: yes"]
    return "\n".join([f"<{tag}>", "difference: another condition", *lines, f"</{tag}>"])


# ---------------------------------------------------------------- proposals


def _refined(scene: Scene, asked: Asked, nature: Nature, form: dict[str, re.Match[str]]) -> str:
    ask = asked.turns[-1][1]
    tag, inner = form["clauses"][1], form["clauses"][2]
    if "labels" in inner:
        body = ", ".join(_merged(scene, ask))
    elif "number of the clause" in inner:
        body = _edited(scene, nature)
    else:
        anew = _anew(scene, nature, _worth(_DATA.sub("", ask)))
        body = "\n".join(f"{number}. {line}" for number, line in enumerate(anew, 1))
    why = f"<{form['why'][1]}>other means</{form['why'][1]}>\n" if "why" in form else ""
    return f"{why}<{tag}>\n{body}\n</{tag}>"


def _merged(scene: Scene, ask: str) -> list[str]:
    """Labels: the first method's clauses without a mark, and of all marked ones each with an even chance."""
    labelled = {match[1]: match[2] for match in _LABELLED.finditer(ask)}
    marked = [label for label, text in labelled.items() if _MARK.search(text)]
    drawn = [label for place, label in enumerate(marked) if mixed(scene.chance, 60 + place) % 2]
    plain = [label for label in labelled if label.startswith("A") and label not in marked]
    return [*(drawn or marked[:1]), *plain][:6] or ["A1", "B1"]


def _edited(scene: Scene, nature: Nature) -> str:
    """One clause in place of another, or one more."""
    clauses = list(scene.clauses)
    place = mixed(scene.chance, 5) % (len(clauses) + (len(clauses) < _FULL) or 1)
    # What the clause in its place was worth is made up for, so that the effect is that of the world's laws.
    now = _worth("\n".join(clauses))
    effect = _change(scene, nature, now) + now - _worth("\n".join([*clauses[:place], *clauses[place + 1 :]]))
    clause = f"{scene.advice(0).rstrip('.')} ({_mark(scene, effect, 'PM')})."
    where = str(place + 1) if place < len(clauses) else "add"
    return f"finding: 1\ntext: {clause}\nclause: {where}\nreason: it was too easy"


def _anew(scene: Scene, nature: Nature, total: float) -> list[str]:
    """A list of new clauses whose first carries all that the method is worth."""
    effect = total + _change(scene, nature, total)
    first, *rest = [scene.advice(3 * number) for number in range(3)]
    return [f"{first.rstrip('.')} ({_mark(scene, effect, 'QN')}).", *rest]


def _change(scene: Scene, nature: Nature, total: float) -> float:
    """How much better a proposal is than what it was made from, by the laws of the world."""
    quality = min(_BEST, max(_WORST, nature.start + total))
    luck, size = share(scene.chance, 50), -math.log(1 - share(scene.chance, 51))
    if luck < nature.better:
        return nature.gain * size * (1 - quality) / (1 - nature.start)
    return 0.0 if luck < nature.better + nature.equal else -nature.loss * size


def _mark(scene: Scene, effect: float, letters: str) -> str:
    size = min(9999, abs(round(effect * _UNIT)))
    return f"{letters[0] if effect >= 0 else letters[1]}{size:04d}x{mixed(scene.chance, 52) % 0xFFFFFF:06x}"
