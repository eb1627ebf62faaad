"""GEPA and MIPRO as strategies: their search in one step of ours, over our evaluation, checks, budget and decision."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autoevol.agents.gateway.errors import BudgetReached, ScriptExhausted, StoppedByPerson
from autoevol.agents.gateway.outcomes import Answer, Outcome, Usage
from autoevol.agents.gateway.requests import Request
from autoevol.optimizer.record.rivals import choosing_of, metric_calls_of, minibatch_of
from autoevol.optimizer.record.settings import SearchSettings
from autoevol.optimizer.search.proposers.mipro import next_arm
from autoevol.optimizer.steering.inbox import Inbox
from autoevol.optimizer.steering.wishes import new_wish
from tests.optimizer.search.rehearsal import Actors, Played, clauses_of, play, refined

FEW: dict[str, Any] = {
    "dev": 16, "test": 0, "metric_calls": 60, "steps": 3, "candidates": 2, "least_dev": 8, "alpha": 0.5,
}  # fmt: skip


class Described(Actors):
    """Actors whose refiner describes in plain words where it is asked to."""

    def speak(self, request: Request) -> str | Outcome:
        """Answer as the role that asks."""
        if "/describe/" in request.place:
            self.asked.append(request)
            return "Sums about boxes with balls."
        return super().speak(request)


async def _played(folder: Path, actors: Actors, strategy: str, start: int = 8, **said: Any) -> Played:
    search = {**FEW, "strategy": strategy, **said.pop("search", {})}
    return await play(folder, actors, start=start, search=search, apply=False, **said)


@pytest.fixture(scope="module")
def gepa(tmp_path_factory: pytest.TempPathFactory) -> Played:
    """A run by GEPA that finds something: its second proposal is free of faults."""
    search = {**FEW, "strategy": "gepa", "test": 4}
    folder = tmp_path_factory.mktemp("gepa")
    return anyio.run(partial(play, folder, Actors({0: 6, 1: 0}), start=8, search=search, apply=False))


def test_what_gepa_prefers_is_decided_on_other_items_and_confirmed(gepa: Played) -> None:
    """Its choice is one candidate of one step, raced against the start on dev items that had no part in it."""
    found = gepa.json("steps/000/search.json")
    chosen = [n for n in range(1, found["proposals"] + 1) if not gepa.candidate(0, n)["problems"]]

    assert [2] == chosen
    assert gepa.candidate(0, 2)["method_id"] == found["best"] == gepa.decision(0)["accepted"]
    assert 16 - 4 == gepa.decision(0)["n"]
    assert gepa.json("test/confirmation.json")["verdict"] in {"confirmed", "not confirmed"}
    assert clauses_of(0, 1) == gepa.best()
    assert "GEPA's gate: 0.00" in gepa.candidate(0, 1)["problems"][0]


def test_gepa_spends_no_more_than_its_metric_calls_and_scores_nothing_twice(gepa: Played) -> None:
    """What it asks again is answered by what there is, so fewer items are scored than it counts."""
    found = gepa.json("steps/000/search.json")
    evolved = [request.place for request in gepa.asked if request.role == "evolver" and "/dev/p" in request.place]

    assert 60 >= found["metric_calls"] > found["items_scored"] == len(evolved) == len(set(evolved))


def test_the_reflection_is_shown_inputs_outputs_and_what_is_said_of_them(gepa: Played) -> None:
    """As GEPA names them, from our findings and measures."""
    asked = next(request for request in gepa.asked if request.role == "refiner").turns[-1].text

    assert '"Inputs": "Box' in asked
    assert '"Generated Outputs": {"stage 1": "There are also some boxes' in asked
    assert '"Feedback": "score 0.00 of 1; asks-back' in asked


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("<think>first I look at the clauses, then", "unreadable"),
        (Answer("k", text="<clauses>\n1. Add one condition that", finish="length", usage=Usage(9, 9)), "truncated"),
        (refined([f"Clause {n} asks for one condition more of kind {n}." for n in range(12)]), "12 clauses"),
        (refined(["Box 3 holds 6 red and 11 blue balls. How many balls?"]), "copies from the data"),
    ],
)
async def test_a_bad_reflection_is_refused_before_a_call_is_spent_on_it(
    tmp_path: Path, said: str | Outcome, why: str
) -> None:
    """A monologue, a cut answer, too many clauses, a copy: none of them is ever adopted."""
    run = await _played(tmp_path, Actors(dict.fromkeys(range(40), said)), "gepa", search={"metric_calls": 20})

    assert why in " ".join(run.candidate(0, 1)["problems"])
    assert ["p0"] == [row["label"] for row in run.json("steps/000/search.json")["pool"]]
    assert clauses_of(8, 3) == run.best()


async def test_what_stops_the_session_stops_gepa_at_once_and_is_no_score(tmp_path: Path) -> None:
    """It catches errors of a reflection and asks again; one of the session gets past it, and nothing is decided."""

    class Broken(Actors):
        def speak(self, request: Request) -> str | Outcome:
            if request.role == "refiner":
                self.asked.append(request)
                raise ScriptExhausted("The account is empty.", fix="")
            return super().speak(request)

    actors = Broken()
    with pytest.raises(ScriptExhausted):
        await _played(tmp_path, actors, "gepa")

    assert "refiner" == actors.asked[-1].role
    assert 1 == sum(request.role == "refiner" for request in actors.asked)
    assert not (tmp_path / "run/steps/000").exists()


async def test_a_run_that_is_broken_off_ends_gepa_at_once(tmp_path: Path) -> None:
    """As by Ctrl-C: its thread does not go on by itself."""

    class Cut(Actors):
        def speak(self, request: Request) -> str | Outcome:
            if request.role == "refiner":
                scope.cancel()
            return super().speak(request)

    actors = Cut({0: 0})
    with anyio.CancelScope() as scope:
        await _played(tmp_path, actors, "gepa")

    assert scope.cancelled_caught
    assert "refiner" == actors.asked[-1].role


async def test_a_cap_that_is_met_in_its_first_evaluation_is_no_score_either(tmp_path: Path) -> None:
    """The error comes out of the thread as it is."""
    with pytest.raises(BudgetReached):
        await _played(tmp_path, Actors({0: 0}), "gepa", start=0, budget={"calls": 5})


async def test_a_search_ends_while_the_budget_still_pays_for_the_decision(tmp_path: Path) -> None:
    """The cap is met neither by GEPA nor by what follows."""
    run = await _played(tmp_path, Actors({0: 6}), "gepa", budget={"calls": 210}, search={"metric_calls": 400})

    assert "kept for deciding" in run.json("steps/000/search.json")["ended"]
    assert run.decision(0)["reason"]


async def test_a_person_stops_gepa_between_two_iterations(tmp_path: Path) -> None:
    """A wish that lies in the inbox is taken up there."""
    actors = Actors({0: 6})
    stop = new_wish("stop")

    class Wished(Actors):
        def speak(self, request: Request) -> str | Outcome:
            if request.role == "refiner" and not self.asked_before:
                Inbox(tmp_path / "run").put(stop)
                self.asked_before = True
            return actors.speak(request)

        asked_before = False

    with pytest.raises(StoppedByPerson):
        await _played(tmp_path, Wished(), "gepa")

    assert 1 == sum(request.role == "refiner" for request in actors.asked)


@pytest.mark.parametrize("strategy", ["gepa", "mipro"])
async def test_a_rival_makes_the_same_run_again(tmp_path: Path, strategy: str) -> None:
    """Byte for byte: all it draws comes from the run's seed."""
    told: list[dict[str, bytes]] = []
    search = {"metric_calls": 30}
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        actors = Described({0: 6, 1: 3, 2: 0})
        run = await _played(tmp_path / name, actors, strategy, source=_seeds(tmp_path), search=search)
        files = sorted(path for path in (run.folder / "steps").rglob("*") if path.is_file())
        told.append({str(path.relative_to(run.folder)): path.read_bytes() for path in files})

    assert told[0] == told[1]
    assert any(name.startswith("steps/000/pool/") for name in told[0])


async def test_mipro_describes_proposes_up_front_and_chooses_among_all(tmp_path: Path) -> None:
    """Two descriptions, an arm for each candidate of each step, tips drawn; the best full evaluation races."""
    run = await _played(
        tmp_path, Described({0: 9, 1: 4, 2: 1, 3: 6, 4: 2, 5: 8}), "mipro",
        search={"minibatch": 2, "metric_calls": 40},
    )  # fmt: skip

    asked = [request for request in run.asked if request.role == "refiner"]
    found = run.json("steps/000/search.json")
    assert ["describe/data", "describe/method"] == [request.place[10:].removesuffix("/") for request in asked[:2]]
    assert 6 == len(asked[2:])
    assert all("Sums about boxes with balls." in request.turns[-1].text for request in asked[2:])
    assert 1 < len({request.turns[-1].text.partition("for this collection.")[2] for request in asked[2:]})
    assert found["items_scored"] <= 40
    assert found["best"] in {run.candidate(0, n)["method_id"] for n in range(1, 7)}
    assert 0 == run.calls("analyst")


def _seeds(folder: Path) -> Path:
    path = folder / "seeds.jsonl"
    rows = [f'{{"question": "Box {n} holds {n + 3} red and {2 * n + 5} blue balls. How many?"}}\n' for n in range(40)]
    path.write_text("".join(rows), encoding="utf-8")
    return path


@settings(max_examples=50)
@given(st.lists(st.tuples(st.floats(0, 1), st.integers(0, 10)), min_size=1, max_size=6))
def test_an_arm_is_tried_as_long_as_one_has_items_left(met: list[tuple[float, int]]) -> None:
    """One that met nothing first; none that met all; never an arm that another beats in mean and in novelty."""
    chosen = next_arm(met, 10)

    assert (chosen is None) == all(count == 10 for _, count in met)
    if chosen is not None:
        mean, count = met[chosen]
        assert count < 10
        assert count == 0 or all(n for _, n in met)
        assert not any(m > mean and n < count for m, n in met)


@given(st.integers(2, 600), st.floats(0.01, 0.99))
def test_dev_is_parted_into_items_that_choose_and_items_that_prove(dev: int, share: float) -> None:
    """Neither part is ever empty."""
    assert 0 < choosing_of(SearchSettings(strategy="gepa", choosing=share), dev) < dev


def test_a_rivals_budget_is_that_of_all_steps_unless_it_is_said() -> None:
    """Ten steps of five candidates on 400 items; and as published, three items a minibatch, or 35."""
    assert 5760 == metric_calls_of(SearchSettings(strategy="gepa"), 400)
    assert 70 == metric_calls_of(SearchSettings(strategy="gepa", metric_calls=70), 400)
    assert (3, 35, 7) == (
        minibatch_of(SearchSettings(strategy="gepa"), 100),
        minibatch_of(SearchSettings(strategy="mipro"), 100),
        minibatch_of(SearchSettings(strategy="mipro"), 7),
    )
