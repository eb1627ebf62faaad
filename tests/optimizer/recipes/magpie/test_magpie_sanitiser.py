"""Our own sanitising: every change and refusal has its rule, and nothing is made up."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autoevol.optimizer.recipes.magpie.chat import cut_at
from autoevol.optimizer.recipes.magpie.sanitiser import Sanitiser
from autoevol.optimizer.record.making.magpie import MagpieSettings

_OURS = Sanitiser(MagpieSettings())
_ODD = (
    "Task:", "**Question 2:**", "Answer:", "The answer is", "Solution:", "\n", "\n\n", " ", '"', "1. ", "- ",
    "<|im_end|>", "assistant\n", "Sure, ", "What is 3 + 4?", "Write a poem about the sea.", "```", "答案：", "问题：",
    "一只猫有几条腿？", ":", "</s>", "[/INST]", "Example output:", "the", "Here is", "\x00", "\u2028", "User:", "Q1.",
    "# Step 1", "I'm sorry, but I", "Q: ", "\nA: ", "\nB: ", "\n\nAs an AI",
)  # fmt: skip
_PIECES = st.lists(st.sampled_from(_ODD) | st.text(max_size=12), max_size=10).map("".join)


@settings(max_examples=150, deadline=None)
@given(_PIECES, st.booleans())
def test_cleaning_what_is_clean_changes_nothing(raw: str, truncated: bool) -> None:
    """Once is enough, and what was kept stays kept."""
    first = _OURS.clean(raw, truncated=truncated)
    again = _OURS.clean(first.text)

    assert first.text == again.text
    assert () == again.rules
    assert first.reason in {again.reason, "truncated"}


@settings(max_examples=150, deadline=None)
@given(_PIECES)
def test_nothing_is_made_up(raw: str) -> None:
    """What is left are characters of what was written, in their order; a change has a name, and no change has none."""
    clean = _OURS.clean(raw)
    left = iter("".join(raw.split()))

    assert all(letter in left for letter in "".join(clean.text.split()))
    assert bool(clean.rules) >= (clean.text != raw.strip())
    assert not [token for token in ("<|im_end|>", "</s>", "[/INST]") if token in clean.text]
    assert bool(clean.text) or clean.reason


@pytest.mark.parametrize(
    ("raw", "text", "rules"),
    [
        ("**Task 1:** Write a poem about rain.", "Write a poem about rain.", ("label",)),
        ("## Problem: Find x in x + 2 = 9.", "Find x in x + 2 = 9.", ("label",)),
        ("1. Name the capital of France.", "Name the capital of France.", ("list-mark",)),
        ("Sort this list.\n1. pears\n2. apples", "Sort this list.\n1. pears\n2. apples", ()),
        ("What is 2 + 2 in base 3?\n\nAnswer: 11", "What is 2 + 2 in base 3?", ("answer",)),
        ("Anna has 3.\nBen has 4.\nHow many?\n\nSolution: 7", "Anna has 3.\nBen has 4.\nHow many?", ("answer",)),
        ("Write f. Example:\nInput: 3\nOutput: 9", "Write f. Example:\nInput: 3\nOutput: 9", ()),
        ("Q: Why is snow white?\nA: It scatters light.", "Why is snow white?", ("answer", "label")),
        ("Q: Which is red?\nA: snow\nB: blood", "Which is red?\nA: snow\nB: blood", ("label",)),
        ("Can you plan my day?\n\n\nAs an AI, I can", "Can you plan my day?", ("plain", "answer")),
        ("Tell a story.<|im_end|>\n<|im_start|>assistant\nOnce", "Tell a story.", ("leaked-token",)),
        ("Tell a story.\nAssistant: Once upon a time", "Tell a story.", ("assistant-turn",)),
        ('"How do I bake bread?"', "How do I bake bread?", ("quotes",)),
        ("问题：一只猫有几条腿，几只耳朵？", "一只猫有几条腿，几只耳朵？", ("label",)),
        ("Qwen: Write a poem about a tree.", "Write a poem about a tree.", ("label",)),
        ("Llama can run at home. How?", "Llama can run at home. How?", ()),
        ("Sort my list.\n\nYes, I can help you. Please send it.", "Sort my list.", ("answer",)),
        ("More helps?\nA) No.\nB) Yes.\nThe correct answer is (B).", "More helps?\nA) No.\nB) Yes.", ("answer",)),
        ("Is the question: who am I, or is it another?", "Is the question: who am I, or is it another?", ()),
    ],
)  # fmt: skip
def test_what_can_be_mended_is(raw: str, text: str, rules: tuple[str, ...]) -> None:
    """Labels, marks, answers and leaks go; problems of several lines stay whole."""
    clean = _OURS.clean(raw)

    assert (text, rules, "") == (clean.text, clean.rules, clean.reason)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("   ", "empty"),
        ("<|im_end|>", "empty"),
        ("Hi there", "too-short"),
        ("Sure, here is a list of ten rivers.", "assistant-voice"),
        ("Hello! How can I help you today?", "assistant-voice"),
        ("I'm sorry, but I cannot do that for you.", "refusal"),
        ("Describe the following picture in detail:", "ends-in-colon"),
        ("Write a story about a fox and the", "unfinished"),
        ("Mend this:\n```python\ndef f(): pass", "open-code"),
        ("no no no no no no no no no no no no no no no no no no", "rubbish"),
        ("好的，我来介绍一下这座城市的历史。", "assistant-voice"),
    ],
)
def test_what_is_no_instruction_is_dropped_by_name(raw: str, reason: str) -> None:
    """A model that speaks as the assistant, an unfinished text, a loop."""
    assert reason == _OURS.clean(raw).reason


def test_bounds_hold_without_our_rules_too() -> None:
    """The published presets take texts as they come, but for length, language and the bound of tokens."""
    plain = Sanitiser(MagpieSettings(sanitise=False, most_chars=30, languages=("en",)))

    assert "" == plain.clean("Sure, here is a list.").reason
    assert "too-long" == plain.clean("Sure, here is a list of thirty things.").reason
    assert "language" == plain.clean("Wie viele Beine hat die Katze?").reason
    assert "truncated" == plain.clean("Write a long poem", truncated=True).reason


def test_an_instruction_that_ended_before_the_bound_is_whole() -> None:
    """Where an answer follows it that was cut, only the answer was cut."""
    assert "" == _OURS.clean("What is two plus two?\nAnswer: it is", truncated=True).reason


@pytest.mark.parametrize(
    ("text", "stops", "left"),
    [
        ("Ask me<|im_end|>more", ("<|im_end|>",), "Ask me"),
        ("\n\nAsk\nme", ("\n",), "\n\nAsk"),
        ("Ask me", ("<|im_end|>", "\n"), "Ask me"),
        ("a</s>b<s>", ("<s>", "</s>"), "a"),
    ],
)
def test_stops_that_were_not_sent_are_cut_here(text: str, stops: tuple[str, ...], left: str) -> None:
    """At the first of any of them."""
    assert left == cut_at(text, stops)
