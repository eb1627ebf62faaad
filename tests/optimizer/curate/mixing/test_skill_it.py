"""Weights by losses: the published update, its options, and rounds in a file."""

from __future__ import annotations

import json
from math import exp
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autoevol.agents.gateway.errors import UsageError
from autoevol.optimizer.curate.mixing.failures import failure_rates
from autoevol.optimizer.curate.mixing.skill_graph import SkillGraph, graph_of, read_graph
from autoevol.optimizer.curate.mixing.skill_it import SkillItSettings, update
from autoevol.optimizer.curate.mixing.skill_rounds import SkillRounds, read_rounds, read_settings

GRAPH = graph_of({"skills": ["a", "b", "c"], "edges": [["a", "b"]]})
LOSSES = [{"a": 1.0, "b": 2.0, "c": 0.5}, {"a": 0.5, "b": 1.0, "c": 0.5}]


def _near(raw: dict[str, float]) -> object:
    return pytest.approx({name: value / sum(raw.values()) for name, value in raw.items()})


def test_it_is_the_published_update() -> None:
    """A loss of 1 each at first; then the sum over the window, through the graph; the prior multiplies."""
    plain = SkillItSettings()
    prior = SkillItSettings(prior={"a": 1, "b": 2, "c": 1}, window=1, eta=0.1)

    assert _near({"a": exp(0.75), "b": exp(0.5), "c": exp(0.5)}) == update(GRAPH, [], plain).values
    assert _near({"a": exp(0.5 * (1.5 + 0.5 * 3)), "b": exp(0.5 * 3), "c": exp(0.5)}) == (
        update(GRAPH, LOSSES, plain).values
    )
    assert _near({"a": exp(0.1), "b": 2 * exp(0.1), "c": exp(0.05)}) == update(GRAPH, LOSSES, prior).values


def test_its_options_are_those_of_the_code() -> None:
    """Each against the formula worked out by hand."""
    cases = {
        "eta_schedule=true": ({"a": 0.875 * 3.0, "b": 0.875 * 3, "c": 0.875}, 0.875),  # 0.5 * 3.5 / 2
        "normalize_loss=true": ({"a": 0.5 * (1.5 + 0.5 * 1.5), "b": 0.5 * 1.5, "c": 0.5 * 2}, 0.5),
        "dynamic_lambda=true": ({"a": 0.5 * (1.5 + 0.25 * 3), "b": 1.5, "c": 0.5}, 0.5),
        'targets=["b"]': ({"a": 0.5 * 0.5 * 1.5, "b": 0.5 * 1.5, "c": 0.0}, 0.5),
    }
    for said, (powers, eta) in cases.items():
        made = update(GRAPH, LOSSES, read_settings([said]))

        assert _near({name: exp(power) for name, power in powers.items()}) == made.values, said
        assert eta == pytest.approx(made.eta)


def test_lone_skills_keep_their_part() -> None:
    """1/k; the others share the rest by their losses."""
    made = update(GRAPH, [{"a": 2.0, "b": 2.0, "c": 9.0}], SkillItSettings(lone_nodes=True)).values

    assert frozenset({"c"}) == GRAPH.lone
    assert 1 / 3 == made["c"]
    assert 1.0 == pytest.approx(sum(made.values()))
    assert exp(0.5) == pytest.approx(made["a"] / made["b"])


@settings(max_examples=25)
@given(
    st.lists(st.lists(st.floats(0, 50), min_size=4, max_size=4), max_size=5),
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=8),
    st.booleans(), st.booleans(), st.booleans(), st.booleans(),
)  # fmt: skip
def test_weights_add_up(
    losses: list[list[float]], edges: list[tuple[int, int]], eta: bool, norm: bool, damp: bool, lone: bool
) -> None:
    """To 1, none negative, quotas to the count, whatever the losses."""
    names = ("p", "q", "r", "s")
    graph = graph_of({"skills": list(names), "edges": [[names[i], names[j]] for i, j in edges if i != j]})
    said = SkillItSettings(eta_schedule=eta, normalize_loss=norm, dynamic_lambda=damp, lone_nodes=lone)
    rounds = SkillRounds(graph, said).following({}, "", 100)
    for each in losses:
        rounds = rounds.following(dict(zip(names, each, strict=True)), "here", 100)

    for made in rounds.rounds:
        assert 1.0 == pytest.approx(sum(made.weights.values()))
        assert min(made.weights.values()) >= 0
        assert 100 == sum(made.quotas.values())


def test_rounds_are_kept_in_a_file(tmp_path: Path) -> None:
    """Read again they go on as if nothing had happened; a skill without a loss keeps its last, and that is said."""
    begun = SkillRounds(GRAPH, SkillItSettings(window=2)).following({}, "nothing", 30)
    begun.write(tmp_path / "s.json")
    going = read_rounds(tmp_path / "s.json").following(LOSSES[0], "a file", 30)
    going.write(tmp_path / "s.json")
    third = read_rounds(tmp_path / "s.json").following({"a": 0.5, "zzz": 9.0}, "a file", 30).rounds[-1]

    assert begun.following(LOSSES[0], "a file", 30) == going
    assert {"a": 0.5, "b": 2.0, "c": 0.5} == third.losses
    assert "a file; kept from before: b, c" == third.measured
    with pytest.raises(UsageError, match="losses after this one"):
        going.following({}, "", 30)
    with pytest.raises(UsageError, match="takes no losses"):
        SkillRounds(GRAPH, SkillItSettings()).following(LOSSES[0], "", 30)
    with pytest.raises(UsageError, match="no loss of the skill 'b'"):
        begun.following({"a": 1.0}, "", 30)


def test_graphs_are_read(tmp_path: Path) -> None:
    """Edges weigh half where nothing else is said, as do the ones of a matrix; the diagonal is 1."""
    (tmp_path / "g.toml").write_text('skills = ["a", "b"]\nedges = [["a", "b", 0.2]]\n', encoding="utf-8")
    (tmp_path / "g.json").write_text('{"skills": ["a", "b"], "matrix": [[1, 1], [0, 1]]}', encoding="utf-8")

    assert SkillGraph(("a", "b"), ((1.0, 0.2), (0.0, 1.0))) == read_graph(tmp_path / "g.toml")
    assert SkillGraph(("a", "b"), ((1.0, 0.5), (0.0, 1.0))) == read_graph(tmp_path / "g.json")


@pytest.mark.parametrize(
    "said",
    ['{"skills": []}', '{"skills": ["a", "a"]}', '{"skills": ["a"], "edges": [["a", "b"]]}', "[]", "x",
     '{"skills": ["a"], "edges": [["a", "a", -1]]}', '{"skills": ["a"], "matrix": [[1, 0]]}',
     '{"skills": ["a"], "edges": "a"}'],
)  # fmt: skip
def test_what_is_no_graph_is_told(tmp_path: Path, said: str) -> None:
    """In a sentence."""
    (tmp_path / "g.json").write_text(said, encoding="utf-8")
    with pytest.raises(UsageError):
        read_graph(tmp_path / "g.json")


def test_failures_of_a_run_are_rates(tmp_path: Path) -> None:
    """Dropped rows and rows with findings failed; the seed says the skill where the row does not."""
    seeds: list[dict[str, object]] = [
        {"instruction": f"Add {n}.", "response": "1", "skill": "ab"[n % 2]} for n in range(4)
    ]
    found = [{"kind": "easier", "by": "judge"}]
    kept: list[dict[str, object]] = [
        {"id": "seed-000001", "provenance": {"seed_id": "seed-000001", "findings": []}},
        {"id": "seed-000002", "provenance": {"seed_id": "seed-000002", "findings": found}},
        {"id": "own", "skill": "c", "provenance": {"seed_id": "x", "findings": []}},
        {"id": "none", "provenance": {"seed_id": "x", "findings": []}},
    ]
    dropped: list[dict[str, object]] = [
        {"seed_id": "seed-000003", "reason": "unreadable", "findings": []},
        {"seed_id": "seed-000004", "reason": "unanswerable", "findings": []},
    ]
    for name, rows in {"seeds.jsonl": seeds, "dataset.jsonl": kept, "dropped.jsonl": dropped}.items():
        (tmp_path / name).write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    (tmp_path / "settings.json").write_text(
        json.dumps({"settings": {"seeds": {"source": str(tmp_path / "seeds.jsonl")}}}), encoding="utf-8"
    )
    made = failure_rates(tmp_path, "skill")

    assert {"a": 0.5, "b": 1.0, "c": 0.0} == made.rates
    assert 1 == made.unknown
    assert {"a": 0.0, "b": 1.0, "c": 0.0} == failure_rates(tmp_path, "skill", judge_only=True).rates


def test_what_a_selector_left_out_did_not_fail(tmp_path: Path) -> None:
    """There was no room for it; and a kept row with a field `reason` of its own is a kept row."""
    kept: list[dict[str, object]] = [
        {"id": "k", "skill": "a", "reason": "unanswerable", "provenance": {"seed_id": "k", "findings": []}},
    ]
    dropped: list[dict[str, object]] = [
        {"seed_id": "x", "skill": "a", "reason": "over-budget", "part": "2-lima"},
        {"seed_id": "y", "skill": "a", "reason": "near-duplicate", "part": "3-dedup"},
        {"seed_id": "z", "skill": "b", "reason": "no-answer", "part": "1-self-instruct"},
    ]
    for name, rows in {"dataset.jsonl": kept, "dropped.jsonl": dropped}.items():
        (tmp_path / name).write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    made = failure_rates(tmp_path, "skill")

    assert {"a": 0.0, "b": 1.0} == made.rates
    assert {"a": 1, "b": 1} == made.rows
    assert 2 == made.passed_over
