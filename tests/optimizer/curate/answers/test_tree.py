"""What of an answer is the explanation of a repair."""

from __future__ import annotations

import pytest

from autoevol.optimizer.curate.answers.tree import explanation_in

CODE = "```python\nx = 1\n```"


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (f"It adds instead.\n\n{CODE}", "It adds instead."),
        (f"It adds instead. Here's the mended program:\n{CODE}", "It adds instead."),
        (f"It adds: for 2, 3.\nThe program:\n\n{CODE}", "It adds: for 2, 3."),
        (f"它做的是加法。改正后的程序如下：\n{CODE}", "它做的是加法。"),
        (f"The program:\n{CODE}", ""),
        (CODE, ""),
    ],
)
def test_the_sentence_that_announces_the_program_explains_nothing(answer: str, text: str) -> None:
    """What stands before the program is kept, but for that."""
    assert text == explanation_in(answer)
