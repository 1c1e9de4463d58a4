"""The executor itself: from what was asked for to models that a pool of workers answers."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from targen_core.calls.delivery import ModelExecutor, ModelSource, Workers
from targen_core.calls.model import ChatModel
from targen_core.errors import MissingDependency, UsageError
from targen_core.hints import install
from targen_core.plugins.loader import load_registry
from targen_ray.cluster import prepare_environment
from targen_ray.pool import PooledModel
from targen_ray.wire import ModelRecipe, Setup
from targen_ray.worker import versions


async def _place(sources: Sequence[ModelSource], workers: Workers) -> list[ChatModel]:
    """See `ModelExecutor.place`."""
    prepare_environment(workers.address)
    try:
        import ray
    except ModuleNotFoundError as error:
        raise MissingDependency(
            f"--executor ray needs the package {error.name}, which is not installed",
            distribution="targen-ray",
            hint=install("targen-ray"),
        ) from error
    from targen_ray.crew import Crew

    del ray
    setups = _setups(sources, workers)
    crew = Crew(setups, workers)
    await crew.start()
    left = [None] * len(sources)

    async def close() -> None:
        left.pop()
        if not left:
            await crew.close()

    return [
        PooledModel(source.model, crew.pool, number, close, limits=crew.limits(number))
        for number, source in enumerate(sources)
    ]


def _setups(sources: Sequence[ModelSource], workers: Workers) -> list[Setup]:
    """Return the first messages to workers: one for all, or one per replica."""
    names = {"targen-core", "targen-ray"}
    for source in sources:
        names |= {source.backend_id.partition(":")[0], *source.backend.packages}
    names.discard("")
    known = versions(tuple(sorted(names)))
    cores = max(1, int(workers.resources.get("cpu", 1)))
    if not workers.replicas:
        return [Setup(tuple(map(_recipe, sources)), cores, known)]
    return [
        Setup(tuple(_recipe(_at(source, url)) for source in sources), cores, known)
        for url in workers.replicas
    ]


def _at(source: ModelSource, url: str) -> ModelSource:
    """The source with a model at another address.

    Raises:
        UsageError: the backend does not have an address.
    """
    options = source.options
    if "base_url" not in type(options).model_fields:
        name = source.backend_id.rpartition(":")[2]
        raise UsageError(
            f"--replica: the {name} backend has no address",
            hint="use a backend with an address, such as --backend llama",
        )
    said = {name: getattr(options, name) for name in options.model_fields_set}
    there = type(options).model_validate({**said, "base_url": url})
    model = load_registry().chat_model(source.backend.create(there))
    return replace(source, model=model, options=there)


def _recipe(source: ModelSource) -> ModelRecipe:
    """Return how a worker gets a model: itself, with its key, or the recipe that made it.

    Raises:
        UsageError: neither crosses to another process.
    """
    from ray import cloudpickle

    problem: Any = None
    pickled = options = b""
    try:
        pickled = cloudpickle.dumps(source.model)
    except Exception as error:
        problem = error
    backend_id = source.backend_id
    if backend_id:
        try:
            # Only what was said: defaults may depend on the machine, as a number of cores does.
            kind = type(source.options)
            said = {name: getattr(source.options, name) for name in source.options.model_fields_set}
            options = pickle.dumps((kind, said))
        except Exception as error:
            problem, backend_id = error, ""
    if not pickled and not backend_id:
        raise UsageError(
            f"--executor ray: the model {source.model.identity} cannot be sent to a different "
            f"process: {type(problem).__name__}: {problem}",
            hint="pass the name of its backend, or give the class a __getstate__ without open "
            "resources",
        )
    return ModelRecipe(source.model.identity, pickled, backend_id, options)


RAY = ModelExecutor(
    summary="Processes on a Ray cluster, or on a small one that targen starts on this machine",
    place=_place,
)
