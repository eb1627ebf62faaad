"""Plays AutoEvol's agents: reads from a prompt which form is asked for, and answers in it.

It looks for what any such prompt has: data between marks, a form with tags at the end of the last turn, or a JSON
schema. It makes the mistakes that models make, more with some methods than with others, so that a search over methods
has something to find. Every answer is a function of the prompt.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace

from .asked import Asked
from .coding import code_for, tests_for
from .counting import went_on
from .draws import digest_of, mixed, share
from .fitting import Fitting, schema_of
from .sayings import CHINESE, ENGLISH, Sayings

__all__ = ["Scene", "act"]

_BLOCK = re.compile(r"<<<(\w+) (\w+)\n(.*?)\n\1 \2>>>", re.DOTALL)
_FORM = re.compile(r"<([A-Za-z][\w-]*)>(.*?)</\1>", re.DOTALL)
_FIELD = re.compile(r"\s*([^\W\d][\w ]{0,20})\s*[:：]\s*(.+)")
_NUMBERED = re.compile(r"^\d{1,2}\. (.+)$", re.MULTILINE)
_HAN = re.compile(r"[\u4e00-\u9fff]")
_OPTIONS = re.compile(r"\s*(?:,|、|\||\bor\b|或)\s*")
_WHOLE = ("complete", "完整")
_RARELY = 0.1
_INVENTED = 8
_BETWEEN = ("and", "和")  # between two tags of a form that is told in a sentence
_SAID = ("rating", "better")
_BRACKETS = re.compile(r"\[[^\]\n]{3,}\]")
_DIGITS = re.compile(r"\b(\d) (?:to|到) (\d)\b")
_FIRST_OF_LIST = re.compile(r"\s*1[.)、．] ?\[")
_UNSAFE = 0.03  # of the rows that a model named a guard sees
_ONE_CLAUSE = ("number of the clause", "编号. ")
_LIST = ("numbered", "编号")
_MOSTLY = {"gain": "yes", "harmful": "no"}  # what is asked of a judge that looks at rows of recipes


def act(asked: Asked, index: int) -> str | None:
    """What to answer, or None where nothing asks for a form or for code.

    Args:
        asked: the call.
        index: which of its answers.
    """
    ask = asked.turns[-1][1]
    if asked.form == "completion" and (counted := went_on(ask)):
        return counted
    if "guard" in asked.model.lower() and asked.form == "chat":
        chance = share(mixed(asked.chance, index), digest_of(b"harm"))
        return "unsafe\nS1" if chance < _UNSAFE else "safe"
    schema = schema_of(asked.body)
    if schema is None and "</" not in ask and not _asks_json(asked):
        return code_for(asked, index)
    scene = Scene.of(asked, index)
    if schema is None and _asks_json(asked):
        schema = {"type": "object", "properties": {"answer": {"type": "string"}}}
    tests = tests_for(asked, index, schema)
    return tests or (scene.tagged() if schema is None else Fitting(scene).text(schema))


def _field(tag: str) -> str:
    """The name of a part, without the mark of the run behind it."""
    return tag.partition("-")[0]


def _asks_json(asked: Asked) -> bool:
    wanted = asked.body.get("response_format")
    return wanted == {"type": "json_object"}


@dataclass(frozen=True, slots=True)
class Scene:
    """What a prompt shows, and what an actor says to it.

    Attributes:
        blocks: the data between marks, in their order.
        form: what follows the last of them: how the answer must look.
        told: the turns before, where a method stands if there is one.
        clauses: numbered lines outside of data.
        chance: root of all draws.
    """

    blocks: tuple[str, ...]
    form: str
    told: str
    clauses: tuple[str, ...]
    chance: int
    sayings: Sayings

    @staticmethod
    def of(asked: Asked, index: int) -> Scene:
        """Look at a prompt."""
        ask = asked.turns[-1][1]
        found = list(_BLOCK.finditer(ask))
        form = ask[found[-1].end() :] if found else ask
        told = "\n".join(text for _, text in asked.turns[:-1])
        outside = _BLOCK.sub("", ask)
        return Scene(
            blocks=tuple(match[3] for match in found) or (ask,),
            form=form,
            told=told,
            clauses=tuple(_NUMBERED.findall(outside)),
            chance=mixed(asked.chance, index),
            sayings=CHINESE if len(_HAN.findall(outside[-400:])) > 8 else ENGLISH,
        )

    # ---------------------------------------------------------------- the form between tags

    def tagged(self) -> str | None:
        """An answer in the tags that the form shows; None where it shows none."""
        parts = [(match[1], match[2].strip()) for match in _FORM.finditer(self.form)]
        if {_field(tag) for tag, _ in parts} >= {"critique", "response"}:
            return "\n".join(f"<{tag}>\n{self.reflected(_field(tag))}\n</{tag}>" for tag, _ in parts)
        if not parts:
            return None
        if self._careless("form"):
            return self.sayings.refusal
        if {inner for _, inner in parts} == {"yes", "no"}:
            said = "yes" if share(self.chance, digest_of(b"yes or no")) < _RARELY else "no"
            return f"<{parts[0][0]}>{said}</{parts[0][0]}>"
        if parts[0][1] in _BETWEEN and _field(parts[0][0]) in _SAID:
            return f"<{parts[0][0]}>{self._said(_field(parts[0][0]))}</{parts[0][0]}>"
        return "\n".join(self._filled(tag, inner) for tag, inner in parts)

    def _filled(self, tag: str, inner: str) -> str:
        lines = inner.splitlines()
        fields = [match for line in lines if (match := _FIELD.fullmatch(line))]
        if len(fields) > 1 and len(fields) == len(lines):
            text = "\n".join(f"{match[1]}: {self.value(match[1], match[2])}" for match in fields)
            return f"<{tag}>\n{text}\n</{tag}>"
        if any(words in inner for words in _ONE_CLAUSE):
            number = mixed(self.chance, 5) % (len(self.clauses) + 1) + 1
            return f"<{tag}>\n{min(number, 8)}. {self.advice(0)}\n</{tag}>"
        if any(words in inner for words in _LIST):
            text = "\n".join(f"{number}. {clause}" for number, clause in enumerate(self.rewritten(), 1))
            return f"<{tag}>\n{text}\n</{tag}>"
        if _BRACKETS.search(inner):
            listed = self._tags() if inner.startswith('{"tag"') else self._in_brackets(inner)
            return f"<{tag}>\n{listed}\n</{tag}>"
        if digits := _DIGITS.search(inner):
            said = self.choice(tag, [str(digit) for digit in range(int(digits[1]), int(digits[2]) + 1)])
        else:
            said = self.extended() if any(word in inner for word in _WHOLE) else self.remark()
        return f"<{tag}>{said}</{tag}>"

    def _said(self, field: str) -> str:
        """What stands between tags that a form only names: a mark with its reason, or which of two texts is better."""
        if field == "rating":
            return f"\nreason: {self.remark()}\nmark: {mixed(self.chance, 50) % 10 + 1}\n"
        return self.choice(field, ["A", "B", "same"])

    def _in_brackets(self, inner: str) -> str:
        """A form with texts for what stands in brackets; a list that begins so goes on to its eighth line."""
        if _FIRST_OF_LIST.match(inner):
            return "\n".join(f"{number}. {self.task(number)}" for number in range(1, _INVENTED + 1))
        numbers = iter(range(1, 1000))
        return _BRACKETS.sub(lambda _: self.task(next(numbers)), inner)

    def _tags(self) -> str:
        """One to five tags, a line each."""
        rows = [
            {"tag": self.tag(number), "explanation": self.remark()} for number in range(mixed(self.chance, 60) % 5 + 1)
        ]
        return "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)

    def tag(self, number: int) -> str:
        """A tag: a longer word of the data, or how it is to be done."""
        words = sorted(set(re.findall(r"[^\W\d_]{5,12}", self.blocks[-1].lower())))
        return words[mixed(self.chance, 61 + number) % len(words)] if words else self.remark()

    def task(self, number: int) -> str:
        """A task in words that hardly another has."""
        names = [_named(mixed(self.chance, 40 + 8 * number + at)) for at in range(5)]
        return f"{self._drawn(self.sayings.ways, 30 + number)} {' '.join(names)}."

    def value(self, label: str, hint: str) -> str:
        """What stands behind a label of a form."""
        options = [option for option in _OPTIONS.split(hint.strip().rstrip(".。")) if option]
        if digits := _DIGITS.search(hint):
            options = [str(digit) for digit in range(int(digits[1]), int(digits[2]) + 1)]
        if len(options) > 1 and all(len(option) <= 8 for option in options):
            return self.choice(label, options)
        if label in {"cases", "案例"}:
            return "1, 2"
        return self.text(label)

    # ---------------------------------------------------------------- what is said

    def text(self, label: str) -> str:
        """A text for a label or the name of a field."""
        if label in {"quote", "引文", "evidence"}:
            return self.quote()
        if label in {"rule", "规则", "text", "clause", "clauses"}:
            return self.advice(0)
        if label in {"problem", "问题"}:
            return self._drawn(self.sayings.problems, 6)
        if label in {"instruction", "response"} and len(self.blocks) > 1:
            return self.reflected(label)
        if label in {"new_text", "answer", "instruction", "evolved"}:
            return self.extended()
        return self.tag(0) if label == "tag" else self.remark()

    def reflected(self, label: str) -> str:
        """A part of what a reflector says to an instruction and its response, the last two data."""
        shown = list(self.blocks)
        response = shown.pop() if len(shown) > 1 else ""
        instruction = shown[-1]
        match label:
            case "instruction":
                return replace(self, blocks=(instruction,)).extended()
            case "response":
                # The words of the question in an order of their own: who has read them guesses it easily.
                words = " ".join(sorted(dict.fromkeys(instruction.split())))
                return self.sayings.joint.join([words, response.strip(), self.remark()])
            case _:
                return self.remark()

    def choice(self, label: str, options: list[str]) -> str:
        """One of a few words: mostly yes, and the longer of two texts as the harder one."""
        drawn = share(self.chance, digest_of(label.encode()))
        if label in _MOSTLY:
            return _MOSTLY[label] if drawn < 0.95 else "unsure"
        if options[0].lower() == "yes":
            return options[0] if drawn < 0.92 else options[int(drawn * 1000) % len(options)]
        if options[:2] == ["A", "B"] and len(self.blocks) > 1:
            longer = len(self.blocks[0]) > len(self.blocks[1])
            return options[0 if longer == (drawn < 0.85) else 1]
        return options[int(drawn * len(options))]

    def extended(self) -> str:
        """The last data with one more condition before its last sentence, or one of the usual mistakes."""
        text = self.blocks[-1].strip()
        asked = _NUMBERED.findall(self.told)
        leave = len(asked) == 1 and "as it is" in asked[0]
        if leave or self._careless("copy"):
            return text
        a, b = mixed(self.chance, 2) % 50 + 12, mixed(self.chance, 3) % 7 + 3
        added = self._drawn(self.sayings.additions, 4).format(a=a, b=b)
        ends = [match.end() for match in re.finditer(rf"[{self.sayings.full_stops}](?=\s|$|[\u4e00-\u9fff])", text)]
        at = ends[-2] if len(ends) > 1 and "\n" not in text[ends[-2] :].strip() else 0
        joint = self.sayings.joint
        parts = (text[:at].rstrip(), added, text[at:].lstrip()) if at else (added, text)
        return joint.join(part for part in parts if part)

    def rewritten(self) -> tuple[str, ...]:
        """The clauses of a method, two of them made new."""
        clauses = list(self.clauses[:7])
        if clauses:
            clauses[mixed(self.chance, 7) % len(clauses)] = self.advice(1)
        return (*clauses, self.advice(0))

    def advice(self, number: int) -> str:
        """Advice to a rewriter, in a sentence."""
        sayings = self.sayings
        way, thing = self._drawn(sayings.ways, 8 + number), self._drawn(sayings.things, 12 + number)
        return f"{way}{sayings.joint}{thing}{sayings.joint}{self._drawn(sayings.ends, 16 + number)}"

    def remark(self) -> str:
        """A reason, in a few words."""
        return self._drawn(self.sayings.remarks, 20)

    def quote(self) -> str:
        """The first words of the data: of the text itself where a response to it follows."""
        text = " ".join(self.blocks[-2 if len(self.blocks) > 2 else -1].split())
        return " ".join(text.split(" ")[:8]) if self.sayings is ENGLISH else text[:16]

    def _drawn(self, choices: tuple[str, ...], purpose: int) -> str:
        return choices[mixed(self.chance, purpose) % len(choices)]

    def _careless(self, how: str) -> bool:
        """Whether this answer has this mistake: with some methods every third has, with others hardly one."""
        if len(_NUMBERED.findall(self.told)) < 2:
            return False
        worst = 0.01 + 0.17 * share(digest_of(self.told.encode("utf-8", "surrogatepass")))
        return share(self.chance, digest_of(how.encode())) < worst


def _named(chance: int) -> str:
    """A word that means nothing."""
    letters = "bdfgklmnprstvz", "aeiou"
    return "".join(letters[at % 2][(chance >> (5 * at)) % len(letters[at % 2])] for at in range(8)).capitalize()
