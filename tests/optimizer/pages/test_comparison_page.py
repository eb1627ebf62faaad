"""The page and the table of a comparison: whole files of a run in, text that nothing can break out of."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from autoevol.optimizer.pages.comparison import write_comparison
from autoevol.optimizer.pages.comparison_chart import Gap, draw_gaps
from autoevol.optimizer.pages.comparison_table import comparison_table

EVIL = "</h1><script>alert(1)</script>[red]\x1b[31m\u202e'\"{{7*7}}"


def _pair(first: str, second: str, better: str = "") -> dict[str, Any]:
    return {
        "first": first, "second": second, "n": 20, "wins": 9, "losses": 2, "ties": 9, "difference": 0.35, "low": 0.1,
        "high": 0.6, "p": 0.01, "p_adjusted": 0.02, "p_sign": 0.06, "better": better, "provable": 0.3,
    }  # fmt: skip


def _row(text: str) -> dict[str, Any]:
    return {
        "seed_id": "s1", "stages": ["What?", text], "response": text, "score": 0.5,
        "findings": [{"kind": "asks-back", "evidence": text, "by": "rule"}],
    }  # fmt: skip


def _record(*labels: str, **more: Any) -> dict[str, Any]:
    first, *others = labels
    return {
        "baseline": first, "alpha": 0.05, "sets": [{"name": EVIL, "seeds": 40, "items": 20}], "evolvers": [EVIL],
        "contestants": [
            {"label": label, "kind": "prompt", "source": f"/home/me/{label}.txt", "clauses": [EVIL], "items": 20,
             "missing": 3, "mean": 0.5, "low": 0.4, "high": 0.6, "mean_if_missing_failed": 0.4, "growth": 2.0,
             "diversity": {"openings": 0.5}, "method_id": "abc",
             "cost": {"evolver": {"calls": 2, "input_tokens": 10, "output_tokens": 5, "usd": None}}}
            for label in labels
        ],
        "pairs": [_pair(first, other, other) for other in others],
        "ranking": [{"label": label, "best": n, "worst": n, "group": f"g{n}"} for n, label in enumerate(labels, 1)],
        "findings": [{"kind": "asks-back", "shares": dict.fromkeys(labels, 0.25), "changes": {}}],
        "regressions": {other: {"broken": [{"set": "s", "seed_id": "s1", "why": [EVIL]}], "mended": []}
                        for other in others},
        "examples": [{"set": "s", "seed_id": "s1", "seed": EVIL, "because": {"label": others[0], "what": "worse"},
                      "texts": {label: _row(EVIL) for label in labels}}],
        "notes": [EVIL], "words": [EVIL],
        **more,
    }  # fmt: skip


def _write(folder: Path, record: Any, name: str = "compare.json") -> str:
    (folder / name).write_text(json.dumps(record), encoding="utf-8")
    return write_comparison(folder).read_text(encoding="utf-8")


def test_nothing_in_a_record_becomes_markup(tmp_path: Path) -> None:
    """Escaped throughout; the page's policy lets nothing run and nothing load; no place of the machine is in it."""
    page = _write(tmp_path, _record(EVIL, "b"))

    assert "<script" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "\x1b" not in page
    assert "[U+202E]" in page
    assert "{{7*7}}" in page
    assert "/home/me" not in page
    assert [] == re.findall(r"(?:src|href)=\"(?!#)[^\"]*//", page)
    assert "default-src 'none'" in page


def test_the_page_has_every_part(tmp_path: Path) -> None:
    """Ranking with its drawing, findings, regressions, examples, contestants, costs, side by side, transfer."""
    sides = {"looks": 4, "silent": 1, "contrary": 0, "pairs": [_pair("a", "b")], "ranking": [{"label": "a"}]}
    cell = {
        "set": "s",
        "evolver": "m",
        "label": "b",
        "items": 20,
        "mean": 0.5,
        "difference": 0.1,
        "low": 0,
        "high": 0.2,
    }

    page = _write(tmp_path, _record("a", "b", side_by_side=sides, transfer=[cell]))

    parts = "result ranking transfer sides findings regressions examples contestants cost files"
    assert parts.split() == re.findall(r'<section id="(\w+)"', page)
    assert "“a” is better than “b”" in page
    assert 'class="mark"' in page
    assert "Could be shown from" in page


@pytest.mark.parametrize(
    ("pairs", "headline"),
    [
        ([_pair("a", "b"), _pair("a", "c"), _pair("b", "c")], "No difference was shown"),
        ([_pair("a", "b", "b"), _pair("a", "c"), _pair("b", "c")], "Better than “a”: “b”"),
        ([_pair("a", "b", "a"), _pair("a", "c"), _pair("b", "c")], "None is shown to be better than “a”"),
    ],
)
def test_the_headline_says_no_more_than_the_pairs(tmp_path: Path, pairs: list[dict[str, Any]], headline: str) -> None:
    """Better than the baseline, not better, or not told apart."""
    ranking = [{"label": label, "best": 1, "worst": 3, "group": "a"} for label in "abc"]

    page = _write(tmp_path, _record("a", "b", "c", pairs=pairs, ranking=ranking))

    assert f">{headline}</h1>" in page


def test_an_example_shows_its_seed_once(tmp_path: Path) -> None:
    """It stands above; what each contestant made of it below."""
    page = _write(tmp_path, _record("a", "b"))

    assert "<dt>Seed</dt>" not in page
    assert 2 == page.count("<dt>Evolved</dt>")


def test_an_ablation_shows_clauses_and_where_they_are_from(tmp_path: Path) -> None:
    """In a page of its own name."""
    row = {
        "clause": 2, "text": EVIL, "worth": 0.2, "low": 0.1, "high": 0.3, "helped": 5, "hurt": 1, "ties": 14,
        "p_adjusted": 0.01, "p_sign": 0.2, "shown": "helps", "provable": 0.3,
        "origin": {"step": 3, "operator": "small", "finding": "numbers were lost"},
    }  # fmt: skip

    page = _write(tmp_path, _record("a", "b", clauses=[row]), "ablation.json")

    assert (tmp_path / "ablation.html").exists()
    assert "1 of 1 clause is shown to help" in page
    assert 'step 3: <span dir="auto">numbers were lost</span>' in page
    assert "What each clause is worth" in comparison_table(tmp_path / "ablation.json", 100)


@pytest.mark.parametrize("text", ["{}", "[]", "{", '{"pairs": 5}'])
def test_a_record_that_is_missing_or_damaged_has_a_page_too(tmp_path: Path, text: str) -> None:
    """It says what is wrong."""
    (tmp_path / "compare.json").write_text(text, encoding="utf-8")

    assert write_comparison(tmp_path).read_text(encoding="utf-8").endswith("</html>")
    assert comparison_table(tmp_path / "compare.json", 80)


def test_a_run_without_a_record_says_so(tmp_path: Path) -> None:
    """As a run that was stopped before its end."""
    (tmp_path / "status.json").write_text('{"state": "stopped", "story": "Stopped: the cap."}', encoding="utf-8")

    page = write_comparison(tmp_path).read_text(encoding="utf-8")

    assert "This run is not finished." in page
    assert "Stopped: the cap." in page


@pytest.mark.parametrize("width", [20, 40, 79, 120, 500])
def test_the_table_fits_its_terminal_and_obeys_no_text(tmp_path: Path, width: int) -> None:
    """Markup and control sequences are text; wide terminals get no wider table than can be read."""
    _write(tmp_path, _record(EVIL, "b", "c", pairs=[_pair(EVIL, "b"), _pair(EVIL, "c", "c"), _pair("b", "c")]))

    table = comparison_table(tmp_path / "compare.json", width)

    assert "\x1b" not in table
    assert "[red]" in table.replace("\n", "").replace(" ", "")
    if width >= 76:
        tables = [line for line in table.splitlines() if "solves" not in line and "missing" not in line]
        assert max(map(len, tables)) <= min(120, width)


def test_gaps_are_drawn_to_scale() -> None:
    """The first on top, each mark inside its interval; long names are cut and nothing in one is markup."""
    chart = draw_gaps([Gap("a", 0.1, -0.1, 0.3, "better"), Gap("<b>" * 20, -0.2, -0.4, 0.0, "worse")], "worth")

    assert chart is not None
    tree = ElementTree.fromstring(str(chart.svg))
    dots = [dot.attrib for dot in tree.iter("circle")]
    lines = [line.attrib for line in tree.iter("line") if line.get("class") == "interval"]
    assert float(dots[0]["cy"]) < float(dots[1]["cy"])
    assert all(float(line["x1"]) < float(dot["cx"]) < float(line["x2"]) for dot, line in zip(dots, lines, strict=True))
    assert lines[0]["x1"] < dots[0]["cx"]
    assert "<b>" not in chart.svg
    assert "&lt;b&gt;" in chart.svg
    assert 28 == max(len(text.text or "") for text in tree.iter("text"))
    assert {"accepted", "worse"} <= {group.get("class") for group in tree.iter("g")}
    assert None is draw_gaps([], "worth")
