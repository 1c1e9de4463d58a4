"""Model executors of plugins: where the models of a run work, if not in this process.

An executor moves only the model. A call is keyed, journaled, paced and paid for in the process of
the run, and answered elsewhere. So whatever happens there is a call that was not answered, and what
answers it changes no row.
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from targen_core.calls.delivery import ModelSource
from targen_core.calls.model import ChatModel


@dataclass(frozen=True, slots=True, kw_only=True)
class Workers:
    """The workers that a run asks an executor for.

    Attributes:
        address: of the cluster; "" for what the executor does without one.
        minimum: how many there are to be; None for what suits the executor.
        maximum: the most workers, if it can add some; None for `minimum`.
        resources: what each holds, by name, such as `{"gpu": 1}`; cores are "cpu".
        replicas: addresses of servers that serve the same model, each for workers of its own.
        patience: seconds to wait for the first of them.
    """

    address: str = ""
    minimum: int | None = None
    maximum: int | None = None
    resources: Mapping[str, float] = field(default_factory=dict)
    replicas: tuple[str, ...] = ()
    patience: float = 600.0


class Place(Protocol):
    """Gets models to work elsewhere."""

    def __call__(
        self, sources: Sequence[ModelSource], workers: Workers, /
    ) -> Awaitable[Sequence[ChatModel]]:
        """Models in the place of `sources`, in their order, with the same identities.

        They answer and close like the originals. If a worker fails, its calls raise a
        `ServiceError` and are sent again.

        Raises:
            UsageError: what was asked for cannot be.
            JobFailed: no worker came up.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelExecutor:
    """A way to have the models of a run work somewhere else.

    Attributes:
        summary: one line for `targen list-executors`.
        place: starts the workers. It may import heavy packages. It is awaited in the run's event
            loop, so run slow code in a thread.
    """

    summary: str
    place: Place
