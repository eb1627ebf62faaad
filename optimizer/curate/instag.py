"""The selector `instag`: a model tags every row in words of its own, and rows are chosen by how much they ask for.

InsTag, arXiv 2308.07074: tags are brought to one form, rare ones left out, near ones and those that always come
together made one (section 2.2); a row is the more complex the more tags it has, and rows the more diverse the more of
the vocabulary they cover (section 2.4); rows are taken complexity first, diverse (section 3.1).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from ...agents.gateway.errors import UsageError
from ...agents.messages import Call, Embedded, EmbedTask, Failed
from ...agents.open_tagger import OpenTagged, OpenTagTask
from ...agents.team import Journey
from ..recipes.book import cost_of, keys_of, models_of, prices_of
from ..record.curating.instag import InstagSettings
from ..record.run import Run
from .choice import Choice, Why
from .paths import unsaid
from .rows import Rows
from .tagging.cleaning import cleaned, names_of
from .tagging.merging import TagRule, merged, near, settled
from .tagging.sampling import complexity_first, coverage

__all__ = ["instag"]

_CURVE = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)


@dataclass(frozen=True, slots=True)
class _Said:
    """What there is of a row: its tags as they were written, or why there are none; the calls."""

    tags: tuple[str, ...] = ()
    fault: str = ""
    calls: tuple[Call, ...] = ()


@dataclass(slots=True)
class _Vocabulary:
    """What became of the tags.

    Attributes:
        form: by tag as it was written, its one form; empty for none.
        near, rules: by form, the one that it was merged into, by meaning and by a rule; `used` are the rules.
        counts: rows by form, of those that are often enough, before merges.
    """

    form: Mapping[str, str]
    counts: Counter[str]
    near: Mapping[str, str] = field(default_factory=dict[str, str])
    rules: Mapping[str, str] = field(default_factory=dict[str, str])
    used: Sequence[TagRule] = ()

    def last(self, written: str) -> str:
        """What a tag is in the end; empty where it is not one of the vocabulary."""
        form = self.form.get(written, "")
        if form not in self.counts:
            return ""
        form = self.near.get(form, form)
        return self.rules.get(form, form)

    def of(self, written: Sequence[str]) -> frozenset[str]:
        """The tags of a row in the end."""
        return frozenset(map(self.last, written)) - {""}


async def instag(run: Run, part: InstagSettings, place: str, rows: Rows) -> Choice:
    """Keep the rows with most tags that cover the vocabulary, again and again. The same for any order of the rows where
    their ids are their own; a larger budget keeps all of a smaller one.

    Raises:
        SessionStopped: budget, key, quota or outage.
        UsageError: no row has tags, or no tag is said often enough.
    """
    ids = [row.seed.id for row in rows]
    said = _given(part.tags, rows) if part.tags else await _asked(run, place, rows)
    if part.tags and not any(each.tags for each in said.values()):
        raise unsaid(part.tags, "instag", "list of tags")
    frequency, support = part.least(len(ids))
    words = _counted(said, frequency, written=part.count_first)
    if not words.counts:
        some = sum(bool(each.tags) for each in said.values())
        raise UsageError(
            f"No tag is said of {frequency} rows; {some:,} of {len(ids):,} rows have tags at all.",
            fix="Give more rows, or a smaller `frequency`, or another model to the role tagger.",
        )
    if part.asks_embedder:
        words.near = await _near(run, place, words.counts, part.distance)
    words.rules, words.used = merged([words.of(each.tags) for each in said.values()], support, part.confidence)
    tags = {ids[index]: words.of(each.tags) for index, each in said.items()}
    taken = complexity_first(tags, part.budget(len(ids)))
    return _choice(ids, said, words, taken, (frequency, support))


# ---------------------------------------------------------------- tags as they were written


def _given(path: str, rows: Rows) -> dict[int, _Said]:
    """Tags that rows have: a list of texts, or of objects with a `tag`; a text has commas between them."""
    return {row.index: _Said(_texts(row.value(path)), "no-tags") for row in rows}


def _texts(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        value = value.split(",")
    if not isinstance(value, list):
        return ()
    items = cast("Iterable[Any]", value)
    texts = [cast("dict[str, Any]", item).get("tag") if isinstance(item, dict) else item for item in items]
    return tuple(text.strip() for text in texts if isinstance(text, str) and text.strip())


async def _asked(run: Run, place: str, rows: Rows) -> dict[int, _Said]:
    """The tags that the tagger says."""
    tick = run.phase(None, place, len(rows))
    said: dict[int, _Said] = {}
    waiting: dict[str, int] = {}

    def tasks() -> Iterator[OpenTagTask]:
        for row in rows:
            task = OpenTagTask(id=f"{place}/{row.seed.id}/tags", stage=place, instruction=row.seed.instruction)
            waiting[task.id] = row.index
            yield task

    async def deliver(journey: Journey) -> None:
        run.heard(journey)
        reply = journey[-1]
        index = waiting.pop(journey[0].id)
        if isinstance(reply, Failed):
            said[index] = _Said((), reply.reason, reply.calls)
        elif isinstance(reply, OpenTagged):
            said[index] = _Said(tuple(tag for tag, _ in reply.tags), reply.fault, reply.calls)
        tick()

    await run.team.work(tasks(), lambda _: None, deliver)
    return said


# ---------------------------------------------------------------- the vocabulary


def _counted(said: Mapping[int, _Said], frequency: int, *, written: bool) -> _Vocabulary:
    """Tags in their one form, those that enough rows have."""
    form = {tag: cleaned(tag) for each in said.values() for tag in each.tags}
    if written:
        raw = Counter(tag for each in said.values() for tag in set(each.tags))
        form = {tag: found for tag, found in form.items() if raw[tag] >= frequency}
    counts = Counter(tag for each in said.values() for tag in {form.get(one, "") for one in each.tags} if tag)
    least = 1 if written else frequency
    return _Vocabulary(form, Counter({tag: count for tag, count in counts.items() if count >= least}))


async def _near(run: Run, place: str, counts: Mapping[str, int], distance: float) -> dict[str, str]:
    """Tags that mean the same, by vectors of the embedder."""
    import numpy as np  # noqa: PLC0415  only where an embedder is named

    vectors: dict[str, tuple[float, ...]] = {}
    waiting: dict[str, str] = {}

    def tasks() -> Iterator[EmbedTask]:
        for number, tag in enumerate(sorted(counts), 1):
            task = EmbedTask(id=f"{place}/vocabulary/{number:05}", stage=place, text=tag)
            waiting[task.id] = tag
            yield task

    async def deliver(journey: Journey) -> None:
        run.heard(journey)
        tag, reply = waiting.pop(journey[0].id), journey[-1]
        if isinstance(reply, Embedded) and any(reply.vector):
            vectors[tag] = reply.vector

    await run.team.work(tasks(), lambda _: None, deliver)
    if not vectors:
        raise UsageError(
            "The embedder gave no vector for any tag.", fix="Look at its endpoint, or say `vectors = hashed`."
        )
    matrix = np.array(list(vectors.values()), np.float32)
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    return near(list(vectors), matrix, counts, distance)


# ---------------------------------------------------------------- what came of it


def _choice(
    ids: Sequence[str], said: Mapping[int, _Said], words: _Vocabulary, taken: Sequence[tuple[str, int, int]],
    least: tuple[int, int],
) -> Choice:  # fmt: skip
    index = {name: at for at, name in enumerate(ids)}
    names = names_of(tag for each in said.values() for tag in each.tags)
    tags = {at: sorted(names[tag] for tag in words.of(each.tags)) for at, each in said.items()}
    order = [index[name] for name, _, _ in taken]
    notes = {
        index[name]: {**_notes(said[index[name]], tags[index[name]]), "round": number, "new": new}
        for name, number, new in taken
    }
    why = {at: _why(said[at], tags[at]) for at in range(len(ids)) if at not in notes}
    figures = _figures(tags, order, words, names, least)
    measures = figures["complexity"], figures["diversity"]
    lines = (
        f"{figures['tags_written']:,} tags as they were written, {len(figures['vocabulary']):,} in the vocabulary;"
        f" {sum(reason.reason != 'not-selected' for reason in why.values()):,} rows without a tag of it",
        f"Tags a row: {measures[0]['all']:.2f} in all rows, {measures[0]['chosen']:.2f} in the chosen ones, which cover"
        f" {measures[1]:.1%} of the vocabulary in {taken[-1][1]:,} round{'s' * (taken[-1][1] != 1)}",
    )
    prices = prices_of(call for each in said.values() for call in each.calls)
    return Choice(order, why, notes, figures, lines, prices=prices)


def _notes(said: _Said, tags: Sequence[str]) -> dict[str, Any]:
    """For provenance: the tags in the end and as they were written, with what they cost."""
    notes: dict[str, Any] = {"tags": list(tags), "written": list(said.tags)}
    if said.calls:
        notes |= {"calls": keys_of(said.calls), "cost": cost_of(said.calls), "models": models_of(said.calls)}
    return notes


def _why(said: _Said, tags: Sequence[str]) -> Why:
    notes = {name: value for name, value in _notes(said, tags).items() if name != "models"}
    if not said.tags:
        return Why("untagged", said.fault or "no-tags", notes)
    if not tags:
        return Why("no-common-tag", "no other rows have any of its tags", notes)
    return Why("not-selected", "there were enough rows with more tags, or tags that were not covered yet", notes)


def _figures(
    tags: Mapping[int, Sequence[str]], order: Sequence[int], words: _Vocabulary, names: Mapping[str, str],
    least: tuple[int, int],
) -> dict[str, Any]:  # fmt: skip
    all_rows, chosen = (
        Counter(tag for row in tags.values() for tag in row),
        Counter(tag for at in order for tag in tags[at]),
    )
    counts = [len(row) for row in tags.values()]
    into = settled({**words.near, **words.rules})
    steps = sorted({max(1, round(share * len(order))) for share in _CURVE})
    return {
        "frequency": least[0], "support": least[1], "tags_written": len(words.form),
        "complexity": {
            "all": round(sum(counts) / max(1, len(counts)), 4),
            "chosen": round(sum(len(tags[at]) for at in order) / len(order), 4),
        },
        "diversity": round(coverage([tags[at] for at in order], all_rows.keys()), 4),
        "coverage": {
            str(step): round(coverage([tags[at] for at in order[:step]], all_rows.keys()), 4) for step in steps
        },
        "vocabulary": {
            tag: {"rows": count, "chosen": chosen[tag]} for tag, count in
            sorted(all_rows.items(), key=lambda each: (-each[1], each[0]))
        },
        "merged": {names[tag]: names[of] for tag, of in sorted(into.items())},
        "merged_by_meaning": len(words.near),
        "rules": [
            {"tag": names[rule.tag], "into": names[rule.of], "support": rule.support,
             "confidence": round(rule.confidence, 4)} for rule in words.used
        ],
        "spellings": _spellings(words, names),
    }  # fmt: skip


def _spellings(words: _Vocabulary, names: Mapping[str, str]) -> dict[str, list[str]]:
    """By tag of the vocabulary the other ways in which it was written."""
    found: dict[str, list[str]] = {}
    for written, form in sorted(words.form.items()):
        if form in words.counts and written != names[form]:
            found.setdefault(names[form], []).append(written)
    return found
