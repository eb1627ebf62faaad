"""`optimize`, `evolve` and `resume` against a real server: what they print, spend, refuse and leave behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.actors import act
from tests.model_server import Body, ModelReply, ModelServer, model_server

from .conftest import Cli

KEY = "sk-proj-abcdefgh12345678"
SMALL = ("--steps", 1, "--batch", 3, "--candidates", 1, "--dev", 4, "--test", 2, "--apply-limit", 3, "--runs", "runs")


def _models(server: ModelServer) -> list[str]:
    roles = ("evolver", "responder", "analyst", "refiner", "judge")
    return ["--base-url", server.base_url, *(word for role in roles for word in (f"--{role}-model", f"m-{role}"))]


def _only_run(folder: Path) -> Path:
    (run,) = (folder / "runs").iterdir()
    return run


def test_optimize_ends_with_a_data_set_and_a_report(cli: Cli, server: ModelServer, seeds: Path, tmp_path: Path) -> None:
    """Results on stdout, progress on stderr, exit code 0."""
    said = cli("optimize", seeds, *_models(server), *SMALL, "--budget", "5000calls", "--name", "first")

    run = _only_run(tmp_path)
    assert 0 == said.code
    assert run.name.endswith("-first")
    assert f"Report: runs/{run.name}/report.html" in said.out
    assert f"Data set: runs/{run.name}/dataset.jsonl" in said.out
    assert f"Run folder: runs/{run.name}" in said.err
    assert "step 1 of 1 · batch 0/3" in said.err
    assert 3 == sum(len((run / name).read_text().splitlines()) for name in ("dataset.jsonl", "dropped.jsonl"))


def test_a_program_that_starts_a_run_reads_json(cli: Cli, server: ModelServer, seeds: Path) -> None:
    """Progress as lines on stderr, how it ended as one object on stdout; a resume of it says the same."""
    said = cli("evolve", "--seeds", seeds, *_models(server), "--apply-limit", "2", "--yes", "--json")
    ended, lines = json.loads(said.out), [json.loads(line) for line in said.err.splitlines()]

    assert ("finished", "evolve") == (ended["state"], ended["recipe"])
    assert ("begin", "end") == (lines[0]["kind"], lines[-1]["kind"])
    assert lines[-1]["story"].startswith(ended["story"])
    assert ended == json.loads(cli("resume", ended["folder"], "--json", "--quiet").out)


def test_quiet_shows_results_only(cli: Cli, server: ModelServer, seeds: Path) -> None:
    """Nothing on stderr, the summary still on stdout."""
    said = cli("optimize", seeds, *_models(server), *SMALL, "--yes", "--quiet")

    assert (0, "") == (said.code, said.err)
    assert "Data set:" in said.out


def test_no_file_and_no_line_holds_the_key(
    cli: Cli, server: ModelServer, seeds: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The key goes into the header and nowhere else, even when the server repeats it."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    server.faults.extend([None, None, ModelReply(status=401, text=f"Incorrect API key provided: {KEY}")])

    said = cli("optimize", seeds, *_models(server), *SMALL, "--yes", "--debug")

    assert 1 == said.code
    assert {f"Bearer {KEY}"} == {headers["authorization"] for headers in server.headers}
    assert KEY not in said.out + said.err
    assert [] == [path for path in tmp_path.rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()]


def test_dry_run_calls_nothing_and_makes_nothing(cli: Cli, server: ModelServer, seeds: Path, tmp_path: Path) -> None:
    """It tells calls, tokens and money, without a key, a cap or a folder."""
    said = cli("optimize", seeds, *_models(server), *SMALL, "--dry-run")

    assert (0, 0) == (said.code, server.count)
    assert {"seeds.jsonl"} == {path.name for path in tmp_path.iterdir()}
    assert "Calls: " in said.out
    assert "Money: price unknown: no price for m-evolver, m-responder" in said.out
    assert "Nothing was called" in said.out


def test_the_forecast_is_never_less_than_what_is_called(cli: Cli, server: ModelServer, seeds: Path) -> None:
    """It counts at most."""
    said = cli("optimize", seeds, *_models(server), *SMALL, "--dry-run")
    most = int(next(line for line in said.out.splitlines() if line.startswith("Calls: ")).split()[1])

    cli("optimize", seeds, *_models(server), *SMALL, "--yes", "--quiet")

    assert 0 < server.count <= most


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ((), "has no cap. Give a cap, such as --budget 5usd"),
        (("--budget", "60min"), "has no cap"),
        (("--budget", "5usd"), "A budget in USD needs the price of m-evolver"),
        (("--budget", "5usd", "--price", "m-evolver=1,2"), "needs the price of m-responder"),
        (("--budget", "much"), "--budget does not understand 'much'"),
        (("--yes", "--key-env", "NO_SUCH_VARIABLE"), "NO_SUCH_VARIABLE"),
        (("--yes", "--key-file", "nothing.txt"), "nothing.txt"),
        (("--yes", "--method", "nosuch"), "There is no method 'nosuch'"),
        (("--yes", "--detectors", "identty"), "There is no detector 'identty'. Did you mean 'identity'?"),
        (("--yes", "--responder-form", "own"), "Give --responder-prompt TEXT"),
        (("--yes", "--instruction-field", "nosuch"), "nosuch"),
    ],
)
def test_what_is_missing_is_said_before_anything_is_made(
    cli: Cli, server: ModelServer, seeds: Path, tmp_path: Path, more: tuple[str, ...], words: str
) -> None:
    """Exit code 2, no call, no folder."""
    said = cli("optimize", seeds, *_models(server), *SMALL, *more)

    assert (2, 0) == (said.code, server.count)
    assert words in said.err
    assert 1 == said.err.count("\n")
    assert not (tmp_path / "runs").exists()


def test_seeds_must_be_there(cli: Cli, tmp_path: Path) -> None:
    """A missing file, none at all, or nothing usable in it."""
    (tmp_path / "bad.jsonl").write_text("not json\n{}\n", encoding="utf-8")

    assert "There is no file" in cli("optimize", "no.jsonl", "--local", "smollm2-135m").err
    assert "No seeds were given" in cli("optimize", "--local", "smollm2-135m").err
    assert 2 == cli("evolve", "--seeds", "bad.jsonl", "--local", "smollm2-135m").code


@pytest.mark.parametrize(
    ("models", "code", "words"),
    [
        (("--local", "smollm2-135m"), 1, "autoevol models pull smollm2-135m"),
        (("--local", "none.gguf"), 2, "none.gguf"),
        (("--script", "none.jsonl"), 2, "none.jsonl"),
        (("--script", "seeds.jsonl"), 2, "Line 1 of the script"),
    ],
)
def test_models_that_are_not_there_leave_no_run_behind(
    cli: Cli,
    seeds: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    models: tuple[str, str],
    code: int,
    words: str,
) -> None:
    """What to do about it, in one line."""
    monkeypatch.setenv("AUTOEVOL_CACHE", str(tmp_path / "cache"))

    said = cli("evolve", "--seeds", seeds, *models, "--quiet")

    assert code == said.code
    assert words in said.err
    assert 1 == said.err.count("\n")
    assert not (tmp_path / "runs").exists()


def test_a_scripted_model_runs_out_of_script_and_the_run_goes_on(cli: Cli, seeds: Path, tmp_path: Path) -> None:
    """Running out is an error; with more lines the run continues behind the last one."""
    script = tmp_path / "script.jsonl"
    line = json.dumps({"role": "evolver", "text": "no tags here"}) + "\n"
    script.write_text(line, encoding="utf-8")
    arguments = ("evolve", "--seeds", seeds, "--script", script, "--apply-limit", 2, "--quiet")

    stopped = cli(*arguments)
    script.write_text(line * 2, encoding="utf-8")
    resumed = cli("resume", "run", "--quiet")

    assert (1, 0) == (stopped.code, resumed.code)
    assert "no further answer for the evolver" in stopped.err
    assert "autoevol resume" in stopped.err
    assert 2 == len((_only_run(tmp_path) / "dropped.jsonl").read_text(encoding="utf-8").splitlines())


def test_bad_rows_are_counted_and_the_run_goes_on(cli: Cli, server: ModelServer, seeds: Path) -> None:
    """Each with its line, before anything is spent."""
    with seeds.open("a", encoding="utf-8") as file:
        file.write('not json\n{"question": "", "answer": "x"}\n')

    dry = cli("evolve", "--seeds", seeds, *_models(server), *SMALL, "--dry-run")
    real = cli("evolve", "--seeds", seeds, *_models(server), *SMALL, "--yes")

    for text in (dry.out, real.err):
        assert "32 rows read: 30 good, 1 empty, 1 malformed (line 31: not JSON" in text
    assert 0 == real.code


def test_a_price_of_zero_needs_no_consent(cli: Cli, server: ModelServer, seeds: Path) -> None:
    """A server of one's own is free when one says so."""
    prices = [word for role in ("evolver", "responder") for word in ("--price", f"m-{role}=0,0")]

    assert 0 == cli("evolve", "--seeds", seeds, *_models(server), *SMALL, "--no-judge", *prices).code


def test_the_config_file_can_say_everything(cli: Cli, server: ModelServer, seeds: Path, tmp_path: Path) -> None:
    """Seeds, models and caps from a file in another folder; the command line only names the file."""
    (tmp_path / "conf").mkdir()
    roles = {role: {"model": f"m-{role}"} for role in ("evolver", "responder", "analyst", "refiner", "judge")}
    said = {
        "name": "filed",
        "seeds": {"source": f"../{seeds.name}"},
        "endpoints": {"default": {"base_url": server.base_url}},
        "budget": {"calls": 900},
        "roles": roles,
        "apply_limit": 2,
    }
    (tmp_path / "conf" / "run.json").write_text(json.dumps(said), encoding="utf-8")

    assert 0 == cli("evolve", "--config", "conf/run.json", "--quiet").code
    assert "filed" in _only_run(tmp_path).name


def test_evolve_puts_the_data_set_where_it_is_wanted(
    cli: Cli, server: ModelServer, seeds: Path, tmp_path: Path
) -> None:
    """The same bytes as in the run."""
    said = cli("evolve", "--seeds", seeds, *_models(server), *SMALL, "--yes", "--out", "out.jsonl")

    assert 0 == said.code
    assert f"Data set: {tmp_path / 'out.jsonl'}" in said.out
    assert (_only_run(tmp_path) / "dataset.jsonl").read_bytes() == (tmp_path / "out.jsonl").read_bytes()


@pytest.mark.parametrize("out", ["seeds.jsonl", "there.jsonl", "nowhere/out.jsonl"])
def test_evolve_never_overwrites(cli: Cli, server: ModelServer, seeds: Path, tmp_path: Path, out: str) -> None:
    """It is refused before anything is spent."""
    (tmp_path / "there.jsonl").write_text("mine\n", encoding="utf-8")
    before = seeds.read_bytes()

    said = cli("evolve", "--seeds", seeds, *_models(server), *SMALL, "--yes", "--out", out)

    assert (2, 0) == (said.code, server.count)
    assert (before, "mine\n") == (seeds.read_bytes(), (tmp_path / "there.jsonl").read_text())


@pytest.mark.parametrize(("status", "words"), [(401, "key"), (404, "does not know the model")])
def test_an_endpoint_that_refuses_stops_the_run_and_it_goes_on(
    cli: Cli, server: ModelServer, seeds: Path, tmp_path: Path, status: int, words: str
) -> None:
    """Exit code 1 with the command that continues; what was paid for is not paid again."""
    refuse = ModelReply(status=status, text="no")
    server.faults.extend([None, None, None, *[refuse] * 20])

    stopped = cli("optimize", seeds, *_models(server), *SMALL, "--yes", "--quiet")
    server.faults.clear()
    run = _only_run(tmp_path)
    resumed = cli("resume", run, "--quiet")

    assert (1, "") == (stopped.code, stopped.out)
    assert words in stopped.err
    assert f"autoevol resume runs/{run.name}" in stopped.err
    assert 0 == resumed.code
    assert {1} == set(server.answered.values())


def test_a_refused_connection_stops_the_run(cli: Cli, seeds: Path) -> None:
    """Nothing listens there, and waiting did not help."""
    said = cli(
        "evolve", "--seeds", seeds, "--base-url", "http://127.0.0.1:9/v1", "--model", "m", *SMALL, "--yes", "--quiet",
        "--set", "endpoints.default.patience_s=0.05",
    )  # fmt: skip

    assert 1 == said.code
    assert "autoevol resume" in said.err
    assert "Traceback" not in said.err


def test_a_cap_stops_cleanly_and_can_be_raised(cli: Cli, server: ModelServer, seeds: Path, tmp_path: Path) -> None:
    """The other caps of the run stay in force when one is raised."""
    stopped = cli("optimize", seeds, *_models(server), *SMALL, "--budget", "8calls,900000tokens", "--quiet")
    spent = server.count
    again = cli("resume", "run", "--quiet")
    held = cli("resume", "run", "--budget", "9000calls,5tokens", "--quiet")
    assert spent == server.count
    done = cli("resume", "run", "--budget", "9000calls,900000tokens", "--quiet")

    assert (1, 1, 1, 0) == (stopped.code, again.code, held.code, done.code)
    assert 0 < spent <= 8
    assert "budget of 8 calls" in stopped.err
    assert "tokens" in held.err
    assert _only_run(tmp_path).name in stopped.err


def test_resume_finds_runs_by_name_and_refuses_others(cli: Cli, tmp_path: Path) -> None:
    """A folder that is no run, and a name that nobody has."""
    (tmp_path / "folder").mkdir()

    assert "is not the folder of a run" in cli("resume", "folder").err
    assert "There is no run 'nobody'" in cli("resume", "nobody").err
    assert 2 == cli("resume", "nobody").code


def test_resume_dry_run_calls_nothing(cli: Cli, server: ModelServer, seeds: Path) -> None:
    """It says how the run stands."""
    cli("optimize", seeds, *_models(server), *SMALL, "--budget", "8calls", "--quiet")
    spent = server.count

    said = cli("resume", "run", "--dry-run")

    assert (0, spent) == (said.code, server.count)
    assert "stopped" in said.out


def test_resume_of_a_finished_run_calls_nothing(cli: Cli, server: ModelServer, seeds: Path, tmp_path: Path) -> None:
    """To run it twice gives the same data set for no call."""
    cli("evolve", "--seeds", seeds, *_models(server), *SMALL, "--yes", "--quiet")
    spent, data = server.count, (_only_run(tmp_path) / "dataset.jsonl").read_bytes()

    said = cli("resume", "run", "--quiet", "--out", "again.jsonl")

    assert (0, spent) == (said.code, server.count)
    assert data == (tmp_path / "again.jsonl").read_bytes() == (_only_run(tmp_path) / "dataset.jsonl").read_bytes()


def test_seeds_that_changed_are_not_resumed(cli: Cli, server: ModelServer, seeds: Path) -> None:
    """The run would not be the same run."""
    cli("optimize", seeds, *_models(server), *SMALL, "--budget", "8calls", "--quiet")
    seeds.write_text(seeds.read_text().replace("red", "green"), encoding="utf-8")

    said = cli("resume", "run", "--budget", "9000calls")

    assert 2 == said.code
    assert "seeds" in said.err


def test_damaged_settings_are_not_resumed(cli: Cli, tmp_path: Path) -> None:
    """One sentence, no traceback."""
    (tmp_path / "runs" / "bad").mkdir(parents=True)
    (tmp_path / "runs" / "bad" / "settings.json").write_text("{half", encoding="utf-8")

    said = cli("resume", "bad")

    assert 2 == said.code
    assert "settings.json cannot be read" in said.err


def test_a_runs_folder_that_is_a_file_is_a_sentence(cli: Cli, server: ModelServer, seeds: Path, tmp_path: Path) -> None:
    """The run folder cannot be made."""
    (tmp_path / "taken").write_text("", encoding="utf-8")

    said = cli("evolve", "--seeds", seeds, *_models(server), "--yes", "--runs", "taken")

    assert (1, 0) == (said.code, server.count)
    assert "--runs" in said.err


def _start(arguments: list[object], cwd: Path, program: str = "") -> subprocess.Popen[str]:
    program += "from autoevol.optimizer.cli import main; main()"
    environment = {name: value for name, value in os.environ.items() if name != "OPENAI_API_KEY"}
    return subprocess.Popen(
        [sys.executable, "-c", program, *map(str, arguments)],
        cwd=cwd, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True,
    )  # fmt: skip


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_stops_cleanly_and_says_how_to_go_on(seeds: Path, tmp_path: Path, number: signal.Signals) -> None:
    """Exit code 130; the printed command continues, and nothing finished is called again."""
    release = threading.Event()
    seen: list[int] = []

    def slow(body: Body) -> ModelReply:
        seen.append(1)
        return ModelReply("late", hold=release) if len(seen) > 4 and not release.is_set() else act(body)

    with model_server(slow) as server:
        process = _start(["evolve", "--seeds", seeds, *_models(server), *SMALL, "--yes", "--quiet"], tmp_path)
        server.wait_received(5)
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
        release.set()
        server.respond = act
        resume = err.splitlines()[-1].split()
        resumed = _start([*resume[1:], "--quiet"], tmp_path)
        resumed_out, resumed_err = resumed.communicate(timeout=30)

        assert (130, "") == (process.returncode, out)
        assert ["autoevol", "resume"] == resume[:2]
        assert "Traceback" not in err
        assert (0, "") == (resumed.returncode, resumed_err)
        assert "Data set:" in resumed_out
        assert 3 == sum(
            len((_only_run(tmp_path) / name).read_text().splitlines()) for name in ("dataset.jsonl", "dropped.jsonl")
        )


def test_a_disk_that_fills_up_is_a_sentence_and_the_run_goes_on(seeds: Path, tmp_path: Path) -> None:
    """Files that may not grow stand for the full disk: what was finished is in the journal and is not called again."""
    limited = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, resource.RLIM_INFINITY)); "
    with model_server(act) as server:
        arguments: list[object] = ["optimize", seeds, *_models(server), *SMALL, "--apply-limit", 8, "--yes", "--quiet"]
        broken = _start(arguments, tmp_path, limited)
        _, err = broken.communicate(timeout=50)
        resumed = _start(["resume", "run", "--quiet"], tmp_path)
        _, resumed_err = resumed.communicate(timeout=50)

        assert 1 == broken.returncode
        assert "Traceback" not in err
        assert "bug" not in err
        assert "autoevol resume" in err
        assert (0, "") == (resumed.returncode, resumed_err)
