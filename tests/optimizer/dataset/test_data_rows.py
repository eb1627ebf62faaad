"""The finished data: what is written, in which order, on exactly one line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoevol.agents.gateway.requests import Turn
from autoevol.agents.messages import Finding
from autoevol.optimizer.dataset.rows import DataRow, DroppedRow, Provenance, data_object, dropped_object, encode_line
from autoevol.optimizer.dataset.source import open_seeds
from autoevol.optimizer.record.settings import SeedSettings

FINDING = Finding("near-copy", "97 %")
CAME = Provenance(
    "seed-000003.t2", 3, "What is 2+2?", "abc", 2, ("k1", "k2"), (FINDING,), 0.5, None, ("small", "large")
)
ROW = DataRow(
    "row-000003.t2", "What is 22+22?", "44", CAME, "Be brief.", (Turn("user", "Hi"), Turn("assistant", "Ho")), "add"
)
anything = st.text(st.characters(codec=None, categories=None), max_size=40)


def test_a_data_row_in_fixed_order() -> None:
    """Every field of the row and of its provenance, always in the same order."""
    expected = {
        "id": "row-000003.t2",
        "instruction": "What is 22+22?",
        "response": "44",
        "system": "Be brief.",
        "context": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Ho"}],
        "reasoning": "add",
        "provenance": {
            "seed_id": "seed-000003.t2",
            "line": 3,
            "seed_instruction": "What is 2+2?",
            "method_id": "abc",
            "rounds": 2,
            "calls": ["k1", "k2"],
            "findings": [{"kind": "near-copy", "evidence": "97 %", "by": "rule"}],
            "score": 0.5,
            "cost": None,
            "models": ["small", "large"],
        },
    }

    assert json.dumps(expected) + "\n" == encode_line(data_object(ROW))


def test_reasoning_is_left_out_unless_it_is_kept() -> None:
    """A run that drops traces has no such field at all."""
    assert "reasoning" not in data_object(DataRow("1", "a", "b", CAME))


def test_a_dropped_row_in_fixed_order() -> None:
    """Where it fell, why, what was found and what it cost."""
    row = DroppedRow("seed-000001", "evolve", "empty", "no text", (FINDING,), ("k",), 0.25)
    expected = {
        "seed_id": "seed-000001",
        "stage": "evolve",
        "reason": "empty",
        "detail": "no text",
        "findings": [{"kind": "near-copy", "evidence": "97 %", "by": "rule"}],
        "calls": ["k"],
        "cost": 0.25,
    }

    assert json.dumps(expected) + "\n" == encode_line(dropped_object(row))


@given(text=anything)
def test_any_text_is_one_valid_line(text: str) -> None:
    """Whatever a model wrote: one line for every reader, valid UTF-8, and the text back (halves mended)."""
    line = encode_line({"text": text})
    mended = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")

    assert [line.removesuffix("\n")] == line.encode().decode().splitlines()
    assert mended == json.loads(line)["text"]


@pytest.mark.parametrize(
    ("text", "inside"),
    [
        ("中文 é 😀", "中文 é 😀"),
        ("a\u2028b\x85", "a\\u2028b\\u0085"),
        ("\ud83d\ude00", "😀"),
        ("x\ud83d", "x\ufffd"),
    ],
)
def test_text_stays_readable(text: str, inside: str) -> None:
    """Unicode is not escaped, but for line ends; halves are joined or replaced."""
    assert f'{{"t": "{inside}"}}\n' == encode_line({"t": text})


def test_numbers_that_json_lacks_are_refused() -> None:
    """A file that other readers refuse must not be written."""
    with pytest.raises(ValueError, match="not JSON compliant"):
        encode_line({"score": float("nan")})


def test_our_data_can_be_seeds_again(tmp_path: Path) -> None:
    """What was written is read back with system prompt and context."""
    (tmp_path / "dataset.jsonl").write_text(encode_line(data_object(ROW)), encoding="utf-8")
    [seed] = open_seeds(SeedSettings(source=str(tmp_path / "dataset.jsonl")))

    assert ("What is 22+22?", "44") == (seed.instruction.text, seed.response)
    assert ("Be brief.", ROW.context) == (seed.instruction.system, seed.instruction.context)
