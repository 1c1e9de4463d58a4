"""A backend: what a plugin registers to make a language model available."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from pydantic import BaseModel, ConfigDict

from targen_core.calls.model import ChatModel, ChatReply, ChatRequest
from targen_core.errors import ServiceError
from targen_core.options import require_recordable

BatchAnswer = ChatReply | ServiceError
"""The outcome of one request: the reply, or the reason why it failed."""


@dataclass(frozen=True, slots=True)
class BatchState:
    """The state of a batch.

    `answers` contains the answers so far, by the requests' keys. Once a batch has `ended`, requests
    without an answer have failed, for `problem` if the service gives a reason for the whole batch.
    """

    ended: bool
    answers: Mapping[str, BatchAnswer] = field(default_factory=dict)
    problem: str = ""


class BatchProvider(Protocol):
    """A model behind a service that takes batches: lines of a file, and lines as answers.

    A batch belongs to the provider with the same identity.

    Attributes:
        identity: that of the model.
        max_requests: requests that one batch may hold.
        max_bytes: bytes that one batch's lines may have.
    """

    identity: str
    max_requests: int
    max_bytes: int

    def encode(self, request: ChatRequest) -> bytes:
        """The request as a line without its line break; its `custom_id` is `request.key`."""
        ...

    def decode(self, line: bytes, requests: Mapping[str, ChatRequest]) -> tuple[str, BatchAnswer]:
        """The key and the answer of one line that came back.

        `requests` are the known ones by key; a key that is not among them is
        returned as well.

        Raises:
            ValueError: the line is not an answer.
        """
        ...

    async def aclose(self) -> None:
        """Release connections."""
        ...

    async def submit(self, lines: Sequence[bytes]) -> str:
        """Hand a batch over; returns the service's name for it.

        Raises:
            ServiceError: the batch was not handed over, or, with `billed`, may have been.
        """
        ...

    async def poll(self, batch: str, requests: Mapping[str, ChatRequest]) -> BatchState:
        """The state of a batch, with its answers to `requests` so far.

        Raises:
            ServiceError: its class says whether a retry can help.
        """
        ...


class BackendOptions(BaseModel):
    """Base class of a backend's options: the keys of `-o KEY=VALUE`.

    Fields of type `SecretStr` are never written to a run directory.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    """A way to create a model from options.

    Attributes:
        summary: one line for `targen list-backends`.
        options: the pydantic model of the backend's options; the model's fields are the keys of
            `-o`.
        create: creates the model; `create` may import heavy packages. It returns a `ChatModel`, or
            a model from a library that has an adapter, such as a LangChain `BaseChatModel`.
        defaults: sampling parameters that suit a model better than the task's, depending on the
            options; a key may be `STEP.KEY` for a single step. The user's `-o` takes precedence.
        packages: distributions whose version affects the replies, such as an
            embedded engine; recorded in the manifest.
        cacheable: whether replies may be shared between runs; false if they
            depend on code that may change, such as a script.
        batch: creates the batch provider from the same options; None if the service does not have a
            batch API.
        delivery: the name of the delivery that answers the backend's calls, if calls are never made
            individually, for example because an agent answers. A run then requests in advance only
            answers that it will use, as long as step 4 does not change labels.
        thinks: whether the model with these options reasons before it answers, so that `targen
            estimate` can mention what it does not count.
        drafts: whether the model with these options can write a whole task file, or a list for one,
            as `targen init-task` asks. By default true.
        ready: whether this machine can use the backend with the user's options, for example because
            the environment contains a key. Such a backend is offered if the user does not choose
            one. With None, the backend is used only if the user names it.
        caveat: `caveat(options, labels)` returns a warning to show before a run, for example that
            the model is too small, or "". `labels` is the number of the task's labels.
        top_logprobs: the maximum number of alternatives per token that the backend's models can
            list, with any options; None if they do not report token probabilities. A model has its
            own maximum, which depends on its options; see `ScoringModel`.
        scores_given: whether the backend's models also report the probability of a given text.
        continues: whether the backend's models also report the likely next tokens of an unfinished
            reply, including its end.
        made_up: whether code makes the replies up, or takes them from a script, so that neither a
            model nor a person wrote the rows. Commands and cards then say so, and drafts of tasks
            may be tried out.
    """

    summary: str
    options: type[BackendOptions]
    create: Callable[[Any], ChatModel | Any]
    defaults: Callable[[Any], Mapping[str, Any]] | None = None
    packages: tuple[str, ...] = ()
    cacheable: bool = True
    batch: Callable[[Any], BatchProvider] | None = None
    delivery: str = ""
    thinks: Callable[[Any], bool] | None = None
    drafts: Callable[[Any], bool] = lambda options: True
    ready: Callable[[Mapping[str, Any]], bool] | None = None
    caveat: Callable[[Any, int], str] | None = None
    top_logprobs: int | None = None
    scores_given: bool = False
    continues: bool = False
    made_up: bool = False

    def __post_init__(self) -> None:
        """Refuse options that a run could not record."""
        if not isinstance(self.options, type):
            return  # found when it is registered
        try:
            require_recordable(self.options)
        except ValueError as error:
            raise ValueError(f"Backend: {error}") from None
