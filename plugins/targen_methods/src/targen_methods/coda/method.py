"""CoDa as a method: a task of its steps."""

from __future__ import annotations

from typing import Any

from targen_core import Task
from targen_core.plugins.loader import load_registry
from targen_core.tasks.steps import ListStep
from targen_methods.coda.items import Group, Reading, Recipes
from targen_methods.coda.options import Options
from targen_methods.coda.steps import PROMPTS, Steps
from targen_methods.coda.syntax import tagger
from targen_standard.correctors.meta import META_PROMPT
from targen_standard.embedding import Encode
from targen_standard.methods.model import Base, Method, derived

_BATCH = 500  # groups of given rows that are used before any is used again


def _embedder(name: str) -> tuple[str, Encode]:
    """Return an embedder's id and function.

    Raises:
        UsageError: the embedder is unknown, or lacks something.
    """
    registry = load_registry()
    found = registry.find("embedder", name)
    return found.id, registry.resolve(found).open()


def _task(base: Base, options: Options) -> Task[Any, Any]:
    embedder, encode = _embedder(options.embedder)
    steps = Steps(base, options, encode, tagger(options.syntax) if options.syntax else None)
    asks = options.alternatives or steps.mixes > 0
    reads = ListStep(
        name="read",
        item=Reading,
        propose=steps.read,
        batch=1,
        once=True,
        summary="alternatives for a given row's words, and its subject",
    )
    recipes = ListStep(
        name="recipes",
        item=Recipes,
        propose=steps.recipes,
        batch=steps.forms,
        once=True,
        asks=False,
        key=lambda recipes: str(recipes.number),
        summary="the constraints that one row must satisfy",
    )
    return derived(
        base,
        contexts=ListStep(
            name="given",
            item=Group,
            propose=steps.groups,
            batch=_BATCH,
            asks=False,
            key=lambda group: str(group.number),
            summary="given rows, one of each label",
        ),
        seeds=(reads, recipes) if asks else (recipes,),
        generators={label.name: steps.writer(label.name) for label in base.task.labels},
        most=steps.most,
        parameters={
            **({"read": {"temperature": 0.5, "max_tokens": 400}} if asks else {}),
            "generate": {"temperature": 0.5, "max_tokens": 512},
        },
        prompts=(*PROMPTS, META_PROMPT),
        dry_run=steps.dry_run,
        based_on=(embedder, *base.task.based_on),
    )


CODA = Method(
    summary="generates rows that satisfy constraints taken from given rows",
    version="1",
    task=_task,
    options=Options,
    presets={"paper": {"embedder": "minilm"}, "targen": {"solo": 1, "mix": 0}},
    given="required",
    source=(
        "CoDa, arXiv:2404.00415, with our own prompts. Its authors took substitutes for words "
        "from a masked language model; here the model that writes proposes them. They "
        "chose the words to keep by MiniLM, as the settings `paper` do. The default "
        "embedder, `words`, mostly chooses words that few given rows have. A name is one word, and "
        "each further row of a given one keeps other words. Pairs have short last texts, so at "
        "most half of their words are kept. In a mix, words of the "
        "nearest row have no alternatives. In a pair, the model rewrites the last text and keeps "
        "the first, and pairs are not mixed. Parts of speech are left out unless the option syntax "
        "names a pipeline. The concept that a model named is left out, as in the authors' "
        "own pipeline. Near copies of given rows are dropped, and texts of more than twice "
        "the most words. Given rows are not among the rows. The "
        "settings `targen` make one new row of each, as TarGEN's authors say of CoDa."
    ),
    citation="""
@inproceedings{evuru2024coda,
  title     = {{CoDa}: Constrained Generation based Data Augmentation for Low-Resource {NLP}},
  author    = {Evuru, Chandra Kiran Reddy and Ghosh, Sreyan and Kumar, Sonal and S, Ramaneswaran
               and Tyagi, Utkarsh and Manocha, Dinesh},
  booktitle = {Findings of the Association for Computational Linguistics: NAACL 2024},
  year      = {2024},
  eprint    = {2404.00415}
}""",
)
