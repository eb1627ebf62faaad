"""What the docs show is done: commands of the tutorial run and print what it says, code runs, settings load.

In docs/tutorial.md every `sh` block is run, in its order and in one folder, but where `<!-- not run: why -->` stands
before it; on other pages those with `<!-- run -->` before them. `<!-- exit N -->` is the exit code of the last command.
The `text` block after it is what it prints: line by line, in order; `…` stands for anything, alone on a line for lines.
"""

from __future__ import annotations

import io
import re
import shlex
import shutil
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, fields
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from autoevol.agents.gateway.simulated.provider.process import start_provider
from autoevol.agents.gateway.simulated.provider.settings import ProviderSettings
from autoevol.optimizer.cli import autoevol
from autoevol.optimizer.cli.boundary import guard
from autoevol.optimizer.dataset.rows import DataRow, DroppedRow, Provenance
from autoevol.optimizer.record.config import resolve
from autoevol.optimizer.scoring.power import smallest_difference
from tests.actors import act
from tests.cli_reference import reference
from tests.model_server import Body, ModelReply, model_server

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
TUTORIAL = DOCS / "tutorial.md"
PAGES = sorted(DOCS.rglob("*.md"))
ADDRESS = "http://127.0.0.1:8123/v1"
_FENCE = re.compile(
    r"^(?:<!-- (?P<mark>[^\n]*) -->\n)?```(?P<kind>\w+)\n(?P<body>.*?)^```\n(?:\n```text\n(?P<printed>.*?)^```$)?",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Block:
    """A block of a page: what was said about it, its kind and text, and what it prints (empty where nobody says)."""

    page: Path
    line: int
    mark: str
    kind: str
    text: str
    printed: str

    @property
    def runs(self) -> bool:
        """Whether it is run here."""
        wanted = self.page == TUTORIAL and not self.mark.startswith("not run")
        return self.kind in {"sh", "python"} and (wanted or self.mark.startswith("run"))

    @property
    def code(self) -> int:
        """Exit code of its last command."""
        return int(self.mark.removeprefix("exit ")) if self.mark.startswith("exit ") else 0

    def __str__(self) -> str:
        return f"{self.page.relative_to(DOCS)}:{self.line}"


def _blocks() -> Iterator[Block]:
    for page in [TUTORIAL, *(page for page in PAGES if page != TUTORIAL)]:
        text = page.read_text(encoding="utf-8")
        for found in _FENCE.finditer(text):
            line = text.count("\n", 0, found.start("body"))
            yield Block(page, line, found["mark"] or "", found["kind"], found["body"], found["printed"] or "")


BLOCKS = list(_blocks())
RUN = [block for block in BLOCKS if block.runs]


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[Block, tuple[int, str]]]:
    """Exit code and output of every block that is run, all in one folder."""
    folder = tmp_path_factory.mktemp("reader")
    shutil.copytree(ROOT / "examples", folder / "examples")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("AUTOEVOL_STATE", str(folder / "state"))
        patch.delenv("OPENAI_API_KEY", raising=False)
        with start_provider(ProviderSettings(rpm=600_000, headers="openai")) as base_url:
            yield {block: _do(block, base_url) for block in RUN}


def _do(block: Block, base_url: str) -> tuple[int, str]:
    printed = io.StringIO()
    code = 0
    with redirect_stdout(printed), redirect_stderr(printed):
        if block.kind == "python":
            exec(compile(block.text, str(block.page), "exec"), {})
        else:
            for line in block.text.replace("\\\n", " ").splitlines():
                assert code == 0, f"{line} is never reached: {printed.getvalue()}"
                program, *words = shlex.split(line.replace(ADDRESS, base_url), comments=True)
                assert "autoevol" == program, "only our own command is run here"
                code = guard(autoevol, words)
    return code, printed.getvalue().replace(base_url, ADDRESS)


@pytest.mark.timeout(240)  # the first one waits for all of them
@pytest.mark.parametrize("block", RUN, ids=str)
def test_a_block_of_the_docs_runs_and_prints_what_is_said(block: Block, said: dict[Block, tuple[int, str]]) -> None:
    """With the exit code that is said, and 0 where nothing is said."""
    code, printed = said[block]

    assert block.code == code, printed
    _assert_printed(block.printed, printed)


def _assert_printed(expected: str, printed: str) -> None:
    """Each line that is shown comes, in its order; without a line of `…` between two of them they follow each other."""
    lines = [_undated(line) for line in printed.splitlines()]
    at, free = 0, True
    for shown in _undated(expected).splitlines():
        if shown == "…":
            free = True
            continue
        pattern = ".*".join(re.escape(part) for part in shown.split("…"))
        until = len(lines) if free else at + 1
        found = next((n for n in range(at, until) if n < len(lines) and re.fullmatch(pattern, lines[n])), None)
        assert found is not None, f"not printed: {shown}\n\n{printed}"
        at, free = found + 1, False


def _undated(text: str) -> str:
    return re.sub(r"\d{4}-\d\d-\d\d", "DATE", text)


@pytest.mark.parametrize(
    ("expected", "printed", "right"),
    [
        ("a\nb\n", "x\na\nb\nc", True),
        ("a\n…\nc\n", "a\nb\nc", True),
        ("a … c\n", "a big c", True),
        ("a\nc\n", "a\nb\nc", False),
        ("b\na\n", "a\nb", False),
        ("2026-11-21-first\n", "2031-01-02-first", True),
    ],
)
def test_what_is_not_printed_would_be_noticed(expected: str, printed: str, right: bool) -> None:
    """The check above can fail."""
    if right:
        _assert_printed(expected, printed)
    else:
        with pytest.raises(AssertionError, match="not printed"):
            _assert_printed(expected, printed)


@pytest.mark.parametrize("block", [block for block in BLOCKS if block.kind == "python"], ids=str)
def test_code_of_the_docs_is_code(block: Block) -> None:
    """Also where it is not run here: names in angle or curly brackets would not get through."""
    flags = 0x2000  # ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    assert compile(block.text, str(block.page), "exec", flags=flags)


@pytest.mark.parametrize("block", [block for block in BLOCKS if block.kind in {"toml", "yaml"}], ids=str)
def test_settings_of_the_docs_load(block: Block, tmp_path: Path) -> None:
    """By the reader of every command; what is only a part says so by an endpoint that is missing."""
    file = tmp_path / f"run.{block.kind}"
    local = "" if "[endpoints." in block.text or block.kind == "yaml" else '[endpoints.default]\nlocal = "m.gguf"\n'
    file.write_text(f"{block.text}\n{local}", encoding="utf-8")

    assert resolve(file, {}).endpoints


def test_the_page_of_the_commands_is_made_from_them() -> None:
    """`python -m tests.cli_reference > docs/cli.md` makes it anew."""
    assert reference() == (DOCS / "cli.md").read_text(encoding="utf-8")


def test_no_page_of_the_docs_is_an_orphan() -> None:
    """The index leads to every page."""
    index = (DOCS / "README.md").read_text(encoding="utf-8")
    linked = {(DOCS / target).resolve() for target in re.findall(r"\]\(([^)#\s]+\.md)", index)}

    assert set() == {page for page in PAGES if page.name != "README.md"} - linked


def _by_content(body: Body) -> ModelReply:
    """The actors know their role by the model's name; here the pages name the models."""
    evolving = any("<<<" in turn["content"] for turn in body["messages"])
    return act({**body, "model": "m-evolver" if evolving else "m-responder"})


@pytest.mark.parametrize(
    ("server", "key"),
    [("vllm", None), ("ollama", None), ("azure", "Bearer key-of-it"), ("openrouter", "Bearer key-of-it")],
)
def test_the_settings_for_a_server_reach_one_that_behaves_like_it(
    server: str, key: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The path, the header of the key and the further fields are what it wants; only the host is another."""
    (block,) = (block for block in BLOCKS if block.page.stem == server and block.kind == "toml")
    monkeypatch.chdir(tmp_path)
    Path("run.toml").write_text(block.text, encoding="utf-8")
    Path("seeds.jsonl").write_text('{"question": "A box holds 3 red and 5 blue balls. How many?"}\n', encoding="utf-8")
    endpoint = resolve(Path("run.toml"), {}).endpoints["default"]
    monkeypatch.setenv(endpoint.key_env or "NO_KEY", "key-of-it")
    path = urlsplit(endpoint.base_url or "").path
    with model_server(_by_content) as there:
        address = there.base_url.removesuffix("/v1") + path
        words = ["evolve", "--seeds", "seeds.jsonl", "--config", "run.toml", "--base-url", address, "--no-judge"]
        assert 0 == guard(autoevol, [*words, "--yes", "--quiet", "--set", "budget.usd=none"])

        assert {f"{path}/chat/completions"} == set(there.paths)
        assert {key} == {each.get("authorization") for each in there.headers}
        if server == "openrouter":
            assert {"autoevol"} == {each.get("x-title") for each in there.headers}
            assert there.bodies[0]["provider"]["require_parameters"] is True


def test_every_field_of_a_row_is_documented() -> None:
    """Those of finished and of dropped rows; `notes` and `touched` stand for the fields in them."""
    page = (DOCS / "rows.md").read_text(encoding="utf-8")
    held = {field.name for kind in (DataRow, DroppedRow, Provenance) for field in fields(kind)} - {"notes", "touched"}

    assert set() == {name for name in held if f"`{name}`" not in page}


def test_what_a_hundred_items_can_show_is_as_it_is_told() -> None:
    """docs/why-evidence.md: about 0.15 with 40 % that differ, and four times the items for half of it."""
    shown = smallest_difference(100, 0.05, 0.4)

    assert pytest.approx(0.15, abs=0.01) == shown.difference
    assert pytest.approx(400, rel=0.02) == shown.items_for_half
