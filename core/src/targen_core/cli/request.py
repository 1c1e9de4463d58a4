"""Options of commands that ask models, as models: see `targen_core.options`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

from targen_core.cli.options.arguments import pairs
from targen_core.errors import UsageError
from targen_core.options import Flag, Options
from targen_core.origin import Named


class ModelOptions(Options):
    """The model for a command, and how to reach it."""

    panel = "Model"

    backend: Annotated[
        Named | None,
        Flag(
            "The backend, NAME or NAME/MODEL; see targen list-backends and targen config.",
            ("--backend", "-b"),
            metavar="NAME",
            panel="",
            completes="backend",
        ),
    ] = None
    model: Annotated[
        Named | None,
        Flag("The model's name, as the backend knows it.", metavar="MODEL", panel=""),
    ] = None
    base_url: Annotated[Named | None, Flag("The service's address.", metavar="URL")] = None
    options: Annotated[
        Sequence[Named],
        Flag(
            "A backend option, sampling parameter or batch size (`seeds.batch=10`).",
            ("-o", "--option"),
            metavar="[STEP.]KEY=VALUE",
            repeats=True,
        ),
    ] = ()
    key_file: Annotated[
        Path | None, Flag("A file whose first line is the API key.", metavar="FILE")
    ] = None
    price_in: Annotated[
        float | None, Flag("Dollars per million input tokens.", metavar="DOLLARS")
    ] = None
    price_out: Annotated[
        float | None, Flag("Dollars per million output tokens.", metavar="DOLLARS")
    ] = None
    backend_for: Annotated[
        Sequence[Named],
        Flag(
            "Use a different backend for one step; see targen describe.",
            metavar="STEP=NAME",
            repeats=True,
        ),
    ] = ()
    profile: Annotated[
        Named | None,
        Flag("Use this profile from your defaults; see targen config.", metavar="NAME"),
    ] = None

    @property
    def values(self) -> dict[str, Any]:
        """Return the options of -o, with those that have a flag of their own.

        Raises:
            UsageError: an item is not KEY=VALUE, or sets an option twice.
        """
        from targen_core.cli.options.typed import parse_options

        said = parse_options(self.options)
        own: dict[str, tuple[str, Any]] = {
            "model": ("--model", self.model),
            "base_url": ("--base-url", self.base_url),
            "price_in": ("--price-in", self.price_in),
            "price_out": ("--price-out", self.price_out),
            "api_key_file": ("--key-file", None if self.key_file is None else str(self.key_file)),
        }
        for name, (typed_as, value) in own.items():
            if value is None:
                continue
            if name in said:
                raise UsageError(
                    f"{typed_as} and -o {name}=... set the same option; give only one of them"
                )
            said[name] = value
        return said

    @property
    def backends(self) -> dict[str, str]:
        """Backends by step, as --backend-for says.

        Raises:
            UsageError: an item is not STEP=NAME.
        """
        return pairs(self.backend_for, "--backend-for", "correct=llama")


ONE_MODEL = {n: option for n, option in ModelOptions.declared().items() if n != "backend_for"}
"""The options of `ModelOptions` for a command that has one step."""


class WorkerOptions(Options):
    """Where the models work."""

    panel = "Workers"

    executor: Annotated[
        Named | None,
        Flag(
            "Run the models with this executor instead of in this process; see targen "
            "list-executors.",
            metavar="NAME",
            completes="executor",
        ),
    ] = None
    address: Annotated[
        Named | None,
        Flag(
            "With --executor: the cluster's address.",
            metavar="ADDRESS",
            default="workers on this machine",
        ),
    ] = None
    workers: Annotated[
        Named | None,
        Flag(
            "With --executor: the number of workers, such as 4; 2-8 lets the number grow.",
            metavar="N|MIN-MAX",
        ),
    ] = None
    resources: Annotated[
        Named | None,
        Flag(
            "With --executor: the resources of each worker, such as `gpu=1`.",
            metavar="NAME=AMOUNT",
            default="cpu=1",
        ),
    ] = None
    replica: Annotated[
        Sequence[Named],
        Flag(
            "With --executor: a server running the same model; it gets its own worker. "
            "May be given several times.",
            metavar="URL",
            repeats=True,
        ),
    ] = ()

    @property
    def asked(self) -> dict[str, Any] | None:
        """Return the input of `api.request.elsewhere`."""
        said: dict[str, Any] = {n: value for n, value in self if value and n != "executor"}
        if self.executor is None:
            return None
        if "replica" in said:
            said["replicas"] = said.pop("replica")
        return {"name": self.executor, **said}
