"""`autoevol pack`: a plan from the command line."""

from __future__ import annotations

import json
from pathlib import Path

from .conftest import Cli


def test_it_plans_packs_and_says_what_they_hold(cli: Cli, seeds: Path, tmp_path: Path) -> None:
    """With an estimate where no tokenizer is given, which is said; files are not replaced."""
    made = cli("pack", str(seeds), "--max-tokens", "128", "--out", "plan")
    again = cli("pack", str(seeds), "--max-tokens", "128", "--out", "plan")
    short = cli("pack", str(seeds), "--max-tokens", "3", "--out", "other")
    packs = [json.loads(line) for line in (tmp_path / "plan" / "packs.jsonl").read_text(encoding="utf-8").splitlines()]

    assert (0, 2, 2) == (made.code, again.code, short.code)
    assert f"30 rows in {len(packs)} packs of 128 tokens" in made.out
    assert "Tokens are estimated" in made.out
    assert "is there already" in again.err
    assert "No row of seeds.jsonl can be packed: too-long 30." in short.err
    assert 30 == sum(len(pack["rows"]) for pack in packs)
