"""IFD by the embedded model against a computation that shares nothing with it but the file of weights.

    python -m benchmarks.recipes.ifd ROWS.jsonl [--rows 40] [--out FILE]

The independent side is here: a byte-pair tokenizer from the merges in the file, the weights in single precision, and a
forward pass in numpy (normalisation, rotated positions, grouped attention, gated layers). It tokenizes context and
target apart, so that it also checks where our side finds the boundary. llama.cpp rounds what goes into each product to
8 bits, which the other side does not.
"""

from __future__ import annotations

import argparse
import functools
import itertools
import json
import re
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import anyio
import gguf
import numpy as np
from numpy.typing import NDArray

from autoevol.agents.gateway.engine.model_files import locate
from autoevol.agents.gateway.engine.scorer import LocalScorer
from autoevol.agents.messages import Instruction
from autoevol.optimizer.recipes.reflection.versions import Reader, Version
from autoevol.optimizer.scoring.frames import FRAMES
from autoevol.optimizer.scoring.ifd import Ratio, ratio

Floats = NDArray[np.float32]
_MODEL = "smollm2-135m"
# GPT-2's pattern in the words of the standard library: letters, digits, what is neither, white space.
_WORDS = re.compile(r"'s|'t|'re|'ve|'m|'ll|'d| ?[^\W\d_]+| ?\d+| ?(?:[^\s\w]|_)+|\s+(?!\S)|\s+")


class Tokenizer:
    """Byte-level byte-pair encoding of the SmolLM family: each digit by itself, then GPT-2's words."""

    def __init__(self, reader: Any) -> None:
        self._numbers = {token: n for n, token in enumerate(reader.fields["tokenizer.ggml.tokens"].contents())}
        merges = reader.fields["tokenizer.ggml.merges"].contents()
        self._rank = {tuple(merge.split(" ", 1)): n for n, merge in enumerate(merges)}
        shown = [*range(33, 127), *range(161, 173), *range(174, 256)]
        others = [byte for byte in range(256) if byte not in shown]
        self._letters = {byte: chr(byte) for byte in shown} | {byte: chr(256 + n) for n, byte in enumerate(others)}

    def encode(self, text: str) -> list[int]:
        """Numbers of the tokens of a text."""
        parts = [part for part in re.split(r"(\d)", text) if part]
        words = [word for part in parts for word in _WORDS.findall(part)]
        return [self._numbers[token] for word in words for token in self._merged(word)]

    def _merged(self, word: str) -> list[str]:
        tokens = [self._letters[byte] for byte in word.encode()]
        while len(tokens) > 1:
            ranks = [self._rank.get(pair, 1 << 30) for pair in itertools.pairwise(tokens)]
            at = int(np.argmin(ranks))
            if ranks[at] == 1 << 30:
                break
            tokens[at : at + 2] = [tokens[at] + tokens[at + 1]]
        return tokens


class Llama:
    """The forward pass of a file of the architecture `llama` with tied embeddings, in single precision."""

    def __init__(self, reader: Any) -> None:
        self._tensors = {
            tensor.name: gguf.quants.dequantize(tensor.data, tensor.tensor_type).astype(np.float32)
            for tensor in reader.tensors
        }

        def said(name: str) -> Any:
            return reader.fields[f"llama.{name}"].contents()

        self._blocks = int(said("block_count"))
        self._heads, self._shared = int(said("attention.head_count")), int(said("attention.head_count_kv"))
        self._epsilon, self._base = float(said("attention.layer_norm_rms_epsilon")), float(said("rope.freq_base"))
        self._size = int(said("embedding_length")) // self._heads

    def logprobs(self, tokens: Sequence[int]) -> Floats:
        """Natural log-probability of each token but the first, after those before it."""
        states = self._tensors["token_embd.weight"][list(tokens)]
        for block in range(self._blocks):
            get = functools.partial(self._of, block)
            states = np.asarray(states + self._attended(self._normed(states, get("attn_norm")), get), np.float32)
            inner = self._normed(states, get("ffn_norm"))
            gate = inner @ get("ffn_gate").T
            gated = gate / (1 + np.exp(-gate)) * (inner @ get("ffn_up").T)
            states = np.asarray(states + gated @ get("ffn_down").T, np.float32)
        final = self._normed(states, self._tensors["output_norm.weight"])[:-1]
        logits = final @ self._tensors["token_embd.weight"].T
        logits -= logits.max(axis=1, keepdims=True)
        wanted = logits[np.arange(len(final)), list(tokens)[1:]]
        return np.asarray(wanted - np.log(np.exp(logits).sum(axis=1)), np.float32)

    def _of(self, block: int, name: str) -> Floats:
        return self._tensors[f"blk.{block}.{name}.weight"]

    def _normed(self, states: Floats, weight: Floats) -> Floats:
        scale = np.sqrt((states * states).mean(axis=1, keepdims=True) + self._epsilon)
        return np.asarray(states / scale * weight, np.float32)

    def _attended(self, states: Floats, get: Any) -> Floats:
        count = len(states)
        query = self._turned((states @ get("attn_q").T).reshape(count, self._heads, self._size))
        key = self._turned((states @ get("attn_k").T).reshape(count, self._shared, self._size))
        value = (states @ get("attn_v").T).reshape(count, self._shared, self._size)
        each = self._heads // self._shared
        key, value = (np.repeat(part, each, axis=1) for part in (key, value))
        weights = np.einsum("ihd,jhd->hij", query, key) / np.sqrt(self._size)
        weights += np.triu(np.full((count, count), -np.inf), 1)
        weights = np.exp(weights - weights.max(axis=2, keepdims=True))
        weights /= weights.sum(axis=2, keepdims=True)
        return np.asarray(np.einsum("hij,jhd->ihd", weights, value).reshape(count, -1) @ get("attn_output").T)

    def _turned(self, states: Floats) -> Floats:
        """Rotated positions, by neighbouring pairs."""
        half = np.arange(self._size // 2)
        angles = np.arange(len(states))[:, None] * self._base ** (-2 * half / self._size)
        cos, sin = np.cos(angles)[:, None, :], np.sin(angles)[:, None, :]
        even, odd = states[..., ::2], states[..., 1::2]
        turned = np.empty_like(states)
        turned[..., ::2], turned[..., 1::2] = even * cos - odd * sin, even * sin + odd * cos
        return turned


def independent(rows: Sequence[tuple[str, str]], path: Path) -> Iterator[float]:
    """The perplexity ratio of each row: the response after its instruction and a line end, and by itself.

    The model has no mark of beginning, so the first token of the response is left out on both sides.
    """
    reader = gguf.GGUFReader(str(path))
    tokenizer, model = Tokenizer(reader), Llama(reader)
    for instruction, response in rows:
        context, target = tokenizer.encode(f"{instruction}\n"), tokenizer.encode(response)
        after = model.logprobs([*context, *target])[-(len(target) - 1) :]
        yield float(np.exp(model.logprobs(target).mean() - after.mean()))


async def ours(rows: Sequence[tuple[str, str]]) -> list[float]:
    """The same by the engine, through the code that recipes use."""
    reader = Reader(FRAMES["plain"], lambda response, _: response, "", 5, _MODEL)
    scorer = LocalScorer(_MODEL)
    found: list[float] = []
    await scorer.scores("The first text starts the engine.")
    for instruction, response in rows:
        after, alone, target = reader.texts(Version("row", Instruction(instruction), response), reverse=False)
        score = ratio(
            await scorer.scores(after), await scorer.scores(alone), target, template="plain", model=_MODEL
        )  # fmt: skip
        if not isinstance(score, Ratio):
            raise SystemExit(f"a row has no score: {score}")
        found.append(score.ppl)
    await scorer.aclose()
    return found


def _rank_correlation(first: Sequence[float], second: Sequence[float]) -> float:
    """Spearman's; no two scores are alike."""
    one, other = (np.argsort(np.argsort(np.asarray(values))) for values in (first, second))
    return float(np.corrcoef(one, other)[0, 1])


def main() -> None:
    """Compare, print, and write where it is wanted."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("file", type=Path, help="JSON Lines with `question` and `answer`, or instruction and response")
    parser.add_argument("--rows", type=int, default=40)
    parser.add_argument("--out", type=Path)
    said = parser.parse_args()
    lines = [json.loads(line) for line in said.file.read_text(encoding="utf-8").splitlines()[: said.rows]]
    rows = [
        (line.get("instruction") or line["question"], line.get("response") or line.get("output") or line["answer"])
        for line in lines
    ]
    began = time.monotonic()
    by_engine = anyio.run(ours, rows)
    seconds = time.monotonic() - began
    by_numpy = list(independent(rows, locate(_MODEL)))
    apart = [abs(one - other) / other for one, other in zip(by_engine, by_numpy, strict=True)]
    figures = {
        "model": _MODEL, "rows": len(rows), "rank_correlation": _rank_correlation(by_engine, by_numpy),
        "median_relative_difference": float(np.median(apart)), "largest_relative_difference": max(apart),
        "mean_ifd": [float(np.mean(by_engine)), float(np.mean(by_numpy))], "pairs_per_s": len(rows) / seconds,
    }  # fmt: skip
    sys.stdout.write(json.dumps(figures, indent=2) + "\n")
    if said.out:
        said.out.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
