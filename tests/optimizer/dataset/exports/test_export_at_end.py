"""What the settings want for trainers is written when a run is finished."""

from __future__ import annotations

import json
from pathlib import Path
from typing import get_args

import pytest
from anyio import to_thread

from autoevol.agents.gateway.errors import UsageError
from autoevol.optimizer.dataset.exports.at_end import check_exports
from autoevol.optimizer.dataset.exports.forms import FORMS, TRAINERS
from autoevol.optimizer.making import resume, run_recipes
from autoevol.optimizer.record.settings import ExportSettings, FormName

ROWS: list[dict[str, object]] = [
    {"question": "Two and two?", "answer": "4"},
    {"question": "Two and TWO?", "answer": "5"},
    {"question": "Why?"},
]


def test_the_settings_know_every_form_and_trainer() -> None:
    """No other list is kept."""
    trainers = get_args(ExportSettings.model_fields["trainer"].annotation)

    assert list(FORMS) == list(get_args(FormName))
    assert {*TRAINERS, type(None)} == {each for part in trainers for each in (get_args(part) or (part,))}


async def test_a_run_from_rows_to_a_trainer_is_one_settings_file(tmp_path: Path) -> None:
    """Chosen, exported, told of; a form that holds nothing is told of, and a resume writes the same anew."""
    settings = {"export": {"to": ["alpaca", "dpo"], "folder": str(tmp_path / "data")}}
    folder = (await run_recipes([{"recipe": "dedup"}], ROWS, settings=settings, runs=tmp_path / "runs")).folder
    written = tmp_path / "data" / "alpaca" / "train.jsonl"
    before = written.read_bytes()
    again = await to_thread.run_sync(resume, folder)
    told = json.loads((folder / "status.json").read_text(encoding="utf-8"))["exports"]

    assert {"instruction": "Two and two?", "input": "", "output": "4"} == json.loads(before)
    assert before == written.read_bytes()
    assert f"Exported as alpaca: 1 row in {written} (left out: 1 no-response)" in again.summary
    assert "Not exported as dpo: " in again.summary
    assert all(line in again.summary for line in told)


def test_a_folder_that_holds_something_is_refused_first(tmp_path: Path) -> None:
    """A folder of the run's own is nobody else's."""
    (tmp_path / "messages").mkdir()
    check_exports(ExportSettings(to=("messages", "jsonl"), folder=str(tmp_path)))
    (tmp_path / "messages" / "mine.txt").write_text("mine", encoding="utf-8")
    check_exports(ExportSettings(to=("messages",)))

    with pytest.raises(UsageError, match=r"messages, where the export messages is to go, holds something already\."):
        check_exports(ExportSettings(to=("jsonl", "messages"), folder=str(tmp_path)))


@pytest.mark.parametrize("form", ["parquet", "arrow"])
def test_a_form_whose_library_is_missing_is_refused_first(form: FormName, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the extra that brings it, and no other form with it."""
    monkeypatch.setattr("importlib.util.find_spec", {"pyarrow": None}.get)
    check_exports(ExportSettings(to=("messages",)))

    with pytest.raises(
        UsageError, match=r"The export .* needs an extra that is not installed\. Run: pip install .*parquet"
    ):
        check_exports(ExportSettings(to=("messages", form)))
