"""Files from strangers: does any of them run code, read or ask elsewhere, crash, or fill memory?

    python fuzz_strangers.py                            # every kind, 2,000 mutations each
    python fuzz_strangers.py review model --mutations 200 --seed 1
    python fuzz_strangers.py review --first 17 --mutations 1 --show

Each mutation takes a good file or folder of its kind apart at one to three places: fields become
paths of code and of private files, addresses, hub names, huge numbers, deep nesting; bytes are
damaged; members become links, FIFOs, devices. Then the commands that open it run in forks of this
process, with an audit hook. They must not execute its code, open a file outside, connect to an
address that was not typed, end with anything but exit 0, 1 or 2, or take more than 300 MB.
A mutation is its kind, seed and number.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import importlib
import json
import os
import pkgutil
import random
import shlex
import shutil
import signal
import socket
import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from strangers import kinds as kitchens
from strangers.kinds import KINDS, Kind
from strangers.taking_apart import SPECIAL, Hostile, change, plant
from strangers.watching import Fences, Outcome, run

LIMIT = 300  # MB that a command may take, with all that it shares with this process,
MORE = 100  # or so many more than for good files, where it draws figures for them
SLOW = 2.0  # seconds of work that are slow
SILENT = 5.0  # seconds of the clock without output that are: other work shares the machine
CATEGORIES = ("code", "outside", "request", "crash", "hang", "memory", "slow")

SECRET = "the canary sings"
KEY = "sk-canary0123456789abcdefghijkl"
_LONG = ("analyze", "compare-methods", "transform", "generate", "method", "train", "correct")
"""Commands that take longest: another gets eight times as many mutations."""

TYPED = ("127.0.0.1", 9)  # what the environment names as the user's own server; nobody listens

_EVIL = """\
import os
open({marker!r}, "a").write(__name__ + "\\n")
def replies(request):
    return request.dry_run()
def __getattr__(name):
    open({marker!r}, "a").write(name + "\\n")
    raise AttributeError(name)
"""


@dataclass(frozen=True)
class Fault:
    """What a command did that it must not.

    Attributes:
        category: one of `CATEGORIES`.
        detail: what it was, in a line.
        where: the lines of targen that led to it, if they are known.
        command: what was typed.
        again: the command that does it again.
    """

    category: str
    detail: str
    where: str
    command: str
    again: str


@dataclass
class Tally:
    """What was found of one kind."""

    kind: str
    mutations: int = 0
    commands: int = 0
    codes: Counter[str] = field(default_factory=Counter)
    faults: list[Fault] = field(default_factory=list)
    slowest: float = 0.0
    peak: int = 0

    def add(self, outcome: Outcome, faults: Sequence[Fault]) -> None:
        self.commands += 1
        self.codes[str(outcome.code)] += 1
        self.slowest = max(self.slowest, outcome.cpu)
        self.peak = max(self.peak, outcome.peak)
        self.faults += faults

    def count(self, category: str) -> int:
        """Mutations with a fault of this category."""
        return len({fault.again for fault in self.faults if fault.category == category})


class World:
    """Good files, private ones, and a server that nobody should ask."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.here = root / "here"
        self.private = root / "private"
        self.marker = root / "RAN"
        self._asked = root / "asked"
        self._notes = root / "notes"
        self._good: dict[tuple[str, str], Outcome] = {}
        self._kind = ""
        for name in ("here", "private", "mine", "home", "tmp", "cache", "good"):
            (root / name).mkdir()
        self._asked.touch()
        self._server, address = _serve(self._asked)
        self.hostile = Hostile(self.private, address)
        self._environment(address)
        _warm()
        self._make_mine()
        self._make_private()
        shutil.copytree(root / "cache", root / "cache0")
        self._kept = self._state()

    def close(self) -> None:
        os.kill(self._server, signal.SIGKILL)
        os.waitpid(self._server, 0)

    def _environment(self, address: str) -> None:
        for name in [*os.environ]:
            if name.startswith(
                ("TARGEN_", "HF_", "OPENAI_", "ANTHROPIC_", "XDG_", "COV_", "PYTEST")
            ):
                del os.environ[name]
        os.environ.update(
            HOME=str(self.root / "home"),
            TMPDIR=str(self.root / "tmp"),
            TARGEN_CACHE_DIR=str(self.root / "cache"),
            TARGEN_LLAMA_BASE_URL=f"http://{TYPED[0]}:{TYPED[1]}/v1",
            TARGEN_LLAMA_API_KEY=KEY,
            HF_ENDPOINT=f"{address}/hub",
            HF_TOKEN=KEY.replace("sk-", "hf_"),
            COLUMNS="200",
            NO_COLOR="1",
            OPENBLAS_NUM_THREADS="1",
            OMP_NUM_THREADS="1",
        )
        tempfile.tempdir = None

    def _make_mine(self) -> None:
        mine = self.root / "mine"
        (mine / "porter.yaml").write_text(kitchens.TASK)
        (mine / "notes.yaml").write_text(kitchens.NOTES)
        (mine / "places.txt").write_text("a hotel by the sea\na night train\n")
        (mine / "rows.csv").write_text("premise,hypothesis\na tide came in,it is wet\n")
        quick = "-b scripted --no-cache -q"
        self.targen(f"generate rte -n 24 {quick} --out ../mine/rte")
        self.targen(f"generate rte -n 8 --seed 7 {quick} --out ../mine/tests")
        self.targen(f"generate ../mine/porter.yaml -n 12 {quick} --out ../mine/porter")
        self.targen("train ../mine/rte -q --out ../mine/model")
        csvs = mine / "csvs"
        csvs.mkdir()
        (csvs / "reviews.csv").write_text("text,label\na review of a hotel,good\nanother,bad\n")

    def _make_private(self) -> None:
        rows = [
            {**row, "premise": row["premise"].replace("SECRET", SECRET)}  # type: ignore[attr-defined]
            for row in kitchens.PRIVATE_ROWS
        ]
        shutil.copytree(self.root / "mine/rte", self.private / "run")
        path = self.private / "run/dataset.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        (self.private / "task.yaml").write_text(
            kitchens.TASK.replace("Short notes", SECRET).replace(
                "contexts: {file: places.txt}\n", ""
            )
        )
        (self.private / "linked.txt").write_text("a file with a second name\n")
        (self.private / "linked.jsonl").write_text('{"premise": "a", "hypothesis": "b"}\n')
        for folder in (self.private, self.root / "home"):
            self._decoys(folder, rows)

    def _decoys(self, folder: Path, rows: Sequence[dict[str, Any]] = ()) -> list[Path]:
        """Files that nobody typed, and code that marks that it ran."""
        evil = _EVIL.format(marker=str(self.marker))
        texts = {"evil.py": evil, "evilmod.py": evil}
        if folder.name != "theirs":
            texts["secret.txt"] = f"{SECRET}\n" * 20
            texts["rows.csv"] = f"premise,hypothesis,label\n{SECRET},it is wet,entailment\n" * 3
        if rows:
            texts["rows.jsonl"] = "".join(json.dumps(row) + "\n" for row in rows)
        made = []
        for name, text in texts.items():
            path = folder / name
            if not path.exists():
                path.write_text(text)
                made.append(path)
        return made

    def _state(self) -> str:
        """Sizes and times of all that no command may change."""
        found = []
        for top in (self.private, self.root / "mine", self.root / "home"):
            for folder, _, names in os.walk(top):
                for name in names:
                    if name != ".lock":
                        facts = Path(folder, name).lstat()
                        found.append((folder, name, facts.st_size, facts.st_mtime_ns))
        return repr(sorted(found))

    # --- making -------------------------------------------------------------

    def targen(self, line: str, *, code: int = 0) -> None:
        """Run a command that has to succeed."""
        outcome = run(shlex.split(line), self._fences(()), self._notes)
        if outcome.code != code:
            raise SystemExit(f"targen {line}: {outcome.code}\n{outcome.text[-3000:]}")

    def good(self, name: str) -> Path:
        """The folder with good files of a kind, made on demand."""
        folder = self.root / "good" / name
        if not folder.exists():
            self._clear()
            KINDS[name].make(self)
            self.marker.unlink(missing_ok=True)
            (self.here / "theirs").rename(folder)
        return folder

    def _clear(self) -> None:
        shutil.rmtree(self.here, ignore_errors=True)
        shutil.rmtree(self.root / "cache")
        self.here.mkdir()
        cache = self.root / "cache0"
        shutil.copytree(cache, self.root / "cache") if cache.exists() else (
            self.root / "cache"
        ).mkdir()

    def _fences(self, decoys: Sequence[Path]) -> Fences:
        root = str(self.root)
        writes = tuple(f"{root}/{name}" for name in ("here", "cache", "tmp"))
        home = {
            f"{root}/home/{name}" for name in ("evil.py", "evilmod.py", "secret.txt", "rows.csv")
        }
        return Fences(
            root=root,
            here=str(self.here),
            reads=(f"{root}/mine", f"{root}/home"),
            writes=writes if (Path(root) / "cache0").exists() else (*writes, f"{root}/mine"),
            decoys=frozenset({*map(str, decoys), *home}),
            marker=str(self.marker),
            addresses=frozenset({TYPED}),
        )

    # --- taking apart and opening -------------------------------------------

    def lay_out(self, name: str, chance: random.Random | None, variant: int = 0) -> list[Path]:
        """Put a good file of the kind into the working folder, taken apart; returns the decoys."""
        kind, good = KINDS[name], self.good(name)
        self._clear()
        self._kind = name
        variants = sorted(good.glob("=*")) or [good]
        pick = chance.choice(variants) if chance else variants[variant % len(variants)]
        theirs = self.here / "theirs"
        shutil.copytree(pick, theirs, symlinks=True)
        if chance is not None:
            self._take_apart(kind, theirs, chance)
        for each in kind.aside:
            if os.path.lexists(theirs / each):
                (theirs / each).rename(self.here / each)
        self._decoys(theirs)
        return self._decoys(self.here)

    def _take_apart(self, kind: Kind, theirs: Path, chance: random.Random) -> None:
        paths: list[Path] = []
        while not paths:
            pattern = chance.choice(kind.targets)
            paths = sorted(path for path in theirs.glob(pattern) if not path.is_dir())
        path = chance.choice(paths)
        if chance.random() < 0.12:
            what = chance.choice(SPECIAL)
            # A link that was typed itself is the user's own choice.
            name = f"theirs/{path.relative_to(theirs)}"
            typed = any(fnmatch(name, word) for line in kind.commands for word in line.split())
            if not (typed and what in ("link", "dangling", "hard link", "device")):
                plant(path, what, self.private)
                return
        bombs = sorted(theirs.glob("bomb*"))
        if bombs and path.suffix == bombs[0].suffix and chance.random() < 0.3:
            shutil.copy(bombs[0], path)
            return
        change(path, chance, self.hostile)

    def matched(self, line: str) -> str:
        """The command with the name of the file that `theirs/NAME.*` stands for."""
        words = [
            str(next(iter(sorted(self.here.glob(word))), word)) if "*" in word else word
            for word in shlex.split(line)
        ]
        return shlex.join(word.removeprefix(f"{self.here}/") for word in words)

    def open(self, line: str, decoys: Sequence[Path], again: str) -> tuple[Outcome, list[Fault]]:
        """Run a command on what is laid out; what it did that it must not."""
        args = shlex.split(line)
        asked = self._asked.stat().st_size
        outcome = run(args, self._fences(decoys), self._notes)
        found = [(what, detail, where) for what, detail, where in outcome.noted]
        if self.marker.exists():
            if not any(what == "code" for what, _, _ in found):
                found.append(("code", "ran evil.py", ""))
            self.marker.unlink()
        if self._asked.stat().st_size != asked and not any(w == "request" for w, _, _ in found):
            found.append(("request", self._asked.read_text()[asked:][:300], ""))
        if self._state() != self._kept:
            found.append(("outside", "changed a private file", ""))
            self._kept = self._state()
        for where in self._leaks(outcome, decoys):
            found.append(("outside", f"what is private is in {where}", ""))
        if outcome.code in ("hang", "SIGXCPU", "SIGKILL"):
            found.append(("hang", f"{outcome.code} after {outcome.cpu:.1f} s of work", ""))
        elif outcome.code not in (0, 1, 2):
            found.append(("crash", f"ended with {outcome.code}", ""))
        if "targen failed" in outcome.text or "Traceback (most" in outcome.text:
            lines = outcome.text.splitlines()
            said = next(each for each in lines if "targen failed" in each or "Traceback" in each)
            found.append(("crash", said[:300], "?"))
        if outcome.peak > LIMIT and outcome.peak > self._usual(line).peak + MORE:
            found.append(("memory", f"{outcome.peak} MB", ""))
        is_slow = outcome.cpu > SLOW or outcome.silent > SILENT
        if is_slow and outcome.code != "hang" and outcome.cpu > self._usual(line).cpu + 1:
            slow = f"{outcome.cpu:.1f} s of work, {outcome.silent:.1f} s without output"
            found.append(("slow", slow, ""))
        return outcome, [Fault(*each, line, again) for each in dict.fromkeys(found)]

    def _usual(self, line: str) -> Outcome:
        """What the command takes for good files."""
        name = self._kind
        if (name, line) not in self._good:
            for variant in range(len([*self.good(name).glob("=*")]) or 1):
                decoys = self.lay_out(name, None, variant)
                good = run(shlex.split(line), self._fences(decoys), self._notes)
                if good.code == 0:
                    break
            self._good[name, line] = good
        return self._good[name, line]

    def _leaks(self, outcome: Outcome, decoys: Sequence[Path]) -> Iterator[str]:
        words = (SECRET.encode(), KEY.encode(), KEY[3:].encode())
        if any(word in outcome.text.encode("utf-8", "replace") for word in words):
            yield "the output"
        skip = {path.stat().st_ino for path in self.private.iterdir()}
        skip |= {path.stat().st_ino for path in decoys if path.is_file()}
        for folder, _, names in os.walk(self.here):
            for name in names:
                path = Path(folder, name)
                facts = path.lstat()
                if (facts.st_mode & 0o170000) != 0o100000 or facts.st_ino in skip:
                    continue
                if facts.st_size < (64 << 20):
                    data = path.read_bytes()
                    if any(word in data for word in words):
                        yield f"{path.relative_to(self.here)}"

    def location(self, line: str, name: str, seed: int, number: int) -> str:
        """Where a command fails: its last lines, by --debug."""
        decoys = self.lay_out(name, _chance(name, seed, number))
        text = run(["--debug", *shlex.split(line)], self._fences(decoys), self._notes).text
        frames = [part.strip() for part in text.splitlines() if part.lstrip().startswith("File ")]
        places = []
        for frame in frames:
            _, path, rest = frame.split('"', 2)
            if "/bench/" not in path:
                short = path.split("/src/")[-1].split("site-packages/")[-1]
                places.append(f"{short}:{rest.split('line ')[-1].split(',')[0]}")
        ours = [place for place in places if place.startswith("targen_")]
        return " < ".join(dict.fromkeys([*places[-1:], *ours[::-1][:3]]))


def _chance(name: str, seed: int, number: int) -> random.Random:
    return random.Random(f"{name} {seed} {number}")


def _serve(log: Path) -> tuple[int, str]:
    """Start a server that notes what it is asked, and answers; its process and address."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    pid = os.fork()
    if pid == 0:
        body = b'{"choices": [{"message": {"content": "{}"}, "finish_reason": "stop"}]}'
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n"
        with contextlib.suppress(BaseException):
            while True:
                asked, _ = listener.accept()
                with asked, contextlib.suppress(OSError), log.open("ab") as file:
                    asked.settimeout(2)
                    file.write(b"connected\n")
                    file.write(asked.recv(1 << 16))
                    asked.sendall(head + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        os._exit(0)
    port = listener.getsockname()[1]
    listener.close()
    return pid, f"http://127.0.0.1:{port}"


def _warm() -> None:
    """Import what commands import, once for all forks."""
    warnings.simplefilter("ignore")
    for top in (
        *("targen_core", "targen_training", "targen_review", "targen_datatune", "targen_methods"),
        *("targen_analysis", "targen_backends", "targen_tasks_superglue"),
    ):
        package = importlib.import_module(top)
        for found in pkgutil.walk_packages(package.__path__, f"{top}."):
            name = found.name
            if not any(part in name for part in ("templates", "torch", "neural", "__main__")):
                with contextlib.suppress(Exception):
                    importlib.import_module(name)
    for name in (
        "sklearn.linear_model",
        "sklearn.feature_extraction.text",
        "krippendorff",
        "pyarrow.parquet",
        "yaml",
    ):
        importlib.import_module(name)
    _read_plugins_once()
    # Each run would read a thousand files of ours for the digest of the code.
    importlib.import_module("targen_core.engine.ledger").code_of = str
    gc.collect()
    gc.freeze()  # a fork that collects would copy all of it
    gc.disable()


def _read_plugins_once() -> None:
    """Let all forks share what is installed: reading it is half of what a short command does."""
    from targen_core.plugins.loader import load_registry

    installed = load_registry()

    def once(sources: Any = None) -> Any:
        return installed if sources is None else load_registry(sources)

    for module in [*sys.modules.values()]:
        if getattr(module, "__name__", "").startswith("targen_"):
            for name, value in [*vars(module).items()]:
                if value is load_registry:
                    setattr(module, name, once)


def again(name: str, seed: int, number: int, every: bool) -> str:
    """The command that runs one mutation again."""
    flag = " --every-command" if every else ""
    return (
        f"python bench/fuzz_strangers.py {name} --seed {seed} --first {number} --mutations 1{flag}"
    )


def fuzz(
    world: World,
    tally: Tally,
    numbers: Sequence[int],
    seed: int,
    *,
    every: bool = False,
    show: bool = False,
    locate: bool = True,
) -> None:
    """Take files of a kind apart and open them: by one command each, or by every one."""
    name = tally.kind
    for number in numbers:
        tally.mutations += 1
        chance = _chance(name, seed, number)
        decoys = world.lay_out(name, chance)
        lines = KINDS[name].commands
        weights = [1 if line.startswith(_LONG) else 8 for line in lines]
        for at, line in enumerate(lines if every else chance.choices(lines, weights)):
            if at:
                decoys = world.lay_out(name, _chance(name, seed, number))
            line = world.matched(line)
            outcome, faults = world.open(line, decoys, again(name, seed, number, every))
            if locate:
                faults = [
                    Fault(
                        f.category,
                        f.detail,
                        world.location(line, name, seed, number),
                        line,
                        f.again,
                    )
                    if f.where == "?"
                    else f
                    for f in faults
                ]
            tally.add(outcome, faults)
            if show:
                _show(outcome, faults)


def check(world: World, tally: Tally, show: bool = False, most: int | None = None) -> None:
    """Open good files of a kind by the commands: none of this may be a fault."""
    name = tally.kind
    variants = len([*world.good(name).glob("=*")]) or 1
    lines = KINDS[name].commands
    if most is not None:
        lines = tuple(line for line in lines if not line.startswith(_LONG)) or lines
    for typed in lines[:most]:
        for variant in range(variants):  # until one is good for this command
            decoys = world.lay_out(name, None, variant)
            line = world.matched(typed)
            outcome, faults = world.open(line, decoys, f"targen {line}")
            if outcome.code == 0:
                break
        tally.add(outcome, faults)
        if show:
            _show(outcome, faults)


def _show(outcome: Outcome, faults: Sequence[Fault]) -> None:
    print(
        f"targen {shlex.join(outcome.args)}: {outcome.code}, {outcome.cpu:.2f} s, {outcome.peak} MB"
    )
    print(outcome.text[-1500:].encode("ascii", "backslashreplace").decode())
    for fault in faults:
        print(f"  {fault.category}: {fault.detail} at {fault.where}")


def _table(tallies: Sequence[Tally]) -> str:
    head = f"{'kind':12} {'mutations':>9} {'commands':>8} " + " ".join(
        f"{c:>7}" for c in CATEGORIES
    )
    lines = [f"{head} {'slowest':>8} {'peak MB':>7}  exits"]
    for tally in tallies:
        counts = " ".join(f"{tally.count(each):7}" for each in CATEGORIES)
        codes = ", ".join(f"{code}: {count}" for code, count in sorted(tally.codes.items()))
        lines.append(
            f"{tally.kind:12} {tally.mutations:9,} {tally.commands:8,} {counts}"
            f" {tally.slowest:7.2f}s {tally.peak:7}  {codes}"
        )
    return "\n".join(lines)


def _causes(tallies: Sequence[Tally]) -> str:
    """Faults by cause, with one command each that does it again."""
    groups: dict[tuple[str, str], list[tuple[str, Fault]]] = {}
    for tally in tallies:
        for fault in tally.faults:
            what = fault.where or f"{tally.kind}: {' '.join(fault.command.split()[:2])}"
            groups.setdefault((fault.category, what), []).append((tally.kind, fault))
    lines = []
    order = sorted(groups, key=lambda key: (CATEGORIES.index(key[0]), -len(groups[key])))
    for category, what in order:
        found = groups[category, what]
        kinds = ", ".join(sorted({kind for kind, _ in found}))
        lines.append(f"{category} x{len(found)} [{kinds}] {what}")
        for detail in sorted({fault.detail for _, fault in found}, key=len)[:3]:
            lines.append(f"    {detail[:240]}")
        shortest = min((fault for _, fault in found), key=lambda fault: len(fault.detail))
        lines.append(f"    {shortest.again}   # targen {shortest.command}")
    return "\n".join(lines).encode("ascii", "backslashreplace").decode()


def _answer(world: World) -> None:
    """Read lines "KIND MUTATIONS SEED", and write what was found as a line of JSON each."""
    for line in sys.stdin:
        name, count, seed = line.split()
        good, tally = Tally(name), Tally(name)
        check(world, good, most=3)
        fuzz(world, tally, range(int(count)), int(seed))
        value = {
            "mutations": tally.mutations,
            "good": {"codes": good.codes, "faults": [vars(each) for each in good.faults]},
            "codes": tally.codes,
            "faults": [vars(each) for each in tally.faults],
        }
        print(json.dumps(value), flush=True)


def _memory() -> str | None:
    """A folder in memory that has room: each mutation makes and removes some fifty files."""
    folder = "/dev/shm"
    with contextlib.suppress(OSError):
        if os.access(folder, os.W_OK) and shutil.disk_usage(folder).free > 1 << 30:
            return folder
    return None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "kinds", nargs="*", metavar="KIND", help=f"{', '.join(KINDS)}; default: all"
    )
    parser.add_argument("--mutations", type=int, default=2000, help="of each kind")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first", type=int, default=0, help="number of the first mutation")
    parser.add_argument("--every-command", action="store_true", help="open each by every command")
    parser.add_argument("--show", action="store_true", help="show what each command printed")
    parser.add_argument("--good", action="store_true", help="open good files instead")
    parser.add_argument("--keep", action="store_true", help="keep the folder, and print its name")
    parser.add_argument(
        "--serve", action="store_true", help="for tests: requests on standard input"
    )
    args = parser.parse_args()
    if unknown := set(args.kinds) - set(KINDS):
        parser.error(f"no kind {', '.join(unknown)}; kinds are {', '.join(KINDS)}")
    root = Path(tempfile.mkdtemp(prefix="strangers-", dir=_memory())).resolve()
    world = None
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        world = World(root)
        if args.serve:
            _answer(world)
            return
        tallies: list[Tally] = []
        with contextlib.suppress(KeyboardInterrupt):  # what was found until then is shown
            for name in args.kinds or KINDS:
                tally = Tally(name)
                tallies.append(tally)
                if args.good:
                    check(world, tally, args.show)
                else:
                    numbers = range(args.first, args.first + args.mutations)
                    every, show = args.every_command, args.show
                    fuzz(world, tally, numbers, args.seed, every=every, show=show)
                print(f"# {name}", file=sys.stderr, flush=True)
        print(_table(tallies))
        print(_causes(tallies))
        if args.keep:
            print(f"kept in {root}")
        sys.exit(1 if any(tally.faults for tally in tallies) else 0)
    finally:
        if world is not None:
            world.close()
        if not args.keep:
            shutil.rmtree(root, ignore_errors=True)


if __name__ == "__main__":
    main()
