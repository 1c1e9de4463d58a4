"""One call that belongs to no run, through the call layer like any other; a command shows it."""

from __future__ import annotations

import contextlib
import logging
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from pydantic import BaseModel

from targen_core.calls.call import Scope
from targen_core.calls.calls import Calls
from targen_core.calls.journal import Journal
from targen_core.calls.usage import Counts, Usage
from targen_core.cli.account import Account
from targen_core.engine.stage_llm import StageLlm
from targen_core.errors import Rejected, UsageError
from targen_core.folders import replies_folder
from targen_core.options import RowOptions
from targen_core.plugins.registry import Registry
from targen_core.runs.config import RunConfig
from targen_core.runs.event_loops import finish
from targen_core.runs.models import PreparedStep, bind_models, chosen_delivery, made_up, models_of
from targen_core.runs.parts import Parts
from targen_core.runs.plan import options_of
from targen_core.runs.session import ALLOWANCE, open_layer
from targen_core.tasks.model import Task
from targen_core.tasks.parts import DryRunCall
from targen_core.tasks.prompt import Prompt
from targen_standard.task_files.model import Declaration
from targen_standard.unfinished import Unusable, unfinished

if TYPE_CHECKING:
    from targen_core.cli.flags import Said

_log = logging.getLogger("targen.run")

R = TypeVar("R", bound=BaseModel)


@dataclass(frozen=True, kw_only=True)
class Question(Generic[R]):
    """One call, made as step 3 of a task that has its parameters and dry-run replies.

    Attributes:
        name: a word for the call: the name of its task and of its place.
        prompt: the question, filled with `values`.
        values: the texts of the prompt, by name.
        reply: the model of the reply.
        parameters: sampling parameters.
        dry_run: the reply without a model.
        unusable: what is wrong if two replies cannot be used, in words.
        hint: what to do then.
        instead: what to do without a model that answers at once.
        check: raises `Rejected` for a reply that cannot be used, which is sent back once.
    """

    name: str
    prompt: Prompt
    values: Mapping[str, Any]
    reply: type[R]
    parameters: Mapping[str, Any]
    dry_run: Callable[[DryRunCall], Any]
    unusable: str
    hint: str = ""
    instead: str = ""
    check: Callable[[R], None] | None = None

    @cached_property
    def task(self) -> Task[Any, Any]:
        """The task of the call."""
        task = Declaration(description=f"One call: {self.name}.", labels={self.name: self.name})
        return task.task(name=self.name).replace(
            prompts=(self.prompt,),
            calls={"parameters": {"generate": self.parameters}, "dry_run": self.dry_run},
        )

    def ask(
        self,
        registry: Registry,
        config: RunConfig,
        *,
        cache: Path | None = None,
        folder: Path | None = None,
        on_layer: Callable[[Calls], None] = lambda layer: None,
    ) -> tuple[R, Counts]:
        """Return the reply, and what it took, earlier processes included.

        Args:
            registry: finds the backend.
            config: its backend, options, seed and limits are used.
            cache: the folder of replies that are shared between runs.
            folder: keeps the journal, so that an answered call is not repeated; without it the
                journal is in a temporary folder.
            on_layer: is called with the call layer, before the call.

        Raises:
            UsageError: anything wrong with the backend or its options.
            JobFailed: two replies could not be used; or budget or service stopped it.
        """

        async def asked(folder: Path, config: RunConfig) -> tuple[R, Counts]:
            step, usage = self.model(registry, config), Usage()
            journal = Journal(folder / "journal", on_record=usage.recall)
            try:
                async with open_layer(
                    bind_models({"generate": step}, config),
                    seed=config.seed,
                    limits=config,
                    journal=journal,
                    usage=usage,
                    cache=cache,
                ) as layer:
                    on_layer(layer)
                    llm = StageLlm(
                        layer,
                        self.task,
                        step="generate",
                        place=self.name,
                        indices=(0,),
                        label=None,
                        scope=Scope(),
                    )
                    made = await llm.ask(
                        self.prompt, reply=self.reply, check=self.check, **self.values
                    )
            finally:
                journal.close()
            return made, usage.total

        with contextlib.ExitStack() as stack:
            if folder is None:
                folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="targen-")))
            config = ALLOWANCE.get().limits(folder, config)
            try:
                return finish(asked(folder, config))  # in a notebook, a loop is running
            except Rejected as error:
                raise Unusable(f"{self.unusable}: {error}", hint=self.hint) from error

    def cost(self, registry: Registry, config: RunConfig) -> float | None:
        """Return the most that the call may cost, in dollars; None if no price is known.

        Raises:
            UsageError: anything wrong with the backend or its options.
        """
        step = self.model(registry, config)
        if step.price is None:
            return None
        # The prompt and an answer; a second attempt carries both, and has an answer of its own.
        asked, answer = len(self.prompt.text), step.params["max_tokens"]
        asked += sum(map(len, self.values.values()))
        first, second = (step.price.max_dollars(n, answer) for n in (asked, asked + answer))
        return first + second

    def model(self, registry: Registry, config: RunConfig) -> PreparedStep:
        """Find and make the model of the call.

        Raises:
            UsageError: `config` is invalid; its task and quotas are not looked at.
        """
        delivery = chosen_delivery(registry, config)
        options = options_of(self.task, config, Parts(registry, config.options))
        steps = models_of(registry, self.task, config, options, {"generate"}, delivery)
        step = steps["generate"]
        if step.backend.delivery:  # of a run, of which there is none
            raise UsageError(
                f"the backend {step.backend_id.rpartition(':')[2]} answers through files, but this "
                "call needs an answer at once",
                hint="choose a different backend, or " + self.instead,
            )
        return step


@dataclass(frozen=True, slots=True, kw_only=True)
class Charged(Generic[R]):
    """The reply to one call.

    Attributes:
        reply: the reply.
        billed: what it cost, in words.
        made_up: the backend that made it up; "" if a model wrote it.
    """

    reply: R
    billed: str
    made_up: str


@contextlib.contextmanager
def charged(
    registry: Registry, said: Said, what: str, question: Question[R]
) -> Iterator[Charged[R]]:
    """Give the reply to one call, to use inside the block.

    The journal of the call is kept until the block ends. So a command that is killed before it has
    used the answer does not pay for it again.

    Args:
        registry: finds the backend.
        said: the options of the command.
        what: the result, after "a", when the user is asked whether to go ahead.
        question: the call.

    Raises:
        UsageError: anything wrong with the backend or its options.
        JobFailed: budget or service stopped it.
    """
    from targen_core.cli.ahead import Expected, ask_first
    from targen_core.cli.choosing import choice
    from targen_core.display.progress import watching

    chosen = choice(registry, said)
    with chosen.explained():
        config = RunConfig(
            task="",
            quotas={},
            backend=chosen.model,
            options=chosen.options,
            untyped=chosen.untyped,
            **chosen.limits,
            **said.part(RowOptions),
        )
        _require_able(question.model(registry, config), what, is_chosen="backend" in chosen.held)
        ask_first(
            f"A {what}",
            lambda: [Expected(f"a {what}", question.cost(registry, config))],
            cap=config.max_cost,
            ask_above=chosen.ask_above,
        )
    with chosen.explained():
        decides = config.model_dump(mode="json", exclude={"limits"})
        work = unfinished(question.name, {**question.values}, decides)
        with work as folder, Account() as account:
            with watching() as watch:
                reply, usage = question.ask(
                    registry, config, cache=replies_folder(), folder=folder, on_layer=watch.on_layer
                )
            yield Charged(
                reply=reply,
                billed=account.billed if usage.calls else "from the cache",
                made_up=" and ".join(made_up(registry, [config.backend])),
            )


def _require_able(step: PreparedStep, what: str, *, is_chosen: bool) -> None:
    """Refuse a model that is too small before it is used.

    Raises:
        UsageError: it is a default that was not chosen.
    """
    if step.backend.drafts(step.options):
        return
    name = step.backend_id.rpartition(":")[2]
    problem = f"the model of {name} is too small for a {what}"
    hint = "choose a different backend with -b (see targen list-backends), or another --model"
    if not is_chosen:
        raise UsageError(f"no backend was given, and {problem}", hint=hint)
    _log.warning("%s, so its answer will hardly be usable; %s", problem, hint)
