"""Runs and declarations from strangers: does any of them crash, hang, fill memory or write outside?

    python hostile.py --cases 10000

Each case takes a good run or declaration apart at one place: a value of another type, size or
nesting, a torn or repeated part, half of a character, a link or a FIFO in place of a file. Then it
gives it to a command, in this process. A command may refuse (exit 1 or 2) or carry on (0). It must
not fail, work for more than 2 seconds, wait for more than 10, or change a file outside the run.
Cases are numbered: a case is its number, and `--case N` runs one alone, with what it prints.

`KINDS` is where other cases go: a function that gets a `World` and the case's own chance, lays out
what is needed in `world.here`, and returns the command's arguments.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import io
import json
import os
import random
import resource
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from struct import Struct
from typing import Any
from zlib import crc32

HANG = 2.0  # seconds of work that are a hang
_GIVE_UP = 10  # seconds of the clock after which a command is broken off

DECLARATION = """\
description: Short notes of a night porter.
labels:
  calm: nothing happened
  alarm: something must be done at once
fields:
  text: {description: the note, words: [3, 60]}
  hour: {type: int, range: [0, 23]}
contexts: {file: places.txt}
samples:
  - input: {text: A pipe burst in the cellar., hour: 3}
    output: calm
    actual: alarm
    explanation: water does harm at once
presets: {small: 2}
parameters: {generate: {temperature: 0.9}}
"""

ODD: tuple[Any, ...] = (
    None,
    True,
    -1,
    0,
    1,
    7,
    10**30,
    10**4000,
    1.5,
    1e308,
    -1e-308,
    float("nan"),
    float("inf"),
    "",
    "x",
    "x" * 200_000,
    "\ud83d",
    "\x00\x1b[31m\u202e",
    "../../canary/secret",
    "/dev/zero",
    "./canary/code.py",
    "canary/code.py:TASK",
    "rte",
    "targen-core:scripted",
    "langchain:antigravity.Fly",
    "http://127.0.0.1:9/v1",
    [],
    {},
    [[]],
    {"x": {"y": 1}},
    ["x"] * 1000,
)

_FRAME = Struct("<III")  # of a ledger: the sizes of its parts, and a check sum over them

SPECIAL = ("link", "dangling", "fifo", "folder", "hard link", "device")

MEMBERS = (
    "manifest.json",
    "journal",
    "ledger",
    "pending.jsonl",
    "dataset.jsonl",
    "provenance.jsonl",
    "rejects.jsonl",
    "report.json",
    "README.md",
    "batches.jsonl",
    "requests.jsonl",
    "given-contexts.jsonl",
    "task.json",
    "task.py",
    ".lock",
    ".report.json.part",
    ".README.md.part",
    ".manifest.json.part",
)


@dataclass
class World:
    """A folder with good things to take apart, and one that nobody may touch.

    Attributes:
        root: the folder of all.
        here: where a case lays things out; empty when it begins.
        canary: what no command may read into its output, write or execute.
        good: good runs by name.
        answers: lines that answer the run "waiting", as `targen batch import` takes them.
    """

    root: Path
    good: dict[str, Path] = field(default_factory=dict)
    answers: list[dict[str, Any]] = field(default_factory=list)

    @property
    def here(self) -> Path:
        return self.root / "here"

    @property
    def canary(self) -> Path:
        return self.root / "canary"

    def state(self) -> str:
        """A digest of all that lies outside `here` and the user's own cache."""
        digest = hashlib.sha256()
        for top in sorted(self.root.iterdir()):
            if top.name in ("here", "cache"):
                continue
            for path in [top, *sorted(top.rglob("*"))]:
                digest.update(f"{path} {os.lstat(path).st_mode}".encode())
                if path.is_file():
                    digest.update(path.read_bytes())
        return digest.hexdigest()


@dataclass(frozen=True)
class Outcome:
    """What a command did: its exit code, what it printed, and the seconds that it took."""

    code: Any
    text: str
    seconds: float


class _Hang(BaseException):
    pass


def run(args: Sequence[str]) -> Outcome:
    """Run the command in this process; one that hangs is broken off."""
    from targen_core.cli import main

    def stop(*_: object) -> None:
        raise _Hang

    before, sys.argv = sys.argv, ["targen", *args]
    kept = signal.signal(signal.SIGALRM, stop)
    out, begun, code = io.StringIO(), time.process_time(), 0
    signal.alarm(_GIVE_UP)
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
            main()
    except SystemExit as stopped:
        code = stopped.code or 0
    except _Hang:
        code = "hang"
    except BaseException as error:
        code = f"{type(error).__name__}: {error}"
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, kept)
        sys.argv = before
    return Outcome(code, out.getvalue(), time.process_time() - begun)


def make_world(root: Path) -> World:
    """Make good runs with the real command. The working folder and the cache become `root`'s."""
    os.chdir(root)
    os.environ["TARGEN_CACHE_DIR"] = str(root / "cache")
    os.environ["COLUMNS"] = "200"
    world = World(root)
    world.canary.mkdir()
    (world.canary / "secret").write_text("the canary sings\n" * 20)
    (world.canary / "code.py").write_text("open('canary/EXECUTED', 'w').close()\n")
    (world.canary / "task.yaml").write_text(DECLARATION)
    (world.canary / "places.txt").write_text("a hotel by the sea\na night train\n")
    (world.canary / "rows.csv").write_text("premise,hypothesis\na tide came in,it is wet\n")
    good = root / "good"
    for name, args in {
        "declared": ("./canary/task.yaml", "-n", "4"),
        "contexts": ("rte", "-n", "2", "--contexts", "canary/places.txt"),
        "killed": ("rte", "-n", "4"),
        "waiting": ("rte", "-n", "2", "--batch-offline"),
        "first": ("rte", "-n", "4", "--shard", "1/2"),
        "second": ("rte", "-n", "4", "--shard", "2/2"),
        "excluding": ("rte", "-n", "2", "--exclude", str(world.canary / "rows.csv")),
    }.items():
        backend = ("llama", "-o", "model=tiny") if name == "waiting" else ("scripted",)
        world.good[name] = good / name
        quiet = ("--no-cache", "-q", "--out", str(good / name))
        outcome = run(["generate", args[0], "-b", *backend, *args[1:], *quiet])
        if outcome.code != 0:
            raise SystemExit(f"no good run {name}: {outcome.code}\n{outcome.text}")
    (good / "killed" / "report.json").unlink()
    world.good["replayed"] = good / "replayed"
    run(["replay", str(good / "first"), "--corrector", "vote", "--out", str(good / "replayed")])
    run(["batch", "export", str(good / "waiting")])
    for line in (good / "waiting" / "requests.jsonl").read_text().splitlines():
        message = {
            "message": {"content": '{"topics": ["tides", "bread"]}'},
            "finish_reason": "stop",
        }
        body = {"choices": [message], "usage": {"prompt_tokens": 9, "completion_tokens": 9}}
        key = json.loads(line)["custom_id"]
        answer = {"custom_id": key, "response": {"status_code": 200, "body": body}, "error": None}
        world.answers.append(answer)
    return world


# --- taking things apart ------------------------------------------------------


def _places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, dict):
        for name, part in value.items():
            yield (*at, name)
            yield from _places(part, (*at, name))
    elif isinstance(value, list):
        for number, part in enumerate(value):
            yield (*at, number)
            yield from _places(part, (*at, number))


def mutated(value: Any, chance: random.Random) -> Any:
    """A copy with one place changed: replaced, removed, renamed, repeated or wrapped."""
    value = json.loads(json.dumps(value))
    places = [*_places(value)]
    if not places or chance.random() < 0.03:
        return chance.choice(ODD)
    *way, last = chance.choice(places)
    holder = value
    for part in way:
        holder = holder[part]
    how = chance.random()
    if how < 0.7:
        holder[last] = chance.choice(ODD)
    elif how < 0.8:
        del holder[last]
    elif how < 0.87 and isinstance(holder, dict):
        holder[str(chance.choice(ODD))[:99]] = holder.pop(last)
    elif how < 0.94 and isinstance(holder, list):
        holder.insert(0, holder[last])
    else:
        for _ in range(chance.choice((1, 30, 400))):
            holder[last] = [holder[last]] if chance.random() < 0.5 else {"x": holder[last]}
    return value


def damaged(data: bytes, chance: random.Random) -> bytes:
    """Bytes with some of them changed, cut, repeated or put in."""
    at = chance.randrange(len(data) + 1)
    return chance.choice(
        (
            lambda: data[:at],
            lambda: data[:at] + bytes([chance.randrange(256)]) + data[at + 1 :],
            lambda: data[:at] + b"\x00\xff\xfe" + data[at:],
            lambda: data + data[at:],
            lambda: data[:at] + b"[" * 100_000 + data[at:],
            lambda: data[:at] + b"\n" + data[at:],
            lambda: b"",
        )
    )()


def _text(value: Any) -> bytes:
    return json.dumps(value).encode()


def _frames(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The frames of a ledger."""
    at = 0
    while at + _FRAME.size <= len(data):
        size, more, _ = _FRAME.unpack_from(data, at)
        at += _FRAME.size
        yield data[at : at + size], data[at + size : at + size + more]
        at += size + more


def _frame(text: bytes, more: bytes) -> bytes:
    return _FRAME.pack(len(text), len(more), crc32(more, crc32(text))) + text + more


def _change(path: Path, chance: random.Random) -> None:
    """Take a file of a run apart, as what it is."""
    data = path.read_bytes() if path.is_file() else b"{}\n"
    lines = data.splitlines()
    if chance.random() < 0.2 or not lines:
        path.write_bytes(damaged(data, chance))
        return
    if path.name == "ledger":
        frames = [*_frames(data)]
        at = chance.randrange(len(frames))
        with contextlib.suppress(ValueError):
            frames[at] = _text(mutated(json.loads(frames[at][0]), chance)), frames[at][1]
        path.write_bytes(b"".join(_frame(*parts) for parts in frames))
        return
    if path.name in ("manifest.json", "report.json", "task.json"):
        path.write_bytes(_text(mutated(json.loads(data), chance)))
        return
    if path.suffix not in (".jsonl", ""):
        path.write_bytes(damaged(data, chance))
        return
    at = chance.randrange(len(lines))
    if path.name == "journal":
        body = _text(mutated(json.loads(lines[at][9:]), chance))
        lines[at] = b"%08x %s" % (crc32(body), body)
    else:
        with contextlib.suppress(ValueError):
            lines[at] = _text(mutated(json.loads(lines[at]), chance))
    path.write_bytes(b"".join(line + b"\n" for line in lines))


def plant(path: Path, what: str, canary: Path) -> None:
    """Put something special in a file's place."""
    path.unlink(missing_ok=True)
    if what == "link":
        path.symlink_to(canary / "secret")
    elif what == "dangling":
        path.symlink_to(canary / "made")
    elif what == "fifo":
        os.mkfifo(path)
    elif what == "folder":
        path.mkdir()
    elif what == "hard link":
        path.hardlink_to(canary / "secret")
    else:
        path.symlink_to("/dev/zero")


# --- kinds of cases -----------------------------------------------------------


def _command(world: World, chance: random.Random, run_folder: Path) -> list[str]:
    """A command that opens a run."""
    return chance.choice(
        (
            ["resume", str(run_folder), *"-q --max-tokens 20000 --max-outage 1 --no-cache".split()],
            ["report", str(run_folder)],
            ["report", str(run_folder), "--json"],
            ["validate", str(run_folder)],
            ["export", str(run_folder), "--as", "csv", "--out", str(world.here / "rows.csv")],
            ["export", str(run_folder), "--as", "openai", "--out", str(world.here / "rows.jsonl")],
            ["batch", "export", str(run_folder), "--out", str(world.here / "asked.jsonl")],
            ["estimate", "rte", "-n", "10", "-b", "scripted", "--from", str(run_folder)],
            ["show", str(run_folder), chance.choice(("0", "--rejected", "--label=entailment"))],
            ["trace", str(run_folder), *chance.choice((["0"], ["1.1/entailment/0"]))],
            ["trace", str(run_folder), "0", "--json"],
            ["diff", str(run_folder), str(world.good["first"])],
            ["diff", str(world.good["first"]), str(run_folder), "--json"],
            ["replay", str(run_folder), "--out", str(world.here / "replay")],
            [
                *("replay", str(run_folder), "--out", str(world.here / "replay")),
                *chance.choice((["--corrector", "vote"], ["--near-duplicates", "50"], ["-n", "2"])),
            ],
            _merge(run_folder, world),
            _merge(run_folder, world, "--mix"),
        )
    )


def _merge(run_folder: Path, world: World, *more: str) -> list[str]:
    others = map(str, (world.good["second"], world.good["killed"]))
    return ["merge", str(run_folder), *others, "--out", str(world.here / "merged"), *more]


def _copied(world: World, chance: random.Random) -> Path:
    name = chance.choice([*world.good])
    shutil.copytree(world.good[name], world.here / "run")
    return world.here / "run"


def changed_run(world: World, chance: random.Random) -> list[str]:
    """A run with one file taken apart."""
    folder = _copied(world, chance)
    names = [path.name for path in folder.iterdir() if path.name != ".lock"]
    names += ["manifest.json"] * 4 + ["journal", "ledger", "report.json", "batches.jsonl"]
    _change(folder / chance.choice(names), chance)
    return _command(world, chance, folder)


def planted_run(world: World, chance: random.Random) -> list[str]:
    """A run with something special in the place of a file."""
    folder = _copied(world, chance)
    plant(folder / chance.choice(MEMBERS), chance.choice(SPECIAL), world.canary)
    return _command(world, chance, folder)


def merged_run(world: World, chance: random.Random) -> list[str]:
    """A shard with one file taken apart, or special things where the merge goes; merged."""
    shutil.copytree(world.good["first"], world.here / "run")
    if chance.random() < 0.3:
        name = chance.choice(("merged", ".merged.merging", ".merged.before"))
        if chance.random() < 0.3:
            (world.here / name).symlink_to(world.canary)
        else:
            plant(world.here / name, chance.choice(SPECIAL), world.canary)
    else:
        names = ("manifest.json", "report.json", "journal", "provenance.jsonl", "dataset.jsonl")
        _change(world.here / "run" / chance.choice(names), chance)
    out = ["--out", str(world.here / "merged"), *chance.choice(([], ["--mix"], ["-n", "2"]))]
    return ["merge", str(world.here / "run"), str(world.good["second"]), *out]


def changed_declaration(world: World, chance: random.Random) -> list[str]:
    """A declaration with one place taken apart, in one of the three forms."""
    import yaml

    (world.here / "places.txt").write_text("a hotel\na night train\n")
    value = yaml.safe_load(DECLARATION)
    form = chance.choice((".yaml", ".json", ".toml"))
    if form == ".json":
        data = _text(mutated(value, chance))
    elif form == ".toml":
        data = b'description = "Notes."\n[labels]\ncalm = "nothing"\nalarm = "something"\n'
        data = damaged(data, chance)
    elif chance.random() < 0.6:
        data = _text(mutated(value, chance))  # JSON is YAML
    else:
        data = damaged(DECLARATION.encode(), chance)
        if chance.random() < 0.2:
            data += b"x0: &x0 [a, b, c]\n"
            for n in range(1, 9):
                data += b"x%d: &x%d [%s]\n" % (n, n, b", ".join([b"*x%d" % (n - 1)] * 9))
    path = world.here / f"task{form}"
    path.write_bytes(data)
    return chance.choice(
        (
            ["describe", str(path)],
            ["preview", str(path), "-b", "scripted", "-n", "1", "--no-cache"],
            ["estimate", str(path), "-b", "scripted", "-n", "4"],
        )
    )


def changed_exclusion(world: World, chance: random.Random) -> list[str]:
    """A dataset to exclude, taken apart."""
    rows = [{"premise": "a tide came in", "hypothesis": "it is wet", "idx": n} for n in range(3)]
    form = chance.choice((".json", ".jsonl", ".csv", ""))
    if form == ".csv":
        data = damaged((world.canary / "rows.csv").read_bytes(), chance)
    elif form == ".json":
        data = _text(mutated(rows, chance))
    else:
        data = b"".join(_text(mutated(row, chance)) + b"\n" for row in rows)
    path = world.here / f"rows{form}"
    if form:
        path.write_bytes(damaged(data, chance) if chance.random() < 0.2 else data)
    else:
        shutil.copytree(world.good[chance.choice([*world.good])], path)
        inner = path / chance.choice(("dataset.jsonl", "manifest.json"))
        plant(inner, chance.choice(SPECIAL), world.canary) if chance.random() < 0.5 else _change(
            inner, chance
        )
    out = ["--no-cache", "-q", "--out", str(world.here / "run")]
    return ["generate", "rte", "-n", "2", "-b", "scripted", "--exclude", str(path), *out]


def changed_answers(world: World, chance: random.Random) -> list[str]:
    """A file of answers for a run that waits for them."""
    shutil.copytree(world.good["waiting"], world.here / "run")
    lines = [_text(answer) for answer in world.answers]
    at = chance.randrange(len(lines))
    lines[at] = _text(mutated(world.answers[at], chance))
    data = b"".join(line + b"\n" for line in lines)
    path = world.here / "answers.jsonl"
    path.write_bytes(damaged(data, chance) if chance.random() < 0.2 else data)
    return ["batch", "import", str(world.here / "run"), str(path), "--no-cache"]


KINDS: dict[str, Callable[[World, random.Random], list[str]]] = {
    "changed run": changed_run,
    "planted run": planted_run,
    "merged run": merged_run,
    "changed declaration": changed_declaration,
    "changed answers": changed_answers,
    "changed exclusion": changed_exclusion,
    # What services answer: a function that starts a server with the case's answer, once a world,
    # and returns ["generate", …, "-b", "llama", "-o", f"base_url={address}"].
}


def try_case(world: World, number: int) -> tuple[str, list[str], Outcome, str]:
    """Lay out and run a case; returns its kind, the command, what it did, and what is wrong."""
    chance = random.Random(f"hostile {number}")
    shutil.rmtree(world.here, ignore_errors=True)
    world.here.mkdir()
    kind = chance.choice([*KINDS])
    args = KINDS[kind](world, chance)
    outcome = run(args)
    wrong = ""
    if outcome.code not in (0, 1, 2):
        wrong = f"ended with {outcome.code!r}"
    elif "targen failed" in outcome.text or "Traceback" in outcome.text:
        wrong = next(
            line for line in outcome.text.splitlines() if "failed" in line or "Trace" in line
        )
    elif "the canary sings" in outcome.text:
        wrong = "printed what lies outside"
    elif outcome.seconds > HANG:
        wrong = f"took {outcome.seconds:.1f} s"
    return kind, args, outcome, wrong


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, default=1000)
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    parser.add_argument("--case", type=int, help="run one case, and show what it printed")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hostile-") as folder:
        world = make_world(Path(folder).resolve())
        if args.case is not None:
            kind, command, outcome, wrong = try_case(world, args.case)
            print(
                kind, command, outcome.code, f"{outcome.seconds:.2f} s", wrong or "good", sep="\n"
            )
            print(outcome.text[-3000:].encode("ascii", "backslashreplace").decode())
            return
        before, codes, slowest = world.state(), Counter[Any](), 0.0
        bad: list[str] = []
        for number in range(args.first, args.first + args.cases):
            kind, command, outcome, wrong = try_case(world, number)
            codes[kind, outcome.code] += 1
            slowest = max(slowest, outcome.seconds)
            if not wrong and world.state() != before:
                wrong, before = "changed a file outside", world.state()
            if wrong:
                bad.append(f"case {number}, {kind}, {command[0]}: {wrong}")
                print(bad[-1].encode("ascii", "backslashreplace").decode(), flush=True)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        for (kind, code), count in sorted(codes.items(), key=str):
            print(f"{kind:22} exit {code}: {count:,}")
        print(
            f"{args.cases:,} cases, {len(bad)} bad; slowest {slowest:.2f} s; peak {peak:,.0f} MiB"
        )
        sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
