"""Where a GGUF file keeps its tensors, held against what the package `gguf` writes and reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autoevol.agents.gateway.engine.gguf_file import contents_of
from autoevol.agents.gateway.engine.scoring_server import OutputMatrix

gguf: Any = pytest.importorskip("gguf")
ROWS = np.linspace(-1, 1, 5 * 64, dtype=np.float32).reshape(5, 64)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file with settings of every kind and three tensors, one of them packed."""
    writer = gguf.GGUFWriter(tmp_path / "small.gguf", "llama")
    writer.add_custom_alignment(64)
    writer.add_bool("a.bool", True)
    writer.add_float64("a.double", 0.5)
    writer.add_int8("a.byte", -3)
    writer.add_string("a.text", "é" * 9)
    writer.add_array("a.texts", ["one", "", "drei"])
    writer.add_array("a.numbers", [1, 2, 3])
    writer.add_array("a.lists", [[1, 2], [3]])
    writer.add_tensor("whole", ROWS)
    writer.add_tensor("halves", ROWS[:3].astype(np.float16))
    kind = gguf.GGMLQuantizationType.Q8_0
    writer.add_tensor("output.weight", gguf.quants.quantize(ROWS, kind), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return tmp_path / "small.gguf"


def test_tensors_are_where_the_package_finds_them(path: Path) -> None:
    """Sizes, kinds and places; the names of settings with them."""
    reader = gguf.GGUFReader(path)
    expected = {
        tensor.name: (tuple(map(int, tensor.shape)), int(tensor.tensor_type), int(tensor.data_offset))
        for tensor in reader.tensors
    }
    found = contents_of(path.read_bytes())

    assert expected == {name: (each.sizes, each.kind, each.start) for name, each in found.tensors.items()}
    assert {name for name in reader.fields if not name.startswith("GGUF.")} == found.settings


def test_the_output_matrix_is_unpacked(path: Path) -> None:
    """Within what eight bits a number lose."""
    matrix = OutputMatrix.of(str(path))

    assert (5, 64) == matrix.rows.shape
    assert ROWS == pytest.approx(matrix.rows.astype(np.float32), abs=0.01)


def test_a_file_that_ends_early_is_refused(path: Path) -> None:
    """Wherever its head is cut; and what is no such file."""
    whole = path.read_bytes()
    head = contents_of(whole).tensors["whole"].start - 64

    for end in range(head):
        with pytest.raises(ValueError, match="GGUF"):
            contents_of(whole[:end])
    with pytest.raises(ValueError, match="version 2 or 3"):
        contents_of(b"GGUF" + bytes(200))
