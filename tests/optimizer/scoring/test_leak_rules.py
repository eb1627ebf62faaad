"""Rules on what should not stand in the evolved text."""

from __future__ import annotations

import pytest

from autoevol.optimizer.scoring.answers import final_answer
from autoevol.optimizer.scoring.hints import solution_hint
from autoevol.optimizer.scoring.leaks import answer_leak
from autoevol.optimizer.scoring.pair import Pair
from autoevol.optimizer.scoring.scaffold import scaffold_leak, unfilled_template

SEED = "Tina bakes 3 trays of 24 rolls and sells each roll for $5. How much does she earn?"
SOLUTION = "She bakes 3*24=<<3*24=72>>72 rolls.\nShe earns 72*5=$<<72*5=360>>360.\n#### 360"
ZH_SEED = "果园里有15棵梨树，苹果树是梨树的4倍。苹果树有多少棵？"
ZH_SOLUTION = "15乘以4等于60，所以苹果树有60棵。\n#### 60"


@pytest.mark.parametrize(
    "evolved",
    [
        "Tina bakes 3 trays of 24 rolls at $5 each. The answer is 360. How did she get it?",
        "Tina bakes 3 trays of 24 rolls at $5 each, for a total of $360. How much does she earn?",
        "Tina bakes 3 trays of 24 rolls at $5 each, earning money equal to 360 dollars. How much is that?",
        "Tina bakes 3 trays of 24 rolls at $5. After the sale, Tina has 360 dollars left to spend.",
        "Tina bakes 3 trays of 24 rolls at $5. 72 * 5 = 360. How much does she earn?",
        "Tina bakes 3 trays of 24 rolls at $5. How much does she earn? #### 360",
        "Tina bakes rolls. Answer: She bakes 3*24=72 rolls. She earns 72*5=$360.",
    ],
)
def test_a_given_answer_is_a_leak(evolved: str) -> None:
    """The final answer as a result, in several wordings."""
    assert answer_leak(Pair(SEED, SOLUTION, evolved)) is not None


@pytest.mark.parametrize(
    "evolved",
    [
        "Tina bakes 3 trays of 24 rolls and sells each for $5. She gives away 10%. How much does she earn?",
        "Tina bakes 3 trays of 24 rolls and sells each for $5 on 360 days. How much does she earn?",
        "Tina has 360 grams of salt. She bakes 3 trays of 24 rolls and sells each for $5. How much does she earn?",
        "If Tina's costs amount to $360, does she profit from 3 trays of 24 rolls at $5?",
        "Tina bakes 3 trays of 24 rolls at $5. Show all steps and put the result after ####.",
        "Tina bakes 3 trays of 24 rolls at $5. How much does she earn? End with 'The answer is X'.",
        "Note that 1 tray = 24 rolls. Tina bakes 3 trays and sells each roll for $5. What does she earn? Answer:",
    ],
)
def test_a_number_alone_is_no_leak(evolved: str) -> None:
    """A new number that happens to be the answer, a form for the answer, a definition."""
    assert answer_leak(Pair(SEED, SOLUTION, evolved)) is None


def test_thousands_are_one_number() -> None:
    """1,000 in the text is the 1000 of the response, and a telling number needs no context."""
    pair = Pair("What is 12 * 128 - 2?", "#### 1534", "There are 1,534 seats and 12 rows of 128. What is missing?")
    assert answer_leak(pair) is not None
    assert answer_leak(Pair("Of 1,534 seats, 0 are taken?", "#### 1534", "Of 1534 seats, none is taken?")) is None


@pytest.mark.parametrize(
    ("evolved", "found"),
    [
        ("果园里有15棵梨树，苹果树是梨树的4倍，也就是60棵。苹果树有多少棵？", True),
        ("果园里有15棵梨树，苹果树是梨树的4倍。答案是60。", True),
        ("果园里有15棵梨树，苹果树是梨树的4倍，桃树有60公斤果实。苹果树有多少棵？", False),
        ("果园里有15棵梨树，苹果树是梨树的4倍，其中有三分之一是新栽的。新栽的苹果树有多少棵？", False),
    ],
)
def test_answer_leak_in_chinese(evolved: str, found: bool) -> None:
    """Chinese result phrases."""
    assert found is (answer_leak(Pair(ZH_SEED, ZH_SOLUTION, evolved, language="zh")) is not None)


@pytest.mark.parametrize(
    "evolved",
    [
        "A train runs 60 km/h for 3 hours. 60 * 3 = 180. 180 / 2 = 90. How far is half?",
        "A train runs 60 km/h for 3 hours. Therefore, the answer is 180.",
        "How far does it run? Solution: multiply the speed by the time, which gives the distance.",
        "How far does it run? It is \\boxed{180} km.",
        "一列火车每小时行60公里，行了3小时。解：60×3=180，答：180公里。",
    ],
)
def test_a_worked_solution_needs_no_known_response(evolved: str) -> None:
    """Equations that come out, marks, headings, conclusions."""
    pair = Pair(
        "A train runs 60 km/h for 3 hours. How far?", None, evolved, language="zh" if "火车" in evolved else "en"
    )
    assert answer_leak(pair) is not None


def test_equations_of_the_seed_or_untrue_ones_are_no_solution() -> None:
    """An exercise on equations may hold equations."""
    assert (
        answer_leak(Pair("Check 2 + 3 = 5 and 4 + 4 = 8.", None, "Check 2 + 3 = 5 and 4 + 4 = 8, then explain."))
        is None
    )
    assert answer_leak(Pair("Find the mistakes.", None, "Find the mistakes: 2 + 3 = 6, 4 + 4 = 9.")) is None


def test_a_long_piece_of_the_response_is_a_leak() -> None:
    """Twelve words in a row of the response, unless the seed has them."""
    response = "Photosynthesis turns light, water and carbon dioxide into sugar and oxygen inside the cells of plants."
    leaked = f"Explain photosynthesis, given that {response[0].lower()}{response[1:]}"
    assert answer_leak(Pair("Explain photosynthesis.", response, leaked)) is not None
    assert answer_leak(Pair(f"Shorten: {response}", response, f"Shorten in 5 words: {response}")) is None
    assert answer_leak(Pair("Explain photosynthesis.", response, "Explain how light becomes sugar and oxygen.")) is None


@pytest.mark.parametrize(
    ("response", "evolved", "found"),
    [
        ("Canberra", "The capital of Australia is Canberra. Why was it chosen?", True),
        ("Canberra", "Compare the capital of Australia with Canberra's twin cities.", False),
        ("Yes", "Is it right? The answer is yes.", False),
        ("堪培拉", "澳大利亚的首都是堪培拉，那么它的首都是哪里？", True),
    ],
)
def test_short_texts_as_answers(response: str, evolved: str, found: bool) -> None:
    """A name counts where it is given as the result."""
    seed = "What is the capital of Australia?" if response.isascii() else "澳大利亚的首都是哪里？"
    language = "en" if response.isascii() else "zh"
    assert found is (answer_leak(Pair(seed, response, evolved, language=language)) is not None)


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        ("so\n#### 1,234", 1234),
        ("we get \\boxed{7} and then \\boxed{8}", 8),
        ("The answer is: $12.50.", 12.5),
        ("所以一共有9个。答案是9。", 9),
        ("Paris", "paris"),
        ("no", None),
        ("one line that is much too long to be a short answer of any kind", None),
        ("two\nlines", None),
        ("", None),
    ],
)
def test_final_answer(response: str, expected: object) -> None:
    """Where an answer can be told, it is a value or a short text."""
    assert expected == final_answer(response, "zh" if "答" in response else "en")


@pytest.mark.parametrize(
    ("evolved", "found"),
    [
        (
            "Tina bakes 3 trays of 24 rolls, which can be found by multiplying. To find her income, multiply by $5.",
            True,
        ),
        ("Tina bakes 3 trays of 24 rolls at $5. Use the formula: (3 * 24) * 5. How much is it?", True),
        (
            "Tina bakes 3 trays of 24 rolls, resulting in a total of 72 rolls. To find her income, you multiply by $5.",
            True,
        ),
        ("Tina bakes 3 trays of 24 rolls at $5. Calculate her profit after 10% tax, then compare it with $300.", False),
        ("Tina bakes 3 trays of 24 rolls at $5. Find her income by using a table.", False),
        ("Explain how a sum can be found by adding two numbers in binary.", False),
    ],
)
def test_solution_hint(evolved: str, found: bool) -> None:
    """Two phrases of a solution, or a formula; one instruction about method is a task."""
    assert found is (solution_hint(Pair(SEED, SOLUTION, evolved)) is not None)


def test_solution_hint_in_chinese() -> None:
    """首先…乘以, 然后…加上 is a recipe."""
    text = "果园里有15棵梨树。首先用15乘以4，然后把结果加上10，苹果树有多少棵？"
    assert solution_hint(Pair(ZH_SEED, None, text, language="zh")) is not None


@pytest.mark.parametrize(
    "evolved",
    [
        "Here is the rewritten question: How many rolls?",
        "Sure, here's a more complex version of the problem: How many rolls?",
        "#Rewritten Instruction#:\nHow many rolls?",
        "Step 1: Methods List\n1. Add a condition\n\nPlan:\n- add it\n\nHow many rolls?",
        "**Plan:**\nadd a condition\n**Review:**\nfine\nHow many rolls?",
        "<evolved>How many rolls?</evolved>",
        "<evolved-0a1b2c3d>How many rolls?",
        "```\nHow many rolls?\n```",
        '{"new_instruction": "How many rolls?"}',
        "How many rolls?\n\nExplanation of changes: I added a condition.",
        "以下是改写后的题目：一共有多少个？",
        "改写后的指令：一共有多少个？",
        "好的，以下是更难的问题：一共有多少个？",
    ],
)
def test_scaffold_leak(evolved: str) -> None:
    """Lead-ins, headings, tags, fences, talk about the change; in both languages."""
    language = "zh" if "个" in evolved else "en"
    assert scaffold_leak(Pair(SEED, None, evolved, language=language)) is not None


@pytest.mark.parametrize(
    ("seed", "evolved"),
    [
        (SEED, "Tina's recipe evolved over time. How much does she earn with 3 trays of 24 rolls?"),
        ("Write a guide.", "Write a guide with these parts.\nStep 1: open the box\nStep 2: read the manual"),
        ("Make a plan.", "Make a plan for a trip.\nPlan:\n- day one"),
        ("Improve the rewritten instruction below.", "Improve the rewritten instruction below in two ways."),
        ("```\nx = 1\n```", "```\nx = 2\n```"),
        ("Here is the question: how many?", "Here is the question: how many, in dozens?"),
        (SEED, "Sure-footed Tina bakes 3 trays of 24 rolls. How many?"),
    ],
)
def test_honest_texts_are_no_scaffold(seed: str, evolved: str) -> None:
    """The same words in a task of their own, or already in the seed."""
    assert scaffold_leak(Pair(seed, None, evolved)) is None


@pytest.mark.parametrize(
    ("seed", "evolved", "found"),
    [
        (SEED, "She sells to {{friends}} friends.", True),
        (SEED, "Write to [insert name].", True),
        (SEED, "写给[填写姓名]。", True),
        ("Fill {{name}}.", "Fill {{name}} and {{age}}.", False),
        (SEED, "Use the set {1, 2} and a list [3, 4].", False),
    ],
)
def test_unfilled_template(seed: str, evolved: str, found: bool) -> None:
    """An open place, unless the seed is a template itself."""
    assert found is (unfilled_template(Pair(seed, None, evolved)) is not None)
