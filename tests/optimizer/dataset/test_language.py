"""Which language a text is in."""

from __future__ import annotations

import pytest

from autoevol.optimizer.dataset.language import language_of


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("", "en"),
        ("12 + 7 = ?", "en"),
        ("What is the capital of France?", "en"),
        ("Wie heißt die Hauptstadt von Österreich?", "en"),
        ("法国的首都是哪里？", "zh"),
        ("用 Python 写一个函数 is_prime(n)，判断 n 是不是质数。", "zh"),
        ("修改下面的代码：\n```python\ndef add(first, second):\n    return first - second\n```", "zh"),
        ("怎样使用 `git rebase --interactive --autosquash` 命令？", "zh"),
        ("What does the word 你好 mean in Chinese?", "en"),
        ("東京の首都はどこですか。", "en"),
        ("한국의 수도는 어디입니까? 漢字", "en"),
    ],
)
def test_language_of(text: str, language: str) -> None:
    """Chinese where its characters outweigh the words of alphabets; other scripts have the default."""
    assert language == language_of(text)
