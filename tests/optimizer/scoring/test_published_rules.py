"""The published rules on responses, case by case."""

from __future__ import annotations

import pytest

from autoevol.optimizer.scoring.detectors import detect, detectors_of
from autoevol.optimizer.scoring.pair import Pair
from autoevol.optimizer.scoring.published import CODE, PAPER


def _kinds(response: str | None, profile: str) -> tuple[str, ...]:
    names = tuple(PAPER if profile == "paper" else CODE)
    return tuple(finding.kind for finding in detect(Pair("Q", evolved="E", evolved_response=response), names))


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        ("Understood. What shall I do next?", ("paper-stagnant",)),
        ("Thank you for this. Anything more?", ("paper-stagnant",)),
        ("What would you like to know?", ("paper-stagnant",)),
        ("That is correct. Shall I go on?", ("paper-stagnant",)),
        ("Great! How can I help?\n", ("paper-stagnant",)),
        ("Sure, which list?", ("paper-insufficient",)),
        ("Could you please provide the list?", ("paper-lost-key",)),
        ("Please provide the list.", ("paper-lost-key",)),
        ("Sure, could you please provide the list?", ("paper-insufficient", "paper-lost-key")),
        ("understood. What next?", ()),
        ("GREAT! What next?", ()),
        ("Understood. I will do that.", ()),
        ("It is understood by all. Is it?", ()),
        ("Sure, here it is.", ()),
        ("I'm sorry, which list?", ()),
        ("It is not possible.", ()),
        ("", ()),
        (None, ()),
    ],
)
def test_paper_rules(response: str | None, expected: tuple[str, ...]) -> None:
    """Appendix A, table 5: prefixes with their case and a question mark at the end, or the phrase anywhere."""
    assert expected == _kinds(response, "paper")


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        ("Understood. Next?", ("code-stagnant",)),
        ("Sure?", ("code-insufficient",)),
        ("I'm sorry, which one?", ("code-sorry",)),
        ("Is there anything else?", ("code-anything-else",)),
        ("As an AI assistant I wonder: why?", ("code-as-an-assistant",)),
        ("I understand. And now?", ("code-i-understand",)),
        ("PLEASE PROVIDE more.", ("code-lost-key",)),
        ("That is Not Possible.", ("code-not-possible",)),
        ("i'm sorry, which one?", ()),
        ("I'm sorry, I cannot do that.", ()),
        ("As an AI language model, why?", ()),
        ("Understood. Next? ", ()),
        ("It is impossible.", ()),
    ],
)
def test_code_rules(response: str, expected: tuple[str, ...]) -> None:
    """The authors' twelve conditions; their `endswith` sees white space, so it does here."""
    assert expected == _kinds(response, "official-code")


def test_twelve_prefixes_and_phrases() -> None:
    """Five, one and four prefixes and two phrases are twelve conditions."""
    starts = ["Understood", "Thank you", "What", "That is correct", "Great", "Sure", "I'm sorry",
              "Is there anything else", "As an AI assistant", "I understand"]  # fmt: skip
    fired = [_kinds(f"{start} then?", "official-code") for start in starts]

    assert [1] * 10 == [len(kinds) for kinds in fired]


@pytest.mark.parametrize("profile", ["paper", "official-code"])
def test_an_item_without_text_fails_everywhere(profile: str) -> None:
    """An evolution that could not be read is a failure in the published profiles, too."""
    names = detectors_of(profile)  # type: ignore[arg-type]  # a parametrized literal
    assert ["unreadable"] == [finding.kind for finding in detect(Pair("Q"), names)]
