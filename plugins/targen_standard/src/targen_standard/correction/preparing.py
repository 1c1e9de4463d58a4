"""Step 4 of a task by itself: found, created and checked, for use on any dataset."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from targen_core.calls.delivery import Delivery
from targen_core.errors import UsageError
from targen_core.plugins.registry import Registry
from targen_core.runs.config import RunConfig
from targen_core.runs.manifest import PartPlan, TaskPlan
from targen_core.runs.models import PreparedStep, chosen_delivery, known_deliveries, models_of
from targen_core.runs.parts import Parts
from targen_core.runs.plan import file_of, options_of
from targen_core.runs.tasks import (
    corrected_by,
    find_corrector,
    find_task,
    judged_by,
    task_plan,
)
from targen_core.tasks.model import Task
from targen_core.tasks.steps import Corrector


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedCorrection:
    """Step 4 of a task, ready for use on any dataset."""

    task: Task[Any, Any]
    distribution: str
    corrector_id: str
    corrector: Corrector[Any]
    plan: TaskPlan
    steps: dict[str, PreparedStep]
    part: PartPlan | None
    delivery: Delivery | None = None
    deliveries: tuple[Delivery, ...] = ()


def prepare_correction(registry: Registry, config: RunConfig) -> PreparedCorrection:
    """Find, create and check what step 4 needs by itself; `config`'s quotas are ignored.

    Raises:
        UsageError: `config` is invalid.
    """
    registered, task = find_task(registry, config.task, config.variants)
    file_of(registry, config)
    parts = Parts(
        registry, config.options, task, distribution=registered.distribution, copies=False
    )
    corrector_id, corrector = find_corrector(parts, task, config.corrector)
    if corrector is None or corrector_id is None:
        raise UsageError(
            f"the task {task.name} does not have its own corrector",
            hint="use --corrector meta, blind or vote",
        )
    parts.require_fit(task)
    options = options_of(task, config, parts)
    delivery = chosen_delivery(registry, config)
    judged = judged_by(task, corrector)
    steps = models_of(registry, judged, config, options, {"correct"}, delivery)
    return PreparedCorrection(
        task=corrected_by(task, corrector),
        distribution=registered.distribution,
        corrector_id=corrector_id,
        corrector=corrector,
        plan=task_plan(registered.id, task, config.variants),
        steps=steps,
        part=parts.plans.get("corrector"),
        delivery=delivery,
        deliveries=known_deliveries(registry),
    )
