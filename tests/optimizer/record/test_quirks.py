"""Quirks by name: what a profile has, how a person switches them, and which dials they turn."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoevol.agents.gateway.errors import UsageError
from autoevol.agents.method import WHOLE, Method
from autoevol.optimizer.record.config import freeze, resolve, thaw
from autoevol.optimizer.record.quirks import QUIRKS, changes_of, dials_of, quirks_of, refuse_form, switched
from autoevol.optimizer.record.settings import Profile

LOCAL: dict[str, Any] = {"model": "m", "endpoints": {"default": {"base_url": "u"}}}
PAGE = Path(__file__).resolve().parents[3] / "docs" / "profiles.md"


def test_recommended_has_none_and_the_published_profiles_have_their_own() -> None:
    """One list holds for both but for what only one of them says or does."""
    paper, code = switched("paper", ()), switched("official-code", ())

    assert frozenset() == switched("recommended", ())
    assert {"paper-rules", "stop-at-once", "fixed-dev"} == paper - code
    assert {"code-rules", "length-ratio", "ties-accepted", "survivors", "rolling-dev", "dev-overlaps-train",
            "batches-in-turn", "greedy-optimizer", "code-decoding", "no-early-stop", "same-conversation",
            "old-for-unreadable"} == code - paper  # fmt: skip


def test_signs_change_the_profiles_and_plain_names_are_meant_exactly() -> None:
    """And `none` takes all away."""
    usual = switched("official-code", ())

    assert usual - {"ties-accepted"} == switched("official-code", ["-ties-accepted"])
    assert usual | {"candidates-only"} == switched("official-code", ["+candidates-only"])
    assert {"unchecked"} == switched("official-code", ["unchecked"])
    assert {"unchecked"} == switched("recommended", ["+unchecked"])
    assert frozenset() == switched("paper", ["none"])


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (["-tie-accepted"], "no quirk 'tie-accepted'. Did you mean 'ties-accepted'"),
        (["sleeping"], "no quirk 'sleeping'.* Quirks are: texts-only, "),
        (["+empty-passes"], "'empty-passes' is not to be had: .* never data"),
        (["unchecked", "-ties-accepted"], "Some quirks have a sign and some have none"),
        (["-observed-rate"], "'length-ratio' means nothing without 'observed-rate'"),
        (["same-conversation"], "means nothing without 'free-feedback'"),
        (["none", "unchecked"], "no quirk 'none'"),
        (["+"], "no quirk ''"),
    ],
)
def test_what_makes_no_sense_is_refused(said: list[str], words: str) -> None:
    """With the list of what there is."""
    with pytest.raises(UsageError, match=words):
        switched("official-code", said)


@given(st.sampled_from(["recommended", "paper", "official-code"]), st.sets(st.sampled_from(sorted(QUIRKS))))
def test_changes_say_how_to_come_from_the_profile_to_the_quirks(profile: Profile, wanted: set[str]) -> None:
    """Switching by what `changes_of` says gives the quirks again."""
    complete = wanted | {need for name in wanted for need in QUIRKS[name].needs}

    assert complete == switched(profile, changes_of(profile, complete))


def test_dials_of_quirks_stand_between_profile_and_person() -> None:
    """Switching a quirk turns its dials; a setting that is said by name wins."""

    def of(**said: Any) -> Any:
        return resolve(None, {**LOCAL, "profile": "official-code", **said})

    assert (None, 0.0, 0.9) == (of().search.patience, of().roles.analyst.temperature, of().roles.evolver.top_p)
    sampled = of(quirks=["-greedy-optimizer", "-code-decoding", "-no-early-stop", "+stop-at-once"])
    assert (1, 0.6, 0.95, None) == (
        sampled.search.patience, sampled.roles.refiner.temperature, sampled.roles.refiner.top_p,
        sampled.roles.responder.top_p,
    )  # fmt: skip
    assert 4 == of(search={"patience": 4}).search.patience
    assert {} == dials_of(frozenset({"unchecked"}))
    assert (True, False) == (of().search.apply_unconfirmed, of(quirks=["-apply-unconfirmed"]).search.apply_unconfirmed)


def test_paper_asks_evolver_and_responder_as_recommended_does() -> None:
    """The paper gives temperature 0 and no bound; with equal decoding, equal questions are paid for once."""
    paper, ours = (resolve(None, {**LOCAL, "profile": profile}).roles for profile in ("paper", "recommended"))

    assert (ours.evolver, ours.responder) == (paper.evolver, paper.responder)


def test_quirks_are_frozen_with_the_settings() -> None:
    """What a run began with is what it goes on with."""
    settings = resolve(None, {**LOCAL, "profile": "paper", "quirks": ["+ties-accepted"]})

    assert ("ties-accepted" in quirks_of(settings), settings) == (True, thaw(freeze(settings)))


@pytest.mark.parametrize("quirks", [7, "ties-accepted", [1], ["nothing"]])
def test_a_list_that_is_none_is_refused_before_a_run(quirks: object) -> None:
    """A word of text is no list of names."""
    with pytest.raises(UsageError, match="quirk"):
        resolve(None, {**LOCAL, "profile": "paper", "quirks": quirks})


@pytest.mark.parametrize(("said", "refused"), [((), True), (("+whole-method",), False)])
def test_a_free_text_cannot_start_a_search_that_edits_clauses(said: tuple[str, ...], *, refused: bool) -> None:
    """But it can be applied by any profile."""
    settings = resolve(None, {**LOCAL, "quirks": list(said)})
    method = Method(("Make it harder.\nThen check.",), control=WHOLE)

    refuse_form(settings.model_copy(update={"recipe": "evolve"}), method)
    if refused:
        with pytest.raises(UsageError, match="one free text"):
            refuse_form(settings, method)
    else:
        refuse_form(settings, method)


def test_every_quirk_has_a_row_on_the_page_of_profiles() -> None:
    """And nothing else is named as one there."""
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    named = {row.split("`")[1] for row in rows if row.split("`")[1] not in {"recommended", "paper", "official-code"}}

    assert set(QUIRKS) == named
