"""Every form that seeds may come in gives the same seeds."""

from __future__ import annotations

import gzip
import json
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from autoevol.agents.gateway.errors import UsageError
from autoevol.optimizer.dataset.source import open_seeds
from autoevol.optimizer.record.settings import SeedSettings

ROWS = [
    {"instruction": "Name a river.", "output": "Loire"},
    {"instruction": "Name two,\nplease; “quoted” and 中文.", "output": 'say "a", b'},
    {"instruction": "Count to 3.", "output": "1 2 3"},
]
EXPECTED = [(row["instruction"], row["output"]) for row in ROWS]


def read(path: Path | str, **settings: Any) -> list[tuple[str, str | None]]:
    """Instruction and response of every seed of a source."""
    source = open_seeds(SeedSettings(source=str(path), **settings))
    return [(seed.instruction.text, seed.response) for seed in source]


def lines() -> str:
    """The rows as JSONL."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in ROWS)


def table(delimiter: str = ",") -> str:
    """The rows as CSV with quoted newlines."""
    quoted = [[f'"{value.replace(chr(34), chr(34) * 2)}"' for value in row.values()] for row in ROWS]
    return "".join(delimiter.join(row) + "\r\n" for row in [["instruction", "output"], *quoted])


@pytest.mark.parametrize("name", ["seeds.jsonl", "seeds.ndjson", "seeds.json", "SEEDS.JSONL"])
def test_one_object_a_line(tmp_path: Path, name: str) -> None:
    """JSONL is read, whatever its suffix says about JSON, and from a line's end."""
    (tmp_path / name).write_text(lines(), encoding="utf-8")

    assert EXPECTED == read(tmp_path / name)


def test_a_byte_order_mark_is_not_data(tmp_path: Path) -> None:
    """Windows editors put a mark in front; it must not spoil the first row or the first column."""
    (tmp_path / "a.jsonl").write_bytes(b"\xef\xbb\xbf" + lines().encode())
    (tmp_path / "a.csv").write_bytes(b"\xef\xbb\xbf" + table().encode())
    (tmp_path / "a.json").write_bytes(b"\xef\xbb\xbf" + json.dumps(ROWS).encode())

    assert [EXPECTED] * 3 == [read(tmp_path / name) for name in ("a.jsonl", "a.csv", "a.json")]


@pytest.mark.parametrize(
    ("name", "wrap", "indent"),
    [
        *(("a.json", wrap, indent) for wrap in ("", "data", "rows") for indent in (None, 2)),
        ("a.json.gz", "", None), ("a.json.gz", "data", 2),
        ("a.jsonl", "", None), ("a.jsonl", "", 2), ("a.jsonl", "rows", None),
    ],
)  # fmt: skip
def test_one_json_document(tmp_path: Path, name: str, wrap: str, indent: int | None) -> None:
    """A list, or an object with the list under `data` or `rows`, on one line or on many; told from the content."""
    value = {"version": [1, {"x": None}], wrap: ROWS, "after": 1} if wrap else ROWS
    text = json.dumps(value, indent=indent)
    (tmp_path / name).write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())

    assert EXPECTED == read(tmp_path / name)


def test_elements_larger_than_the_window_stay_whole(tmp_path: Path) -> None:
    """A list is read in pieces; values that straddle or exceed a piece come out unharmed."""
    rows = [{"instruction": f"{number} " + "x" * size} for number, size in enumerate([10, 70_000, 65_520, 300_000, 3])]
    (tmp_path / "a.json").write_text(json.dumps(rows), encoding="utf-8")

    assert [(row["instruction"], None) for row in rows] == read(tmp_path / "a.json")


@pytest.mark.parametrize(("name", "delimiter"), [("a.csv", ","), ("a.csv", ";"), ("a.csv", "\t"), ("a.tsv", "\t")])
def test_tables_of_text(tmp_path: Path, name: str, delimiter: str) -> None:
    """CSV with quoted newlines, quotes and other delimiters."""
    (tmp_path / name).write_bytes(table(delimiter).encode())

    assert EXPECTED == read(tmp_path / name)


def test_a_csv_row_has_the_line_it_begins_on(tmp_path: Path) -> None:
    """The second row fills two lines of the file, so the third begins on line 5."""
    (tmp_path / "a.csv").write_bytes(table().encode())
    source = open_seeds(SeedSettings(source=str(tmp_path / "a.csv")))

    assert [2, 3, 5] == [seed.line for seed in source]


@pytest.mark.parametrize(("name", "text"), [("a.jsonl.gz", lines()), ("a.csv.gz", table()), ("a.jsonl", lines())])
def test_gzip_is_told_from_the_content(tmp_path: Path, name: str, text: str) -> None:
    """Packed files are read, even where the suffix forgot to say so."""
    (tmp_path / name).write_bytes(gzip.compress(text.encode()))

    assert EXPECTED == read(tmp_path / name)


@pytest.mark.parametrize("name", ["a.parquet", "a.jsonl"])
def test_parquet(tmp_path: Path, name: str) -> None:
    """Parquet is read in batches, more than one here, and recognised by its content too."""
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    rows = [{"question": f"What is {number} + 1?", "answer": str(number + 1)} for number in range(600)]
    parquet.write_table(arrow.Table.from_pylist(rows), tmp_path / name)

    assert [(row["question"], row["answer"]) for row in rows] == read(tmp_path / name)


def test_parquet_holds_conversations(tmp_path: Path) -> None:
    """Lists of structs are chats as well."""
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    chat = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]
    parquet.write_table(arrow.Table.from_pylist([{"messages": chat}]), tmp_path / "a.parquet")

    assert [("Hi", "Hello")] == read(tmp_path / "a.parquet")


def test_a_missing_library_names_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Extras are not installed by everybody: the error says how."""
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setitem(sys.modules, "datasets", None)
    (tmp_path / "a.parquet").write_bytes(b"PAR1")

    with pytest.raises(UsageError, match=r"pip install 'autoevol\[parquet\]'"):
        read(tmp_path / "a.parquet")
    with pytest.raises(UsageError, match=r"pip install 'autoevol\[hub\]'"):
        read("hub:someone/something")


class BrokenFiles(Exception):
    """Stands in for the root of the errors of `datasets`."""


class Hub(types.ModuleType):
    """Stands in for `datasets`, which would need the network."""

    def __init__(self) -> None:
        super().__init__("datasets")
        self.exceptions = types.SimpleNamespace(DatasetsError=BrokenFiles)
        self.asked: list[tuple[object, ...]] = []

    def load_dataset(
        self, path: str, name: str | None, *, split: str, revision: str | None, streaming: bool
    ) -> Iterator[dict[str, str]]:
        """Three rows, or what `datasets` raises for a name that it does not know."""
        self.asked.append((path, name, split, revision, streaming))
        if path != "someone/rivers":
            raise FileNotFoundError(f"Dataset '{path}' doesn't exist on the Hub.\nSecond line.")
        if split == "broken":
            raise BrokenFiles("An error occurred while generating the dataset")
        if split != "train":
            raise ValueError(f"Bad split: {split}.")
        return iter(ROWS)


def test_hub_data_sets_are_streamed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Name, configuration, split and revision reach the library, which is asked to stream."""
    hub = Hub()
    monkeypatch.setitem(sys.modules, "datasets", hub)

    assert EXPECTED == read("hub:someone/rivers:main", revision="v2")
    assert {("someone/rivers", "main", "train", "v2", True)} == set(hub.asked)


@pytest.mark.parametrize(
    ("source", "split", "words"),
    [
        ("hub:no/body", "train", "doesn't exist on the Hub"),
        ("hub:someone/rivers", "dev", "Bad split"),
        ("hub:someone/rivers", "broken", "while generating"),
        ("hub:", "x", "OWNER/NAME"),
    ],
)  # fmt: skip
def test_what_the_hub_refuses_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, source: str, split: str, words: str
) -> None:
    """Unknown names and splits are the user's to mend."""
    monkeypatch.setitem(sys.modules, "datasets", Hub())

    with pytest.raises(UsageError, match=words) as caught:
        read(source, split=split)
    assert "\n" not in str(caught.value)
