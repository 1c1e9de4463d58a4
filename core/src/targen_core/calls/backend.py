"""A backend: what a plugin registers to make a language model available."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict

from targen_core.calls.batch import BatchCodec, BatchProvider
from targen_core.calls.model import ChatModel


class BackendOptions(BaseModel):
    """Base class of a backend's options: the keys of `-o KEY=VALUE`.

    Fields of type `SecretStr` are never written to a run directory.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    """A recipe for creating a model from options.

    Attributes:
        summary: one line for `targen list-backends`.
        options: the pydantic model of its options; its fields are the keys of
            `-o`.
        create: creates the model; may import heavy packages. It returns a
            `ChatModel`, or a model of a library that has an adapter, such as a langchain
            `BaseChatModel`.
        defaults: sampling parameters that suit a model better than the task's,
            given the options; a key may be `STEP.KEY` for a single step. The
            user's `-o` takes precedence.
        packages: distributions whose version affects the replies, such as an
            embedded engine; recorded in the manifest.
        cacheable: whether replies may be shared between runs; false if they
            depend on code that may change, such as a script.
        batch: creates the provider of batches from the same options; None if
            the service has no batch API.
        batch_codec: creates the codec that writes calls to files and reads the
            answers, if the service itself has no batch API.
        delivery: the name of the delivery that answers its calls, if none is ever made alone, as
            where people answer. A run then asks ahead only for answers that it will use, as
            long as step 4 changes no label.
        thinks: whether the model with these options reasons before it answers,
            so that `targen estimate` can say what it does not count.
        follows_instructions: whether the model with these options writes as well from instructions
            as from worked examples, so that prompts may be brief. By default not.
        ready: whether this machine can use it with the user's options, such as with a key in the
            environment. Such a backend is offered if the user names none. With None it is used only
            by its name.
        caveat: `caveat(options, labels)` returns a warning before a run of a task with so many
            labels, such as that the model is too small. Without a warning it returns "".
        top_logprobs: the most alternatives per token that its models can list, with any options;
            None if they do not report token probabilities. A model states its own figure, which
            depends on its options: see `ScoringModel`.
        scores_given: whether they also tell how likely a text would have been
            that they are given.
        continues: whether they also tell which tokens may come next in a reply
            that has begun, its end among them.
    """

    summary: str
    options: type[BackendOptions]
    create: Callable[[Any], ChatModel | Any]
    defaults: Callable[[Any], Mapping[str, Any]] | None = None
    packages: tuple[str, ...] = ()
    cacheable: bool = True
    batch: Callable[[Any], BatchProvider] | None = None
    batch_codec: Callable[[Any], BatchCodec] | None = None
    delivery: str = ""
    thinks: Callable[[Any], bool] | None = None
    follows_instructions: Callable[[Any], bool] = lambda options: False
    ready: Callable[[Mapping[str, Any]], bool] | None = None
    caveat: Callable[[Any, int], str] | None = None
    top_logprobs: int | None = None
    scores_given: bool = False
    continues: bool = False
