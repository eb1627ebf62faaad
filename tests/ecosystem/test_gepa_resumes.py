"""A run by `--strategy gepa` or `mipro` that is killed ends as one that was not, and pays for nothing twice.

Real processes and real SIGKILL, the real package `gepa`, the simulated provider. `python -m benchmarks.resume --courses
gepa mipro` does the same at many more points.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from autoevol.agents.gateway.simulated.provider.process import start_provider
from autoevol.agents.gateway.simulated.provider.settings import ProviderSettings
from benchmarks.resume.mortal import Fate, nursery
from benchmarks.resume.trials import Stage, Whole


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A provider, and somebody who runs commands."""
    home = tmp_path_factory.mktemp("gepa")
    with start_provider(ProviderSettings()) as provider, nursery(home) as runs:
        yield Stage(home, provider, runs)


@pytest.fixture(scope="module", params=["gepa", "mipro"])
def whole(stage: Stage, request: pytest.FixtureRequest) -> Whole:
    """A run that nothing befell."""
    return stage.whole(str(request.param))


def test_a_search_of_others_that_is_killed_again_and_again_ends_the_same(stage: Stage, whole: Whole) -> None:
    """In its first evaluation, between reflection and its record, late in the search, and while an event is torn."""
    moments = whole.moments
    places = [("sent", 0.1), ("answered", 0.3), ("journaled", 0.6), ("event", 0.5), ("torn", 0.8)]

    for moment, share in places:
        assert [] == stage.killed(whole, [Fate(moment, max(1, int(moments[moment] * share)))])
    assert [] == stage.killed(whole, [Fate("answered", moments["sent"] // 5), Fate("sent", moments["sent"] // 6)])


def test_an_outage_in_the_middle_is_no_score(stage: Stage, whole: Whole) -> None:
    """GEPA would take it for a bad proposal; the run stops, and goes on as if nothing had happened."""
    assert [] == stage.cut_off(whole, Fate("journaled", whole.moments["journaled"] // 2))
