"""How targen is spelled: commands, options, files and prompts.

This is the only module of the suite that may follow a renaming. Tests say what a user does; here
stands how. Programs that tests start import only targen's public Python package.
"""

from __future__ import annotations

import atexit
import csv
import hashlib
import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from targen_testing.forks import COMMAND, Forks

from .service import PRICE_IN, PRICE_OUT, Body, Service, serve

KEY = "sk-test-0123456789abcdef"
MODELS = {"llama": "small", "chatgpt": "gpt-6-luna", "claude": "claude-haiku-5-5"}
CHAT_LLAMA = "from targen_backends.llama.langchain import ChatLlama"
LABELS = ("alpha", "beta", "gamma")
ROOT = Path(__file__).parents[2]
TASKS = dict(zip(*["axg boolq cb copa multirc record rte wic wsc".split()] * 2, strict=True))
"""The papers' nine tasks, by the names that a user types."""
OUTPUTS = {path.stem: str(path) for path in sorted((ROOT / "examples" / "outputs").glob("*.yaml"))}
"""A task file for each of the five other kinds of output."""
SHORT: dict[str, Any] = {"option": ["max_tokens=150", "timeout=3"], "variant": "paper"}
"""Options with which a call writes one row and reserves about 11 cents; it costs 2."""
ONCE: dict[str, Any] = {**SHORT, "hedge": False}
"""The same without hedges: on a busy machine any call may be slow, and be sent twice."""
PAPER = {"variants": ["paper"], "corrector": "meta-paper"}
"""Options of Python's functions for a run as in the paper."""


def known(value: Any, finding: str) -> Any:
    """A case of a test, which fails today if it names a finding."""
    return pytest.param(value, id=str(value), marks=xfail(finding) if finding else ())


def xfail(finding: str) -> pytest.MarkDecorator:
    """Mark a test that fails today because of a finding."""
    return pytest.mark.xfail(strict=True, raises=AssertionError, reason=finding)


# --- tasks and the replies of a model to them ------------------------------------------------


def definition(label: str) -> str:
    """The definition of a label: it has a word by which the service's model knows the label."""
    return f"The writer speaks of the {code(label)}."


def code(label: str) -> str:
    """The word in a text by which the service's model knows its label."""
    return f"z{label}"


def task_file(folder: Path, labels: Any = LABELS, name: str = "mail", **keys: Any) -> str:
    """Write a task file and return its path as a user types it.

    Labels without definitions get those by which the service's model knows them.
    """
    if not isinstance(labels, Mapping):
        labels = {label: definition(label) for label in labels}
    content = {"description": "Short letters to a shop.", "labels": dict(labels), **keys}
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return str(path)


PYTHON_TASK = f"""
from targen_standard.task_files.model import Declaration
LABELS = {{"alpha": "{definition("alpha")}", "beta": "{definition("beta")}"}}
TASK = Declaration(description="Letters.", labels=LABELS).task(name="porter")
"""
"""A task as a program, whose texts the service's model labels like those of `task_file`."""

OPENING = (
    "validate {run}\nshow {run}\ntrace {run} 0\nresume {run} -n 9 --max-outage 1\n"
    "export {run} --as csv --out out.csv\nreview {run} --plan"
)
"""Commands that open a run."""


def install(site: Path, name: str, modules: Mapping[str, str], entry: str = "") -> None:
    """Lay a plugin out as pip does: its modules, and an entry point for the module of its name."""
    info = site / f"{name}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[targen.v1]\n{entry or f'{name} = {name}'}\n")
    for module, text in modules.items():
        (site / f"{module}.py").write_text(text)


def registering(**parts: str) -> str:
    """A plugin's module, whose hooks register one part each: `tasks="name module:ATTRIBUTE"`."""
    lines = ["import targen_core as tg"]
    for kind, part in parts.items():
        name, target = part.split()
        lines += ["@tg.hookimpl", f"def register_{kind}(register):"]
        lines += [f"    register({name!r}, {target!r}, summary='of a stranger')"]
    return "\n".join(lines) + "\n"


_SYLLABLES = [a + b + c for a in "bdfgklmnprstv" for b in "aeiou" for c in ("", "n", "r", "l")]


def words(rng: random.Random, count: int = 12) -> str:
    """A sentence of made-up words."""
    made = ["".join(rng.choices(_SYLLABLES, k=rng.choice((2, 2, 3)))) for _ in range(count)]
    return " ".join(made).capitalize() + "."


def about(label: str, rng: random.Random) -> str:
    """A text of a label."""
    return f"{words(rng, 9)[:-1]} {code(label)} {words(rng, 4).lower()}"


@dataclass
class Model:
    """What the service's model answers, from the messages alone.

    Attributes:
        labels: those of the task.
        slips: the share of written texts that have another label than the prompt asks for.
        repeats: the share of texts that are one of three stock sentences.
        broken: the share of judged rows that the judge calls invalid.
        invented: the share of judged rows whose label, says the judge, is one that does not exist.
        unwritable: labels for which the model always writes a text of another label.
    """

    labels: Sequence[str] = LABELS
    slips: float = 0.0
    repeats: float = 0.0
    broken: float = 0.0
    invented: float = 0.0
    unwritable: Sequence[str] = ()

    def __call__(self, body: Body) -> str:
        """Return the reply to a request in OpenAI's form."""
        rng = random.Random(hashlib.sha256(json.dumps(body["messages"]).encode()).hexdigest())
        schema = (body.get("response_format") or {}).get("json_schema", {}).get("schema")
        if schema is None:
            return words(rng)
        step = step_of(body)
        value = fill(schema, rng, schema.get("$defs", {}))
        question = body["messages"][-1]["content"]
        label = self.label_of(body["messages"])
        if judges_many(schema):
            rows = re.findall(r"(?m)^(\d+)\. (.*)$", body["messages"][0]["content"])
            value["labels"] = {
                at: self._verdict(self.label_of([{"content": text}]), "none", rng)
                for at, text in rows
            }
            # There are few of these calls, and one of them judges many rows.
            if len(body["messages"]) == 1 and rng.random() < 4 * self.invented:
                value["labels"]["1"] = "delta"
        elif "sets" in value:
            for one in value["sets"]:
                one |= {label: self._text(label, rng) for label in one}
        elif step == "generate":
            self._write(value, label or self.labels[0], rng)
        elif step == "correct":
            self._judge(value, label, question, rng)
        return json.dumps(value)

    def label_of(self, messages: Sequence[Mapping[str, str]]) -> str:
        """Return the label in the last message that has one, or ""."""
        texts = [message["content"] for message in messages[::-1]]
        pairs = ((text, label) for text in texts for label in self.labels[::-1])
        return next((label for text, label in pairs if code(label) in text), "")

    def _write(self, value: dict[str, Any], label: str, rng: random.Random) -> None:
        label = self._meant(label, rng)
        for name, text in value.items():
            if isinstance(text, str) and name != "label":
                value[name] = self._about(label, rng)

    def _text(self, label: str, rng: random.Random) -> str:
        return self._about(self._meant(label, rng), rng)

    def _meant(self, label: str, rng: random.Random) -> str:
        if rng.random() < self.slips or label in self.unwritable:
            return rng.choice([each for each in self.labels if each != label])
        return label

    def _about(self, label: str, rng: random.Random) -> str:
        text = about(label, rng)
        if rng.random() < self.repeats:
            return f"Stock sentence {rng.randrange(3)} about the {code(label)}."
        return text

    def _verdict(self, label: str, broken: str, rng: random.Random) -> str:
        return label if rng.random() >= self.broken else broken

    def _judge(self, value: dict[str, Any], label: str, question: str, rng: random.Random) -> None:
        answer = self._verdict(label, "no_valid_instance", rng)
        answer = answer if rng.random() >= self.invented else "delta"
        if "actual" in value:
            value["actual"] = answer
            worker = question.rpartition(":")[2].strip(' "')
            value["verdict"] = "correct" if worker == answer else "incorrect"


def judges_many(schema: Mapping[str, Any]) -> bool:
    """Whether a reply has a label for each number of a row."""
    return "Verdicts" in schema.get("$defs", {})


def reply_from(known: Mapping[str, str]) -> Callable[[Body], str]:
    """A model that gives known replies to known messages, and otherwise fills the schema."""

    def reply(body: Body) -> str:
        messages = json.dumps(body["messages"])
        schema = body["response_format"]["json_schema"]["schema"]
        rng = random.Random(messages)
        return known.get(messages) or json.dumps(fill(schema, rng, schema.get("$defs", {})))

    return reply


def step_of(body: Body) -> str:
    """Which of the four steps a request is of, by the names in its schema."""
    schema = (body.get("response_format") or {}).get("json_schema", {}).get("schema", {})
    names = set(schema.get("properties", {}))
    if names & {"verdict", "actual", "valid"} or judges_many(schema):
        return "correct"
    if "Way" in schema.get("$defs", {}):
        return "seeds"
    return next((step for step in ("contexts", "seeds") if step in names), "generate")


def fill(schema: Any, rng: random.Random, defs: Mapping[str, Any]) -> Any:
    """Return a value of a JSON schema."""
    if "$ref" in schema:
        return fill(defs[schema["$ref"].rpartition("/")[2]], rng, defs)
    if "const" in schema or "enum" in schema:
        return schema.get("const") or rng.choice(schema["enum"])
    for key in ("anyOf", "oneOf", "allOf"):
        if key in schema:
            return fill(schema[key][0], rng, defs)
    match schema.get("type"):
        case "object":
            return {k: fill(part, rng, defs) for k, part in schema.get("properties", {}).items()}
        case "array":
            count = schema.get("minItems") or min(5, schema.get("maxItems", 5))
            return [fill(schema["items"], rng, defs) for _ in range(count)]
        case "integer" | "number":
            return schema.get("minimum", 0)
        case "boolean":
            return False
        case _:
            return words(rng, 4)[:-1]


# --- the command -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Result:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        """All that it printed, with spaces and line breaks as one space."""
        return " ".join((self.out + " " + self.err).split())


@cache
def forks() -> Forks:
    """A process that has imported targen, and forks for each command: a start takes a second."""
    atexit.register((made := Forks()).close)
    return made


class Shell:
    """A user's terminal in a folder of their own, with a home and a cache there.

    Commands that run to their end run in forks, unless they shall find other modules than this
    process or `fresh` is set. Commands that are killed start afresh.
    """

    fresh = False

    def __init__(self, folder: Path, bin_folder: Path | None = None) -> None:
        self.folder = folder
        self.bin = bin_folder or Path(sys.executable).parent
        folders = {"HOME": "home", "TARGEN_CACHE_DIR": "cache", "TARGEN_CONFIG_DIR": "config"}
        for name in folders.values():
            (folder / name).mkdir(parents=True, exist_ok=True)
        self.env = {
            **{variable: str(folder / name) for variable, name in folders.items()},
            **dict.fromkeys(("OPENAI_API_KEY", "ANTHROPIC_API_KEY"), KEY),
            **dict.fromkeys(("NO_COLOR", "HF_HUB_OFFLINE", "OMP_NUM_THREADS"), "1"),
            "PATH": f"{self.bin}{os.pathsep}{os.environ['PATH']}",
            "COLUMNS": "120",
        }

    def start(self, *args: object, program: str = "targen", **env: str) -> subprocess.Popen[str]:
        """Start `targen`, or another program, with these arguments."""
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        line, env = [program, *map(str, args)], {**self.env, **env}
        options: dict[str, Any] = {**pipes, "text": True, "start_new_session": True}
        return subprocess.Popen(line, cwd=self.folder, env=env, **options)

    def __call__(self, *args: object, ok: int | None = 0, **env: str) -> Result:
        """Run `targen` and check its exit status; None accepts any."""
        program = env.pop("program", "targen")
        own = self.bin == Path(sys.executable).parent and not self.fresh
        if own and program != "sh" and "PYTHONPATH" not in env:
            code, *words = map(str, (COMMAND, *args) if program == "targen" else args[1:])
            done = forks()(code, words, cwd=self.folder, path=[], env={**self.env, **env})
            result = Result(done.returncode, done.stdout, done.stderr)
        else:
            process = self.start(*args, program=program, **env)
            texts = process.communicate(timeout=240)
            result = Result(process.returncode, *texts)
        shown = f"{args}: {result.code}\n{result.out[-3000:]}\n{result.err[-3000:]}"
        assert ok in (None, result.code), shown
        return result

    def python(self, script: str, **env: str) -> Result:
        """Run a Python program in the folder."""
        return self("-c", script, program="python", **env)

    def sh(self, line: str, **env: str) -> Result:
        """Run a line of shell in the folder; its exit status may be any."""
        words = line.replace("\\\n", " ").split()
        if words[0] == "targen" and not re.search(r"[^\w\s./:=,@+-]", " ".join(words)):
            return self(*words[1:], ok=None, **env)
        return self("-c", line, program="sh", ok=None, **env)

    def run(self, name: str) -> Run:
        """A run directory in the folder."""
        return Run(self, self.folder / name)


def read_table(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file."""
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@dataclass(frozen=True)
class World:
    """A terminal, a service and the model behind it."""

    shell: Shell
    service: Service
    model: Model

    def mail(self, out: str = "run", **options: Any) -> list[str]:
        """The arguments of a command that generates rows of `mail.yaml` by the service."""
        return generate("mail.yaml", out, self.service, **options)

    def run(self, args: Sequence[object], ok: int | None = 0) -> Counted:
        """Run a command that prints a report for programs, and return it."""
        return Counted(self.shell(*args, "--json", ok=ok).out)


@contextmanager
def world(folder: Path, labels: Sequence[str] = LABELS, **habits: Any) -> Iterator[World]:
    """A world of its own in a folder, with a task file; for fixtures of a module."""
    model = Model(labels, **habits)
    with serve(model) as service:
        task_file(folder, labels)
        yield World(Shell(folder), service, model)


def kill(process: subprocess.Popen[str]) -> Result:
    """Kill a command and all its children, as `kill -9` does, and return what it printed."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    out, err = process.communicate()
    return Result(process.returncode, out, err)


def generate(
    task: str, out: str = "run", service: Service | None = None, at: str = "llama", **options: Any
) -> list[str]:
    """The arguments of a command that generates rows; without a service, without a model."""
    model: dict[str, Any] = {"b": "scripted"}
    if service:
        url = service.root if at == "claude" else service.url
        model = {"b": at, "model": MODELS[at], "base_url": url}
        model |= {"price_in": PRICE_IN, "price_out": PRICE_OUT}
        if Path(task).name == "mail.yaml" and "n" in options and "examples" not in options:
            options = {"variant": "paper", **options}  # row by row, as `generation`
    return ["generate", task, "--out", out, "-y", *flags(**model, **options)]


def flags(**options: Any) -> list[str]:
    """Options as flags: True is a bare flag, False its `--no-` form, a list repeats it.

    Rows of each label, as a mapping, are one value; what is None is left out.
    """
    args: list[str] = []
    for name, value in options.items():
        prefix = "-" if len(name) == 1 else "--no-" if value is False else "--"
        if isinstance(value, Mapping):
            value = ",".join(f"{label}={rows}" for label, rows in value.items())
        for each in value if isinstance(value, list) else [] if value is None else [value]:
            args += [prefix + name.replace("_", "-")] + [str(each)] * (not isinstance(each, bool))
    return args


def resume(run: str = "run", **options: Any) -> list[str]:
    """The arguments of a command that continues a run; `n` or `label` extend it."""
    return ["resume", run, *flags(**options)]


def revise(task: str, run: str = "run", out: str = "revised", **options: Any) -> list[str]:
    """The arguments of a command that applies a changed task to a run."""
    return ["revise", run, "--task", task, "--out", out, "-y", *flags(**options)]


# --- what a run contains ---------------------------------------------------------------------


class Counted:
    """A report, in numbers: rows by label, and calls by what became of them."""

    def __init__(self, text: str) -> None:
        self.raw: dict[str, Any] = json.loads(text)
        total: dict[str, int] = self.raw["usage"]["total"]
        self.status: str = self.raw["status"]
        self.rows: dict[str, int] = self.raw["rows"]
        self.requested: dict[str, int] = self.raw["requested"]
        self.retries: int = self.raw["retries"]
        self.dollars: float = total["dollars"]
        self.answered, self.cached, self.lost = total["calls"], total["cached"], total["lost"]
        self.reused, self.tokens = total["copied"], (total["input_tokens"], total["output_tokens"])
        self.reasons: Counter[str] = Counter()
        for flow in self.raw["flow"].values():
            self.reasons.update(flow["reasons"])
            self.reasons["duplicate"] += flow["duplicate"]


class Run:
    """A run directory, as a user sees it."""

    def __init__(self, shell: Shell, path: Path) -> None:
        self.shell, self.path = shell, path

    def lines(self, name: str) -> list[dict[str, Any]]:
        """The records of one of its files; none if it does not exist yet."""
        path = self.path / f"{name}.jsonl"
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        return [json.loads(line) for line in text.splitlines()]

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The rows of its dataset."""
        return self.lines("dataset")

    @property
    def rejects(self) -> list[dict[str, Any]]:
        """The rejected candidates, with their reasons."""
        return self.lines("rejects")

    def counts(self, field: str = "label") -> Counter[Any]:
        """How many rows each label has."""
        return Counter(row[field] for row in self.rows)

    @property
    def bytes(self) -> dict[str, bytes]:
        """The files that must be the same after each kill and at any concurrency."""
        names = ("dataset.jsonl", "provenance.jsonl", "rejects.jsonl")
        return {name: (self.path / name).read_bytes() for name in names}

    @property
    def digest(self) -> str:
        """A digest of `bytes`."""
        return hashlib.sha256(b"\0".join(self.bytes.values())).hexdigest()

    def report(self, printed: Result | None = None) -> Counted:
        """The report for programs: that of a command with `json=True`, or `targen report`'s."""
        return Counted((printed or self.shell("report", self.path, "--json")).out)

    def trace(self, row: object) -> dict[str, Any]:
        """All that is known about a row or a candidate."""
        traced: dict[str, Any] = json.loads(self.shell("trace", self.path, row, "--json").out)
        return traced


def asked(traced: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The calls of a trace, in order: their steps, messages and replies, and if they are exact."""
    for each in traced["calls"]:
        messages = [{k: m[k] for k in ("role", "content")} for m in each["messages"]]
        reply = each["reply"] if isinstance(each["reply"], str) else each["reply"]["text"]
        yield {"exact": True, **each, "messages": messages, "reply": reply}


# --- Python: many calls in one process, since each command takes a second to start -------------

_CALLS = """
import importlib, json, urllib.request
import targen_core as tg
for module, name, args, options in json.loads({calls!r}):
    try:
        value = getattr(importlib.import_module(module), name)(*args, **options)
    except tg.TargenError as error:
        if name != "read_dataset":
            raise
        value = [[("error", f"{{error}} {{error.hint}}")]]
    rows = [dict(row) for row in value] if name == "read_dataset" else None
    print(json.dumps(value.raw if name == "trace" else rows), flush=True)
    if {marked!r}:
        body = json.dumps(dict(model="mark", messages=[dict(role="user", content="mark")]))
        urllib.request.urlopen({marked!r}, body.encode()).read()
"""

_MODULES = {
    "export": "targen_standard.exporting.api",
    "merge": "targen_standard.merging.api",
    "revise": "targen_standard.revising.api",
    "trace": "targen_standard.tracing.api",
    "train": "targen_training.api",
}
"""Function -> its module; others are in targen_core."""

Call = tuple[str, str, tuple[Any, ...], dict[str, Any]]


def call(name: str, *args: Any, **options: Any) -> Call:
    """A call of a function of Python's API."""
    return _MODULES.get(name, "targen_core"), name, args, options


def python_calls(shell: Shell, calls: Sequence[Call], marked: Service | None = None) -> list[Any]:
    """Make calls in one process, and return the traces or rows that they return.

    A service that is marked gets a request of its own after each call, so that the requests of
    each call can be told apart.
    """
    address = f"{marked.url}/chat/completions" if marked else ""
    script = _CALLS.format(calls=json.dumps(calls), marked=address)
    return [json.loads(line) for line in shell.python(script).out.splitlines()]


def generation(task: str, out: str, service: Service | None = None, **options: Any) -> Call:
    """A call that generates a run, by default without a model; by a service, row by row."""
    at = {"base_url": service.url} if service else {}
    if service and Path(task).name == "mail.yaml":
        at["variants"] = "paper"
    model = f"llama/{MODELS['llama']}" if service else "scripted"
    return call("generate", task, out=out, concurrency=1, **{"model": model, **at, **options})


def trace_all(shell: Shell, runs: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """The traces of all rows, then of all rejected candidates, of runs."""
    ids: dict[str, list[Any]] = {name: [*range(len(shell.run(name).rows))] for name in runs}
    for name in runs:
        ids[name] += [each["id"] for each in shell.run(name).rejects if "instance" in each]
    traces = iter(python_calls(shell, [call("trace", name, i) for name in runs for i in ids[name]]))
    return {name: [next(traces) for _ in ids[name]] for name in runs}


# --- other commands ----------------------------------------------------------------------------


def export(source: str, form: str, out: str, **options: Any) -> list[str]:
    """Export rows."""
    return ["export", source, "--as", form, "--out", out, *flags(**options)]


def correct(source: str, task: str, out: str) -> list[str]:
    """Judge rows, without a model."""
    return ["correct", source, "--task", task, "--out", out, "-b", "scripted", "-y"]


def reproduce(item: str, **options: Any) -> list[str]:
    """Repeat an item of a paper."""
    return ["reproduce", item, *flags(**options)]


def run_with_kills(
    made: World, args: Sequence[object], kills: int, rng: random.Random, after: range = range(12)
) -> Result:
    """Start a run, kill it `kills` times at random moments, resume it, and let it end.

    Each kill comes `after` as many further requests have reached the service, or a random moment
    later, so that it also hits start, resume and end.
    """
    out = args[args.index("--out") + 1] if "--out" in args else "run"
    for _ in range(kills):
        process = made.shell.start(*args)
        wanted = len(made.service.requests) + rng.choice(after)
        made.service.wait_for(wanted, 60, process)
        time.sleep(rng.uniform(0, 0.05))
        finished, result = process.poll() is not None, kill(process)
        if finished:
            return result
        if (made.shell.folder / str(out) / "manifest.json").exists() and args[0] != "resume":
            args = resume(str(out))
    return made.shell(*args, ok=None)
