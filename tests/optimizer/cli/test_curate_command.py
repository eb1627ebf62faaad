"""`autoevol curate`: selectors and their settings by name, runs without any model, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from autoevol.optimizer.curate.selectors import CHOOSERS
from autoevol.optimizer.record.curating.selectors import SELECTORS

from .conftest import Cli


def rows_of(path: Path) -> list[dict[str, Any]]:
    """The rows of a file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_it_lists_selectors_and_the_settings_of_one(cli: Cli) -> None:
    """Each has settings and someone who chooses."""
    every, one = cli("curate", "--list"), cli("curate", "dedup", "--list")

    assert 0 == every.code == one.code
    assert list(SELECTORS) == [line.split()[0] for line in every.out.splitlines()[: len(SELECTORS)]]
    assert SELECTORS.keys() == CHOOSERS.keys()
    assert all(name == kind.model_fields["recipe"].default for name, kind in SELECTORS.items())
    assert all(f"  {name} " in one.out for name in SELECTORS["dedup"].model_fields if name != "recipe")


def test_settings_are_listed_as_they_are_written(cli: Cli) -> None:
    """Defaults in JSON, presets that there are, and the settings of each member of a panel."""
    told = {name: cli("curate", name, "--list").out for name in ("dedup", "quotas", "diverse", "far=diverse,lima")}

    assert '  by [["exact", "minhash"]]  stages' in told["dedup"]
    assert "  count [null]  rows to keep" in told["quotas"]
    assert 'gets: {"language": {"en": 3, "zh": 1}}' in told["quotas"]
    assert '  preset ["recommended"]  recommended\n' in told["quotas"]
    assert '  preset ["recommended"]  recommended, paper' in told["diverse"]
    assert all(words in told["far=diverse,lima"] for words in ("  votes [1]", "--with far.SETTING=", "  shortest ["))
    assert not any("None" in text or "True]" in text or "'recommended'" in text for text in told.values())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("dedupe",), "There is no selector 'dedupe'. Did you mean 'dedup'? Selectors are: dedup"),
        (("magpie", "rows.jsonl"), "magpie is a recipe."),
        (("dedup", "--with", "off=both"), "no setting off of dedup on the command line. Did you mean `of` of dedup?"),
        (("dedup",), "No rows were given."),
        ((), "Name a SELECTOR (`--list` lists them)"),
        (("hybrid", "rows.jsonl"), "hybrid needs `by`, the weight of each figure"),
        (("dedup", "rows.jsonl", "--dry-run", "--out", "x.csv"), "x.csv would hold JSON lines"),
        (("dedup", "rows.jsonl", "--with", "by=minhash"), """as in --with by='["exact", "minhash"]'."""),
        (("quotas", "rows.jsonl", "--with", "by=answer"), """as in --with by='{"language": {}}'."""),
        (("quotas", "rows.jsonl", "--preset", "paper"), "presets that there are here (recommended)."),
        (("--preset", "paper"), "--preset, --count and --with need a SELECTOR."),
    ],
)
def test_what_makes_no_sense_is_told(cli: Cli, tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    """In a sentence, with exit code 2, and before there is a folder."""
    told = cli("curate", *words)

    assert 2 == told.code
    assert said in told.err
    assert not (tmp_path / "runs").exists()


def test_make_points_to_curate(cli: Cli) -> None:
    """A selector is no recipe."""
    told = cli("make", "dedup", "rows.jsonl")

    assert (2, True) == (told.code, "autoevol curate dedup ROWS" in told.err)


def test_fewer_rows_than_were_asked_for_are_told(cli: Cli, seeds: Path) -> None:
    """And that the count of a panel is that of each member."""
    few = cli("curate", "quotas", seeds.name, "--count", "1000")
    more = cli("curate", "quotas,lima", seeds.name, "--count", "20", "--with", "lima.shortest=1")

    assert "1,000 rows were asked for, and 30 are kept" in few.out + few.err
    assert "`most = 20` keeps so many at most." in more.out + more.err
    assert "were asked for" not in more.out + more.err


def test_selectors_in_a_row_need_no_model(cli: Cli, seeds: Path, tmp_path: Path) -> None:
    """Each works on what the one before left; in = out + dropped, and all that the file said is in the rows."""
    rows = [{**row, "level": number} for number, row in enumerate(rows_of(seeds))]
    rows.append({**rows[0], "level": 99})
    rows.append({**rows[1], "answer": "another answer"})
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    parts = "".join(f'[[make]]\nrecipe = "dedup"\nby = ["exact"]\nof = "{of}"\n' for of in ("both", "instruction"))
    (tmp_path / "run.toml").write_text(f'[seeds]\nsource = "rows.jsonl"\n{parts}', encoding="utf-8")
    told = cli("curate", "--config", "run.toml", "--quiet", "--out", "chosen.jsonl")
    assert 0 == told.code, told.err
    [run] = (tmp_path / "runs").iterdir()
    chosen, dropped = rows_of(tmp_path / "chosen.jsonl"), rows_of(run / "dropped.jsonl")

    assert [*range(30)] == [row["level"] for row in chosen]
    assert [
        ("1-dedup", "seed-000031", "duplicate", "seed-000001"), ("2-dedup", "seed-000032", "duplicate", "seed-000002"),
    ] == [(row["part"], row["seed_id"], row["reason"], row["twin"]) for row in dropped]  # fmt: skip
    assert [31, 31] == [
        json.loads((run / "1-dedup/curation.json").read_text())["out"],
        len(rows_of(run / "1-dedup/dataset.jsonl")),
    ]
    assert 2 == len(chosen[3]["provenance"]["curated"])


@pytest.mark.parametrize("command", ["curate", "make"])
def test_rows_stand_beside_a_settings_file(cli: Cli, seeds: Path, tmp_path: Path, command: str) -> None:
    """They win over those of the file; a file that is broken, missing or no part's is told as what it is."""
    (tmp_path / "run.toml").write_text('[seeds]\nsource = "x.jsonl"\n[[make]]\nrecipe = "dedup"\n', encoding="utf-8")
    (tmp_path / "broken.toml").write_text("[[make\n", encoding="utf-8")
    files = ("run.toml", "broken.toml", "missing.toml")
    told = [cli(command, seeds.name, "--config", name, "--dry-run") for name in files]
    alone = cli(command, seeds.name)

    assert [0, 2, 2, 2] == [each.code for each in (*told, alone)]
    assert f"from {seeds}" in told[0].out
    assert "broken.toml is not valid TOML" in told[1].err
    assert "There is no settings file missing.toml." in told[2].err
    assert f"seeds.jsonl is a file of rows, and no {'recipe' if command == 'make' else 'selector'} is" in alone.err


@pytest.mark.parametrize(("selector", "here"), [("deita", True), ("deita", False), ("instag", True)])
def test_whoever_needs_a_model_is_told_so(
    cli: Cli, seeds: Path, selector: str, here: bool, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    """Whether or not the packaged embedder has a seat of its own already."""
    monkeypatch.setattr("autoevol.optimizer.record.embedding.is_packaged_here", {"minilm": here}.get)
    told = cli("curate", selector, seeds.name)

    assert (2, True) == (told.code, "No model is named. Give --base-url URL" in told.err)


def test_vectors_by_a_model_take_the_packaged_one_or_name_it(
    cli: Cli, seeds: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    """Where it is not installed the error says how it comes."""
    told: list[Any] = []
    for here in (True, False):
        monkeypatch.setattr("autoevol.optimizer.record.embedding.is_packaged_here", {"minilm": here}.get)
        told.append(cli("curate", "diverse", seeds.name, "--with", "vectors=embedder", "--dry-run"))

    assert [0, 2] == [each.code for each in told]
    assert "embedder" in told[0].out
    assert "that makes vectors. Run: pip install 'autoevol[embed]', which brings one" in told[1].err


def test_figures_are_asked_for_before_a_call(cli: Cli, seeds: Path, tmp_path: Path) -> None:
    """A settings file in which hybrid says none is refused by a forecast, too."""
    parts = '[[make]]\nrecipe = "dedup"\n[[make]]\nrecipe = "hybrid"\n'
    (tmp_path / "run.toml").write_text(f'[seeds]\nsource = "{seeds.name}"\n{parts}', encoding="utf-8")
    told = [cli("make", "--config", "run.toml", *more) for more in ((), ("--dry-run",))]

    assert [2, 2] == [each.code for each in told]
    assert all('by = {"provenance.ifd.ppl_ratio" = 1} in a settings file' in each.err for each in told)
    assert not (tmp_path / "runs").exists()


def test_a_selector_that_keeps_nothing_says_why(cli: Cli, seeds: Path) -> None:
    """By reason and with exit code 2, though nothing comes after it."""
    told = cli("curate", "lima", seeds.name, "--quiet", "--with", "shortest=4000")

    assert 2 == told.code
    assert "1-lima left no row (too-short 30)." in told.err


def test_quotas_take_values_as_the_file_has_them(cli: Cli, tmp_path: Path) -> None:
    """`true` is no `True`; what each value got is told, and the page says that rows were chosen."""
    rows = [{"id": f"r{n}", "question": f"Is {n} odd?", "odd": n % 2 == 1} for n in range(12)]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    told = cli("curate", "quotas", "rows.jsonl", "--count", "4", "--with", 'by={"odd": {"true": 3, "false": 1}}')
    wrong = cli("curate", "quotas", "rows.jsonl", "--count", "4", "--with", 'by={"odd": {"yes": 1}}')
    [run] = [folder for folder in (tmp_path / "runs").iterdir() if (folder / "dataset.jsonl").exists()]

    assert "Rows by odd: false 6 → 1 (wanted 25%), true 6 → 3 (wanted 75%)." in told.out + told.err
    assert 3 == sum(row["provenance"]["given"]["odd"] if "given" in row["provenance"] else row["odd"]
                    for row in rows_of(run / "dataset.jsonl"))  # fmt: skip
    assert "there are: false, true." in wrong.err
    page = (run / "report.html").read_text(encoding="utf-8")
    assert (True, False) == ("Rows that were chosen" in page, "Rows made by recipes" in page)


@pytest.mark.parametrize(
    ("words", "said"),
    [(("hybrid", "--with", 'by={"level": 1}'), "No row has the figure level, by which hybrid chooses"),
     (("quotas", "--with", 'by={"level": {}}'), "No row has the field level, by which quotas chooses"),
     (("magpie-filter",), "No row carries"), (("facility", "--with", "score=level"), "No row has the figure level"),
     (("deita", "--with", 'scores=["right"]'), "deita chooses (what stands there is true or false)"),
     (("dedup,deita", "--with", 'deita.scores=["right"]'), "The member deita of the panel cannot choose: No row has")],
)  # fmt: skip
def test_what_no_row_has_is_refused_before_there_is_a_folder(
    cli: Cli, seeds: Path, tmp_path: Path, words: tuple[str, ...], said: str
) -> None:  # fmt: skip
    """And without a word of a run to be continued, for there is none."""
    rows = [{**row, "right": True} for row in rows_of(seeds)]
    seeds.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    told = cli("curate", words[0], seeds.name, *words[1:])

    assert (2, True, False) == (told.code, said in told.err, "resume" in told.err), told.err
    assert not list((tmp_path / "runs").glob("*"))


@pytest.mark.parametrize(("cap", "told"), [("20calls", True), ("90000calls", False)])
def test_a_cap_that_is_too_low_is_told_before_the_work(
    cli: Cli, seeds: Path, cap: str, told: bool
) -> None:  # fmt: skip
    """In one line, and nothing is refused: here nobody answers, so it does not go far."""
    said = cli("curate", "deita", seeds.name, "--count", "5", "--base-url", "http://127.0.0.1:9/v1", "--model", "m",
               "--with", "vectors=hashed", "--budget", cap, "--set", "endpoints.default.patience_s=0.01")  # fmt: skip

    assert 1 == said.code
    assert told == ("The cap of 20 calls is below what the whole may take " in said.err + said.out)


def test_a_forecast_of_vectors_tells_what_is_read(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows, no search, nothing out, no more in than the packaged model reads, and no time by calls that go together."""
    monkeypatch.setattr("autoevol.optimizer.record.embedding.is_packaged_here", {"minilm": True}.get)
    text = "".join(json.dumps({"question": f"{n} {'word ' * 4000}", "answer": "b"}) + "\n" for n in range(3))
    (tmp_path / "rows.jsonl").write_text(text, encoding="utf-8")
    told = cli("curate", "diverse", "rows.jsonl", "--count", "2", "--dry-run").out

    assert told.startswith("Rows: 3 rows read: 3 good")
    assert "Tokens: about 768 for the most calls, at most 768" in told
    assert "Note: minilm reads the first 256 tokens of a text" in told
    assert not [word for word in ("search", "each second") if word in told]
