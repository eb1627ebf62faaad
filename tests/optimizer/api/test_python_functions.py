"""The functions for Python: what they make, how they wait and are stopped, what they say where something is wrong."""

from __future__ import annotations

import http.client
import json
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import anyio
import pytest

from autoevol import optimizer
from autoevol.agents.gateway.endpoints import Budget, Endpoint
from autoevol.agents.gateway.errors import BudgetReached, StorageError, UsageError
from autoevol.optimizer import (
    Compared,
    MadeRun,
    Moment,
    Optimized,
    acompare,
    amake,
    aresume,
    compare,
    make,
    optimize,
    resume,
)
from autoevol.optimizer.api import values
from autoevol.optimizer.api.problems import in_python
from autoevol.optimizer.record import settings as record
from tests.actors import act
from tests.model_server import Body, ModelReply, ModelServer

SEEDS = [{"question": f"Box {n} holds {n + 3} red and {2 * n + 5} blue balls. How many?"} for n in range(4)]
PART = {"recipe": "evol-instruct", "rounds": 1, "detectors": False}
ROLES = ("evolver", "responder", "judge")
SECRET = "0011223344556677"


def small(server: ModelServer, folder: Path, **more: Any) -> dict[str, Any]:
    """What every small run says by name."""
    rest = {"endpoints": {"default": {"patience_s": 0.05}}, "roles": {role: {"model": f"m-{role}"} for role in ROLES}}
    return {
        "base_url": server.base_url,
        "settings": rest,
        "runs": folder,
        "budget": "200calls",
        "secret": SECRET,
        **more,
    }


def rows_of(made: MadeRun) -> list[dict[str, Any]]:
    """The data set without what times and places make of it."""
    return [{"id": row["id"], "text": row["instruction"], "answer": row["response"]} for row in made.rows()]


def test_a_search_gives_its_method_its_test_and_its_rows(config: Path, tmp_path: Path) -> None:
    """From a settings file, with a value by name that wins over it; the comparison after it takes the result."""
    said: list[Moment] = []
    found = optimize(settings=config, runs=tmp_path / "runs", progress=said.append, uncapped=True, name="by-name")

    assert ("finished", None, found) == (found.state, found.stopped, found.raise_if_stopped())
    assert found.folder.name.endswith("by-name")
    assert found.test is not None
    assert found.test.verdict in {"unchanged", "not confirmed", "confirmed", "a control wins"}
    assert found.best.clauses == found.run.best.clauses  # type: ignore[union-attr]
    assert found.best.clauses
    assert ["starting", "ended"] == [said[0].part, said[-1].part] or said[0].part != "ended"
    assert said[-1].calls == max(moment.calls for moment in said) > 0
    assert {"batch", "test", "apply"} <= {moment.part for moment in said}


def test_everything_works_in_a_running_loop(server: ModelServer, tmp_path: Path) -> None:
    """The blocking form, as in a cell of a notebook, gives the same rows as the one that is awaited, and resumes it."""

    async def cell() -> None:
        blocked = make(PART, SEEDS, **small(server, tmp_path / "a"))
        awaited = await amake([PART], SEEDS, **small(server, tmp_path / "b"))
        asked = server.count
        again = resume(blocked)
        named = await aresume(awaited.folder.name, runs=tmp_path / "b")

        assert "finished" == blocked.state
        assert rows_of(blocked) == rows_of(awaited) == rows_of(again)
        assert (MadeRun, asked) == (type(named), server.count)

    anyio.run(cell)


async def test_contestants_are_names_methods_and_results(server: ModelServer, config: Path, tmp_path: Path) -> None:
    """A shipped method, one in hand, and the result of an earlier call; several files of seeds make a table."""
    seeds = config.parent / "seeds.jsonl"
    said = small(server, tmp_path, items=2)
    first = await acompare("general", "maths", seeds=[seeds], **said)
    best = list(first.run.methods.values())[1]
    again = await acompare(("one", best), "general", seeds=[seeds], **said)

    assert ["general", "maths"] == sorted(place.label for place in first.ranking)
    assert 2 == first.record.items
    assert "one" in again.table


def _read_to_the_last(server: ModelServer) -> None:
    """Once this is answered the server has read whatever came before it, also of calls that were cut off."""
    connection = http.client.HTTPConnection(server.base_url.removeprefix("http://").removesuffix("/v1"))
    connection.request("GET", "/")
    connection.getresponse().read()
    connection.close()


def test_ctrl_c_stops_cleanly_and_resume_goes_on(server: ModelServer, tmp_path: Path) -> None:
    """In a plain program, in a notebook's loop, as a task; nothing is paid for twice and the rows are the same."""
    whole = make(PART, SEEDS, **small(server, tmp_path / "whole"))
    paid = server.paid
    never = threading.Event()

    def one_row(body: Body) -> ModelReply:
        """Answers what the first row needs. Others are under way when it stops: they are cut off, and not paid for."""
        first = body["model"] != "m-evolver" or "Box 0 holds" in str(body["messages"])
        return act(body) if first else ModelReply(hold=never)

    def interrupt(moment: Moment) -> None:
        if moment.done == 1 and moment.part != "ended":
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    async def cell() -> None:
        make(PART, SEEDS, **small(server, tmp_path / "cell"), progress=interrupt)

    async def task() -> None:
        with anyio.CancelScope() as scope:
            await amake(
                PART, SEEDS, **small(server, tmp_path / "task"),
                progress=lambda moment: scope.cancel() if moment.done == 1 else None,
            )  # fmt: skip
            raise AssertionError("it was not cancelled")

    server.respond = one_row
    anyio.run(task)
    with pytest.raises(KeyboardInterrupt) as plain:
        make(PART, SEEDS, **small(server, tmp_path / "plain"), progress=interrupt)
    with pytest.raises(KeyboardInterrupt):
        anyio.run(cell)
    _read_to_the_last(server)
    server.respond = act

    assert "Everything finished is kept. resume(" in plain.value.__notes__[0]
    for name in ("plain", "cell", "task"):
        (folder,) = [path for path in (tmp_path / name).iterdir() if path.is_dir()]
        assert "stopped" == json.loads((folder / "status.json").read_text(encoding="utf-8"))["state"]
        again = resume(folder)
        assert isinstance(again, MadeRun)
        assert rows_of(whole) == rows_of(again)
    assert 4 * paid == server.paid


@pytest.mark.parametrize("error", [LookupError("enough"), PermissionError(13, "enough", "mine.csv")])
def test_an_error_of_the_own_function_ends_the_session(error: Exception, server: ModelServer, tmp_path: Path) -> None:
    """It comes out as it was, also where it is of a kind that disks raise, and the run goes on later."""

    def enough(moment: Moment) -> None:
        if moment.done:
            raise error

    with pytest.raises(type(error), match="enough") as told:
        make(PART, SEEDS, **small(server, tmp_path), progress=enough)
    assert error is told.value

    (folder,) = [path for path in tmp_path.iterdir() if path.is_dir() and (path / "settings.json").exists()]
    assert "finished" == resume(folder).state


def test_a_cap_is_no_error_but_says_what_stopped_it(server: ModelServer, tmp_path: Path) -> None:
    """A part is never given for the whole; raised where the caller wants that; gone on with under a higher cap."""
    made = make(PART, SEEDS, **small(server, tmp_path, budget={"calls": 2}))

    assert isinstance(made.stopped, BudgetReached)
    assert "--" not in str(made.stopped)
    assert "--" not in made.summary
    with pytest.raises(BudgetReached):
        made.raise_if_stopped()
    with pytest.raises(UsageError, match="was stopped"):
        made.rows()
    assert "finished" == resume(made, settings={"budget": {"calls": 200}}).state


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"budget": {}}, "has no cap. Give a cap, such as budget='5usd'"),
        ({"budget": "1usd"}, "needs the price of m-evolver, m-responder, m-judge. Add price='IN,OUT'"),
        ({"base_url": None, "settings": None}, "No model is named. Give base_url=URL model=NAME"),
        ({"local": "smollm2-135m"}, "base_url and local exclude each other"),
        ({"budget": "many"}, "budget does not understand 'many'. Write 5usd"),
        ({"modle": "m"}, "There is no setting modle in the call. Did you mean model?"),
    ],
)
def test_what_is_wrong_is_said_in_words_of_python(
    said: dict[str, Any], words: str, server: ModelServer, tmp_path: Path
) -> None:
    """Before a call and before a folder."""
    with pytest.raises(UsageError) as told:
        make(PART, SEEDS, **small(server, tmp_path, **said))

    assert words in str(told.value)
    assert (0, []) == (server.count, [path for path in tmp_path.iterdir() if path.is_dir()])


def test_a_recipe_that_there_is_not_is_said() -> None:
    """With the one that may be meant; a selector is one, too, and needs no model."""
    with pytest.raises(UsageError, match=r"no recipe 'dedupe'\. Did you mean 'dedup'"):
        make("dedupe", SEEDS)


def test_every_name_of_the_package_is_there() -> None:
    """What `__all__` and completion promise."""
    assert all(getattr(optimizer, name) is not None for name in optimizer.__all__)
    assert not hasattr(optimizer, "optimise")


def test_options_become_names_and_paths_stay() -> None:
    """Of the sentences that the command shows, too."""
    assert "Give budget='5usd', or a file with settings." == in_python("Give --budget 5usd, or a file with --config.")
    assert "resume('runs/a') goes on; compare, `autoevol doctor`." == in_python(
        "`autoevol resume runs/a` goes on; `autoevol compare`, `autoevol doctor`."
    )
    assert "x/a--b.jsonl, run_seeds." == in_python("x/a--b.jsonl, --run-seeds.")


def test_nothing_is_found_before_it_is_there(tmp_path: Path) -> None:
    """A search or a comparison that was stopped early."""
    for found, name in ((Optimized(tmp_path, "stopped", ""), "best"), (Compared(tmp_path, "stopped", ""), "record")):
        with pytest.raises(StorageError, match="yet"):
            getattr(found, name)
    with pytest.raises(UsageError, match="two contestants"):
        compare("general", seeds=SEEDS, base_url="http://127.0.0.1:1", model="m", runs=tmp_path)


HEAVY = ("dspy", "numpy", "scipy", "sympy", "pydantic", "httpx", "aiohttp", "starlette", "jinja2", "rich", "litellm")


def test_the_import_is_light() -> None:
    """Neither the package nor its functions bring anything heavy before they are called."""
    code = (
        "import sys, autoevol.optimizer\n"
        "assert 'optimize' in dir(autoevol.optimizer)\n"
        "first = set(sys.modules)\n"
        "from autoevol.optimizer import optimize, compare, make, resume, Optimized\n"
        f"heavy = {HEAVY!r}\n"
        "print([name for name in heavy if name in first], [name for name in heavy if name in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert "[] []" == said.stdout.strip()


@pytest.mark.parametrize(
    ("typed", "model", "apart"),
    [
        (values.Values, record.Settings, {"recipe", "make", "seeds", "compare"}),
        (values.SeedValues, record.SeedSettings, set[str]()),
        (values.SearchValues, record.SearchSettings, set[str]()),
        (values.RoleValues, record.RoleSettings, set[str]()),
        (values.BudgetValues, Budget, set[str]()),
    ],
)
def test_what_editors_are_told_is_what_there_is(typed: Any, model: Any, apart: set[str]) -> None:
    """Each setting can be said by name, but for those that the functions say themselves."""
    short = {"base_url", "local", "script", "key_env", "key_file", "rpm", "tpm", "concurrency", "price", "model"}
    names = set(typed.__annotations__) - (short if typed is values.Values else set[str]())

    assert set(model.model_fields) - apart == names, "a new setting belongs into optimizer/api/values.py, too"
    assert set(values.EndpointValues.__annotations__) <= set(Endpoint.model_fields)
    assert {*values.Values.__annotations__} | {*record.CompareSettings.model_fields} >= {
        *values.CompareValues.__annotations__
    }
