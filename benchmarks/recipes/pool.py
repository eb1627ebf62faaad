"""`python -m benchmarks.recipes.pool`: what a candidate of Self-Instruct costs against a pool of instructions.

Instructions are made from words by chance, with lengths and a vocabulary like those of Self-Instruct's own data (median
of 13 words, Zipf's law); every second candidate is one of the pool with a third of its words changed. Told are the
milliseconds of processor time of one candidate: the exact nearest of the whole pool, and the decision alone whether one
is above 0.7; and the bytes of the pool an instruction. Some results are compared with a plain search.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import time
import tracemalloc
from collections.abc import Sequence

from autoevol.optimizer.recipes.self_instruct.pool import Pool, rouge_l

__all__ = ["main"]

_WORDS = 20_000
_HAN = 2_500
_CANDIDATES = 60
_LIMIT = 0.7


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print a table in Markdown."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.recipes.pool", description=__doc__)
    parser.add_argument("--sizes", default="1000,10000,50000,100000", help="instructions in the pool")
    told = parser.parse_args(arguments)
    sys.stdout.write(
        "| pool | script | nearest, median | p95 | decision at 0.7, median | memory an instruction |\n"
        "|---|---|---|---|---|---|\n"
    )
    for size in map(int, str(told.sizes).split(",")):
        for script in ("Latin", "Chinese"):
            sys.stdout.write(_line(size, script) + "\n")
    return 0


def _line(size: int, script: str) -> str:
    draw = random.Random(f"{size} {script}")
    texts = _texts(draw, size + _CANDIDATES, script)
    pooled, candidates = texts[:size], texts[size:]
    # Every second candidate is one of the pool with a few words changed: that is the slow case to tell apart.
    candidates = [_changed(draw, pooled, script) if n % 2 else text for n, text in enumerate(candidates)]
    tracemalloc.start()
    pool = Pool()
    for text in pooled:
        pool.add(text)
    memory = tracemalloc.get_traced_memory()[0] / size
    tracemalloc.stop()
    nearest = [_timed(pool, text, 0.0) for text in candidates]
    decided = [_timed(pool, text, _LIMIT) for text in candidates]
    for text in candidates[:3]:
        if pool.nearest(text).score != max(rouge_l(text, other) for other in pooled):
            raise AssertionError(f"not the nearest of {text!r}")
    late = sorted(nearest)[int(0.95 * len(nearest))]
    return (
        f"| {size:,} | {script} | {statistics.median(nearest):.2f} ms | {late:.2f} ms |"
        f" {statistics.median(decided):.2f} ms | {memory:.0f} bytes |"
    )


def _timed(pool: Pool, text: str, above: float) -> float:
    """Milliseconds of processor time of one look."""
    start = time.thread_time()
    pool.nearest(text, above)
    return 1000 * (time.thread_time() - start)


def _texts(draw: random.Random, count: int, script: str) -> list[str]:
    words = _vocabulary(script)
    weights = [1 / (rank + 5) for rank in range(len(words))]
    middle = 13 if script == "Latin" else 22
    lengths = [max(4, min(150, round(draw.lognormvariate(0, 0.5) * middle))) for _ in range(count)]
    drawn = iter(draw.choices(words, weights, k=sum(lengths)))
    between = " " if script == "Latin" else ""
    return [between.join(next(drawn) for _ in range(length)) for length in lengths]


def _vocabulary(script: str) -> list[str]:
    return [f"w{n}" for n in range(_WORDS)] if script == "Latin" else [chr(0x4E00 + n) for n in range(_HAN)]


def _changed(draw: random.Random, texts: Sequence[str], script: str) -> str:
    """A text of the pool, a third of its words anew."""
    between = " " if script == "Latin" else ""
    text = draw.choice(texts)
    words = text.split(" ") if between else list(text)
    for place in draw.sample(range(len(words)), len(words) // 3):
        words[place] = draw.choice(_vocabulary(script))
    return between.join(words)


if __name__ == "__main__":
    sys.exit(main())
