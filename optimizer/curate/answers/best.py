"""Several answers to each instruction, of which one is kept, with what it was chosen by and how many agree with it.

Sources: self-consistency (arXiv 2203.11171) for answers that can be compared; best of k by a reward, as Magpie's pairs
(2406.08464, section 5); the first that passes its tests for code (Code Llama, 2308.12950, section 2.5).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack

from anyio.to_thread import run_sync
from pydantic import JsonValue

from ....agents.messages import AnswerTask, ProgramTask, Ran, Task
from ...dataset.rows import DataRow, DroppedRow, Provenance
from ...dataset.seed import Seed
from ...recipes.book import Book, Made, cost_of, keys_of, models_of
from ...record.curating.best_answer import BestAnswerSettings
from ...record.folder import RowsFile
from ...record.run import Run
from ...scoring.agreement import Agreement, gold_correct
from ...scoring.selection import Drop
from .choosing import (
    By,
    Chosen,
    answers_of,
    bout,
    by_agreement,
    by_reward,
    by_tests,
    by_the_judge,
    kind_of,
    lost_of,
    programs_of,
    reward_task,
)
from .desk import Errand, calls_of, need_sandbox, work_through
from .pairs import preference_pair, rated_row
from .tested import tests_row

__all__ = ["best_answer"]

_RECIPE = "best-answer"
_Texts = Sequence[str | None]
_Verdict = Chosen | Drop
_Kind = tuple[By, Agreement | None]
_TEXT: _Kind = ("text", None)


async def best_answer(run: Run, part: BestAnswerSettings, place: str, rows: Iterable[Seed]) -> Made:
    """Draw answers to every row, and keep one.

    Raises:
        UsageError: every draw would be the same, or code must be run and this machine cannot shut a program in.
        SessionStopped: budget, key, quota or outage; rows finished by then are in the files.
    """
    part.refuse_same(run.settings.roles.responder.temperature)
    if part.choose == "tests":
        await need_sandbox(run, place)
    with ExitStack() as stack:
        book = stack.enter_context(Book(run, place))
        names = ("preferences", "made") if part.pairs else ()
        files = {name: stack.enter_context(run.folder.rows(f"{place}/{name}.jsonl")) for name in names}
        course = _Course(part, book, files, may_run=run.settings.checks.sandbox != "off")
        await work_through(run, place, course, book, rows)
        run.folder.write_json(f"{place}/{_RECIPE}.json", course.figures())
        book.lines += course.lines()
        return book.made


class _Course:
    def __init__(
        self, part: BestAnswerSettings, book: Book, files: dict[str, RowsFile], *, may_run: bool
    ) -> None:  # fmt: skip
        self._part = part
        self._book = book
        self._files = files
        self._may_run = may_run
        self._by: Counter[str] = Counter()
        self._pairs: Counter[str] = Counter()
        self._known: Counter[str] = Counter()
        self._compared: dict[str, tuple[_Kind, dict[int, bool | None]]] = {}

    # ------------------------------------------------------------ what is asked

    def begin(self, errand: Errand) -> Task | Drop:
        """The first answer."""
        return self._answer(errand, 0)

    async def follow(self, errand: Errand) -> Sequence[Task]:
        """The other answers, then what it takes to compare them."""
        further = [self._answer(errand, at) for at in range(self._part.answers) if errand.lacks(f"answer/{at}")]
        if further:
            return further
        texts = answers_of(errand, self._part)
        if not any(texts):
            return []
        if self._part.choose == "reward":
            return self._rewards(errand, texts)
        kind = (await self._kind(errand, texts))[0] if self._part.choose == "agreement" else "tests"
        if kind in {"tests", "examples"}:
            return self._runs(errand, texts)
        return self._by_text(errand, texts) if kind == "text" else []

    async def _kind(self, errand: Errand, texts: _Texts) -> _Kind:
        """How the answers of a row compare: found once, in a thread, and kept until the row is finished."""
        if errand.place not in self._compared:
            self._compared[errand.place] = await run_sync(self._compare, errand, texts)
        return self._compared[errand.place][0]

    def _compare(self, errand: Errand, texts: _Texts) -> tuple[_Kind, dict[int, bool | None]]:
        """And where the row's own answer is known: whether the first, and the one that most agree with, come to it."""
        kind, seed = kind_of(errand, texts), errand.seed
        if kind[1] is None or not seed.response or self._part.own:
            return kind, {}
        places = {0, *(group[0] for group in kind[1].groups[:1])}
        right = {at: gold_correct(texts[at] or "", seed.response, seed.instruction.language) for at in sorted(places)}
        return kind, right

    def _answer(self, errand: Errand, number: int) -> AnswerTask:
        return AnswerTask(
            id=errand.id(f"answer/{number}"), stage=errand.stage, sample=number, instruction=errand.seed.instruction,
            temperature=self._part.temperature,
        )  # fmt: skip

    def _runs(self, errand: Errand, texts: _Texts) -> list[Task]:
        return [
            ProgramTask(id=errand.id(f"run/{place}"), stage=errand.stage, program=program.text)
            for place, program in programs_of(errand, texts).items()
            if errand.lacks(f"run/{place}") and program.tests and self._may_run
        ]

    def _rewards(self, errand: Errand, texts: _Texts) -> list[Task]:
        return [
            reward_task(errand, place, text, self._part)
            for place, text in enumerate(texts) if text is not None and errand.lacks(f"reward/{place}")
        ]  # fmt: skip

    def _by_text(self, errand: Errand, texts: _Texts) -> list[Task]:
        """Of texts that nothing can be told of by comparing them."""
        if self._part.otherwise == "reward":
            return self._rewards(errand, texts)
        if self._part.otherwise == "drop":
            return []
        next_ = by_the_judge(errand, texts)
        return [] if isinstance(next_, Chosen) else bout(errand, texts, *next_)

    # ------------------------------------------------------------ what comes of it

    def finish(self, errand: Errand, drop: Drop | None) -> None:
        """Write the row with its answer, or why it has none."""
        seed, texts, calls = errand.seed, answers_of(errand, self._part), calls_of(errand)
        kind, right = self._compared.pop(errand.place, (_TEXT, dict[int, bool | None]()))
        verdict = drop or self._verdict(errand, texts, kind)
        if isinstance(verdict, Drop):
            verdict = Drop(verdict.reason, verdict.detail + lost_of(errand))
        notes = self._notes(errand, texts, verdict, kind)
        self._check(verdict, right)
        if isinstance(verdict, Drop):
            self._book.drop(DroppedRow(
                seed.id, errand.stage, verdict.reason, verdict.detail, calls=keys_of(calls), cost=cost_of(calls),
                notes={**notes, "answers": list(texts)},
            ))  # fmt: skip
            return
        self._by[verdict.by] += 1
        self._pair(seed, texts, verdict)
        came = Provenance(
            seed.id, seed.line, seed.instruction.text, calls=keys_of(calls), cost=cost_of(calls),
            models=models_of(calls), recipe=_RECIPE, parents=(seed.id,), notes=notes,
        )  # fmt: skip
        asked = seed.instruction
        self._book.keep(DataRow(seed.id, asked.text, texts[verdict.place] or "", came, asked.system, asked.context))

    def _verdict(self, errand: Errand, texts: _Texts, kind: _Kind) -> _Verdict:
        part = self._part
        if not any(texts):
            return Drop("no-answer", f"none of {len(texts)} could be used")
        if part.choose == "tests":
            return self._tested(errand, texts, "tests")
        if part.choose == "reward":
            return self._rewarded(errand, texts)
        by, found = kind
        if by in {"tests", "examples"}:
            return self._agreeing(self._tested(errand, texts, by), len(texts))
        if found is not None:
            return self._agreeing(by_agreement(texts, found), len(texts))
        return self._text(errand, texts)

    def _text(self, errand: Errand, texts: _Texts) -> _Verdict:
        if self._part.otherwise == "drop":
            return Drop("not-comparable", "the answers have no final answer that could be compared")
        if self._part.otherwise == "reward":
            return self._rewarded(errand, texts)
        chosen = by_the_judge(errand, texts)
        assert isinstance(chosen, Chosen)  # noqa: S101  all have met
        return chosen

    def _tested(self, errand: Errand, texts: _Texts, by: By) -> _Verdict:
        if not any(program.tests for program in programs_of(errand, texts).values()):
            return Drop("no-tests", "no answer holds code that tests or examples could be tried on")
        runs = _replies(errand, texts, "run")
        if not any(isinstance(reply, Ran) and not reply.skipped for reply in runs.values()):
            return Drop("not-run", "the sandbox cannot be used here, or is switched off")
        return by_tests(texts, runs, by)

    def _agreeing(self, verdict: _Verdict, drawn: int) -> _Verdict:
        if isinstance(verdict, Drop) or verdict.votes >= self._part.least * drawn:
            return verdict
        return Drop("too-few-agree", f"{verdict.votes} of {drawn}, at least {self._part.least:.0%} are wanted")

    def _rewarded(self, errand: Errand, texts: _Texts) -> _Verdict:
        verdict, least = by_reward(texts, _replies(errand, texts, "reward")), self._part.least_reward
        if isinstance(verdict, Drop) or least is None or verdict.rated[verdict.place] >= least:
            return verdict
        return Drop("reward-too-low", f"the best has {verdict.rated[verdict.place]:g}, at least {least:g} is wanted")

    def _pair(self, seed: Seed, texts: _Texts, chosen: Chosen) -> None:
        if not self._files:
            return
        rated = {place: (rate, texts[place] or "") for place, rate in chosen.rated.items()}
        by = f"{_RECIPE}:{chosen.by}"
        pair, why = preference_pair(seed, chosen.place, rated, by, self._part.margin)
        self._pairs[why or "pairs"] += 1
        if pair is not None:
            self._files["preferences"].write(pair)
        self._files["made"].write(rated_row(seed, chosen.place, texts, rated, by))

    def _notes(self, errand: Errand, texts: _Texts, verdict: _Verdict, kind: _Kind) -> dict[str, JsonValue]:
        notes: dict[str, JsonValue] = {"drawn": len(texts), "usable": sum(text is not None for text in texts)}
        found = kind[1]
        if found is not None:
            notes["final_answers"] = list(found.answers)
            notes["groups"] = [list(group) for group in found.groups]
        if isinstance(verdict, Chosen):
            notes |= {"chosen": verdict.place, "chosen_by": verdict.by, "rated": {
                str(place): rate for place, rate in verdict.rated.items()
            }}  # fmt: skip
            if verdict.votes:
                notes |= {"votes": verdict.votes, "agreement": verdict.votes / len(texts)}
        if errand.seed.tests is not None:
            notes["tests"] = tests_row(errand.seed.tests)
        return notes

    # ------------------------------------------------------------ figures

    def _check(self, verdict: _Verdict, right: Mapping[int, bool | None]) -> None:
        """Where the row's own answer is known: whether the first answer and the one that was kept come to it."""
        first = right.get(0)
        if first is None:
            return
        self._known["rows"] += 1
        self._known["first"] += first
        if isinstance(verdict, Chosen):
            self._known["kept"] += 1
            self._known["right"] += bool(right.get(verdict.place))

    def figures(self) -> dict[str, JsonValue]:
        """What it came to, for `best-answer.json`."""
        part = self._part
        return {
            "preset": part.preset, "choose": part.choose, "answers": part.answers, "least": part.least,
            "chosen_by": dict(self._by), "pairs": dict(self._pairs), "against_known": dict(self._known),
        }  # fmt: skip

    def lines(self) -> list[str]:
        """What there is to tell."""
        told = ", ".join(f"{count:,} by {by}" for by, count in sorted(self._by.items()))
        lines = [f"Chosen: {told}."] if told else []
        known = self._known
        if known["rows"]:
            lines.append(
                f"Of {known['rows']:,} rows whose answer is known, the first answer drawn is right in"
                f" {known['first'] / known['rows']:.1%}; of the {known['kept']:,} among them that are kept, "
                f"{known['right'] / max(1, known['kept']):.1%}."
            )
        if self._files:
            rest = ", ".join(f"{count:,} {why}" for why, count in sorted(self._pairs.items()) if why != "pairs")
            lines.append(f"preferences.jsonl: {self._pairs['pairs']:,} pairs{f' (none of {rest})' if rest else ''}.")
        return lines


def _replies(errand: Errand, texts: _Texts, what: str) -> dict[int, object]:
    return {place: errand.replies.get(f"{what}/{place}") for place in range(len(texts))}
