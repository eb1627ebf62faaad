"""Several selectors over the same rows, as runs: each chooses as alone, and what they share is told."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from autoevol.agents.gateway.errors import UsageError
from autoevol.optimizer.curate.overlaps import Overlap, overlaps
from autoevol.optimizer.making import run_recipes
from autoevol.optimizer.record.config import resolve
from autoevol.optimizer.record.curating.panel import PanelSettings
from tests.model_server import ModelServer
from tests.optimizer.cli.conftest import Cli, cli
from tests.optimizer.curate.test_vector_selectors import ROWS, chosen, server, settings_file, texts_of, write

__all__ = ["cli", "server"]

MEMBERS: dict[str, Any] = {
    "facility": {},
    "lima": {"shortest": 1, "count": 12},
    "drawn": {"recipe": "quotas", "by": {"topic": {}}},
}
PANEL = {"recipe": "panel", "count": 10, "members": MEMBERS}


def rows_of(path: Path) -> list[dict[str, Any]]:
    """The rows of a file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def curation(run: Path) -> dict[str, Any]:
    """What the panel tells."""
    found: dict[str, Any] = json.loads((run / "1-panel/curation.json").read_text(encoding="utf-8"))
    return found


def has_begun(runs: Path, member: str) -> bool:
    """Whether a member has chosen in any run."""
    return any(runs.rglob(f"members/{member}/dataset.jsonl"))


async def test_a_member_chooses_what_it_would_alone(tmp_path: Path) -> None:
    """Row by row and draw by draw, for any order of the rows and of the members; each leaves a data set."""
    made = await run_recipes([PANEL], ROWS, runs=tmp_path)
    turned = {**PANEL, "members": dict(reversed(MEMBERS.items()))}
    other = await run_recipes([turned], [ROWS[(7 * n) % 40] for n in range(40)], runs=tmp_path)
    home = made.folder / "1-panel/members"

    for name, values in MEMBERS.items():
        part = {"recipe": name, "count": 10, **values}
        alone = (await run_recipes([part], ROWS, runs=tmp_path)).folder
        mine, his = rows_of(home / name / "dataset.jsonl"), rows_of(alone / "dataset.jsonl")
        ranks = [[row["provenance"]["curated"][0]["rank"] for row in rows] for rows in (mine, his)]

        assert ([row["id"] for row in his], ranks[1]) == ([row["id"] for row in mine], ranks[0])
        assert {row["id"] for row in mine} == set(chosen(other.folder, f"1-panel/members/{name}/dataset.jsonl"))
        assert 40 == len(mine) + len(rows_of(home / name / "dropped.jsonl"))
    assert sorted(chosen(other.folder, "dataset.jsonl")) == chosen(made.folder, "dataset.jsonl")


async def test_a_row_tells_who_chose_it(tmp_path: Path) -> None:
    """And a dropped one who did not, and why; counts and overlaps are those of the files."""
    made = await run_recipes([{**PANEL, "votes": 2, "most": 3}], ROWS, runs=tmp_path)
    sets = {name: set(chosen(made.folder, f"1-panel/members/{name}/dataset.jsonl")) for name in MEMBERS}
    kept, dropped = rows_of(made.folder / "dataset.jsonl"), rows_of(made.folder / "1-panel/dropped.jsonl")
    told = curation(made.folder)

    assert [1, 2, 3] == sorted(row["provenance"]["curated"][-1]["rank"] for row in kept)
    for row in kept:
        *members, panel = row["provenance"]["curated"]
        whose = {name for name, ids in sets.items() if row["id"] in ids}
        assert ("panel", len(whose), whose) == (panel["by"], panel["votes"], set(panel["members"]))
        assert panel["members"] == {entry["by"]: entry["rank"] for entry in members}
    for row in dropped:
        whose = {name for name, ids in sets.items() if row["seed_id"] in ids}
        wanted = "chosen-by-none" if not whose else "too-few-votes" if len(whose) == 1 else "not-selected"
        assert (wanted, whose, MEMBERS.keys() - whose) == (row["reason"], set(row["members"]), set(row["reasons"]))
    assert [len(sets[each["one"]] & sets[each["other"]]) for each in told["figures"]["overlaps"]] == [
        each["shared"] for each in told["figures"]["overlaps"]
    ]
    assert [10, 12, 10] == [each["before_after"]["rows"]["after"] for each in told["figures"]["members"].values()]


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        (
            "qualty",
            "The member best of the panel cannot choose: No row has the figure qualty, by which deita chooses. Did you",
        ),
        ("topic", "The member best of the panel cannot choose: No row has the figure topic, by which deita chooses"),
    ],
)
async def test_what_a_member_lacks_is_told_with_its_name(tmp_path: Path, path: str, sentence: str) -> None:
    """In one sentence, before another member begins."""
    members = {"drawn": {"recipe": "quotas"}, "best": {"recipe": "deita", "scores": [path]}}
    with pytest.raises(UsageError, match=f"^{sentence}"):
        await run_recipes([{"recipe": "panel", "members": members}], ROWS, runs=tmp_path)

    assert not has_begun(tmp_path, "drawn")


async def test_pairs_are_counted_beside_the_session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a thread of their own: many pairs of large sets take seconds, in which a key must still end the run."""
    threads: list[bool] = []

    def seen(*words: Any) -> list[Overlap]:
        threads.append(threading.current_thread() is threading.main_thread())
        return overlaps(*words)

    monkeypatch.setattr("autoevol.optimizer.curate.panel.overlaps", seen)
    await run_recipes([{"recipe": "panel", "members": {"drawn": {"recipe": "quotas"}}}], ROWS, runs=tmp_path)

    assert [False] == threads


async def test_figures_that_members_go_by_are_shown_of_all(tmp_path: Path) -> None:
    """Each member's mean beside that of all rows."""
    members = {"best": {"recipe": "hybrid", "by": {"quality": 1}}, "drawn": {"recipe": "quotas"}}
    made = await run_recipes([{"recipe": "panel", "count": 5, "members": members}], ROWS, runs=tmp_path)
    spreads = [
        each["before_after"]["numbers"]["quality"] for each in curation(made.folder)["figures"]["members"].values()
    ]

    assert (2.875, 6.0) == (spreads[0]["before"]["mean"], spreads[0]["after"]["mean"])
    assert spreads[0]["before"] == spreads[1]["before"]


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"members": {"inner": {"recipe": "panel"}}}, "the member inner is a panel: a panel has none within"),
        ({"members": {"far": {"recipe": "divers"}}}, "names the selector 'divers', which there is not; did you mean d"),
        ({"members": {"a/b": {"recipe": "lima"}}}, "'a/b' cannot be the name of a member"),
        *(
            ({"members": {name: {"recipe": "lima"}}}, "cannot be the name of a member: a letter (.A to Z.) comes first")
            for name in ("_x", "x+y", "1", "a" * 65, "größe", "a\n")
        ),
        ({"members": {"Panel": {"recipe": "lima"}}}, "a member cannot be called Panel"),
        ({"members": {"far": {"recipe": "lima"}, "Far": {"recipe": "lima"}}}, "far and Far would share a folder"),
        ({"members": {"lima": "yes"}}, "the member lima must be a table"),
        ({"members": {"lima": {}}, "votes": 2}, "`votes` is 2, and there are 1 members"),
        ({"members": {"lima": {"guard": "tag"}}}, "the member lima has a guard of its own"),
        ({"members": {"far": {"recipe": "diverse", "strat": 1}}}, "members.far.strat of panel .*Did you mean .*start"),
        ({}, "a panel needs `members`"),
    ],
)  # fmt: skip
def test_what_can_be_no_panel_is_refused(said: dict[str, Any], sentence: str) -> None:
    """Before there is a run."""
    with pytest.raises(UsageError, match=sentence):
        resolve(None, {"recipe": "make", "seeds": {"source": "x"}, "make": [{"recipe": "panel", **said}]})


def test_members_take_the_count_and_the_vectors_of_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Their own count or share wins; the same vectors are expected once; a frozen panel is the same again."""

    def installed(_: str) -> bool:
        return True

    monkeypatch.setattr("autoevol.optimizer.record.embedding.is_packaged_here", installed)
    said = {
        "diverse": {},
        "facility": {"count": 7},
        "lima": {"preset": "paper"},
        "deita": {"of": "both", "scores": ["s"]},
        "drawn": {"recipe": "quotas", "share": 0.5},
    }
    made = resolve(None, {"recipe": "make", "seeds": {"source": "x"},
                          "make": [{"recipe": "panel", "count": 9, "votes": 2, "members": said}]})  # fmt: skip
    [panel] = made.make
    assert isinstance(panel, PanelSettings)

    assert [9, 7, 9, 9, None] == [getattr(member, "count") for member in panel.members.values()]  # noqa: B009  some have one
    assert ["embedder"] * 2 + [None, "embedder", None] == [
        getattr(each, "vectors", None) for each in panel.members.values()
    ]
    assert ("embedder",) == panel.roles()
    assert [40, 40] == [each.calls for each in panel.expected(40, 10)]
    assert 27 == panel.makes(40)
    assert panel == PanelSettings.model_validate(panel.model_dump(mode="json"))


def test_vectors_of_other_texts_are_expected_too() -> None:
    """Responses and both texts are as long in the estimate, and others."""
    members = {side: {"recipe": "diverse", "of": side, "vectors": "embedder"} for side in ("response", "both")}
    panel = PanelSettings.model_validate({"members": {**members, "facility": {"vectors": "embedder", "of": "both"}}})

    assert [40, 40] == [each.calls for each in panel.expected(40, 10)]


@pytest.mark.parametrize(
    ("sides", "by"),
    [
        (("both", "instruction"), "v at vectors"),
        (("response", "both"), "v at vectors, of both texts"),
        (("response",), "v at vectors, of responses"),
    ],
)
def test_coverage_says_by_which_texts(
    cli: Cli, server: ModelServer, tmp_path: Path, sides: tuple[str, ...], by: str
) -> None:
    """By instructions where a member looks at them; the same for any order of the members."""
    write(tmp_path, "rows.jsonl", ROWS)
    members = {side: {"recipe": "diverse", "of": side} for side in sides}
    found: list[dict[str, Any]] = []
    for some in (members, dict(reversed(members.items()))):
        config = settings_file(tmp_path, server, {"recipe": "panel", "count": 9, "members": some})
        assert 0 == cli("curate", "--config", config, "--quiet").code
        found.append(curation(max((tmp_path / "runs").iterdir()))["before_after"]["coverage"])

    assert by == found[0]["by"]
    assert found[0] == found[1]


def test_the_command_takes_selectors_with_commas(cli: Cli, tmp_path: Path) -> None:
    """With names, and settings of members; what is on the page is told by `show`, too."""
    write(tmp_path, "rows.jsonl", ROWS)
    words = ("facility,far=facility,lima", "rows.jsonl", "--count", "8", "--with", "members.far.of=both")
    told = cli("curate", *words, "--with", "votes=2", "--with", "lima.shortest=1", "--quiet")
    assert 0 == told.code, told.err
    [run] = (tmp_path / "runs").iterdir()
    page, show = (run / "report.html").read_text(encoding="utf-8"), cli("show", str(run))

    assert (8, "both") == tuple(curation(run)["settings"]["members"]["far"][name] for name in ("count", "of"))
    assert "Selectors side by side</h4>" in page
    assert "  Rows that two of them share" in show.out
    assert "  1-panel/members/far/dataset.jsonl  the rows that far chose" in show.out.partition("Files in")[2]
    assert {"facility", "far", "lima"} == set(
        json.loads(cli("show", str(run), "--json").out)["panels"]["1-panel"]["names"]
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("lima,lima",), "Two members are called lima: name one of them, as in other=lima."),
        (("lima,limo",), "There is no selector 'limo'. Did you mean 'lima'?"),
        (("lima,limo", "--list"), "There is no selector 'limo'. Did you mean 'lima'?"),
        (("lima,",), "'lima,' lacks a name. Write selectors with commas and no spaces, as in diverse,far=diverse."),
        (("far=,lima",), "'far=,lima' lacks a name."),
        (("lima,quotas", "--with", "members=3"), "--with members=…: the members are named before ROWS"),
        (("lima,quotas", "--with", "recipe=lima"), "--with recipe=lima: name the recipe or selector before the rows"),
        (("lima,quotas", "--with", "lima.recipe=deita"), "--with lima.recipe=deita: name the recipe or selector"),
        (("lima", "--with", "recipe=deita"), "--with recipe=deita: name the recipe or selector before the rows"),
        (("diverse,far=diverse", "--with", "far.strat=9"), "far has no such setting. Did you mean --with far.start=…?"),
        (("diverse,far=diverse", "--with", "start=9"), "Of a member write --with diverse.start=…"),
        (("diverse,far=diverse", "--with", "vote=2"), "Did you mean votes?"),
        (("diverse,far=diverse", "--with", "members.far.strat=9"), "Did you mean --with far.start=…?"),
        (("lima,quotas", "--with", "deita.count=3"), "there is no member deita. Members are: lima, quotas."),
    ],
)
def test_what_the_command_cannot_mean_is_told(cli: Cli, words: tuple[str, ...], said: str) -> None:
    """With exit code 2."""
    told = cli("curate", words[0], "rows.jsonl", *words[1:])

    assert (2, True) == (told.code, said in told.err)


def test_a_broken_off_panel_goes_on(
    cli: Cli, server: ModelServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    """Its rows are those of one that ran through, and no text is paid for twice."""
    write(tmp_path, "rows.jsonl", ROWS)
    members: dict[str, Any] = {"diverse": {}, "facility": {}, "lima": {"shortest": 1}}
    config = settings_file(tmp_path, server, {"recipe": "panel", "count": 9, "members": members})
    assert 0 == cli("curate", "--config", config, "--quiet", "--name", "whole").code
    whole = next((tmp_path / "runs").glob("*-whole"))
    paid = sum(len(texts_of(body)) for body in server.bodies)

    covered = [each["before_after"]["coverage"] for each in curation(whole)["figures"]["members"].values()]

    assert (40, ["v at vectors"] * 3) == (paid, [each["by"] for each in covered])

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("autoevol.optimizer.curate.facility.facility_location", stop)
        assert 130 == cli("curate", "--config", config, "--quiet", "--name", "broken").code
    broken = next((tmp_path / "runs").glob("*-broken"))
    assert not (broken / "1-panel/curation.json").exists()
    assert 0 == cli("resume", str(broken), "--quiet").code

    names = [
        "dataset.jsonl",
        "1-panel/curation.json",
        *(f"1-panel/members/{name}/dropped.jsonl" for name in members),
    ]
    assert [(whole / name).read_bytes() for name in names] == [(broken / name).read_bytes() for name in names]
    assert 2 * paid == sum(len(texts_of(body)) for body in server.bodies)
