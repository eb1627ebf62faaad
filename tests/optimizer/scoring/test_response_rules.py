"""Rules on responses."""

from __future__ import annotations

import pytest

from autoevol.optimizer.scoring.pair import Pair
from autoevol.optimizer.scoring.responses import asks_back, empty_response, refused

LONG = "The report shows many things about the town and its people. " * 15


@pytest.mark.parametrize(
    "response",
    [
        "I'm sorry, but I can't assist with that request.",
        "I cannot help you create this document.",
        "As an AI language model, I am unable to do that.",
        "Unfortunately, I'm not able to provide this information. Try something else.",
        "I must respectfully decline.",
        "抱歉，我无法提供这方面的帮助。",
        "作为一个人工智能语言模型，我不能回答这个问题。",
        "I'm sorry, but I can’t continue with this.",
    ],
)
def test_refused(response: str) -> None:
    """Refusals at the beginning of a short response."""
    assert refused(Pair("Q", evolved="E", evolved_response=response, language="zh")) is not None


@pytest.mark.parametrize(
    "response",
    [
        "I like it, and I can't help but smile.",
        "I'm sorry to hear about your dog. Here are three things that may comfort you.",
        "You cannot divide by zero.",
        "Dear Ann, I am sorry, but the parcel is late.",
        f"{LONG} I cannot provide more.",
        "这道题不能直接相加，需要先通分。",
        "",
    ],
)
def test_not_refused(response: str) -> None:
    """Apologies, facts and the end of a long response."""
    assert refused(Pair("Q", evolved="E", evolved_response=response, language="zh")) is None


def test_a_filtered_response_is_refused() -> None:
    """The provider's filter is a refusal without words."""
    assert refused(Pair("Q", evolved="E", response_fault="content_filter")) is not None


@pytest.mark.parametrize(
    "response",
    [
        "Could you please provide the exchange rate?",
        "Please provide the text that you want me to sum up.",
        "I need more information to answer.",
        "You haven't provided the list.",
        "What would you like me to do with these objects?",
        "There is not enough information to determine the price.",
        f"{LONG} Therefore, we cannot calculate the exact price difference.",
        f"{LONG} Could you tell me the rate?",
        "It is impossible to determine this without knowing the rate.",
        "请提供您想要翻译的文本。",
        "题目没有给出汇率，所以无法计算。",
        "您能否告诉我具体的数据？",
        "条件不足，无法求解。",
    ],
)
def test_asks_back(response: str) -> None:
    """Requests and statements that something is missing."""
    assert asks_back(Pair("Q", evolved="How many euros?", evolved_response=response, language="zh")) is not None


@pytest.mark.parametrize(
    ("evolved", "response"),
    [
        ("How many?", "First we need to know what half of the toys are: 30. So there are 99 toys."),
        (
            "Write an email to a customer.",
            "Dear customer, please provide your order details. Could you share a photo? Thanks, Ann",
        ),
        ("How many?", f"{LONG} Could you provide a rate, he asked. {LONG} So it is 5. That is all."),
        ("Is there enough information? If not, say 'not enough information'.", "Not enough information."),
        ("How many?", "The answer is 5."),
        ("How many?", None),
        ("写一封邮件给客户。", "您好，请提供您的订单信息，我们会尽快处理。谢谢。"),
        ("有多少？", "一共有五个。"),
    ],
)
def test_not_asking_back(evolved: str, response: str | None) -> None:
    """Solutions, letters, the middle of long texts, and an answer that the task offers."""
    assert asks_back(Pair("Q", evolved=evolved, evolved_response=response, language="zh")) is None


@pytest.mark.parametrize(
    ("response", "fault", "found"),
    [("", "", True), (" \n", "", True), (None, "empty", True), (None, "", False), ("5", "", False)],
)
def test_empty_response(response: str | None, fault: str, found: bool) -> None:
    """Nothing where something was asked for; None says that nothing was asked for."""
    pair = Pair("Q", evolved="E", evolved_response=response, response_fault=fault)
    assert found is (empty_response(pair) is not None)
