"""A packaged embedding model at work: onnxruntime in this process, many texts at once."""

from __future__ import annotations

import hashlib
import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
from anyio import to_thread

from ..errors import ModelFileError, UsageError
from ..outcomes import Answer, Outcome, Usage
from ..requests import Request
from .manners import cores
from .packaged import INSTALL, PACKAGED, Packaged, check_packaged

__all__ = ["PackagedEmbedder"]

_TOGETHER = 16


class PackagedEmbedder:
    """A packaged model as what an endpoint is reached by. It is loaded by the first call.

    Args:
        name: one of `PACKAGED`.
    """

    def __init__(self, name: str) -> None:
        check_packaged(name)
        self.address = f"package {name}"
        self._name = name
        self._running: _Running | None = None
        # One batch at a time: each keeps all cores busy.
        self._turn = anyio.Lock()

    async def call(self, request: Request, key: str) -> Outcome:
        """Embed one text.

        Raises:
            UsageError: something else than an embedding is asked for.
            ModelFileError: the file in the package is another than is known.
        """
        return (await self.call_many((request,), (key,)))[0]

    async def call_many(self, requests: Sequence[Request], keys: Sequence[str]) -> list[Outcome]:
        """Embed several texts at once. A text's vector does not depend on the others beside it, but for rounding.

        Raises:
            UsageError, ModelFileError: as `call`.
        """
        if any(request.form != "embedding" for request in requests):
            raise UsageError(
                f"The packaged model '{self._name}' gives embeddings and nothing else.",
                fix="Name another endpoint for this role.",
            )
        texts = [request.turns[-1].text for request in requests]
        async with self._turn:
            running = self._running
            if running is None:
                self._running = running = await to_thread.run_sync(_Running.of, PACKAGED[self._name])
            made = await to_thread.run_sync(running.embed, texts)
        return [
            Answer(key, "", usage=Usage(input_tokens=tokens), model=self._name, replica=self.address, vector=vector)
            for key, (vector, tokens) in zip(keys, made, strict=True)
        ]


@dataclass(frozen=True, slots=True)
class _Running:
    """A loaded model."""

    tokenizer: Any
    session: Any

    @classmethod
    def of(cls, model: Packaged) -> _Running:
        package: Any = importlib.import_module(model.package)
        path = Path(package.__file__).with_name(model.member)
        weights = path.read_bytes()
        if hashlib.sha256(weights).hexdigest() != model.sha256:
            raise ModelFileError(f"{path} is not the file that is expected.", fix=f"{INSTALL} --force-reinstall")
        # By name: they ship no types, and only the extra `embed` brings them.
        onnxruntime: Any = importlib.import_module("onnxruntime")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = cores()
        # Threads that spin while they wait take the cores from all others.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        session = onnxruntime.InferenceSession(weights, options, providers=["CPUExecutionProvider"])
        return cls(_tokenizer(Path(__file__).with_name(model.vocabulary), model.tokens), session)

    def embed(self, texts: Sequence[str]) -> list[tuple[tuple[float, ...], int]]:
        """By text its vector of length 1, as 32-bit floats, and how many tokens were read."""
        read = self.tokenizer.encode_batch(list(texts))
        # Alike in length, so that little is filled up.
        order = sorted(range(len(read)), key=lambda number: len(read[number].ids))
        made: dict[int, tuple[tuple[float, ...], int]] = {}
        for begin in range(0, len(order), _TOGETHER):
            some = order[begin : begin + _TOGETHER]
            for number, vector in zip(some, self._vectors([read[number] for number in some]), strict=True):
                made[number] = (vector, len(read[number].ids))
        return [made[number] for number in range(len(read))]

    def _vectors(self, read: Sequence[Any]) -> list[tuple[float, ...]]:
        import numpy as np  # noqa: PLC0415  not for those who only name this module

        longest = max(len(each.ids) for each in read)
        ids = np.zeros((len(read), longest), np.int64)
        mask = np.zeros((len(read), longest), np.int64)
        for row, each in enumerate(read):
            ids[row, : len(each.ids)] = each.ids
            mask[row, : len(each.ids)] = 1
        asked = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        states: Any = self.session.run(None, asked)[0]
        means = (states * mask[:, :, None]).sum(axis=1, dtype=np.float64) / mask.sum(axis=1)[:, None]
        vectors = (means / np.linalg.norm(means, axis=1)[:, None]).astype(np.float32)
        return [tuple(vector.tolist()) for vector in vectors]


def _tokenizer(vocabulary: Path, tokens: int) -> Any:
    """BERT's, uncased: words of the vocabulary, longer ones in pieces, between [CLS] and [SEP]."""
    tokenizers: Any = importlib.import_module("tokenizers")
    words = {word: number for number, word in enumerate(vocabulary.read_text(encoding="utf-8").splitlines())}
    made: Any = tokenizers.Tokenizer(tokenizers.models.WordPiece(words, unk_token="[UNK]"))  # noqa: S106  a token
    made.normalizer = tokenizers.normalizers.BertNormalizer(lowercase=True)
    made.pre_tokenizer = tokenizers.pre_tokenizers.BertPreTokenizer()
    marks = [(mark, words[mark]) for mark in ("[CLS]", "[SEP]")]
    made.post_processor = tokenizers.processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=marks)
    made.enable_truncation(tokens)
    return made
