"""The list of detectors and checks: which are on, and what they cost."""

from __future__ import annotations

import pytest

from autoevol.agents.gateway.errors import UsageError
from autoevol.optimizer.record.settings import Settings
from autoevol.optimizer.scoring.detectors import DETECTORS
from autoevol.optimizer.scoring.examine.menu import DEAR, menu_of

from .conftest import Cli


def test_every_detector_and_check_is_listed_with_its_price_and_its_switch(cli: Cli) -> None:
    """From free to dear; what is off says how it is switched on."""
    said = cli("detectors")

    lines = {line[4:].split()[0]: line for line in said.out.splitlines() if line.startswith("  ")}
    assert (0, [*DETECTORS, *DEAR]) == (said.code, list(lines))
    assert "at most 2.1 calls of the judge an item" in lines["judge"]
    assert {"agreement": "--detectors=+agreement", "student": "--student NAME", "embedding": "--embedder NAME"} == {
        name: lines[name].partition("[only with ")[2].rstrip("]") for name in DEAR if "[only with " in lines[name]
    }


@pytest.mark.parametrize(
    ("name", "switched", "way"),
    [
        ("judge", {}, "--no-judge"),
        ("student", {"student": True}, "--student"),
        ("embedding", {"embedder": True}, "--embedder"),
    ],
)
def test_a_list_does_not_switch_off_what_has_a_switch_of_its_own(
    name: str, switched: dict[str, bool], way: str
) -> None:
    """It would go on asking, and be paid for, without a word; where it is off there is nothing to refuse."""
    with pytest.raises(UsageError, match=f"The check '{name}' has a setting of its own.*{way}"):
        menu_of(Settings.model_validate({"detectors": (f"-{name}",), **switched}))

    off = menu_of(Settings(detectors=(f"-{name}",), judge=False))
    assert ["code-fails"] == [exam.name for exam in off.exams]
