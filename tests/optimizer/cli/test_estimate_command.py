"""What is said of a run before it is made, and of one that was broken off."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from autoevol.agents.gateway.books.bills import finished_calls
from autoevol.agents.gateway.books.journal import Journal
from autoevol.agents.gateway.books.ledger import Need
from autoevol.optimizer.record.config import resolve
from autoevol.optimizer.session import create_run
from tests.model_server import ModelReply, ModelServer

from .conftest import Cli

OPENAI = ("--base-url", "https://api.openai.com/v1", "--model", "gpt-4o-mini")
SMALL = ("--steps", 2, "--batch", 3, "--candidates", 1, "--dev", 6, "--test", 3, "--apply-limit", 5)
ROLES = ("evolver", "responder", "analyst", "refiner", "judge")


def _models(server: ModelServer) -> list[str]:
    named = [word for role in ROLES for word in (f"--{role}-model", f"m-{role}", "--price", f"m-{role}=1,2")]
    return ["--base-url", server.base_url, *named]


def _only_run(folder: Path) -> Path:
    (run,) = (folder / "runs").iterdir()
    return run


def test_an_estimate_says_calls_money_time_caps_and_what_can_be_proved(cli: Cli, seeds: Path, tmp_path: Path) -> None:
    """Without a key, a call or a folder."""
    said = cli("estimate", seeds, *OPENAI, "--rpm", 60, "--concurrency", 4, "--budget", "100calls", "--dev", 12)

    assert (0, "") == (said.code, said.err)
    for words in (
        "Calls: ", "Money: about $", "gpt-4o-mini at default: ", "(price table of litellm",
        "concurrency (4 of default)", "bound by rpm (60 of default)", "Cap of 100 calls: not enough",
        "Provable: ", "12 dev items are too few",
    ):  # fmt: skip
        assert words in said.out
    assert {"seeds.jsonl"} == {path.name for path in tmp_path.iterdir()}


@pytest.mark.parametrize(
    ("judge", "words"),
    [
        (("--judge-model", "o3-mini"), "Note: The judge is of the same family as the evolver (gpt)"),
        ((), "Note: The judge is the evolver's own model (gpt-4o-mini)"),
        (("--judge-model", "claude-x", "--price", "claude-x=1,2"), ""),
        (("--no-judge",), ""),
    ],
)
def test_a_judge_that_is_kin_to_the_evolver_is_named(cli: Cli, seeds: Path, judge: tuple[str, ...], words: str) -> None:
    """While it can still be changed."""
    said = cli("estimate", seeds, *OPENAI, *SMALL, *judge)

    assert (0, bool(words)) == (said.code, "Note: The judge" in said.out)
    assert words in said.out


@pytest.mark.parametrize(("temperature", "said_so"), [("0", True), ("0.7", False)])
def test_answers_that_cannot_differ_are_named_where_they_are_compared(
    cli: Cli, seeds: Path, temperature: str, said_so: bool
) -> None:
    """At temperature 0 the check would find agreement everywhere."""
    drawn = ("--detectors=+agreement", "--set", f"roles.responder.temperature={temperature}")

    said = cli("estimate", seeds, *OPENAI, *SMALL, *drawn)

    assert (0, said_so) == (said.code, "Set roles.responder.temperature" in said.out)
    assert "mostly the same" not in cli("estimate", seeds, *OPENAI, *SMALL).out


def test_an_estimate_for_a_program_has_the_same(cli: Cli, seeds: Path) -> None:
    """One object; the roles add up to the whole."""
    row = json.loads(cli("estimate", seeds, *OPENAI, "--json", "--rpm", 60).out)

    assert row["calls"]["at_most"] == sum(role["calls"]["at_most"] for role in row["roles"])
    assert 0 < row["usd"]["at_least"] < row["usd"]["expected"] < row["usd"]["at_most"]
    assert ("rpm", row["calls"]["at_most"]) == (row["time"]["bound_by"], row["time"]["at_least_seconds"])
    assert row["prices"][0]["input"] > 0


def test_a_server_of_ones_own_has_no_price_until_it_is_said(cli: Cli, server: ModelServer, seeds: Path) -> None:
    """Nothing is taken from a table for it; nought is a price that a person may give."""
    own = ("--base-url", server.base_url, "--model", "gpt-4o-mini")

    said = cli("estimate", seeds, *own).out
    assert "gpt-4o-mini at default: unknown. Say it with --price gpt-4o-mini=IN,OUT; 0,0" in said
    assert "Money: free" in cli("estimate", seeds, *own, "--price", "0,0").out
    assert "as the settings say" in cli("estimate", seeds, *own, "--price", "1,2").out


def test_an_estimate_of_a_method_alone_proves_nothing(cli: Cli, seeds: Path) -> None:
    """And its calls are known: one evolution a seed at least."""
    said = cli("estimate", seeds, *OPENAI, "--set", "recipe=evolve", "--set", "checks.judge_orders=1",
               "--set", "checks.judge_repeats=0")  # fmt: skip

    assert "Calls: 90 at most, 30 at least" in said.out
    assert "Provable" not in said.out


def test_a_known_price_is_frozen_with_the_run(seeds: Path, tmp_path: Path) -> None:
    """The price that held when it began, and where it was from; what the person said stays."""
    said = {"base_url": "https://api.openai.com/v1", "prices": {"gpt-4o": {"input": 1, "output": 2}}}
    roles = {"judge": {"model": "gpt-4o"}}
    settings = resolve(None, {"model": "gpt-4o-mini", "roles": roles, "endpoints": {"default": said},
                              "seeds": {"source": str(seeds)}})  # fmt: skip
    folder = create_run(settings, tmp_path / "runs")
    frozen = json.loads((folder / "settings.json").read_text(encoding="utf-8"))["settings"]

    prices = frozen["endpoints"]["default"]["prices"]
    assert prices["gpt-4o-mini"]["source"].startswith("price table of litellm")
    assert (1, 2, "") == (prices["gpt-4o"]["input"], prices["gpt-4o"]["output"], prices["gpt-4o"]["source"])


def test_a_broken_off_run_says_what_is_spent_and_left(
    cli: Cli, server: ModelServer, seeds: Path, tmp_path: Path
) -> None:
    """Finished calls, the most that may come, and whether the caps suffice."""
    server.faults.extend([*[None] * 12, ModelReply(status=401, text="no")])
    assert 1 == cli("optimize", seeds, *_models(server), *SMALL, "--budget", "40calls", "--quiet").code
    run = _only_run(tmp_path)
    done = sum(entry.sum.calls for entry in finished_calls(run))

    said = cli("resume", run, "--dry-run")
    raised = cli("resume", run, "--dry-run", "--budget", "9000calls")

    assert 0 == said.code
    assert f"Finished: {done} calls in " in said.out
    assert "Left: at most " in said.out
    assert "40 calls, from the beginning of the run; at what calls have cost so far the one in calls comes" in said.out
    assert "9,000 calls, from the beginning of the run; at what calls have cost so far they suffice" in raised.out

    async def leave_one_out() -> None:
        with Journal(run) as journal:
            await journal.open_attempt("0" * 64, "default", Need("judge", "apply", 100, 50, 0.25, "m-judge"))

    asyncio.run(leave_one_out())
    server.faults.clear()
    resumed = cli("resume", run, "--budget", "9000calls")
    assert 0 == resumed.code
    assert "1 call was out when an earlier session ended" in resumed.err
    assert "stays counted at worst: 150 tokens and $0.2500." in resumed.err
    assert "Left" not in cli("resume", run, "--dry-run").out


def test_a_killed_run_costs_what_its_journal_says(cli: Cli, server: ModelServer, seeds: Path, tmp_path: Path) -> None:
    """Its status has no end, so only the journal knows."""
    cli("optimize", seeds, *_models(server), *SMALL, "--yes", "--quiet")
    run = _only_run(tmp_path)
    status = json.loads((run / "status.json").read_text(encoding="utf-8"))
    assert "forecast" not in status
    ended = json.loads(cli("runs", "--json").out)[0]
    killed = {name: value for name, value in status.items() if name not in ("calls", "tokens", "cost_usd", "story")}
    (run / "status.json").write_text(json.dumps({**killed, "state": "running"}), encoding="utf-8")

    row = json.loads(cli("runs", "--json").out)[0]

    assert "killed" == row["state"]
    assert (ended["calls"], pytest.approx(ended["cost_usd"])) == (row["calls"], row["cost_usd"])
    (run / "journal.sqlite").write_bytes(b"no journal")
    assert (None, "-") == ((row := json.loads(cli("runs", "--json").out)[0])["calls"], row["cost"])


def test_show_holds_spending_against_the_estimate(cli: Cli, server: ModelServer, seeds: Path, tmp_path: Path) -> None:
    """Finished calls by role, the estimate, and what it took with failures and retries."""
    server.faults.extend([None, ModelReply(status=500, text="no")])
    cli("optimize", seeds, *_models(server), *SMALL, "--yes", "--quiet")
    run = _only_run(tmp_path)

    said = cli("show", run)

    assert "  Estimated: " in said.out
    done = sum(entry.sum.calls for entry in finished_calls(run))
    assert f"With failures, retries and calls that were cut off: {done + 1} attempts" in said.out
    assert {f"m-{role}" for role in ROLES} >= set(json.loads(cli("show", run, "--json").out)["cost_by_model"])
