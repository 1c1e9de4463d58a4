"""A backend: what a plugin registers to make a language model available."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

from targen_core.calls.batch import BatchCodec, BatchProvider
from targen_core.calls.model import ChatModel

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

__all__ = ["Backend", "BackendOptions"]


class BackendOptions(BaseModel):
    """Base of a backend's options, the keys that `-o KEY=VALUE` takes.

    Fields of type `SecretStr` are never written to a run directory.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    """How to make a model from options.

    Attributes:
        summary: one line for `targen list-backends`.
        options: the model of its options; its fields are what `-o` takes.
        create: makes the model; may import heavy packages. It returns our
            `ChatModel` or any langchain `BaseChatModel`, which is adapted.
        defaults: sampling parameters that suit a model better than the
            task's, given the options; a key may be `STEP.KEY` for one step
            alone. The user's `-o` wins.
        packages: distributions whose version decides the replies, for the
            manifest (an embedded engine).
        cacheable: whether replies may be shared between runs; not where they
            depend on code that may change (a script).
        batch: makes what takes batches of calls, of the same options; None
            where the service has no batches.
        batch_codec: makes what writes calls into files, and reads the answers,
            where the service itself has no batches.
        thinks: whether the model of these options thinks before it answers, so
            that `targen estimate` says what it does not know.
        ready: whether this machine has what it takes to use it, such as a key
            in the environment, given the options that the user says: the
            backend is then offered where none is named. None: it is used by
            its name alone.
    """

    summary: str
    options: type[BackendOptions]
    create: Callable[[Any], ChatModel | BaseChatModel]
    defaults: Callable[[Any], Mapping[str, Any]] | None = None
    packages: tuple[str, ...] = ()
    cacheable: bool = True
    batch: Callable[[Any], BatchProvider] | None = None
    batch_codec: Callable[[Any], BatchCodec] | None = None
    thinks: Callable[[Any], bool] | None = None
    ready: Callable[[Mapping[str, Any]], bool] | None = None
