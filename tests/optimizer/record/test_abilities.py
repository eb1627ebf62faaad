"""What the doctor found out: kept, taken over by new runs, asked before one begins."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from autoevol.agents.gateway.doctor.findings import Findings
from autoevol.agents.gateway.endpoints import Abilities, Endpoint
from autoevol.agents.gateway.errors import StorageError, UsageError
from autoevol.optimizer.record.abilities import findings_file, keep, known, refuse_unable, with_abilities
from autoevol.optimizer.record.config import resolve
from autoevol.optimizer.record.settings import Settings
from autoevol.optimizer.session import create_run

ADDRESS = "https://models.example/v1"
NO_JSON = Abilities(json_schema=False, json_object=False)


def _findings(model: str = "m", abilities: Abilities = NO_JSON) -> Findings:
    return Findings(endpoint="default", address=ADDRESS, model=model, when="2026-11-03T12:00:00+00:00",
                    abilities=abilities)  # fmt: skip


def _settings(**endpoint: object) -> Settings:
    return resolve(None, {"model": "m", "endpoints": {"default": {"base_url": ADDRESS, **endpoint}}})


def test_findings_are_kept_by_address_and_model() -> None:
    """However the address is written; another model or form is another."""
    keep(_findings(), Endpoint(base_url=ADDRESS))

    assert _findings() == known(Endpoint(base_url=f" {ADDRESS}/chat/completions/"), "m")
    assert known(Endpoint(base_url=ADDRESS), "n") is None
    assert known(Endpoint(base_url=ADDRESS, wire="anthropic"), "m") is None
    assert known(Endpoint(script="answers.jsonl"), "script") is None


def test_a_file_that_cannot_be_read_is_as_if_it_were_not_there() -> None:
    """The doctor writes it again."""
    path = keep(_findings(), Endpoint(base_url=ADDRESS))
    path.write_bytes(b'{"endpoint": ')

    assert known(Endpoint(base_url=ADDRESS), "m") is None


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the variable that names another."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("AUTOEVOL_STATE", str(tmp_path / "file"))

    with pytest.raises(StorageError, match="AUTOEVOL_STATE"):
        keep(_findings(), Endpoint(base_url=ADDRESS))


def test_what_settings_say_themselves_stays() -> None:
    """A person may know better."""
    keep(_findings(), Endpoint(base_url=ADDRESS))

    said = _settings(abilities={"m": {"json_schema": True}})

    assert NO_JSON == with_abilities(_settings()).endpoints["default"].abilities["m"]
    assert said == with_abilities(said)


@pytest.mark.parametrize(
    ("form", "abilities", "fits"),
    [
        ("json", NO_JSON, False),
        ("tags", NO_JSON, True),
        ("json", Abilities(json_schema=False, json_object=True), True),
        ("json", Abilities(json_schema=False), True),
        ("json", Abilities(), True),
    ],
)
def test_a_form_that_cannot_be_had_is_refused(form: str, abilities: Abilities, fits: bool) -> None:
    """What is not known is not refused."""
    settings = with_abilities(_settings(output_form=form, abilities={"m": abilities}))
    if fits:
        refuse_unable(settings)
        return
    with pytest.raises(UsageError, match="output_form to tags"):
        refuse_unable(settings)


def test_a_run_freezes_what_is_known_and_refuses_before_it_makes_a_folder(tmp_path: Path) -> None:
    """A later examination changes no run that began before."""
    keep(_findings(), Endpoint(base_url=ADDRESS))
    seeds = tmp_path / "seeds.jsonl"
    seeds.write_text('{"instruction": "How many?"}\n')
    tree = {"model": "m", "seeds": {"source": str(seeds)}, "endpoints": {"default": {"base_url": ADDRESS}}}

    folder = create_run(resolve(None, tree), tmp_path / "runs")
    frozen = json.loads((folder / "settings.json").read_text())
    assert NO_JSON == Abilities.model_validate(frozen["settings"]["endpoints"]["default"]["abilities"]["m"])

    with pytest.raises(UsageError, match="neither to a schema nor to JSON"):
        create_run(resolve(None, {**tree, "endpoints": {"default": {"base_url": ADDRESS, "output_form": "json"}}}),
                   tmp_path / "others")  # fmt: skip
    assert not (tmp_path / "others").exists()


def test_the_name_of_the_file_tells_nothing() -> None:
    """A hash, in the user's own folder."""
    assert 16 == len(findings_file(Endpoint(base_url=ADDRESS), "m").stem)
