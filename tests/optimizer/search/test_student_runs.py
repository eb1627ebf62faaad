"""Runs that fit the difficulty to a student, that run code, and that ask several answers."""

from __future__ import annotations

import re
from pathlib import Path

from autoevol.agents.gateway.requests import Request
from tests.optimizer.search.rehearsal import Actors, luck, play

QUICK = {"steps": 0, "dev": 4, "test": 0}


def _seeds(path: Path, count: int = 12) -> Path:
    """Sums with their answers."""
    rows = [
        f'{{"question": "Box {n} has {n + 3} red and {n + 5} blue balls. How many?", "answer": "#### {2 * n + 8}"}}\n'
        for n in range(count)
    ]
    path.write_text("".join(rows), encoding="utf-8")
    return path


def _student(request: Request) -> str:
    """Solves no seed of a box below 4, every second draw of those below 8, and all of the others."""
    text = request.turns[-1].text
    box = int(re.findall(r"Box (\d+)", text)[0])
    right = box >= 8 or (box >= 4 and request.sample % 2 == 0)
    evolved = "parts each" in text
    return f"#### {(luck(text) % 900 + 10 if evolved else 2 * box + 8) if right else 7}"


async def test_each_seed_goes_the_way_that_its_student_needs(tmp_path: Path) -> None:
    """Never solved: down; sometimes: kept as it is, with its own answer; always: up."""
    actors = Actors(student=_student)

    run = await play(
        tmp_path, actors, start=0, source=_seeds(tmp_path / "s.jsonl"), search=QUICK, student=True, judge=False,
        recipe="evolve", detectors=["unreadable"],
    )  # fmt: skip

    rows = {row["provenance"]["seed_id"]: row for row in run.rows("dataset.jsonl")}
    ways = {name: row["provenance"]["aim"] for name, row in rows.items()}
    assert {"down": 4, "keep": 4, "up": 4} == run.status["aims"]
    assert ["down", "keep", "up"] == [ways[f"seed-{number:06d}"] for number in (1, 5, 9)]
    kept = rows["seed-000005"]
    assert ("Box 4 has 7 red and 9 blue balls. How many?", "#### 16") == (kept["instruction"], kept["response"])
    assert None is kept["provenance"]["score"]
    down = [request for request in run.asked if request.role == "evolver" and "simpler ones" in request.turns[0].text]
    assert 4 == len(down)


async def test_what_the_student_said_to_a_seed_is_paid_once(tmp_path: Path) -> None:
    """Measuring the seeds and measuring an evolution ask the same of the original."""
    run = await play(
        tmp_path, Actors(student=_student), start=0, source=_seeds(tmp_path / "s.jsonl", 4),
        search=QUICK, student=True, judge=False, recipe="evolve", detectors=["unreadable"],
    )  # fmt: skip

    asked = [(request.turns, request.sample) for request in run.asked if request.role == "student"]
    assert len(set(asked)) == len(asked)


async def test_several_answers_are_asked_for_and_must_agree(tmp_path: Path) -> None:
    """Rows whose answers all differ are dropped with the answers as evidence."""
    actors = Actors(answer=lambda request: f"Counting gives {luck(request.turns[-1].text) + request.sample}.")

    run = await play(
        tmp_path, actors, start=0, seeds=5, search=QUICK, judge=False, recipe="evolve", detectors=["+agreement"],
    )  # fmt: skip

    assert {"no-agreement": 5} == run.status["dropped"]
    assert 15 == run.calls("responder")


async def test_code_that_fails_its_own_examples_is_dropped(tmp_path: Path) -> None:
    """It is really run."""
    wrong = "```python\ndef double(x):\n    return x\n```"
    right = "```python\ndef double(x):\n    return 2 * x\n```"
    actors = Actors(
        evolved=lambda request: (
            f"<evolved>Write double(x) so that double(2) == 4 and double(7) == 14, for a list of "
            f"{luck(request.turns[-1].text) % 90} numbers as well.</evolved>"
        ),
        answer=lambda request: wrong if luck(request.turns[-1].text) % 2 else right,
    )
    seeds = tmp_path / "s.jsonl"
    seeds.write_text("".join(f'{{"question": "Write double(x), way {n}."}}\n' for n in range(8)), encoding="utf-8")

    run = await play(
        tmp_path, actors, source=seeds, search=QUICK, judge=False, recipe="evolve", detectors=["code-fails"]
    )

    assert {"code-fails"} == set(run.status["dropped"])
    assert 8 == run.status["rows_out"] + run.status["dropped"]["code-fails"]
    assert all("return 2" in row["response"] for row in run.rows("dataset.jsonl"))
