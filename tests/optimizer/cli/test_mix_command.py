"""`autoevol mix`: sets by name, three ways, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .conftest import Cli


@pytest.fixture
def sets(tmp_path: Path) -> Path:
    """Two files of rows."""
    for name, count in (("maths", 20), ("chat", 6)):
        rows = [
            {"question": f"{name} {n}?", "answer": str(n), "topic": name, "skill": "ab"[n % 2]} for n in range(count)
        ]
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return tmp_path


def test_it_mixes_in_two_stages_and_by_ratio(cli: Cli, sets: Path) -> None:
    """The files are named after the sets; a second time nothing is replaced without being told to."""
    two = cli("mix", "stages", "--special", "maths.jsonl", "--general", "chat.jsonl", "--share", "1/4", "--out", "two")
    some = cli("mix", "ratio", "m=maths.jsonl", "chat.jsonl", "--take", "m=50%", "--take", "chat=50%", "--out", "some")
    again = cli("mix", "ratio", "maths.jsonl", "--out", "some")

    assert (0, 0, 2) == (two.code, some.code, again.code)
    assert "11 rows in two/stage2.jsonl: all general rows and 5 of the specialised (k = 1/4)." in two.out
    assert "12 rows in some/mix.jsonl" in some.out
    assert "m: down-sampled from 20 to 6 rows." in some.out
    assert "is there already" in again.err
    assert {"README.md", "dropped.jsonl", "manifest.json", "mix.jsonl"} == {
        path.name for path in (sets / "some").iterdir()
    }


def test_a_mix_that_is_short_says_so_at_once(cli: Cli, sets: Path) -> None:
    """Not first that it has what was wanted."""
    told = cli("mix", "ratio", "m=maths.jsonl", "chat.jsonl", "--take", "m=100", "--out", "some")

    assert "86 rows in some/mix.jsonl: the sets, 20 rows short of the wanted numbers." in told.out
    assert "m: 20 rows short of 100" in told.out


def test_it_keeps_the_rounds_of_skills(cli: Cli, sets: Path) -> None:
    """Begun, gone on with, and rows drawn by the quotas of the round, with `skill` before other names of groups."""
    (sets / "g.json").write_text('{"skills": ["a", "b"], "edges": [["a", "b"]]}', encoding="utf-8")
    (sets / "l.json").write_text('{"a": 0.5, "b": 2}', encoding="utf-8")
    begun = cli("mix", "skills", "s.json", "--graph", "g.json", "--with", "eta=0.2", "--count", "10")
    drawn = cli("mix", "skills", "s.json", "--losses", "l.json", "--count", "8", "--rows", "maths.jsonl", "--out", "r2")
    told = cli("mix", "skills", "s.json")
    rows = [json.loads(line) for line in (sets / "r2" / "mix.jsonl").read_text(encoding="utf-8").splitlines()]
    quotas = json.loads((sets / "s.json").read_text(encoding="utf-8"))["rounds"][1]["quotas"]

    assert (0, 0, 0) == (begun.code, drawn.code, told.code)
    assert "Round 2 (the file l.json; eta 0.2):" in told.out
    assert quotas == {skill: sum(row["skill"] == skill for row in rows) for skill in "ab"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("ratio", "maths.jsonl", "maths.jsonl", "--out", "o"), "Two sets are named 'maths'."),
        (("ratio", "maths.jsonl", "--take", "x=3", "--out", "o"), "There is no set 'x'. The sets are maths."),
        (("ratio", "maths.jsonl", "--take", "maths=no", "--out", "o"), "'no' is no amount."),
        (("ratio", "nowhere.jsonl", "--out", "o"), "There is no file nowhere.jsonl."),
        (("ratio", "maths.jsonl", "--by", "topik", "--out", "o"),
         "No row has the field topik, by which mix groups. Did you mean topic?"),
        (("ratio", "maths.jsonl", "--take", "maths=0", "--out", "o"), "mix.jsonl would have no row."),
        (("stages", "--special", "maths.jsonl", "--general", "chat.jsonl", "--share", "2", "--out", "o"),
         "'2' is no share."),
        (("skills", "s.json"), "s.json is no file of rounds"),
        (("skills", "s.json", "--graph", "maths.jsonl"), "maths.jsonl cannot be read"),
        (("skills", "s.json", "--rows", "maths.jsonl"), "--rows and --out belong together."),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_told(cli: Cli, sets: Path, words: tuple[str, ...], said: str) -> None:
    """In a sentence, with exit code 2, and nothing is written."""
    told = cli("mix", *words)

    assert 2 == told.code
    assert said in told.err
    assert not (sets / "o").exists()
    assert not (sets / "s.json").exists()


def test_a_run_is_counted_once(cli: Cli, sets: Path) -> None:
    """Failure rates of one run say nothing new a second time."""
    (sets / "g.json").write_text('{"skills": ["a", "b"]}', encoding="utf-8")
    made = cli("curate", "dedup", "maths.jsonl", "--quiet")
    [run] = (sets / "runs").iterdir()
    begun = cli("mix", "skills", "s.json", "--graph", "g.json")
    once, twice = (cli("mix", "skills", "s.json", "--run", run.name) for _ in range(2))

    assert [0, 0, 0, 2] == [each.code for each in (made, begun, once, twice)], once.err
    assert f"The run {run.name} is counted already, in round 2." in twice.err
    assert 2 == len(json.loads((sets / "s.json").read_text(encoding="utf-8"))["rounds"])
