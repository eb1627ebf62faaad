"""Templates: what is shipped fits together, names tell families, and the server's own can be taken apart."""

from __future__ import annotations

import pytest

from autoevol.agents.gateway.errors import UsageError
from autoevol.optimizer.recipes.magpie.chat import chat_of
from autoevol.optimizer.recipes.magpie.sampling import SHIPPED, Planner
from autoevol.optimizer.recipes.magpie.server_template import family_from
from autoevol.optimizer.recipes.magpie.templates import FAMILIES, family_of, opened, parts_of
from autoevol.optimizer.record.making.magpie import MagpieSettings
from autoevol.optimizer.record.making.magpie_values import FamilySettings
from autoevol.prompts import shipped


@pytest.mark.parametrize("name", FAMILIES)
def test_every_family_is_whole(name: str) -> None:
    """It opens a user's turn, closes it, and begins with the token that the probe counts or holds it."""
    family = FAMILIES[name]
    text = f"{family.bos}{family.user}U{family.assistant}A{family.again}"

    assert family.special in text
    assert family.stops
    assert len(set(family.stops)) == len(family.stops)
    assert not family.user.startswith(family.bos or "\0")
    assert family.again.endswith(family.user) or family.user.endswith(family.again[-6:])


@pytest.mark.parametrize(
    ("model", "family"),
    [
        ("Qwen2.5-Coder-1.5B-Instruct", "qwen2.5"), ("Qwen/Qwen2-72B-Instruct", "qwen2"), ("smollm2-135m", "smollm"),
        ("meta-llama/Meta-Llama-3.1-8B-Instruct", "llama-3"), ("google/gemma-2-9b-it", "gemma-2"),
        ("microsoft/Phi-3-small-8k-instruct", "phi-3-small"), ("lmsys/vicuna-7b-v1.5", "vicuna"), ("gpt-4o", None),
    ],
)  # fmt: skip
def test_the_name_tells_the_family(model: str, family: str | None) -> None:
    """As far as names tell anything."""
    assert family == family_of(model)


def test_a_family_of_ones_own_wins() -> None:
    """And one that nobody knows is refused with those that are known."""
    own = FamilySettings(user="<u>", assistant="<a>", again="<u>", stops=("<e>",), special="<u>")

    assert own == parts_of("qwen2", {"qwen2": own})
    with pytest.raises(UsageError, match="no family of chat templates named 'mine'") as error:
        parts_of("mine", {})
    assert "llama-3" in error.value.fix


def test_a_family_without_a_system_turn_cannot_be_steered() -> None:
    """Nothing is put where the model never saw it."""
    with pytest.raises(UsageError, match="no system turn"):
        opened(FAMILIES["gemma-2"], "Ask about maths.")


@pytest.mark.parametrize("name", ["qwen2", "llama-3", "phi-3", "qwen2.5", "smollm"])
def test_the_servers_template_is_taken_apart_into_the_same_parts(name: str) -> None:
    """From three chats that it writes out."""
    family = FAMILIES[name]
    chat = chat_of(name, family, MagpieSettings(), "")
    rendered = (
        chat.before_assistant("", (), "Aone"),
        chat.before_assistant("", (("Aone", "Btwo"),), "Cthree"),
        chat.before_assistant("Szero", (("Aone", "Btwo"),), "Cthree"),
    )
    found = family_from(rendered)

    assert found is not None
    assert family.stops[0] == found.stops[0]
    assert found.model_copy(update={"stops": (), "special": ""}) == family.model_copy(
        update={"stops": (), "special": ""}
    )
    assert found.special in rendered[0]


@pytest.mark.parametrize(
    "rendered", [(None, None, None), ("User: Aone\nBot:", "User: Aone\nBot: Btwo\nUser: Cthree", None)]
)
def test_a_template_that_cannot_be_had_is_none(rendered: tuple[str | None, ...]) -> None:
    """The server told nothing, or nothing with a special token in it."""
    assert family_from(rendered) is None


def test_stops_are_sent_in_the_order_of_what_they_do() -> None:
    """The end of the turn first; the settings' own list is never changed."""
    part = MagpieSettings(stops=2, stop_at_newline=True, stop_at_role=True)
    chats = [chat_of("llama-3", FAMILIES["llama-3"], part, "") for _ in range(2)]

    assert chats[0] == chats[1]
    assert ("<|eot_id|>", "\n") == chats[0].sent
    assert {"\n", "assistant", "Assistant", *FAMILIES["llama-3"].stops} == set(chats[0].cut)
    assert "\n" not in chats[0].answer_cut


def test_shares_of_draws_and_system_texts_are_those_that_are_asked_for() -> None:
    """Over many rows, about; and a row's own draw hangs on its number alone."""
    part = MagpieSettings(sweep="pro", control={"maths": 3, "none": 1, "mine": 0}, systems={"mine": "Ask me."})
    planner = Planner(part, 7, "1-magpie", shipped())
    plans = [planner.plan(number) for number in range(1, 2001)]

    assert plans[41] == Planner(part, 7, "1-magpie", shipped()).plan(42)
    assert 0.1 == pytest.approx(sum(plan.temperature == 1.25 for plan in plans) / 2000, abs=0.03)
    assert 0.75 == pytest.approx(sum(plan.key == "maths" for plan in plans) / 2000, abs=0.04)
    assert {""} == {plan.system for plan in plans if plan.key == "none"}
    assert all(Planner(MagpieSettings(control={key: 1}), 0, "p", shipped()).plan(1).system for key in SHIPPED)
    with pytest.raises(UsageError, match="names 'music'"):
        Planner(MagpieSettings(control={"music": 1}), 0, "p", shipped())
