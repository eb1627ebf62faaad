"""Selectors that look at vectors, as runs: over loopback HTTP, and of hashed words without any model."""

from __future__ import annotations

import errno
import json
import os
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autoevol.optimizer.curate.hashed import hashed_vectors
from autoevol.optimizer.curate.vectors import VECTORS
from autoevol.optimizer.record.config import resolve
from autoevol.optimizer.record.curating.vectors import VectorSettings
from tests.model_server import Body, ModelReply, ModelServer, model_server
from tests.optimizer.cli.conftest import Cli, cli

__all__ = ["cli"]

TOPICS = ("sea", "bread", "stars", "trains")
ROWS = [
    {"id": f"r{n:02}", "instruction": f"Tell {n} things about {TOPICS[n % 4]}", "output": "well " * (n + 1),
     "quality": n % 7, "turns": [n % 3, 1], "topic": TOPICS[n % 4]}
    for n in range(40)
]  # fmt: skip


def embed(body: Body) -> ModelReply:
    """A vector for each text: one direction a topic, and a little of its own; no number for the poisonous one."""
    texts = texts_of(body)
    if any("poison" in text for text in texts):
        return ModelReply("no such text here", status=400)
    data = [{"index": n, "embedding": vector(text)} for n, text in enumerate(texts)]
    usage = {"prompt_tokens": 5 * len(texts), "total_tokens": 5 * len(texts)}
    return ModelReply(body=json.dumps({"data": data, "model": "v", "usage": usage}).encode())


def texts_of(body: Body) -> list[str]:
    """What is asked for in one request."""
    asked = body["input"]
    return [asked] if isinstance(asked, str) else list(asked)


def vector(text: str) -> list[float]:
    """Of 8 numbers."""
    own = [((zlib.crc32(text.encode()) >> 4 * n) & 15) / 100 for n in range(4)]
    return [float(topic in text) for topic in TOPICS] + own


@pytest.fixture
def server() -> Iterator[ModelServer]:
    """An endpoint of embeddings."""
    with model_server(embed, ("/embeddings",)) as running:
        yield running


def write(folder: Path, name: str, rows: list[dict[str, Any]]) -> None:
    """A file of rows."""
    (folder / name).write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def settings_file(folder: Path, server: ModelServer, *parts: dict[str, Any], source: str = "rows.jsonl") -> str:
    """Settings of a run of these selectors."""
    said = {
        "seeds": {"source": source}, "make": list(parts), "recipe": "make", "budget": {"calls": 400},
        "endpoints": {"vectors": {"base_url": server.base_url, "share_limits": False, "concurrency": 4}},
        "roles": {"embedder": {"endpoint": "vectors", "model": "v"}},
    }  # fmt: skip
    (folder / "run.json").write_text(json.dumps(said), encoding="utf-8")
    return "run.json"


def chosen(folder: Path, name: str) -> list[str]:
    """Ids of the rows of a file, in its order."""
    return [json.loads(line)["id"] for line in (folder / name).read_text(encoding="utf-8").splitlines()]


PARTS: tuple[dict[str, Any], ...] = (
    {"recipe": "diverse", "count": 34, "start": 2},
    {"recipe": "facility", "count": 28, "score": "quality", "first": 0.9},
    {"recipe": "deita", "count": 16, "scores": ["turns", "turns"], "threshold": 0.996},
    {"recipe": "hybrid", "count": 12, "by": {"quality": 1.0, "turns.0": -1.0}, "diversity": 0.4, "choose": "pareto"},
    {"recipe": "quotas", "count": 6, "by": {"topic": {"sea": 2, "*": 1}, "quality": {}}, "levels": {"quality": 2}},
)


def test_the_card_and_show_count_calls_apart_from_what_was_sent(
    cli: Cli, server: ModelServer, tmp_path: Path
) -> None:  # fmt: skip
    """Texts go to the embedder together: each is a call, and a request is one attempt."""
    write(tmp_path, "rows.jsonl", ROWS)
    config = settings_file(tmp_path, server, {"recipe": "diverse", "count": 4})
    made = cli("curate", "--config", config, "--quiet", "--name", "sent")
    shown = cli("show", "sent")
    out = cli("export", "sent", "--to", "jsonl", "--out", "data")
    [sent] = re.findall(r"Over the wire, texts to the embedder together, .*: (\d+) attempts", shown.out)

    assert (0, 0) == (made.code, out.code), made.err + out.err
    assert f"cost: {len(ROWS)} calls in {sent} attempts" in (tmp_path / "data/README.md").read_text(encoding="utf-8")
    assert int(sent) < len(ROWS)


@pytest.mark.parametrize(
    ("part", "by"),
    [
        ({"recipe": "diverse", "count": 4}, "v at vectors"),
        ({"recipe": "deita", "count": 4, "scores": ["quality"], "of": "both"}, "v at vectors, of both texts"),
        ({"recipe": "facility", "count": 4, "score": "quality", "first": 0.5}, "hashed words"),
        ({"recipe": "diverse", "count": 4, "vectors": "hashed"}, "hashed words"),
    ],
)
def test_coverage_is_measured_by_vectors_of_every_row(
    cli: Cli, server: ModelServer, tmp_path: Path, part: dict[str, Any], by: str
) -> None:  # fmt: skip
    """Those that the selector has from the embedder; the others cover all rows by words."""
    write(tmp_path, "rows.jsonl", ROWS)
    made = cli("curate", "--config", settings_file(tmp_path, server, part), "--quiet")
    [run] = (tmp_path / "runs").iterdir()
    told = json.loads((run / f"1-{part['recipe']}/curation.json").read_text(encoding="utf-8"))

    story = json.loads((run / "status.json").read_text(encoding="utf-8"))["story"]

    assert (0, by) == (made.code, told["before_after"]["coverage"]["by"]), made.err
    assert ("No row lies farther" in story, "Looked at" in story) == tuple(
        part["recipe"] == name for name in ("diverse", "deita")
    )


def test_the_choice_is_the_same_for_any_order_of_the_rows(
    cli: Cli, server: ModelServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By five in a row, with vectors in memory or in a file: a subset, and every other row has its reason."""
    write(tmp_path, "rows.jsonl", ROWS)
    write(tmp_path, "other.jsonl", [ROWS[(7 * n) % 40] for n in range(40)])
    taken: list[tuple[int, int]] = []

    def take(file: int, offset: int, size: int) -> None:
        taken.append((os.fstat(file).st_size, offset + size))

    for source in ("rows", "other"):
        config = settings_file(tmp_path, server, *PARTS, source=f"{source}.jsonl")
        told = cli("curate", "--config", config, "--quiet", "--name", source)
        assert 0 == told.code, told.err
        monkeypatch.setattr("autoevol.optimizer.curate.vectors._IN_MEMORY", 0)
        monkeypatch.setattr("os.posix_fallocate", take)
    one, other = next((tmp_path / "runs").glob("*-rows")), next((tmp_path / "runs").glob("*-other"))
    counts = [len(ROWS)]
    for number, part in enumerate(PARTS, 1):
        place = f"{number}-{part['recipe']}"
        figures = json.loads((one / place / "curation.json").read_text(encoding="utf-8"))
        ids = chosen(one, f"{place}/dataset.jsonl")
        counts.append(len(ids))

        assert sorted(ids) == ids
        assert sorted(chosen(other, f"{place}/dataset.jsonl")) == ids
        assert counts[-2:] == [figures["in"], figures["out"]]
        assert counts[-2] - counts[-1] == sum(figures["dropped"].values())
    assert [40, 34, 28, 16, 12, 6] == counts
    assert (4 * 40 * 8, 4 * 40 * 8) == taken[0]
    assert [] == [*tmp_path.rglob(VECTORS)]


def test_a_full_disk_is_told(
    cli: Cli, server: ModelServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    """Before a vector is written, in a sentence; nothing is left of the file."""

    def full(file: int, offset: int, size: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    write(tmp_path, "rows.jsonl", ROWS)
    monkeypatch.setattr("autoevol.optimizer.curate.vectors._IN_MEMORY", 0)
    monkeypatch.setattr("os.posix_fallocate", full)
    told = cli("curate", "--config", settings_file(tmp_path, server, PARTS[0]), "--quiet")

    assert 0 != told.code
    assert "vectors.f32 cannot be written: No space left on device." in told.err
    assert [] == [*tmp_path.rglob(VECTORS)]


def test_a_text_is_paid_for_once_and_a_bad_one_costs_one_row(cli: Cli, server: ModelServer, tmp_path: Path) -> None:
    """Two selectors that look at the same texts; resumed, nothing is asked again."""
    write(tmp_path, "rows.jsonl", [*ROWS, {**ROWS[0], "id": "bad", "instruction": "poison"}, {**ROWS[1], "id": "twin"}])
    config = settings_file(
        tmp_path, server, {"recipe": "diverse", "count": 41}, {"recipe": "facility", "count": 10},
    )  # fmt: skip
    assert 0 == cli("curate", "--config", config, "--quiet").code
    [run] = (tmp_path / "runs").iterdir()
    told = sum(len(texts_of(body)) for body in server.bodies)
    before = server.count
    assert 0 == cli("resume", str(run), "--quiet").code

    dropped = [json.loads(line) for line in (run / "dropped.jsonl").read_text(encoding="utf-8").splitlines()]
    [bad] = [row for row in dropped if row["reason"] == "no-vector"]
    assert ("bad", True) == (bad["seed_id"], "bad_request" in bad["detail"])
    assert before == server.count
    assert (True, True) == (server.count <= 16, 41 <= told < 2 * 41)


def test_words_are_told_apart_without_a_model() -> None:
    """The same words lie close, others do not; a text without a word has no vector. Chinese is read by character."""
    texts = [
        "How do I bake bread?",
        "how do I BAKE bread",
        "Explain relativity to a child",
        "如何烤面包",
        "怎样烤面包",
        "?!",
    ]
    made = list(hashed_vectors(lambda: texts, 512))

    assert made[5] is None
    same, other, chinese = (float(made[a] @ made[b]) for a, b in ((0, 1), (0, 2), (3, 4)))  # type: ignore[operator]
    assert 1.0 == pytest.approx(same)
    assert abs(other) < 0.2 < chinese
    assert [1.0] * 5 == pytest.approx([float(np.linalg.norm(each)) for each in made[:5] if each is not None])


def test_where_vectors_come_from_is_settled_before_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """The named embedder, else the packaged model where it is installed, else hashed words; it is frozen then."""
    make = {"recipe": "make", "seeds": {"source": "x"}, "make": [{"recipe": "diverse"}]}
    here: dict[str, object] = {"endpoints": {"default": {"base_url": "http://127.0.0.1:1/v1"}}, "model": "m"}
    named: dict[str, object] = {**here, "roles": {"embedder": {"model": "v"}}}
    answers: list[tuple[str, str]] = []
    cases: list[tuple[bool, dict[str, object]]] = [(False, {}), (False, here), (True, {}), (True, here), (True, named)]
    for installed, said in cases:

        def here_or_not(_: str, *, answer: bool = installed) -> bool:
            return answer

        monkeypatch.setattr("autoevol.optimizer.record.embedding.is_packaged_here", here_or_not)
        found = resolve(None, {**make, **said})
        [part] = found.make
        assert isinstance(part, VectorSettings)
        answers.append((part.vectors, found.roles.embedder.model if part.asks_embedder else ""))

    assert [("hashed", "")] * 2 + [("embedder", "minilm")] * 2 + [("embedder", "v")] == answers
