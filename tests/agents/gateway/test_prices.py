"""Known prices are those of the provider itself, never of whoever answers under a model's name."""

from __future__ import annotations

import subprocess
import sys

import pytest

from autoevol.agents.gateway.books import prices
from autoevol.agents.gateway.books.prices import known_price, price_of, provider_of, worst_price
from autoevol.agents.gateway.endpoints import Price
from autoevol.agents.gateway.outcomes import Usage


def _chat(provider: str, paid_in: float, paid_out: float) -> dict[str, object]:
    costs = {"input_cost_per_token": paid_in, "output_cost_per_token": paid_out}
    return {"litellm_provider": provider, "mode": "chat", **costs}


GOOGLE = "https://generativelanguage.googleapis.com/v1"
TABLE = {
    "m": _chat("openai", 1.5e-7, 6e-7),
    "ft:m": _chat("openai", 3e-7, 1e-6),
    "groq/a/b": {
        **_chat("groq", 1e-6, 2e-6), "cache_read_input_token_cost": 1e-7, "cache_creation_input_token_cost": 1.25e-6,
        "output_cost_per_reasoning_token": 4e-6,
    },
    "azure/m": _chat("azure", 1, 1),
    "gemini/free": _chat("gemini", 0, 0),
    "gemini/half": {"litellm_provider": "gemini", "mode": "chat", "input_cost_per_token": 1e-6},
    "gemini/odd": {**_chat("gemini", -1, 1), "output_cost_per_token": "much"},
    "gemini/picture": {**_chat("gemini", 1e-6, 1e-6), "mode": "image_generation"},
    "gemini/list": [1],
}  # fmt: skip


@pytest.fixture(autouse=True)
def table(monkeypatch: pytest.MonkeyPatch) -> None:
    """A table of our own, in the form of the library's."""
    monkeypatch.setattr(prices, "shipped_prices", lambda: TABLE)


@pytest.mark.parametrize(
    ("expected", "address", "model"),
    [
        ((0.15, 0.6, None, None), "https://api.openai.com/v1", "m"),
        ((0.3, 1.0, None, None), "https://api.openai.com/v1", "ft:m:me::1"),
        ((1.0, 4.0, 0.1, 1.25), "https://api.groq.com/openai/v1", "a/b"),
        ((1e6, 1e6, None, None), "https://mine.openai.azure.com/openai/v1", "m"),
    ],
)
def test_a_price_at_its_provider_is_known(expected: tuple[float | None, ...], address: str, model: str) -> None:
    """USD per million; a dearer reasoning token is the price of all output; and where it is from is said."""
    found = known_price(address, model)

    assert found is not None
    assert expected == (found.input, found.output, found.cached_input, found.cache_write)
    assert found.source.startswith("price table of litellm")


@pytest.mark.parametrize(
    ("address", "model"),
    [
        ("http://127.0.0.1:8000/v1", "m"), ("http://192.168.1.4/v1", "m"), ("https://proxy.example.org/v1", "m"),
        ("https://api.openai.com.example.org/v1", "m"), ("https://api.openai.com@example.org/v1", "m"),
        ("https://eu.api.openai.com/v1", "m"), ("https://api.openai.com/v1", "azure/m"),
        ("https://api.openai.com/v1", "groq/a/b"), ("https://api.groq.com/openai/v1", "m"),
        (GOOGLE, "free"), (GOOGLE, "half"), (GOOGLE, "odd"), (GOOGLE, "picture"), (GOOGLE, "list"),
        ("https://[broken", "m"), ("", "m"), ("not an address", "m"),
    ],
)  # fmt: skip
def test_any_other_price_is_unknown(address: str, model: str) -> None:
    """Another host, another provider's model, and what costs nothing or nonsense in the table."""
    assert None is known_price(address, model)


def test_the_shipped_table_is_read_without_its_library() -> None:
    """Importing it would take seconds; its file has what it always had."""
    program = (
        "import sys; from autoevol.agents.gateway.books.prices import known_price as k;"
        "p = k('https://api.openai.com/v1', 'gpt-4o-mini'); print(0 < p.input < p.output, 'litellm' in sys.modules)"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert "True False" == said.stdout.strip()


def test_hosts_are_told_whatever_their_letters() -> None:
    """Names of hosts know no capitals."""
    assert "openai" == provider_of("https://API.OpenAI.com:443/v1")
    assert None is provider_of("https://openai.azure.com/v1")


def test_input_written_to_a_cache_has_its_price() -> None:
    """What is read from the cache, what is written to it and the rest add up to the input."""
    price = Price(input=1, output=0, cached_input=0.1, cache_write=2)

    assert pytest.approx((10 + 0.1 * 20 + 2 * 30) / 1e6) == price_of(price, Usage(60, 0, 20, written_tokens=30))
    assert pytest.approx((0.1 * 50 + 2 * 10) / 1e6) == price_of(price, Usage(60, 0, 50, written_tokens=30))
    assert pytest.approx(30 / 1e6) == price_of(Price(input=1, output=0), Usage(30, 0, written_tokens=30))


def test_the_worst_price_is_never_under_the_real_one() -> None:
    """Whatever part of the input is cached or written."""
    price = Price(input=1, output=3, cached_input=0.1, cache_write=1.25)
    worst = worst_price(price, Usage(100, 10))

    assert pytest.approx((125 + 30) / 1e6) == worst
    for cached in range(0, 101, 10):
        for written in range(0, 101, 10):
            assert (price_of(price, Usage(100, 10, cached, written_tokens=written)) or 9) <= (worst or 0) + 1e-15
    assert 0.0 == worst_price(None, Usage(1, 1), free=True)
    assert None is worst_price(None, Usage(1, 1))
