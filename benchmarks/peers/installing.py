"""The frameworks, what is installed for each, and where."""

from __future__ import annotations

import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path

__all__ = ["PEERS", "Peer", "python_of"]


@dataclass(frozen=True)
class Peer:
    """A framework: the file of its adapter, and what pip installs; nothing for what runs in our own environment."""

    adapter: str
    packages: tuple[str, ...] = ()


PEERS = {
    "AutoEvol": Peer("ours.py"),
    "bespokelabs-curator": Peer("bespokelabs_curator.py", ("bespokelabs-curator==0.1.31",)),
    "data-designer": Peer("nemo_data_designer.py", ("data-designer==0.9.6",)),
    # Without `requests` it cannot be imported.
    "distilabel": Peer("argilla_distilabel.py", ("distilabel[openai]==1.5.3", "requests")),
    "a bare aiohttp loop": Peer("bare.py"),
}


def python_of(name: str, folder: Path) -> Path:
    """The interpreter of a framework's environment, which is made where it is missing.

    Raises:
        subprocess.CalledProcessError: pip could not install it.
    """
    packages = PEERS[name].packages
    if not packages:
        return Path(sys.executable)
    place = folder / name
    python = place / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    done = place / "installed.txt"
    if not done.exists() or done.read_text(encoding="utf-8").split() != list(packages):
        sys.stderr.write(f"installing {' '.join(packages)} into {place} ...\n")
        venv.create(place, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *packages], check=True)  # noqa: S603  ours
        done.write_text("\n".join(packages), encoding="utf-8")
    return python
