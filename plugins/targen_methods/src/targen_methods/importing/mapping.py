"""Map published labels to a task's, and published texts to its columns: as given, never guessed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from targen_core import Task
from targen_core.errors import UsageError
from targen_core.hints import did_you_mean
from targen_core.reading.files import read_json, read_text
from targen_methods.importing.published import PRESETS, Preset, Published
from targen_methods.importing.reading import listed

SAME = "same"
"""The map for published labels that are the task's own names."""
_OUT = "-"
"""The map's value for a published label whose rows are left out."""
_JOINED = "+"


def written(label: Any) -> str | None:
    """Return a published label as typed in a map; None for other values.

    A list of one label is read as that label.
    """
    if isinstance(label, str):
        return label.strip() or None
    if isinstance(label, bool | int):
        return json.dumps(label)
    if isinstance(label, float) and label.is_integer():
        return str(int(label))
    return None


@dataclass(frozen=True, slots=True)
class Labels:
    """A map of labels.

    Attributes:
        names: the published label -> the task's, None for rows that are left out.
        listed: the lines of a label.txt, by which a number is first read; () without one.
    """

    names: Mapping[str, str | None]
    listed: tuple[str, ...] = ()

    def read(self, label: Any) -> str | None:
        """Return a published label as in the map's keys; None for other values."""
        said = written(label)
        if self.listed and said is not None and said.isdecimal() and len(said) < 10:
            return self.listed[int(said)] if int(said) < len(self.listed) else None
        return said


def preset_of(labels: Sequence[str], of: Published) -> Preset | None:
    """The preset that is named in place of a map.

    Raises:
        UsageError: the preset is unknown, or of another form.
    """
    named = [each for each in labels if "=" not in each and ":" in each and not _is_file(each)]
    if not named:
        return None
    if len(labels) > 1:
        raise UsageError(
            f"--labels {named[0]} is a complete map, so it cannot be combined with other maps",
            hint="omit the other maps",
        )
    preset = PRESETS.get(named[0])
    if preset is None:
        raise UsageError(
            f"unknown label mapping {named[0]!r}", hint=did_you_mean(named[0], PRESETS, "mappings")
        )
    if named[0].partition(":")[0] != of.name:
        raise UsageError(f"--labels {named[0]} does not apply to rows of {of.name}")
    return preset


def labels_for(
    given: Sequence[str], listing: Path | None, task: Task[Any, Any], of: Published
) -> Labels | None:
    """The map of labels that a user gives.

    Args:
        given: `0=entailment,1=not_entailment`, a .json file of such, a preset's name, or `same`.
        listing: a label.txt, whose line n, from 0, is what the label n is called.
        task: whose labels they become.
        of: the form of the file.

    Returns:
        None for a task of open labels.

    Raises:
        UsageError: the map is missing, or it names labels that the task does not have.
    """
    names = [label.name for label in task.labels]
    if not names:
        if given or listing is not None:
            raise UsageError(
                f"the task {task.name} has open labels, which are ordinary columns",
                hint="use --columns without --labels",
            )
        return None
    listed = () if listing is None else _listed(listing)
    preset = preset_of(given, of)
    if preset is not None:
        known: dict[str, str] = dict(preset.labels)
    elif given == [SAME] or (listed and not given):
        known = {name: name for name in names}
        if outside := [name for name in listed if name not in known]:
            raise UsageError(
                f"{listing} contains {outside[0]!r}, which is not a label of {task.name}; its "
                f"labels are: {', '.join(names)}",
                hint=f"--labels '{outside[0]}={names[0]}', or '{outside[0]}=-' to skip its rows, "
                "and map every label of the file",
            )
    else:
        known = _pairs(given)
    if not known:
        presets = [name for name in PRESETS if name.startswith(f"{of.name}:")]
        example = ",".join(f"{at}={name}" for at, name in enumerate(names[:4]))
        raise UsageError(
            f"the file's labels cannot be mapped to those of {task.name}: files for the same task "
            "number the labels differently",
            hint=f"--labels {example}, in the order that your file uses"
            + (f"; or use a known map: {', '.join(presets)}" if presets else "")
            + f"; or --labels {SAME} if the file uses the task's label names",
        )
    wanted = {key: None if name == _OUT else name for key, name in known.items()}
    for key, name in wanted.items():
        if name is not None and name not in names:
            raise UsageError(
                f"--labels: {key}={name}, but {name} is not a label of {task.name}; its labels "
                f"are: {', '.join(names)}",
                hint="write the map yourself: --labels "
                + ",".join(f"{key}={names[at % len(names)]}" for at, key in enumerate(wanted))
                + ", with the right labels; KEY=- skips rows",
            )
    return Labels(wanted, listed)


def _is_file(given: str) -> bool:
    return given.endswith(".json")


def _pairs(given: Sequence[str]) -> dict[str, str]:
    """A map, of what was typed or of .json files.

    Raises:
        UsageError: it is not a map, or maps a label twice.
    """
    known: dict[str, str] = {}
    for each in given:
        if "=" not in each and _is_file(each):
            pairs = list(_json_pairs(Path(each)).items())
        else:
            pairs = [(key.strip(), name.strip()) for key, _, name in _split(each)]
        for key, name in pairs:
            if not key or not name:
                raise UsageError(
                    f"--labels {each} does not map one label to another",
                    hint="use FILE'S LABEL=TASK'S LABEL, separated by commas, or a .json file",
                )
            if known.setdefault(key, name) != name:
                raise UsageError(f"--labels: {key} is mapped to both {known[key]} and {name}")
    return known


def _split(text: str) -> list[tuple[str, str, str]]:
    return [part.rpartition("=") for part in text.split(",")]


def _json_pairs(path: Path) -> dict[str, str]:
    value = read_json(path, 1 << 20)
    if not isinstance(value, dict) or not all(isinstance(each, str) for each in value.values()):
        raise UsageError(
            f"{path} is not a map of labels", hint='{"0": "entailment", "1": "not_entailment"}'
        )
    return value


def _listed(path: Path) -> tuple[str, ...]:
    """The lines of a label.txt."""
    names = tuple(line.strip() for line in read_text(path, 16 << 20).splitlines())
    while names and not names[-1]:
        names = names[:-1]
    if not names:
        raise UsageError(
            f"{path} does not contain any labels",
            hint="write one label per line; line 1 is the label 0",
        )
    return names


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a task, and their sources.

    Attributes:
        sources: the task's column -> the file's columns, joined by a line break.
    """

    sources: Mapping[str, tuple[str, ...]]

    @property
    def used(self) -> frozenset[str]:
        """The file's columns that go somewhere."""
        return frozenset(name for names in self.sources.values() for name in names)

    def said(self) -> str:
        """As it is typed: `premise=C,hypothesis=X`."""
        return ",".join(f"{name}={_JOINED.join(of)}" for name, of in self.sources.items())


def columns_for(
    given: str, preset: Preset | None, task: Task[Any, Any], of: Published, found: Sequence[str]
) -> Columns:
    """Return the map of columns: given, of a preset, by equal names, or text to text.

    Args:
        given: `premise=C,hypothesis=X`, or "".
        preset: that of the labels, which may also map columns.
        task: whose columns they become.
        of: the form of the file.
        found: the columns of the file.

    Raises:
        UsageError: the map is missing, or names columns that do not exist.
    """
    schema = task.schema.model_fields
    apart = {"idx", "label"} if task.labels else {"idx"}
    own = [name for name in schema if name not in apart]
    required = [name for name in own if schema[name].is_required()]
    texts = [name for name in of.texts if name in found]
    if task.labels:
        texts = [name for name in texts if name not in of.label]
    if given:
        sources = _given(given, own, found, task)
    elif preset is not None and preset.texts and len(preset.texts) == len(required):
        sources = {name: (text,) for name, text in zip(required, preset.texts, strict=True)}
    elif set(required) <= set(found):
        sources = {name: (name,) for name in own if name in found}
    elif len(required) == 1 and len(texts) == 1:
        sources = {required[0]: (texts[0],)}
    else:
        example = ",".join(
            f"{name}={texts[at] if at < len(texts) else 'COLUMN'}"
            for at, name in enumerate(required)
        )
        raise UsageError(
            f"cannot map the file's columns to the task's: the file has {listed(found)}, but a row "
            f"of {task.name} has {', '.join(own)}",
            hint=f"--columns {example}, or with the columns swapped",
        )
    if lacking := [name for name in required if name not in sources]:
        raise UsageError(
            f"--columns does not map a column of the file to {', '.join(lacking)} of {task.name}",
            hint=f"the file has {listed(found)}",
        )
    return Columns(sources)


def _given(
    text: str, own: Sequence[str], found: Sequence[str], task: Task[Any, Any]
) -> dict[str, tuple[str, ...]]:
    sources: dict[str, tuple[str, ...]] = {}
    for part in text.split(","):
        name, _, of = (each.strip() for each in part.partition("="))
        parts = tuple(each.strip() for each in of.split(_JOINED))
        if not name or not all(parts):
            raise UsageError(
                f"--columns {part} does not map one column to another",
                hint="use COLUMN OF THE TASK=COLUMN OF THE FILE; A+B joins two columns of the file",
            )
        if name not in own:
            raise UsageError(
                f"--columns: {task.name} has no column {name!r}",
                hint=did_you_mean(name, own, "columns"),
            )
        if unknown := [each for each in parts if each not in found]:
            raise UsageError(
                f"--columns: the file has no column {unknown[0]!r}",
                hint=did_you_mean(unknown[0], found[:50], "columns"),
            )
        if name in sources:
            raise UsageError(f"--columns contains {name} twice")
        if same := next((one for one, others in sources.items() if others == parts), ""):
            raise UsageError(
                f"--columns: {same} and {name} both map to {of}; use each column only once"
            )
        sources[name] = parts
    return sources
