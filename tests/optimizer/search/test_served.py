"""A comparison says when its answers are not all of one model."""

from __future__ import annotations

from autoevol.agents.messages import Call, Instruction
from autoevol.agents.method import Method
from autoevol.optimizer.dataset.seed import Seed
from autoevol.optimizer.search.evaluate import Contestant, Standing
from autoevol.optimizer.search.served import mixed_note, mixed_servers
from autoevol.optimizer.search.trajectory import Trajectory


def _standing(label: str, *calls: Call) -> Standing:
    seed = Seed(label, 1, Instruction("text"))
    made = Trajectory(seed, "m", ("a", "b"), "c", "", "", "", (), calls)
    return Standing(Contestant(label, Method(("clause",), label)), {label: made}, {label: 1.0})


def _call(role: str, model: str, fingerprint: str = "", fallback: str = "") -> Call:
    return Call("k", role, 1, 1, 0.0, model=model, fingerprint=fingerprint, fallback=fallback)


def test_one_model_a_role_is_nothing_to_say() -> None:
    """Two roles may have two models."""
    mixed = mixed_servers([_standing("a", _call("evolver", "x"), _call("responder", "y")), _standing("b")])

    assert {} == mixed
    assert "" == mixed_note(mixed)


def test_a_model_that_changed_in_between_is_said() -> None:
    """By its name, its fingerprint, or because another endpoint stood in."""
    mixed = mixed_servers(
        [
            _standing("a", _call("evolver", "x", "f1"), _call("judge", "j")),
            _standing("b", _call("evolver", "x", "f2"), _call("judge", "j", fallback="spare")),
        ]
    )

    assert {"evolver": ["x (f1)", "x (f2)"], "judge": ["j", "j at spare"]} == mixed
    assert "the evolver by x (f1), x (f2)" in mixed_note(mixed)
