"""The wheel: every package and data file in it, nothing of ours beside `autoevol`, and it works where it is put."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
TOPS = ("agents", "optimizer", "prompts")
FAKE = '"""Stands for openai-agents, which owns this name."""\n\nOWNER = "openai-agents"\n'


@dataclass(frozen=True)
class Installed:
    """A wheel and the folder that it was installed into, beside the `agents` of somebody else."""

    wheel: Path
    target: Path


def _tracked() -> list[str]:
    """What the wheel is made of, as git has it: what builds and tests left in the checkout fools nobody."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", *TOPS, "pyproject.toml", "README.md", "LICENSE"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return [name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def _done(arguments: list[str], cwd: Path, **environment: str) -> str:
    """What a command printed; it must end well."""
    done = subprocess.run(
        arguments, cwd=cwd, env={**os.environ, "PIP_NO_INDEX": "1", **environment}, capture_output=True, text=True,
        timeout=50, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


def _python(target: Path, cwd: Path, *arguments: str) -> str:
    """Python with this folder first and without `site`, so that the finder of the editable install is not there."""
    paths = dict.fromkeys([str(target), sysconfig.get_path("purelib"), sysconfig.get_path("platlib")])
    return _done([sys.executable, "-S", "-W", "error", *arguments], cwd, PYTHONPATH=os.pathsep.join(paths))


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The wheel, built from a clean copy with what is installed, and put into a folder of its own."""
    source, out, target = (tmp_path_factory.mktemp(name) for name in ("source", "wheel", "target"))
    for name in _tracked():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, source / name)
    _done([sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), "."], source)
    (wheel,) = out.glob("*.whl")
    (target / "agents").mkdir()
    (target / "agents" / "__init__.py").write_text(FAKE, encoding="utf-8")
    _done([sys.executable, "-m", "pip", "install", "--no-deps", "--target", str(target), str(wheel)], out)
    return Installed(wheel, target)


def test_the_wheel_holds_every_file_and_no_other(installed: Installed) -> None:
    """A package that is not listed, or a data file with an ending of its own, is left out without a word."""
    with zipfile.ZipFile(installed.wheel) as wheel:
        found = {name for name in wheel.namelist() if ".dist-info/" not in name}

    assert {f"autoevol/{name}" for name in _tracked() if name.startswith(TOPS)} == found


def test_every_file_is_in_the_wheel_as_it_is_here(installed: Installed) -> None:
    """Byte by byte: prompts and recorded runs are known by their hashes."""
    with zipfile.ZipFile(installed.wheel) as wheel:
        packed = {name: wheel.read(name) for name in wheel.namelist()}

    assert [] == [n for n in _tracked() if n.startswith(TOPS) and packed[f"autoevol/{n}"] != (ROOT / n).read_bytes()]


def test_no_name_of_the_wheel_is_somebody_elses(installed: Installed) -> None:
    """At the top there is `autoevol`, a namespace without an `__init__.py`, and the metadata."""
    with zipfile.ZipFile(installed.wheel) as wheel:
        names = wheel.namelist()
        (metadata,) = {name.split("/")[0] for name in names if ".dist-info/" in name}
        entries = wheel.read(f"{metadata}/entry_points.txt").decode()

    assert {"autoevol", metadata} == {name.split("/")[0] for name in names}
    assert "autoevol/__init__.py" not in names
    assert "autoevol = autoevol.optimizer.cli:main" in entries


def test_it_imports_beside_openai_agents_and_neither_harms_the_other(installed: Installed, tmp_path: Path) -> None:
    """Both are importable by their own names, ours from where it was installed."""
    program = (
        "import agents, autoevol.agents.team, autoevol.optimizer.session, autoevol.prompts\n"
        "print(agents.OWNER, agents.__file__, autoevol.agents.team.__file__, autoevol.optimizer.session.__file__, "
        "autoevol.prompts.__file__, sep='\\n')"
    )

    owner, *files = _python(installed.target, tmp_path, "-c", program).splitlines()

    assert "openai-agents" == owner
    assert 4 == len(files)
    assert all(Path(file).is_relative_to(installed.target) for file in files)
    assert FAKE == (installed.target / "agents" / "__init__.py").read_text(encoding="utf-8")
    assert {"__init__.py", "__pycache__"} >= {path.name for path in (installed.target / "agents").iterdir()}


def test_the_command_works_from_any_folder(installed: Installed, tmp_path: Path) -> None:
    """It finds its own data: help, the shipped methods, and a forecast of a run on seeds."""
    seeds = tmp_path / "seeds.jsonl"
    seeds.write_text('{"instruction": "Count the red balls in 3 boxes of 4."}\n' * 2, encoding="utf-8")

    shown = _python(installed.target, tmp_path, "-m", "autoevol.optimizer", "--help")
    methods = _python(installed.target, tmp_path, "-m", "autoevol.optimizer", "methods", "list")
    run = ("evolve", "--seeds", str(seeds), "--base-url", "http://127.0.0.1:9/v1", "--model", "m", "--dry-run")
    forecast = _python(installed.target, tmp_path, "-m", "autoevol.optimizer", *run)

    assert "optimize" in shown
    assert {"general", "chat", "maths", "code", "identity", "just-longer"} <= {
        line.split()[0] for line in methods.splitlines()
    }
    assert "Nothing was called" in forecast
