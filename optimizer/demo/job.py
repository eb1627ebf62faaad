"""The demo's settings, and the recorded run: how it was packed, and how it is played through the real loop again."""

from __future__ import annotations

import gzip
import json
import shutil
from importlib.resources import as_file, files
from pathlib import Path

from ...agents.gateway.endpoints import Endpoint
from ...agents.gateway.errors import StorageError, UsageError
from ..record.folder import RunFolder
from ..record.settings import Roles, RoleSettings, SearchSettings, SeedSettings, Settings
from ..session import new_folder

__all__ = ["MODELS", "demo_settings", "pack_recording", "recording_label", "seeds_file", "unpack_recording"]

MODELS = ("qwen2.5-coder-1.5b", "smollm2-135m")
_RECORDED = ("settings.json", "events.jsonl", "journal.sqlite.gz")


def seeds_file(name: str = "seeds.jsonl") -> Path:
    """Path of the demo's seeds inside the installed package."""
    with as_file(files("autoevol.optimizer.demo") / name) as path:
        return path


def demo_settings(*, long: bool = False) -> Settings:
    """The demo on two embedded models: the larger one evolves, analyses and refines, the small one answers.

    Args:
        long: the longer run that the recording was made with (about half an hour on 2 cores), instead of the short one.
    """
    writer, small = MODELS
    # Cooler, it mostly proposes the method that is there already. The recording was made cooler, and stays so.
    heat = 0.6 if long else 1.0
    thinker = RoleSettings(endpoint="writer", model=writer, temperature=heat, top_p=0.95, max_tokens=420)
    search = (
        SearchSettings(method="maths", steps=2, batch=4, candidates=3, dev=30, test=8, rungs=(10,), patience=None)
        if long
        else SearchSettings(method="maths", steps=2, batch=3, candidates=3, dev=4, test=3, rungs=())
    )
    return Settings(
        name="demo-long" if long else "demo",
        seeds=SeedSettings(source=str(seeds_file("seeds-long.jsonl" if long else "seeds.jsonl")), language="en"),
        endpoints={
            # Held to a JSON form, this model keeps it; between tags it often forgets the closing one.
            "writer": Endpoint(local=writer, concurrency=2, output_form="json"),
            "small": Endpoint(local=small, concurrency=2),
        },
        roles=Roles(
            evolver=RoleSettings(endpoint="writer", model=writer, max_tokens=200),
            responder=RoleSettings(endpoint="small", model=small, max_tokens=320),
            analyst=thinker,
            refiner=thinker,
        ),
        search=search,
        judge=False,
        responder_form="own",
        responder_prompt="Solve the problem in at most four short sentences. End with the answer.",
        apply_limit=12 if long else 8,
    )


def pack_recording(run: Path, target: Path, label: str) -> None:
    """Make the shipped recording from a finished run of `demo_settings(long=True)`.

    Args:
        run: its folder.
        target: the folder `optimizer/demo/recorded` of a checkout.
        label: when and on what it was recorded; shown with every replay.

    Raises:
        UsageError: the run is not finished.
    """
    folder = RunFolder(run)
    frozen = folder.read_json("settings.json")
    if folder.read_json("status.json").get("state") != "finished":
        raise UsageError(f"{run} is not finished.", fix="Finish it with `autoevol resume`, then pack it.")
    frozen["recorded"] = label
    frozen["settings"]["seeds"]["source"] = ""
    target.mkdir(parents=True, exist_ok=True)
    RunFolder(target).write_json("settings.json", frozen)
    shutil.copyfile(run / "events.jsonl", target / "events.jsonl")
    with (run / "journal.sqlite").open("rb") as plain, gzip.open(target / "journal.sqlite.gz", "wb", 9) as packed:
        shutil.copyfileobj(plain, packed)


def unpack_recording(root: Path) -> Path:
    """Put the recorded run into a folder of its own, ready to be replayed; the value is that folder.

    Raises:
        UsageError: this installation has no recording.
        StorageError: the folder cannot be written.
    """
    source = files("autoevol.optimizer.demo") / "recorded"
    if not all((source / name).is_file() for name in _RECORDED):
        raise UsageError("This installation has no recorded run.", fix="Install AutoEvol again, with its data files.")
    folder = new_folder(root, "demo-replay")
    frozen = json.loads((source / "settings.json").read_text(encoding="utf-8"))
    settings = demo_settings(long=True)
    frozen["settings"] |= {"name": "demo-replay", "seeds": settings.seeds.model_dump(mode="json")}
    RunFolder(folder).write_json("settings.json", frozen)
    try:
        (folder / "events.jsonl").write_bytes((source / "events.jsonl").read_bytes())
        (folder / "journal.sqlite").write_bytes(gzip.decompress((source / "journal.sqlite.gz").read_bytes()))
    except OSError as error:
        raise StorageError(f"{folder} cannot be written: {error.strerror}.", fix="Choose --runs elsewhere.") from error
    return folder


def recording_label(folder: Path) -> str:
    """When and on what a replayed run was recorded; empty for a run of its own."""
    return str(RunFolder(folder).read_json("settings.json").get("recorded", ""))
