"""The simulated world of the benchmarks: its truth is the truth, and the shipped decisions find it there."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.world.nature import WORLDS, World, quality_of
from benchmarks.world.searches import everyone_on_everything, in_world, profile


@pytest.mark.parametrize("world", sorted(WORLDS))
def test_scores_have_the_mean_that_a_method_is_said_to_have(world: str) -> None:
    """Over 8,000 items, for the start and for children; and every score is one of five."""
    drawn = World(WORLDS[world], 8_000, np.random.default_rng(1))
    beings = [drawn.start, *(drawn.child(drawn.start) for _ in range(4))]

    for being in beings:
        assert abs(being.scores.mean() - being.quality) < 0.03
        assert abs(quality_of(WORLDS[world], being.skill) - being.quality) < 1e-3
        assert {0.0, 0.25, 0.5, 0.75, 1.0} == set(being.scores.tolist())


def test_methods_agree_on_most_of_what_an_item_is() -> None:
    """So pairing pays: differences spread much less than two scores of different items would."""
    drawn = World(WORLDS["as published"], 5_000, np.random.default_rng(2))
    child = drawn.child(drawn.start)

    assert (child.scores - drawn.start.scores).std() < 0.75 * 2**0.5 * drawn.start.scores.std()


def test_the_recommended_search_ends_better_and_cheaper_than_full_evaluation() -> None:
    """A few searches of the shipped profile, by the code of the optimizer; the same ones give the same again."""
    ours = in_world(profile("recommended", steps=4), WORLDS["rare and large"], 420, 8)
    again = in_world(profile("recommended", steps=4), WORLDS["rare and large"], 420, 8)
    theirs = in_world(everyone_on_everything(200, steps=4), WORLDS["rare and large"], 420, 8)

    assert [course.found for course in ours] == [course.found for course in again]
    assert sum(course.found - course.start for course in ours) > 0.2
    assert sum(course.calls for course in ours) < 0.5 * sum(course.calls for course in theirs)
    assert all(gain >= 0 for course in ours for gain in course.gains), "what was accepted does no harm"


@pytest.mark.parametrize("name", ["paper", "official-code"])
def test_published_rules_play_in_the_same_world(name: str) -> None:
    """They see next to nothing of quality there, so they accept about anything."""
    courses = in_world(profile(name, steps=3, patience=None), WORLDS["as published"], 200, 6)

    assert {3} == {course.steps for course in courses}
    assert any(gain < 0 for course in courses for gain in course.gains)
