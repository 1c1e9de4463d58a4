"""Variants side by side: the same seeds, and how alike their prompts are."""

from __future__ import annotations

import pytest

from targen_core import Prompt
from targen_core.runs.config import RunConfig
from targen_core.runs.job import Job
from targen_core.runs.manifest import Manifest
from targen_core.tasks.parts import Variant
from targen_standard.previewing.comparison import compare, mean_similarity, variants_of

pytestmark = pytest.mark.usefixtures("virtual_time")


@pytest.fixture
def made(lab):
    """A registry with a task of three variants, its model, and a config."""
    world = lab.World(lists=(4, 3), relabel=0.3, bad=0.1)
    base = world.task(
        judging={"instructions": "Say yes or no."}, prompts=(Prompt("inline", "write a word"),)
    )

    async def twice(llm, seed):
        row = await base.generators["yes"](llm, seed)
        return row.model_copy(update={"text": f"{row.text} {row.text}"})

    task = base.replace(
        variants={
            "twice": Variant("says it twice", {"generators": {**base.generators, "yes": twice}}),
            "other": Variant(
                "other words",
                {
                    "judging": {"instructions": "Decide: no or yes."},
                    "prompts": (Prompt("inline", "please write one word"),),
                },
            ),
            "unjudged": Variant("no step 4", {"judging": {"corrector": None}}),
        }
    )
    model = lab.ToyModel(world.reply)
    registry = lab.registry(task, model)
    config = RunConfig(task="toy", quotas={"yes": 6, "no": 6}, backend="toy", concurrency=2)
    return registry, config, model


def test_variants_run_over_the_same_seeds_that_are_listed_once(made, tmp_path):
    registry, config, model = made
    comparison = compare(
        registry, variants_of(config, ["default", "twice", "other"]), tmp_path / "three"
    )
    assert [one.name for one in comparison] == ["default", "twice", "other"]
    lists = [r.key for r in model.requests if r.origin.step in ("contexts", "seeds")]
    assert len(set(lists)) == len(lists)
    default, twice, other = comparison
    assert (default.judged, default.relabelled) == (other.judged, other.relabelled)
    assert default.relabelled > 0
    assert default.tokens > 0
    assert twice.accepted == default.accepted == 12
    assert twice.instructions_similarity > other.instructions_similarity
    assert default.prompts_similarity == pytest.approx((1 + other.prompts_similarity) / 2)
    assert (
        compare(registry, variants_of(config, ["default"]), tmp_path / "one")[
            0
        ].instructions_similarity
        is None
    )


def test_mean_cosine_similarity_by_hand():
    same, half, none = mean_similarity(["a b", "a c", "d e"])
    assert same == pytest.approx(0.25)  # 1/2 and 0
    assert half == pytest.approx(0.25)
    assert none == 0.0
    assert mean_similarity(["a"]) == [None]
    assert mean_similarity(["x y z", "z y x"]) == [pytest.approx(1.0)] * 2


def test_a_run_of_a_variant_says_so_and_resumes_as_it(made, tmp_path):
    registry, config, _ = made
    with Job.create(registry, config.replace(variants=("unjudged",)), tmp_path / "run") as job:
        job.run()
    manifest = Manifest.load(tmp_path / "run" / "manifest.json")
    assert manifest.task.variants == ("unjudged",)
    assert "correct" not in manifest.steps
    with Job.resume(registry, tmp_path / "run", quotas={"yes": 8, "no": 8}) as job:
        report = job.run()
    assert report["rows"] == {"yes": 8, "no": 8}
    assert "correct" not in {step["step"] for step in report["usage"]["by_step"]}
