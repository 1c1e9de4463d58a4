"""A command that makes one call: announced with its cost, kept for a restart, and shown."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, TypeVar

from targen_core.options import Limits, RowOptions

if TYPE_CHECKING:
    from targen_cli.flags import Said
    from targen_core.plugins.registry import Registry
    from targen_core.runs.jobs.account import Account
    from targen_core.runs.records.spec import RunSpec

__all__ = ["charged"]

T = TypeVar("T")


@contextlib.contextmanager
def charged(
    registry: Registry,
    said: Said,
    kind: str,
    what: str,
    cost: Callable[[RunSpec], float | None],
    asked: object,
    ask: Callable[..., T],
) -> Iterator[tuple[T, Account]]:
    """Give the result of one call, and what it was billed; use it inside the block.

    The journal of the call is kept until the block ends. So a command that is killed before it has
    used the answer does not pay for it again.

    Args:
        registry: finds the backend.
        said: the options of the command.
        kind: the command.
        what: the result, after "a", in the question whether to go ahead.
        cost: the most that it may cost, in dollars.
        asked: everything except the options that decides the result, as JSON values.
        ask: makes the call; it is called with the spec, and with `cache`, `folder` and `on_layer`.

    Raises:
        UsageError: anything wrong with the backend or its options.
        JobFailed: budget or service stopped it.
    """
    from targen_cli.ahead import Expected, ask_first
    from targen_cli.choosing import choice
    from targen_cli.progress import watching
    from targen_core.folders import replies_folder
    from targen_core.runs.jobs.account import Account
    from targen_core.runs.records.spec import RunSpec
    from targen_standard.unfinished import unfinished

    chosen = choice(registry, said)
    with chosen.explained():
        spec = RunSpec(
            task="",
            quotas={},
            backend=chosen.model,
            options=chosen.options,
            untyped=chosen.untyped,
            limits=Limits(**chosen.limits),
            **said.part(RowOptions),
        )
        ask_first(
            f"A {what}",
            lambda: [Expected(f"a {what}", cost(spec))],
            cap=spec.limits.max_cost,
            ask_above=chosen.ask_above,
        )
    with chosen.explained():
        decides = spec.model_dump(mode="json", exclude={"limits"})
        with unfinished(kind, asked, decides) as folder, Account() as account:
            with watching() as watch:
                made = ask(spec, cache=replies_folder(), folder=folder, on_layer=watch.on_layer)
            yield made, account
