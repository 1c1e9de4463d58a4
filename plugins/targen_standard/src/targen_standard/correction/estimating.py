"""An estimate of a correction's cost."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from targen_core.api.request import Request
from targen_core.calls.calls import Calls
from targen_core.calls.model import Message
from targen_core.cli.account import off_the_books
from targen_core.cli.estimating import SAMPLE, CostEstimate, openings, scaled
from targen_core.cli.trial import dry_run_spec
from targen_core.dataset.model import Dataset
from targen_core.runs.report import reported_prices
from targen_core.text import plural
from targen_standard.correction.dataset import correct_dataset
from targen_standard.correction.preparing import prepare_correction


def estimated_correction(
    request: Request, dataset: Dataset, n: int | None = None, rows_per_call: int = 1
) -> CostEstimate:
    """Estimate what a correction takes: a dry run judges some of the instances.

    Raises:
        TargenError: the dry run cannot judge them.
    """
    config = request.config
    prepared = prepare_correction(request.registry, config)
    instances = sum(len(unit.instances) for unit in dataset.units())
    wanted = instances if n is None else min(n, instances)
    asked: list[tuple[str, Sequence[Message]]] = []

    def listen(layer: Calls) -> None:
        layer.observer = lambda call, messages, reply, key: asked.append((call.step, messages))

    with tempfile.TemporaryDirectory(prefix="targen-") as folder, off_the_books():
        _, report = correct_dataset(
            request.registry,
            dry_run_spec(config, {}, [prepared.part] if prepared.part is not None else []),
            dataset,
            Path(folder) / "sample",
            limit=min(wanted, SAMPLE) or None,
            rows_per_call=rows_per_call,
            on_layer=listen,
        )
    prices = {name: step.price for name, step in prepared.steps.items()}
    basis = f"a dry run on {plural(report['instances'], 'instance')}"
    if (delivery := prepared.delivery) is not None:
        basis += delivery.basis
        prices = {name: delivery.price(price) for name, price in prices.items()}
    factors = dict.fromkeys(prices, wanted / report["instances"])
    steps = scaled(report, factors, prices, dict.fromkeys(prices, 0), openings(asked, prices))
    silent = [
        name
        for name, step in prepared.steps.items()
        if step.backend.thinks is not None and step.backend.thinks(step.options)
    ]
    return CostEstimate(prepared.plan.id, wanted, basis, steps, silent, reported_prices(prices))
