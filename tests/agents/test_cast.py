"""The cast is seated with checked prompts, or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from autoevol.agents.agent import Agent
from autoevol.agents.cast import SeatSpec, build_cast, prompt_fingerprint
from autoevol.agents.coder import CodeTask, RepairTask
from autoevol.agents.gateway.errors import UsageError
from autoevol.agents.gateway.requests import Decoding
from autoevol.agents.guards import HarmTask
from autoevol.agents.messages import (
    AnalysisTask,
    Answered,
    AnswerTask,
    EvolveTask,
    Instruction,
    JudgeTask,
    RefineTask,
    RoleName,
    ScoreTask,
    SolveTask,
)
from autoevol.agents.operations import GainTask, OperationTask
from autoevol.agents.published import FeedbackTask, RewriteTask
from tests.door import GivenDoor

SPEC = SeatSpec("default", "m", Decoding(100))
ROLES: tuple[RoleName, ...] = ("evolver", "responder", "analyst", "refiner", "judge")


def test_each_kind_of_task_has_its_agent() -> None:
    """Roles with a seat are cast, others are not."""
    cast = build_cast(GivenDoor(), dict.fromkeys(ROLES, SPEC), secret="s")

    kinds = (EvolveTask, AnswerTask, AnalysisTask, RefineTask, JudgeTask)
    published = {FeedbackTask: "analyst", RewriteTask: "refiner"}
    made = {OperationTask: "evolver", GainTask: "judge", HarmTask: "judge"}
    expected = {**dict(zip(kinds, ROLES, strict=True)), **published, **made}
    assert expected == {kind: agent.role for kind, agent in cast.items() if kind in expected}
    assert {agent.role for agent in cast.values()} == set(ROLES)
    student = build_cast(GivenDoor(), {"responder": SPEC, "student": SPEC}, secret="s")
    assert [AnswerTask, SolveTask, ScoreTask, CodeTask, RepairTask] == list(student)


def test_a_cast_needs_a_secret_and_words_of_its_own() -> None:
    """Both are said before the first call."""
    with pytest.raises(ValueError, match="secret"):
        build_cast(GivenDoor(), {}, secret="")
    with pytest.raises(UsageError, match="own"):
        build_cast(GivenDoor(), {"responder": SPEC}, secret="s", responder_form="own", responder_prompt=" ")


async def test_a_persons_prompts_win(tmp_path: Path) -> None:
    """A file of the same name in their folder is said instead of ours, and changes the fingerprint."""
    (tmp_path / "responder-direct.en.md").write_text("Answer in one word.\n", encoding="utf-8")
    (tmp_path / "README.md").write_text("notes", encoding="utf-8")
    door = GivenDoor("Two.")

    responder: Agent[AnswerTask] = build_cast(door, {"responder": SPEC}, secret="s", prompts_folder=tmp_path)[
        AnswerTask
    ]
    reply = await responder(AnswerTask(id="t", stage="s", instruction=Instruction("1+1?")))

    assert isinstance(reply, Answered)
    assert "Answer in one word." == door.asked[0].turns[0].text
    assert prompt_fingerprint() != prompt_fingerprint(tmp_path)
    assert prompt_fingerprint() == prompt_fingerprint()


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("evolver.en.md", b"Do this.", r"evolver\.en\.md lacks \$clauses"),
        ("evolver.en.md", b"$clauses $more", r"has \$more too much"),
        ("judge.zh.md", b"$5", "stray dollar"),
        ("judge.en.md", b"\xff", "not UTF-8"),
        ("evolvr.en.md", b"$clauses", "nobody|anybody"),
    ],
)
def test_a_wrong_prompt_is_found_before_the_first_call(
    tmp_path: Path, name: str, content: bytes, words: str
) -> None:  # fmt: skip
    """At start-up, not at call 4,000."""
    (tmp_path / name).write_bytes(content)

    with pytest.raises(UsageError, match=words):
        build_cast(GivenDoor(), {"evolver": SPEC}, secret="s", prompts_folder=tmp_path)


def test_a_missing_folder_of_prompts_is_said(tmp_path: Path) -> None:
    """Silence would mean running with other prompts than meant."""
    with pytest.raises(UsageError, match="does not exist"):
        prompt_fingerprint(tmp_path / "none")


def test_the_prompts_of_one_role_have_a_fingerprint_of_their_own(tmp_path: Path) -> None:
    """It changes with them, not with those of others."""
    (tmp_path / "refiner-bold.en.md").write_text("Other words.", encoding="utf-8")
    assert prompt_fingerprint(None, "judge") == prompt_fingerprint(tmp_path, "judge")

    (tmp_path / "judge.en.md").write_text("Other words.", encoding="utf-8")
    assert prompt_fingerprint(None, "judge") != prompt_fingerprint(tmp_path, "judge")
    assert prompt_fingerprint(tmp_path) != prompt_fingerprint(tmp_path, "judge")
