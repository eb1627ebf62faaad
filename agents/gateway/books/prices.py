"""What models cost: what a usage comes to, and prices that are publicly known.

Known prices come from the table that the library litellm ships as a data file; it comes with dspy-ai, which is needed
anyway. Only the file is read, the library is never imported (that takes seconds). A price is taken from it only where
the address is the provider's own: whoever answers elsewhere under the same model's name may ask for anything.
"""

from __future__ import annotations

import functools
import importlib.util
import json
import math
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

from ..endpoints import Price
from ..outcomes import Usage

__all__ = ["known_price", "price_of", "provider_of", "shipped_prices", "worst_price"]

_FILE = "model_prices_and_context_window_backup.json"
_MODES = frozenset({"chat", "completion", "responses", "embedding"})
# Whose host it is, by the table's name of the provider. Exactly these: a regional host may have prices of its own.
_HOSTS = {
    "api.openai.com": "openai",
    "api.anthropic.com": "anthropic",
    "api.deepseek.com": "deepseek",
    "api.groq.com": "groq",
    "api.mistral.ai": "mistral",
    "generativelanguage.googleapis.com": "gemini",
    "api.together.xyz": "together_ai",
    "api.together.ai": "together_ai",
    "api.x.ai": "xai",
    "openrouter.ai": "openrouter",
    "api.fireworks.ai": "fireworks_ai",
    "api.cerebras.ai": "cerebras",
    "api.deepinfra.com": "deepinfra",
    "api.moonshot.ai": "moonshot",
    "api.perplexity.ai": "perplexity",
    "api.sambanova.ai": "sambanova",
    "api.novita.ai": "novita",
    "api.hyperbolic.xyz": "hyperbolic",
    "api.z.ai": "zai",
}
_AZURE = ".openai.azure.com"  # every resource has a host of its own


def price_of(price: Price | None, usage: Usage, *, free: bool = False) -> float | None:
    """Money for this usage in USD: None without a price, 0 for a free endpoint.

    Input that came from the provider's cache, and input that was written to it, have prices of their own where the
    provider has them.
    """
    if free:
        return 0.0
    if price is None:
        return None
    cached = min(usage.cached_tokens, usage.input_tokens)
    written = min(usage.written_tokens, usage.input_tokens - cached)
    money = (usage.input_tokens - cached - written) * price.input + usage.output_tokens * price.output
    money += cached * (price.input if price.cached_input is None else price.cached_input)
    money += written * (price.input if price.cache_write is None else price.cache_write)
    return money / 1e6


def worst_price(price: Price | None, usage: Usage, *, free: bool = False) -> float | None:
    """The most that so many tokens may cost in USD: nothing comes from a cache, and all input may be written to one."""
    if free:
        return 0.0
    if price is None:
        return None
    dearest = max(price.input, price.cache_write or 0.0, price.cached_input or 0.0)
    return (usage.input_tokens * dearest + usage.output_tokens * price.output) / 1e6


def known_price(base_url: str, model: str) -> Price | None:
    """The public price of a model at its provider, with a note where it is from; None where none is known.

    Surcharges for very long prompts (over 128,000 tokens and more) and for service tiers are not in it.

    Args:
        base_url: the address as in the settings; only a provider's own host has known prices.
        model: its name there. At Azure that is the name of a deployment; it is taken to be that of its model.
    """
    provider = provider_of(base_url)
    if provider is None:
        return None
    prices = shipped_prices()
    plain = model.removeprefix("models/")
    if plain.startswith("ft:"):  # a fine-tuned model costs what all of its base do
        plain = ":".join(plain.split(":")[:2])
    for name in (f"{provider}/{plain}", plain):
        entry = prices.get(name)
        if isinstance(entry, dict) and cast("dict[str, Any]", entry).get("litellm_provider") == provider:
            return _read(cast("dict[str, Any]", entry))
    return None


def provider_of(base_url: str) -> str | None:
    """Whose address this is, by its host; None for everybody else's."""
    try:
        host = (urlsplit(base_url).hostname or "").rstrip(".")
    except ValueError:
        return None
    return "azure" if host.endswith(_AZURE) else _HOSTS.get(host)


@functools.cache
def shipped_prices() -> Mapping[str, object]:
    """The table by the library's names of models; empty where it is not there or cannot be read."""
    try:
        found = importlib.util.find_spec("litellm")
    except (ImportError, ValueError):
        return {}
    for folder in (found.submodule_search_locations or ()) if found else ():
        try:
            table: object = json.loads((Path(folder) / _FILE).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        if isinstance(table, dict):
            return cast("dict[str, object]", table)
    return {}


def _read(entry: Mapping[str, Any]) -> Price | None:
    """An entry of the table, from USD a token to USD a million. What costs nothing there has no known price."""
    paid_in, paid_out = _number(entry, "input_cost_per_token"), _number(entry, "output_cost_per_token")
    if entry.get("mode") not in _MODES or paid_in is None or paid_out is None or not (paid_in or paid_out):
        return None
    thought = _number(entry, "output_cost_per_reasoning_token") or 0.0
    return Price(
        input=paid_in,
        output=max(paid_out, thought),
        cached_input=_number(entry, "cache_read_input_token_cost"),
        cache_write=_number(entry, "cache_creation_input_token_cost") or None,
        source=f"price table of litellm {_version()}",
    )


def _number(entry: Mapping[str, Any], name: str) -> float | None:
    value: object = entry.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
        return None
    return float(f"{value * 1e6:.10g}")  # 1.5e-07 a token is 0.15 a million, not 0.15000000000000002


def _version() -> str:
    try:
        return metadata.version("litellm")
    except metadata.PackageNotFoundError:
        return ""
