"""What `autoevol doctor` found out about endpoints: kept for the user, frozen with a run, asked before one begins."""

from __future__ import annotations

import hashlib
from pathlib import Path

from pydantic import ValidationError

from ...agents.gateway.doctor.findings import Findings
from ...agents.gateway.endpoints import Abilities, Endpoint
from ...agents.gateway.errors import StorageError, UsageError
from ...agents.gateway.state import state_folder
from ...agents.messages import RoleName
from .pricing import models_in_use
from .settings import RoleSettings, Settings

__all__ = ["findings_file", "keep", "known", "refuse_unable", "with_abilities"]

_INSTEAD = {"magpie": ", or use --with mode=user-simulator", "self-instruct": ", or use --with form=chat"}


def findings_file(endpoint: Endpoint, model: str) -> Path:
    """Where findings about a model are kept; the name is a hash of its address and name."""
    address = (endpoint.base_url or f"local:{endpoint.local}").strip().partition("?")[0].rstrip("/")
    address = address.removesuffix("/chat/completions")
    digest = hashlib.blake2b(f"{address}\0{endpoint.wire}\0{model}".encode("utf-8", "surrogatepass"), digest_size=8)
    return state_folder() / "doctor" / f"{digest.hexdigest()}.json"


def keep(findings: Findings, endpoint: Endpoint) -> Path:
    """Write findings down for the runs to come.

    Raises:
        StorageError: the user's state folder cannot be written.
    """
    path = findings_file(endpoint, findings.model)
    part = path.with_suffix(".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(findings.model_dump_json(indent=2), encoding="utf-8")
        part.replace(path)
    except OSError as error:
        raise StorageError(
            f"{path} cannot be written: {error.strerror}.", fix="Name another folder with AUTOEVOL_STATE."
        ) from error
    return path


def known(endpoint: Endpoint, model: str) -> Findings | None:
    """What was found out before; None where nothing was, or where it cannot be read."""
    if endpoint.script is not None or endpoint.packaged is not None:
        return None
    try:
        return Findings.model_validate_json(findings_file(endpoint, model).read_bytes())
    except (OSError, ValidationError):
        return None


def with_abilities(settings: Settings) -> Settings:
    """The settings with what is known of the models in use; what they say themselves stays."""
    found: dict[str, dict[str, Abilities]] = {}
    for name, model in models_in_use(settings):
        endpoint = settings.endpoints[name]
        findings = None if model in endpoint.abilities else known(endpoint, model)
        if findings is not None:
            found.setdefault(name, dict(endpoint.abilities))[model] = findings.abilities
    if not found:
        return settings
    changed = {name: settings.endpoints[name].model_copy(update={"abilities": each}) for name, each in found.items()}
    return settings.model_copy(update={"endpoints": {**settings.endpoints, **changed}})


def refuse_unable(settings: Settings) -> None:
    """Refuse a run that an endpoint is known to be unable to serve, before anything is spent on it.

    Raises:
        UsageError: answers are to come as JSON from a model that can be held to none, or bare text is to be continued
            by one that takes chats only.
    """
    for part in settings.make:
        for role in part.raw():
            _refuse_chat_only(settings, part.recipe, role)
    for name, model in models_in_use(settings):
        endpoint = settings.endpoints[name]
        ability = endpoint.abilities.get(model)
        if ability is None or endpoint.output_form != "json":
            continue
        if ability.json_schema is False and ability.json_object is False:
            raise UsageError(
                f"endpoints.{name}.output_form is json, but `autoevol doctor` found that '{model}' there can be held"
                " neither to a schema nor to JSON.",
                fix=f"Set endpoints.{name}.output_form to tags, or run `autoevol doctor` again if that has changed.",
            )


def _refuse_chat_only(settings: Settings, recipe: str, role: RoleName) -> None:
    seat: RoleSettings = getattr(settings.roles, role)
    endpoint = settings.endpoints[seat.endpoint]
    ability = endpoint.abilities.get(seat.model)
    unable = ability is not None and ability.completions is False
    if endpoint.wire != "anthropic" and not unable:
        return
    why = "`autoevol doctor` found no raw completions" if unable else "it speaks a wire that has only chats"
    raise UsageError(
        f"The recipe {recipe} must continue bare text, and endpoints.{seat.endpoint} takes chats only ({why}): whoever"
        " renders a chat always opens the assistant's turn.",
        fix=f"Name an endpoint with raw completions for the {role}, such as vLLM, SGLang, llama.cpp or --local"
        f" smollm2-135m{_INSTEAD.get(recipe, '')}.",
    )
