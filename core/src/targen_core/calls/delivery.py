"""Deliveries: other ways for calls to reach their models than one by one, answered later.

A delivery puts a model of the same identity in the place of each of a run's own. Keys, journal,
budget, order and commits do not depend on it. A run can be resumed with or without it and has the
same rows. Handed-over calls outlive the process, in one file in the run directory.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from targen_core.calls.model import ChatModel, Price
from targen_core.calls.secrets import Secrets

if TYPE_CHECKING:
    from targen_core.calls.backend import Backend, BackendOptions
from collections.abc import Awaitable
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSource:
    """A model of a run as this process has it, and what another process may make it of.

    Attributes:
        model: the model itself, which counts tokens here and has an identity.
        backend: what made it.
        backend_id: its full id; "" for a program's own object, which cannot be created elsewhere.
        options: what it was made with; secrets may be among them.
    """

    model: ChatModel
    backend: Backend
    backend_id: str
    options: BackendOptions = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveredRun:
    """The run whose calls are delivered.

    Attributes:
        folder: the run directory.
        rounds: how often calls without an answer may be handed over again.
        per_round: how often calls may be handed over in a round: once for each step or list.
        max_outage: seconds for which a service may fail to report its progress.
        secrets: remove them from whatever is written down of a service's words.
    """

    folder: Path
    rounds: int
    per_round: int
    max_outage: float
    secrets: Secrets


class Delivery:
    """A way for the calls of a run to reach their models.

    Subclass it and register an instance. A wrapping model should be a
    `targen_core.calls.model.DeferredModel` if its answers may take hours.

    Attributes:
        summary: one line for `targen list-deliveries`.
        asked: the option that turns the delivery on.
        dropped: the option that turns the delivery off.
        answered: how calls are answered, as a phrase for error messages.
        basis: what an estimate adds to the description of its basis, such as ", in batches".
        leaves: whether somebody else must fetch the calls, so that the run itself gets no answers.
        takes_all: whether the delivery also answers the calls of lists that are requested one after
            another.
    """

    summary: str = ""
    asked: str = ""
    dropped: str = ""
    answered: str = "its calls are answered later"
    basis: str = ""
    leaves: bool = False
    takes_all: bool = False

    def require(self, step: str, called: str, backend: Backend, options: BackendOptions) -> None:
        """Check that it can deliver the calls of a step; `called` is the name of its backend.

        Raises:
            UsageError: it cannot.
        """

    def wrap(self, sources: Sequence[ModelSource], run: DeliveredRun) -> Sequence[ChatModel]:
        """Return models that replace `sources`, in their order, with the same identities.

        Closing one closes the model in whose place it is.
        """
        raise NotImplementedError

    def price(self, price: Price | None) -> Price | None:
        """Return the price of delivered calls, given the price of individual calls."""
        return price

    def report(self, folder: Path) -> Mapping[str, Any]:
        """Return its additions to the report of a run directory, whether it was used there or not.

        Raises:
            RunDirectoryError: its file cannot be read.
        """
        return {}


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
