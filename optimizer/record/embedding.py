"""Where vectors of selectors come from, settled before a run is made, so that it is frozen with its settings."""

from __future__ import annotations

from ...agents.gateway.endpoints import Endpoint
from ...agents.gateway.engine.packaged import is_packaged_here
from .curating.panel import PanelSettings
from .curating.vectors import VectorKind, VectorMaking
from .making.part import PartSettings
from .making.recipes import Making
from .settings import RoleSettings, Settings

__all__ = ["with_embedder"]

_PACKAGED = "minilm"


def with_embedder(settings: Settings) -> Settings:
    """The settings with every `vectors = "auto"` settled, and an embedder for parts that ask one where nobody is named.

    The role embedder makes them where the person named its endpoint or model, or another part asks it; else the
    packaged model, at an endpoint of its own, where it is installed; else they are hashed words.
    """
    every = [each for part in settings.make for each in _single(part)]
    open_ones = [part for part in every if _is_open(part)]
    seat = settings.roles.embedder
    unnamed = not seat.model and seat.endpoint == RoleSettings().endpoint
    others = any("embedder" in part.all_roles() for part in every if part not in open_ones)
    nobody = unnamed and others and seat.endpoint not in settings.endpoints
    if not (open_ones or nobody):
        return settings
    kind: VectorKind = "embedder"
    if nobody or (unnamed and not others):
        if is_packaged_here(_PACKAGED) and _PACKAGED not in settings.endpoints:
            endpoints = {**settings.endpoints, _PACKAGED: Endpoint(packaged=_PACKAGED)}
            roles = settings.roles.model_copy(update={"embedder": seat.model_copy(update={"endpoint": _PACKAGED})})
            settings = settings.model_copy(update={"endpoints": endpoints, "roles": roles})
        elif not nobody:
            kind = "hashed"
    return settings.model_copy(update={"make": tuple(_settled(part, kind) for part in settings.make)})


def _single(part: PartSettings) -> tuple[PartSettings, ...]:
    """The part; of a panel its members."""
    return tuple(part.members.values()) if isinstance(part, PanelSettings) else (part,)


def _settled(part: Making, kind: VectorKind) -> Making:
    if isinstance(part, PanelSettings):
        members = {
            name: member.model_copy(update={"vectors": kind}) if _is_open(member) else member
            for name, member in part.members.items()
        }
        return part.model_copy(update={"members": members})
    return part.model_copy(update={"vectors": kind}) if _is_open(part) else part


def _is_open(part: PartSettings) -> bool:
    return isinstance(part, VectorMaking) and part.uses_vectors and part.vectors == "auto"
