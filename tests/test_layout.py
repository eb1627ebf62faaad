"""The house: one-way arrows, every package in the wheel's list, one file that opens connections."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOPS = ("agents", "optimizer", "prompts")


Importing = ast.Import | ast.ImportFrom
Function = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def _modules() -> tuple[tuple[Path, str], ...]:
    paths = [path for top in TOPS for path in sorted((ROOT / top).rglob("*.py"))]
    return tuple((path, ".".join(path.relative_to(ROOT).with_suffix("").parts)) for path in paths)


@cache
def _nodes(path: Path) -> tuple[Importing | Function, ...]:
    """The imports and functions of a file, wherever they stand in it; each file is read once for all tests."""
    return tuple(_statements(ast.parse(path.read_text(encoding="utf-8")).body))


def _statements(body: list[ast.stmt]) -> Iterator[Importing | Function]:
    """Only statements hold statements, so no expression is looked into."""
    for node in body:
        if isinstance(node, Importing | Function):
            yield node
        for name in ("body", "orelse", "finalbody"):
            yield from _statements(getattr(node, name, []))
        for part in (*getattr(node, "handlers", ()), *getattr(node, "cases", ())):
            yield from _statements(part.body)


def _imports(path: Path, module: str) -> Iterator[str]:
    """Names of imported modules, relative ones made absolute from the checkout's root."""
    package = module.split(".") if path.name == "__init__.py" else module.split(".")[:-1]
    if path.name == "__init__.py":
        package = package[:-1]
    for node in _nodes(path):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = package[: len(package) - node.level + 1] if node.level else []
            yield ".".join([*start, *(node.module or "").split(".")]).strip(".")


def test_every_package_folder_is_listed() -> None:
    """A package folder that is not listed is left out of the wheel without a word."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    found = {
        ".".join(("autoevol", *path.parent.relative_to(ROOT).parts))
        for top in TOPS
        for path in (ROOT / top).rglob("__init__.py")
    }

    assert found == set(project["tool"]["setuptools"]["packages"])


def test_arrows_go_one_way() -> None:
    """The prompts import nothing of ours, agents never the optimizer, the gateway nothing above it."""
    wrong = [
        f"{module} imports {name}"
        for path, module in _modules()
        for name in _imports(path, module)
        if (module.startswith("prompts") and name.split(".")[0] in {"agents", "optimizer"})
        or (module.startswith("agents") and name.split(".")[0] == "optimizer")
        or (module.startswith("agents.gateway") and name.startswith("agents") and not name.startswith("agents.gateway"))
    ]

    assert [] == wrong


def test_nothing_imports_our_folders_as_top_level_names() -> None:
    """`import agents` is openai-agents in anybody's environment but this checkout."""
    wrong = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in [*(path for path, _ in _modules()), *(ROOT / "tests").rglob("*.py")]
        for node in _nodes(path)
        if (isinstance(node, ast.ImportFrom) and not node.level and (node.module or "").split(".")[0] in TOPS)
        or (isinstance(node, ast.Import) and any(alias.name.split(".")[0] in TOPS for alias in node.names))
    ]

    assert [] == wrong


def test_one_file_opens_connections() -> None:
    """Every model call goes through one door: httpx is imported in one file, dspy in none outside the bridges."""
    users = {module for path, module in _modules() for name in _imports(path, module) if name.split(".")[0] == "httpx"}
    dspy = {module for path, module in _modules() for name in _imports(path, module) if name.split(".")[0] == "dspy"}

    assert users <= {"agents.gateway.wire.transport"}
    assert all(module.startswith("optimizer.bridges") for module in dspy)


def test_one_package_listens() -> None:
    """The live page alone serves anything of ours to a browser, and only its own command imports it."""
    servers = {
        module
        for path, module in _modules()
        for name in _imports(path, module)
        if name.split(".")[0] in {"starlette", "uvicorn"}
    }
    users = {
        module for path, module in _modules() for name in _imports(path, module) if name.startswith("optimizer.live")
    }

    assert servers == {"optimizer.live.guard", "optimizer.live.server"}
    assert {user for user in users if not user.startswith("optimizer.live")} == {"optimizer.cli.ui"}


def test_no_room_is_a_lumber_room() -> None:
    """Names that say nothing attract everything."""
    banned = re.compile(r"(^|\.)(utils?|common|base|core|helpers?|managers?)(\.|$)")

    assert [] == [module for _, module in _modules() if banned.search(module)]


def test_functions_and_files_stay_small() -> None:
    """A file has one subject (at most 400 lines), a function fits on a screen (at most 60 lines)."""
    wrong: list[str] = []
    for path, module in _modules():
        if (lines := path.read_bytes().count(b"\n")) > 400:
            wrong.append(f"{module}: {lines} lines")
        for node in _nodes(path):
            if isinstance(node, Function):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                if length > 60:
                    wrong.append(f"{module}.{node.name}: {length} lines")

    assert [] == wrong
