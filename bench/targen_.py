"""targen as a client of the shared bench: a whole `Job` with the `llama` backend.

Journal, cache, outputs and near-duplicate filter are on, as a user has them. The
task makes the bench's calls and no others: one a row, or in workload C four that
depend on each other; its seeds are given and it has no step 4. Variant
`structured` asks for a reply schema and has a tenth more seeds than rows, since
a row whose repair fails too is replaced by the next seed's.

`common` is the shared bench's; `peers.py` puts its folder on the path.
"""

from common import C1, C2, C3, C4, TOPIC, Run

run = Run()  # before the heavy imports, so that they count as start-up
a = run.a

import atexit  # noqa: E402
import gc  # noqa: E402
import json  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Literal  # noqa: E402

from pydantic import BaseModel, ConfigDict  # noqa: E402

from targen_core import Label, Prompt, Task, hookimpl  # noqa: E402
from targen_core.errors import TargenError  # noqa: E402
from targen_core.plugins.loader import Source, installed_sources, load_registry  # noqa: E402
from targen_core.runs.config import RunConfig  # noqa: E402
from targen_core.runs.job import Job  # noqa: E402
from targen_core.tasks.groups import Judging  # noqa: E402
from targen_core.tasks.steps import ListStep, Llm  # noqa: E402


class Row(BaseModel):
    model_config = ConfigDict(frozen=True)

    text: str
    label: Literal["row"] = "row"


class Item(BaseModel):
    label: Literal["yes", "no"]
    text: str


FACTS = Prompt("facts", TOPIC.replace("{i}", "$i"))
CONTEXT = Prompt("context", C1.replace("{i}", "$i"))
SEED = Prompt("seed", C2.replace("{{context}}", "$context"))
INSTANCE = Prompt("instance", C3.replace("{{seed}}", "$seed"))
CORRECTION = Prompt("correction", C4.replace("{{instance}}", "$instance"))


async def _facts(llm: Llm, seed: str) -> Row:
    return Row(text=await llm.ask(FACTS, i=seed))


async def _structured(llm: Llm, seed: str) -> Row:
    return Row(text=(await llm.ask(FACTS, reply=Item, i=seed)).text)


async def _chain(llm: Llm, seed: str) -> Row:
    context = await llm.ask(CONTEXT, i=seed)
    phrase = await llm.ask(SEED, context=context)
    instance = await llm.ask(INSTANCE, seed=phrase)
    return Row(text=await llm.ask(CORRECTION, instance=instance))


async def _propose(llm, parent, existing):
    return []  # the seeds are given


def make_task() -> Task[str, Row]:
    generate = _structured if a.variant == "structured" else _facts
    return Task(
        name="calls",
        version="1",
        summary="the calls of the shared bench",
        description="A row is what one chain of calls gave.",
        instance=Row,
        labels=(Label("row"),),
        seeds=(ListStep(item=str, propose=_propose, batch=1),),
        generators={"row": _chain if a.workload == "C" else generate},
        judging=Judging(corrector=None),
        prompts=(FACTS, CONTEXT, SEED, INSTANCE, CORRECTION),
    )


class _Plugin:
    __name__ = "bench_calls"

    @hookimpl
    def register_tasks(self, register) -> None:
        register("calls", make_task())


def main() -> None:
    atexit.register(gc.freeze)  # as the command does
    folder = Path(a.workdir)
    seeds = folder / "seeds.txt"
    count = a.n + a.n // 10 if a.variant == "structured" else a.n
    seeds.write_text("".join(f"{number}\n" for number in range(count)))
    registry = load_registry([*installed_sources(), Source("bench", "0", "calls", _Plugin())])
    config = RunConfig(
        task="calls",
        quotas={"row": a.n},
        backend="llama",
        options={"base_url": a.base_url, "model": "mock"},
        seeds=seeds,
        concurrency=a.concurrency,
    )
    note = {}
    # With --resume it goes on with the run that stands there.
    with Job.create(registry, config, folder / "run", cache=folder / "cache") as job:
        run.ready()
        try:
            report = job.run()
            note = {"usage": report["usage"]["total"], "unused": report["unused_calls"]}
        except TargenError as error:
            note = {"error": f"{type(error).__name__}: {error}"}
    with open(folder / "run" / "dataset.jsonl", encoding="utf-8") as file:
        run.done([json.loads(line)["text"] for line in file], note=note)


if __name__ == "__main__":
    main()
