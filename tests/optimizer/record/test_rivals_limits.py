"""What the strategies of others are refused before anything is spent: too few metric calls, a package that is none."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from autoevol.agents.gateway.errors import UsageError
from autoevol.optimizer.record.config import resolve
from autoevol.optimizer.record.rivals import check_calls, check_package
from autoevol.optimizer.record.settings import Settings
from autoevol.optimizer.session import create_run
from tests.optimizer.small_run import write_config


def _settings(folder: Path, strategy: str, calls: int | None = None) -> Settings:
    config = write_config(folder, "http://127.0.0.1:9/v1")
    return resolve(config, {"search": {"strategy": strategy, "metric_calls": calls, "dev": 200}})


@pytest.mark.parametrize(("strategy", "least"), [("gepa", 50 + 3), ("mipro", 50 + 35)])
def test_fewer_metric_calls_than_are_made_before_anyone_looks_are_refused(
    strategy: str, least: int, tmp_path: Path
) -> None:
    """A quarter of dev and a minibatch; without a limit, or with as many, nothing is said."""
    with pytest.raises(UsageError, match=rf"scores 50 items .* Give at least {least}"):
        check_calls(_settings(tmp_path, strategy, least - 1), 100, 200)

    check_calls(_settings(tmp_path, strategy, least), 100, 200)
    check_calls(_settings(tmp_path, strategy), 100, 200)
    check_calls(_settings(tmp_path, "evolutionary", 1), 100, 200)


def test_such_a_run_has_no_folder(tmp_path: Path) -> None:
    """The seeds say how many choose: 40 % of 24 are dev, and a quarter of these 2."""
    with pytest.raises(UsageError, match=r"metric_calls is 3, but mipro scores 2 items .* minibatch of 2 before"):
        create_run(_settings(tmp_path, "mipro", 3), tmp_path / "runs")

    assert not (tmp_path / "runs").exists()


def test_gepa_of_a_version_that_we_do_not_know_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another one speaks another protocol; the other strategies do without it."""
    check_package(_settings(tmp_path, "gepa"))
    other = tmp_path / "gepa-0.2.0.dist-info"
    other.mkdir()
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: gepa\nVersion: 0.2.0\n", encoding="utf-8")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])

    with pytest.raises(UsageError, match=r"has version 0\.2\.0, which we do not know\. Install gepa 0\.1\.x"):
        check_package(_settings(tmp_path, "gepa"))
    check_package(_settings(tmp_path, "mipro"))


def test_gepa_that_cannot_be_imported_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In one sentence, before a folder is made."""
    monkeypatch.setitem(sys.modules, "gepa", None)

    with pytest.raises(UsageError, match="needs the package gepa, which cannot be imported"):
        check_package(_settings(tmp_path, "gepa"))
