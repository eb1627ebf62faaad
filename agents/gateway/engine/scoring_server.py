"""The process that scores given texts with an embedded model: the log-probability of each token after those before it.

llama.cpp's server gives log-probabilities of what it writes and refuses those of a prompt. It does give the state of
each token after the last layer (embeddings without pooling and without normalisation); times the output matrix, which
is in the same file, these are the logits. A softmax over the vocabulary makes log-probabilities of them.

Not for people: `scorer` starts it as `python -m` with `path context scores`, or with `vectors` as the last word. It
writes one JSON line, `{"vocabulary": …}` or `{"problem": …}`, then for each line `{"text": …}` of its input one line
`{"tokens": […], "logprobs": […]}` (or `{"tokens": number, "vector": […]}`: the mean of the states), or
`{"too_long": tokens}`, or `{"problem": …}`; it lives until its input closes.
"""

from __future__ import annotations

import http.client
import importlib
import json
import os
import secrets
import signal
import sys
from dataclasses import dataclass
from typing import IO, Any, cast

import numpy as np
from numpy.typing import NDArray

from .gguf_file import contents_of
from .manners import cores, die_with_caller, first_error, forget, live_again, silence, wait_politely

__all__ = ["OutputMatrix", "main"]

Floats = NDArray[np.float32]
_ERRORS_ONLY = 1
_ROWS = 8192
# What a model does to its logits after the matrix, which we do not do.
_FURTHER = ("final_logit_softcapping", "logit_scale")


class _Unfit(Exception):
    """This model cannot be used for scores; says why."""


@dataclass(frozen=True)
class OutputMatrix:
    """The matrix from states to logits, (vocabulary, width), in half precision: what a file stores is coarser."""

    rows: NDArray[np.float16]

    @classmethod
    def of(cls, path: str) -> OutputMatrix:
        """Read it from a GGUF file: `output.weight`, or where the two are tied the embedding matrix.

        Raises:
            _Unfit: there is none, or the model does more to its logits.
        """
        gguf: Any = importlib.import_module("gguf")
        file = np.memmap(path, np.uint8, "r")
        held = contents_of(file.data)
        further = [name for name in held.settings if name.rpartition(".")[2] in _FURTHER]
        if further or "output.bias" in held.tensors:
            raise _Unfit(f"its logits are changed after the output matrix ({(further or ['output.bias'])[0]})")
        found = held.tensors.get("output.weight") or held.tensors.get("token_embd.weight")
        if found is None:
            raise _Unfit("its file holds no output matrix")
        width, vocabulary = found.sizes
        kind: Any = gguf.GGMLQuantizationType(found.kind)
        together, size = gguf.GGML_QUANT_SIZES[kind]  # so many numbers take so many bytes
        row = width // together * size
        rows = np.empty((vocabulary, width), np.float16)
        for start in range(0, vocabulary, _ROWS):
            count = min(_ROWS, vocabulary - start)
            begin = found.start + start * row
            part = file[begin : begin + count * row].reshape(count, row)
            rows[start : start + count] = gguf.quants.dequantize(part, kind)
        return cls(rows)

    def logprobs(self, states: Floats, following: NDArray[np.int64]) -> Floats:
        """Natural log-probabilities of the tokens that follow.

        Args:
            states: (tokens, width), after each token.
            following: (tokens,), the number of the token that came next.
        """
        most = np.full(len(states), -np.inf, np.float32)
        sums = np.zeros(len(states), np.float32)
        wanted = np.einsum("ij,ij->i", states, self.rows[following].astype(np.float32))
        for start in range(0, len(self.rows), _ROWS):
            logits = states @ self.rows[start : start + _ROWS].astype(np.float32).T
            higher = np.maximum(most, logits.max(axis=1))
            sums = sums * np.exp(most - higher) + np.exp(logits - higher[:, None]).sum(axis=1)
            most = higher
        return cast("Floats", wanted - most - np.log(sums))


class _States:
    """llama.cpp's server in this process, asked for states."""

    def __init__(self, path: str, context: int) -> None:
        xllamacpp: Any = importlib.import_module("xllamacpp")
        params = xllamacpp.CommonParams()
        self._key = secrets.token_urlsafe(24)
        params.model.path = path
        params.hostnames = ["127.0.0.1"]
        params.port = 0
        params.api_keys = [self._key]
        params.ui = False
        params.endpoint_slots = False
        params.verbosity = _ERRORS_ONLY
        params.warmup = False
        params.fit_params = False
        params.n_parallel = 1
        # A text is worked on in one piece, or its states would not be those of one text.
        params.n_ctx = params.n_batch = params.n_ubatch = context
        params.embedding = True
        params.pooling_type = xllamacpp.llama_pooling_type.LLAMA_POOLING_TYPE_NONE
        params.embd_normalize = -1
        for threads in (params.cpuparams, params.cpuparams_batch):
            threads.n_threads = cores()
            threads.poll = 0
        self._server = xllamacpp.Server(params)
        self._address = str(self._server.listening_address).removeprefix("http://")

    def tokens(self, text: str) -> list[dict[str, Any]]:
        """Number and text of each token; marks of a chat template count as such."""
        body = {"content": text, "add_special": True, "parse_special": True, "with_pieces": True}
        return cast("list[dict[str, Any]]", self._post("/tokenize", body)["tokens"])

    def of(self, numbers: list[int]) -> Floats:
        """The state after each token, (tokens, width)."""
        found: Any = self._post("/embedding", {"content": numbers, "embd_normalize": -1})
        return np.asarray(found[0]["embedding"], np.float32)

    def _post(self, path: str, body: object) -> Any:
        connection = http.client.HTTPConnection(self._address)
        try:
            headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self._key}"}
            connection.request("POST", path, json.dumps(body), headers)
            reply = connection.getresponse()
            content = reply.read()
        finally:
            connection.close()
        if reply.status != 200:
            raise _Unfit(f"the engine answers {reply.status}: {content[:300].decode('utf-8', 'replace')}")
        return json.loads(content)


def main() -> None:
    """Score the texts that come by standard input until it closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    wait_politely()
    die_with_caller()
    answers, errors = silence()
    path, context = sys.argv[1], int(sys.argv[2])
    try:
        # Vectors need no matrix, and so work for models whose logits are of a kind of their own.
        matrix = OutputMatrix.of(path) if sys.argv[3] == "scores" else None
        states = _States(path, context)
    except (_Unfit, RuntimeError, OverflowError, ValueError, KeyError) as error:
        _tell(answers, problem=first_error(errors) or str(error))
    else:
        forget(errors)
        live_again()
        _tell(answers, vocabulary=len(matrix.rows) if matrix is not None else 0)
        for line in sys.stdin:
            _tell(answers, **_scored(states, matrix, json.loads(line)["text"], context))
    # Not an ordinary exit: that would run llama.cpp's destructors, which wait for calls under way.
    os._exit(0)


def _scored(states: _States, matrix: OutputMatrix | None, text: str, context: int) -> dict[str, object]:
    try:
        tokens = states.tokens(text)
        numbers = [int(token["id"]) for token in tokens]
        if len(numbers) > context:
            return {"too_long": len(numbers)}
        if matrix is None:
            mean = states.of(numbers).mean(axis=0, dtype=np.float64) if numbers else np.zeros(0)
            return {"tokens": len(numbers), "vector": mean.tolist()}
        scores: list[float] = []
        if len(numbers) > 1:
            found = matrix.logprobs(states.of(numbers)[:-1], np.array(numbers[1:]))
            scores = [float(score) for score in found]
    except (_Unfit, OSError, http.client.HTTPException, ValueError, KeyError, IndexError) as error:
        return {"problem": str(error)}
    return {"tokens": [_piece(token["piece"]) for token in tokens], "logprobs": [None, *scores][: len(tokens)]}


def _piece(piece: object) -> str:
    """The text of a token; where it is a part of a character, its bytes come instead."""
    if isinstance(piece, str):
        return piece
    return bytes(cast("list[int]", piece)).decode("utf-8", "replace")


def _tell(answers: IO[str], **what: object) -> None:
    answers.write(json.dumps(what) + "\n")
    answers.flush()


if __name__ == "__main__":
    main()
