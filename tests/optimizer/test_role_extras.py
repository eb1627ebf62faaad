"""What a role's settings say beside the usual reaches the provider as it is."""

from __future__ import annotations

import json
from pathlib import Path

from autoevol.optimizer.cli import autoevol
from autoevol.optimizer.cli.boundary import guard
from tests.actors import act
from tests.model_server import model_server
from tests.optimizer.small_run import evolve_with, write_config


def test_further_fields_of_a_role_are_passed_on(tmp_path: Path) -> None:
    """Those of that role, and of no other."""
    with model_server(act) as server:
        config = write_config(tmp_path, server.base_url)
        said = json.loads(config.read_text(encoding="utf-8"))
        said["roles"]["responder"]["extra"] = {"reasoning_effort": "low", "top_k": 5}
        config.write_text(json.dumps(said), encoding="utf-8")

        assert 0 == guard(autoevol, [*evolve_with(config), "--runs", str(tmp_path / "runs")])

    fields = {(body["model"], body.get("reasoning_effort"), body.get("top_k")) for body in server.bodies}
    assert {("m-evolver", None, None), ("m-responder", "low", 5)} == fields
