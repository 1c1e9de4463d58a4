"""The dataset card: a README.md with front matter that a hub accepts.

It is meant for publication: it only states facts, without addresses, local paths or service
identities. Models and backends are called by their names. The words of a `problem` come from a
service, and stay in the report.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from targen_core.calls.usage import answered
from targen_core.cli.commands.report import rows_by_label
from targen_core.cli.licenses import notes_on, with_terms
from targen_core.cli.markup import markdown, markdown_code, markdown_fence, markdown_prose
from targen_core.dataset.model import Dataset
from targen_core.engine.quota_tracker import OPEN
from targen_core.plugins.loader import load_registry
from targen_core.runs.config import references
from targen_core.runs.files import write_atomically
from targen_core.runs.manifest import Manifest, backend_name, given_file, model_name
from targen_core.runs.models import made_up
from targen_core.runs.report import filter_sections, price_words
from targen_core.runs.reporters import CARD, CITED, card_in, cited_in, concerns_of
from targen_core.tasks.model import Task
from targen_core.text import json_safe, percent, plural

_log = logging.getLogger("targen.dataset")

_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
_LONGEST = 2_000  # characters of the sample row

IN_ORDER = """\
Rows are in the order in which they were generated: neighbours share contexts, and a label with few
rows appears only near the start. Shuffle them before you train."""
"""The card's note on rows that have not been shuffled."""

NO_LICENCE = "No licence is stated here."

DIGEST = "card_digest"
"""The key of a card's front matter that tells whether somebody edited the card."""

UNREAD = """
People do not read them during a run; targen does not know whether anybody has read them since."""
"""The sentences of a run's card until somebody is known to have read its rows."""

_DIGEST = re.compile(rf'^{DIGEST}: "([0-9a-f]+)"\n', re.MULTILINE)
_SIZE = re.compile(r"^size_categories: .*\n", re.MULTILINE)
_COUNTS = re.compile(
    r"^\| label \| rows \| requested \|\n\|---\|--:\|--:\|\n(?:\|.*\n)*", re.MULTILINE
)
_FIRST = re.compile(r"\nThe first row:\n\n(`{3,})json\n.*?\n\1\n", re.DOTALL)

_CITATION = """@misc{gupta2023targen,
  title         = {{TarGEN}: Targeted Data Generation with Large Language Models},
  author        = {Gupta, Himanshu and Scaria, Kevin and Anantheswaran, Ujjwala and Verma, Shreyas
                   and Parmar, Mihir and Sawant, Saurabh Arjun and Baral, Chitta
                   and Mishra, Swaroop},
  year          = {2023},
  eprint        = {2310.17876},
  archivePrefix = {arXiv},
  primaryClass  = {cs.CL}
}"""


def size_category(rows: int) -> str:
    """The size of a dataset as hubs name it."""
    return next((name for below, name in _SIZES if rows < below), "n>1M")


def front_matter(values: Mapping[str, Any]) -> str:
    """A card's keys as YAML, in their order: a line each, and values as JSON, which is YAML."""
    return "".join(
        f"{key}: {json_safe(json.dumps(value, ensure_ascii=False))}\n"
        for key, value in values.items()
    )


def heading(task: Task[Any, Any]) -> str:
    """Return the title and description of a task for a card: a file may have written them."""
    title = markdown_prose(" ".join(task.summary.split()))
    return f"# {title}\n\n{markdown_prose(task.description.strip())}"


def dataset_card(
    task: Task[Any, Any],
    manifest: Manifest,
    report: Mapping[str, Any],
    sample: Mapping[str, Any] | None = None,
    *,
    digest: str = "",
) -> str:
    """The card of a run's dataset, with `sample`, one of its rows, in it.

    `digest` is the SHA-256 of its file, to cite it by; "" if unknown.
    """
    rows = sum(report["rows"].values())
    judged = sum(flow["judged"] for flow in report["flow"].values())
    accepted = sum(sum(flow["accepted"].values()) for flow in report["flow"].values())
    usage = report["usage"]["total"]
    free = answered(usage) - usage["calls"]
    labels = "\n".join(
        f"| {markdown(name)} | {made:,} | {requested:,} |"
        for name, made, requested in rows_by_label(report["rows"], report["requested"])
    )
    steps = "\n".join(
        f"| {markdown(step)} | {markdown(model_name(plan) or 'not named')} | "
        f"{markdown(backend_name(plan))} | "
        f"{markdown(', '.join(f'{key}={value}' for key, value in plan.params.items()))} |"
        for step, plan in manifest.steps.items()
    )
    columns = ", ".join(map(markdown_code, task.schema.model_fields))
    name = manifest.task.id.rpartition(":")[2]
    task_id = markdown_code(name if manifest.task_file else manifest.task.id)
    source = markdown_prose(task.about.source)
    corrector = markdown((manifest.lock.corrector or "none").rpartition(":")[2])
    title, _, description = heading(task).partition("\n\n")
    day = _date(manifest)
    status = report["status"]
    flagged = ""
    if status != "complete":
        flagged = f"\n> Status: {status}. Not all requested rows were generated.\n"
    out_of = f" ({percent(accepted / judged)})" if judged else ""
    candidates = f"{plural(judged, 'candidate')}{' judged' if manifest.lock.corrector else ''}"
    cited = "\n\n".join(filter(None, [_CITATION, task.about.citation.strip()]))
    on_sources = ""
    if sources := report.get("sources"):
        notes = [markdown(note) for note in notes_on(one["license"] for one in sources)]
        on_sources = " ".join([", and on the licences of the sources above.", *notes])[:-1]
    uncorrected = "" if manifest.lock.corrector else " Labels were not corrected."
    front = {
        "pretty_name": f"{name} ({_kind(report)})",
        "tags": ["synthetic", "targen"],
        "size_categories": [size_category(rows)],
        "configs": [
            {
                "config_name": "default",
                "data_files": [{"split": "train", "path": "dataset.jsonl"}],
            }
        ],
    }
    return signed(f"""---
{front_matter(front)}---

{title}
{flagged}
{description}

{_written(manifest, report)}

## Rows

Columns: {columns}.

| label | rows | requested |
|---|--:|--:|
{labels}
{_sample(sample)}
{IN_ORDER}
{_concerns(report)}
## How it was made

Task {task_id}, version {_version(manifest)}, run seed {manifest.config.seed}{day};
labels balanced by the {manifest.config.balance} label; corrector: {corrector}. {source}

| step | model | backend | parameters |
|---|---|---|---|
{steps}

{accepted:,} of {candidates} were accepted{out_of}.{uncorrected} In the run's
folder, `rejects.jsonl` lists the others and says why; `provenance.jsonl` traces each row to the
calls it came from. {usage["calls"]:,} calls were answered, with {usage["input_tokens"]:,} tokens in
and {usage["output_tokens"]:,} out; {free:,} replies were taken from earlier runs.
{_prices(report["prices"])}
{_more(task, manifest, report)}
## Licence

{NO_LICENCE} How generated text may be used depends on the terms of the models that
wrote it{_models(manifest, report)}{on_sources}.

## Citation

{_cited(name, manifest, digest)}The method:

{markdown_fence(cited, "bibtex")}
{_canary(task.about.canary)}""")


def signed(card: str) -> str:
    """Return a card with its digest in its front matter, so that `is_edited` can tell."""
    card = _DIGEST.sub("", card)
    head, end, body = card.partition("\n---\n")
    line = front_matter({DIGEST: _digest_of(card)}).rstrip()
    return f"{head}\n{line}{end}{body}" if end else card


def is_edited(card: str) -> bool:
    """Return whether a card is not as targen wrote it. An absent card is not edited."""
    found = _DIGEST.search(card)
    written = found[1] if found else ""
    return card != "" and written != _digest_of(_DIGEST.sub("", card))


def kept_card(card: str, digest: str) -> str:
    """Return a card that somebody edited as it is, except that it cites the rows of now."""
    cited = cited_in(card)
    return card.replace(cited, digest) if cited and digest else card


def kept_words(card: Path | str, again: str = "repeat the command") -> str:
    """Return the note that a card was kept, and what to do again for a new one."""
    return (
        f"{card} was edited, so it was kept. Its figures may be old: for a new one, rename it and "
        f"{again}"
    )


def write_card(folder: Path, card: str) -> None:
    """Write the card of a folder; keep one that somebody edited, and say so."""
    if is_edited(card_in(folder)):
        _log.warning("%s", kept_words(folder / CARD))
    else:
        write_atomically(folder / CARD, card)


def _digest_of(card: str) -> str:
    # An editor may write other line ends, which is no edit.
    return hashlib.sha256("\n".join(card.splitlines()).encode()).hexdigest()[:16]


def card_of_rows(card: str, labels: Mapping[str, int], first: Mapping[str, Any] | None) -> str:
    """Return the card of a dataset for other rows that were made from its rows.

    Args:
        card: the card, which somebody may have edited.
        labels: the rows by label.
        first: the first row.
    """
    lines = "".join(f"| {markdown(name)} | {count:,} |\n" for name, count in labels.items())
    size = front_matter({"size_categories": [size_category(sum(labels.values()))]})
    card = _SIZE.sub(lambda _: size, card)
    card = _COUNTS.sub(lambda _: f"| label | rows |\n|---|--:|\n{lines}", card)
    card = _FIRST.sub(lambda _: _sample(first), card)
    if cited := CITED.search(card):
        card = card.replace(f"; {cited[0]}", "")
    return signed(card)


def counts_of(dataset: Dataset) -> Mapping[str, int]:
    """Return the rows of a dataset by label, as `card_of_rows` takes them."""
    return dataset.labels if dataset.task.labels else {OPEN: len(dataset)}


def corrected_card(
    card: str,
    labels: Mapping[str, int],
    first: Mapping[str, Any] | None,
    *,
    by: str,
    verdicts: Mapping[str, int],
) -> str:
    """Return the card of a dataset that was corrected.

    Args:
        card: the dataset's card.
        labels: the rows by label.
        first: the first row.
        by: the corrector, and its model if it has one.
        verdicts: how many instances were confirmed, relabelled and so on.
    """
    body = card.replace(" Labels were not corrected.", " Labels were not corrected in the run.")
    counts = ", ".join(f"{count:,} {name}" for name, count in verdicts.items())
    said = f"Corrected afterwards by {markdown(by)}: {counts}."
    return card_of_rows(f"{body.rstrip()}\n\n## Correction\n\n{said}\n", labels, first)


def _kind(report: Mapping[str, Any]) -> str:
    """Return the origin of the rows, in a word."""
    if parts := report.get("parts"):
        return " and ".join(parts)
    credited = sum(one["rows"] for one in report.get("sources", ()))
    if not credited:
        return "synthetic"
    is_all = credited >= sum(report["rows"].values())
    return "transformed" if is_all else "transformed and synthetic"


def _canary(canary: str) -> str:
    if not canary:
        return ""
    return f"""
## Canary

The task's examples appeared in the prompts. The authors of these examples ask that they be kept out
of training corpora:

{markdown_fence(" ".join(canary.split()), "text")}
"""


def _written(manifest: Manifest, report: Mapping[str, Any]) -> str:
    """Return the writers of the rows, as far as known."""
    if report.get("given_answers"):
        return (
            "An agent or a person answered prompts through targen answer. targen does not know "
            "who it was;\nthe name below is the one that the author gave."
        )
    said = (
        "The rows come from the answers of the models named below, as the services returned them."
    )
    if names := made_up(load_registry(), manifest.backends):
        others = f"\n{said}" if len(names) < len(manifest.backends) else ""
        backends = " and ".join(map(markdown_code, names))
        said = (
            f"The backend {backends} calls no model: its replies are made up, so the rows are only "
            f"for\ntrying things out.{others}"
        )
    return said + UNREAD


def _sample(sample: Mapping[str, Any] | None) -> str:
    if sample is None:
        return ""
    text = json.dumps(sample, indent=2, ensure_ascii=False)
    if len(text) > _LONGEST:
        return ""
    return f"\nThe first row:\n\n{markdown_fence(text, 'json')}\n"


def _concerns(report: Mapping[str, Any]) -> str:
    """Return possible problems with the rows, for their users."""
    lines = "".join(f"- {markdown_prose(each.message)}\n" for each in concerns_of(report))
    return f"\nPossible problems, according to the run's figures:\n\n{lines}" if lines else ""


def _cited(name: str, manifest: Manifest, digest: str) -> str:
    """Return what distinguishes these rows from others of the task: a line."""
    version = manifest.lock.distributions.get("targen-core", "")
    by = f", generated with targen {markdown(version)}" if version else ""
    file = f"; SHA-256 of `dataset.jsonl`: {markdown_code(digest)}" if digest else ""
    return f"The dataset: {markdown_code(name)}{by}{file}.\n\n" if by or file else ""


def _given(manifest: Manifest) -> str:
    """Return what replaced parts of the task: the user's own lists, and parts of plugins."""
    said: dict[str, None] = {}
    for run in _runs(manifest):
        for name, digest in run.lock.given.items():
            file = markdown_code(given_file(name))
            said[f"{name} from the user's file (copied to {file}, digest {digest})"] = None
        for field, kind, part in references(run.config):
            if part and kind in ("contexts", "seeds", "generator"):
                label = field.partition(".")[2]
                of = f" of {markdown(label)}" if label else ""
                said[f"{kind}{of} {markdown_code(part)}"] = None
    return f"\nUsed instead of the task's own: {'; '.join(said)}.\n" if said else ""


def _runs(manifest: Manifest) -> list[Manifest]:
    """Return the manifests of the runs that generated the rows."""
    return [run.manifest for run in manifest.merged] or [manifest]


def _drawn(task: Task[Any, Any], manifest: Manifest) -> str:
    """In what items and rows were made to differ."""
    # Lists that the user gave are not drawn for, but the lock keeps the task's dimensions.
    lists = {"seeds": {each.name for each in task.steps if each.lists}, "contexts": {"contexts"}}
    places = dict.fromkeys(
        place
        for run in _runs(manifest)
        for place in run.task.dimensions
        if not any(place.partition(".")[0] in lists[name] for name in run.lock.given)
    )
    by_step: dict[str, list[str]] = {}
    for place in places:
        step, _, name = place.partition(".")
        by_step.setdefault("rows" if step == "generate" else step, []).append(markdown(name))
    if not by_step:
        return ""
    said = "; ".join(f"{', '.join(names)} ({markdown(step)})" for step, names in by_step.items())
    return f"\nTraits drawn by code, balanced over the run: {said}.\n"


def _more(task: Task[Any, Any], manifest: Manifest, report: Mapping[str, Any]) -> str:
    """Return chapters that only some runs have."""
    parts, sources = _parts(report.get("parts", {})), _sources(report.get("sources", ()))
    merged = _merged(manifest, report.get("missing_shards", ()))
    sections = filter_sections(manifest)
    chapters = "".join(of.card(plan, manifest) for plan, of in sections if of.card is not None)
    return f"{merged}{_given(manifest)}{_drawn(task, manifest)}{parts}{sources}{chapters}"


def _merged(manifest: Manifest, lacking: Sequence[Mapping[str, Any]]) -> str:
    """The runs that rows were merged of."""
    if not manifest.merged:
        return ""
    lines = "\n".join(
        f"| {markdown(run.name)} | {run.manifest.config.seed} | {_asked(run.manifest)} | "
        f"{run.rows:,} |"
        for run in manifest.merged
    )
    missing = "".join(
        f"\nMissing shards: {', '.join(map(str, one['missing']))} (of {one['count']:,}).\n"
        for one in lacking
    )
    versions: dict[str, list[str]] = {}
    for run in manifest.merged:
        versions.setdefault(_version(run.manifest), []).append(markdown(run.name))
    if len(versions) > 1:
        said = "; ".join(f"{version} in {', '.join(names)}" for version, names in versions.items())
        missing += (
            f"\nThe runs used different versions of the task: {said}. This card describes version "
            f"{_version(manifest)}.\n"
        )
    return f"""
Merged from these runs, without near-duplicates. `run` in `provenance.jsonl` records which run each
row came from:

| run | seed | models | rows |
|---|--:|---|--:|
{lines}
{missing}"""


def _version(manifest: Manifest) -> str:
    """Return the version of a run's task, with its variants."""
    variants = "".join(f", variant {markdown(name)}" for name in manifest.task.variants)
    return f"{manifest.task.version}{variants}"


def _asked(manifest: Manifest) -> str:
    names = dict.fromkeys(model_name(plan) or "not named" for plan in manifest.steps.values())
    return markdown(", ".join(names))


def _parts(parts: Mapping[str, Any]) -> str:
    """Return how many rows came from each part of a task."""
    if not parts:
        return ""
    words = ", ".join(f"{one['rows']:,} {markdown(name)}" for name, one in parts.items())
    return (
        f"\nRows by the part of the task that generated them: {words}. `intended` "
        "in\n`provenance.jsonl` records which part generated each row.\n"
    )


def _sources(sources: Sequence[Mapping[str, Any]]) -> str:
    """The datasets that rows were made from, with their licences."""
    if not sources:
        return ""
    lines = "\n".join(
        f"| {markdown(one['name'])} | {markdown(with_terms(one['license']) or 'not stated')} | "
        f"{markdown(one['revision'])} | {one['rows']:,} |"
        for one in sources
    )
    return f"""
## Sources

Rows were generated from rows of these datasets:

| dataset | licence | revision | rows |
|---|---|---|--:|
{lines}
"""


def _date(manifest: Manifest) -> str:
    day = manifest.created[:10]
    return f", started on {day}" if re.fullmatch(r"\d{4}-\d{2}-\d{2}", day) else ""


def _models(manifest: Manifest, report: Mapping[str, Any]) -> str:
    made = made_up(load_registry(), manifest.backends)
    names = sorted({name for name in report["models"].values() if name and name not in made})
    return f": {markdown(', '.join(names))}" if names else ""


def _prices(prices: Mapping[str, Any]) -> str:
    """The prices that calls were counted at, and where they come from."""
    return "".join(f"{markdown(line)}.\n" for line in price_words(prices)).rstrip()
