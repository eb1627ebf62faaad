"""The quality review: a sample that grows without being drawn anew, answers that are kept, shares with intervals."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from autoevol.optimizer.cli.audit import command
from autoevol.optimizer.scoring.quality import QUESTIONS, Sampled, draw_sample, open_review
from tests.optimizer.pages.sample_run import write_run

ROWS = [Sampled(f"r{number}", f"do {number}", "done") for number in range(50)]
YES = dict.fromkeys(QUESTIONS, True)


def test_a_larger_sample_begins_with_the_smaller_one() -> None:
    """So that what was answered is not asked again; the order of the file does not matter, the run's seed does."""
    small, large = draw_sample(ROWS, 10, 7), draw_sample(reversed(ROWS), 30, 7)

    assert small == large[:10]
    assert small != draw_sample(ROWS, 10, 8)
    assert 50 == len(draw_sample([*ROWS, *ROWS], 99, 7))


def test_answers_are_kept_and_a_changed_row_is_asked_about_anew(tmp_path: Path) -> None:
    """An answer is about the texts that a person saw; the later of two counts."""
    review = open_review(tmp_path, ROWS[:3]).answer(ROWS[0], YES, "now")
    review = review.answer(ROWS[1], YES, "now").answer(ROWS[0], {**YES, "response": False}, "later")

    assert ["r2"] == [row.id for row in open_review(tmp_path, ROWS[:3]).waiting]
    assert review.answers == open_review(tmp_path, ROWS[:3]).answers
    assert (1, 2) == (review.shares["response"].hits, review.shares["response"].of)
    changed = [Sampled("r0", "do something else", "done"), *ROWS[1:3]]
    assert ["r0", "r2"] == [row.id for row in open_review(tmp_path, changed).waiting]


def test_the_terminal_asks_and_goes_on_where_it_was_left(tmp_path: Path) -> None:
    """y and n answer, s passes a row over, q ends for now; what was said is counted with its interval."""
    run = write_run(tmp_path / "run")
    runner = CliRunner()
    first = runner.invoke(command, [str(run)], input="y\ny\nn\nn\ns\nq\n")
    second = runner.invoke(command, [str(run)], input="y\ny\ny\ny\n")
    shares = runner.invoke(command, [str(run), "--json"])

    assert 0 == first.exit_code == second.exit_code
    assert "1 of 3 rows were looked at" in first.output
    assert "0/1 = 0% (0% to 79%)" in first.output
    assert "2 of 3 rows were looked at" in second.output
    assert '"looked_at": 2' in shares.output
