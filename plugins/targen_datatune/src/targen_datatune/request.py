"""Read the task that data are wanted for, from a name, a file or a text."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from targen_core.errors import UsageError, no_such_file
from targen_core.reading.files import read_json, read_text
from targen_core.reading.typed import read_yaml
from targen_standard.datasets.bigbench import example_of

if TYPE_CHECKING:
    from targen_core import Task
    from targen_core.plugins.registry import Registry

_TEXTS = (".txt", ".md")
_MAPPINGS = (".json", ".yaml", ".yml")
_TASKS = (".toml", ".py")
_NAME_WORDS = 6
_LARGEST = 64 << 20  # bytes of a file
_FORM = "an `instruction`, and `examples`: a list of objects with `input` and `output`"


@dataclass(frozen=True, slots=True)
class Example:
    """One worked example of a task.

    Attributes:
        input: what is given.
        output: what is to be answered; the best answer where several are right.
    """

    input: str
    output: str


@dataclass(frozen=True, slots=True)
class TaskRequest:
    """A task that somebody wants data for.

    Attributes:
        name: its name; by default the first words of the instruction.
        instruction: what is to be done.
        examples: worked ones, all that were given.
        labels: all answers, if they are a closed set.
        canary: the sentence by which its authors keep their data out of training corpora, or "".
            Any copy of its examples must keep it.
    """

    name: str
    instruction: str
    examples: tuple[Example, ...] = ()
    labels: tuple[str, ...] = ()
    canary: str = ""

    @property
    def query(self) -> str:
        """Return the query for retrievers."""
        spoken = re.sub(r"[_-]+", " ", self.name)
        return self.instruction if spoken in self.instruction else f"{spoken}\n{self.instruction}"


def read_request(task: str, registry: Registry) -> TaskRequest:
    """Read the `TASK` of `targen retrieve` and `targen transform`.

    Args:
        task: the name of an installed task, the path of a file, or the instruction itself. The file
            may be a task's (YAML, TOML, Python), a `task.json` of BIG-bench, or a text with an
            instruction. It may also be JSON or YAML with an `instruction` and `examples`.
        registry: what is installed.

    Raises:
        UsageError: the file does not exist, or contains no task.
        UnknownName: the text looks like a full name, but is not installed.
    """
    request = _request(task, registry)
    try:
        json.dumps([request.name, request.instruction, request.labels], ensure_ascii=False).encode()
        json.dumps([(e.input, e.output) for e in request.examples], ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise UsageError(
            "the task contains half of a surrogate pair, such as \\ud83d",
            hint="write the whole character",
        ) from None
    return request


def _request(text: str, registry: Registry) -> TaskRequest:
    if not text.strip():
        raise UsageError("TASK is empty", hint="pass a task's name, a file, or an instruction")
    path = Path(text).expanduser()
    suffix = path.suffix.lower() if "\n" not in text else ""
    if suffix in _MAPPINGS and (path.is_file() or not _is_prose(text)):
        return _of_mapping_file(path, text, registry)
    if suffix in _TEXTS and (path.is_file() or not _is_prose(text)):
        return _of_text(read_text(path, _LARGEST), path.stem, str(path))
    if (suffix in _TASKS or ".py:" in text) and not _is_prose(text):
        return wanted_of(registry.get("task", text))
    if any(text in (item.name, item.id, *item.aliases) for item in registry.all("task")):
        return wanted_of(registry.get("task", text))
    if not _is_prose(text) and re.fullmatch(r"[\w.-]+:[\w.-]+", text):
        return wanted_of(registry.get("task", text))  # whose error lists the installed ones
    if not _is_prose(text) and "/" in text:
        raise no_such_file(text, hint="pass a task's name, a file, or an instruction in quotes")
    return _of_text(text, "", "TASK")


def wanted_of(task: Task[Any, Any]) -> TaskRequest:
    """Return the request of a targen task: its description, and its right worked samples."""
    instructions = task.judging.instructions.strip()
    description = task.description.strip()
    both = "\n\n".join(filter(None, (description, instructions))) or task.summary
    is_repeated = {*description.splitlines()} <= {*instructions.splitlines()}
    examples = tuple(
        Example(sample.input, _answer(sample.output))
        for sample in task.judging.samples
        if sample.output == sample.actual
    )
    return TaskRequest(
        task.name,
        (is_repeated and instructions) or both,
        examples,
        tuple(label.name for label in task.labels),
    )


def _is_prose(text: str) -> bool:
    """Return whether a text has several words, as instructions do and names and paths rarely do."""
    return len(text.split()) > 1


def _answer(output: str | Sequence[str]) -> str:
    return output if isinstance(output, str) else "\n".join(output)


def _of_text(text: str, name: str, place: str) -> TaskRequest:
    text = text.strip()
    if not text:
        raise UsageError(f"{place} is empty", hint="describe the task in it")
    return TaskRequest(name or _named(text), text)


def _named(text: str) -> str:
    words: list[str] = re.findall(r"[^\W_]+", text.lower())[:_NAME_WORDS]
    return "-".join(words) or "task"


def _of_mapping_file(path: Path, text: str, registry: Registry) -> TaskRequest:
    """A file of JSON or YAML: BIG-bench's, ours, or a declaration of a task."""
    data = read_json(path, _LARGEST) if path.suffix.lower() == ".json" else read_yaml(path)
    if not isinstance(data, Mapping):
        raise UsageError(
            f"{path} does not contain a task: its top level is not an object", hint=f"give {_FORM}"
        )
    asked = data.get("instruction")
    if asked is None and isinstance(data.get("examples"), list):  # BIG-bench
        asked = data.get("description")
        if asked is None:
            raise UsageError(f"{path} does not contain an instruction", hint=f"give {_FORM}")
    if asked is None:
        return wanted_of(registry.get("task", text))  # a declaration, or its own words for why not
    if not isinstance(asked, str) or not asked.strip():
        raise UsageError(f"{path}: `instruction` is empty or not text", hint=f"give {_FORM}")
    return _of_mapping(data, asked, path)


def _of_mapping(data: Mapping[str, Any], asked: str, path: Path) -> TaskRequest:
    given = data.get("examples") or []
    if not isinstance(given, list):
        raise UsageError(f"{path}: `examples` is not a list", hint=f"give {_FORM}")
    shown = data.get("append_choices_to_input", True)
    examples, answers = [], set()
    for number, example in enumerate(given, 1):
        one, options = _example(example, shown_choices=bool(shown))
        if one is None:
            raise UsageError(
                f"{path}: example {number} lacks an input or an output", hint=f"give {_FORM}"
            )
        examples.append(one)
        answers.add(options)
    labels = data.get("labels")
    if labels is None:  # all examples have the same choices
        labels = list(answers.pop()) if len(answers) == 1 and len(examples) > 1 else []
    if not isinstance(labels, list) or not all(isinstance(each, str) for each in labels):
        raise UsageError(f"{path}: `labels` is not a list of strings")
    prefix = data.get("task_prefix")
    instruction = asked.strip()
    if isinstance(prefix, str) and prefix.strip() and prefix.strip() not in instruction:
        instruction = f"{instruction}\n{prefix.strip()}"
    name, canary = data.get("name"), data.get("canary")
    return TaskRequest(
        name if isinstance(name, str) and name.strip() else path.stem,
        instruction,
        tuple(examples),
        tuple(labels),
        canary if isinstance(canary, str) else "",
    )


def _example(example: Any, *, shown_choices: bool) -> tuple[Example | None, tuple[str, ...]]:
    """Return an example and its choices; BIG-bench's have scores and are listed in the input."""
    if isinstance(example, Mapping) and "output" in example:
        example = {**example, "target": example["output"]}
    try:
        parsed = example_of(example)
    except ValueError:
        return None, ()
    text = parsed.with_choices if shown_choices and parsed.scores else parsed.input
    return Example(text, parsed.targets[0]), tuple(sorted(parsed.scores))
