"""`kill -9` at random moments, then resume: is anything paid twice, are the bytes the same?

A loopback server answers each request as a function of its body, late by a
random 20 to 50 ms. One run goes to its end undisturbed. Then `--runs` runs are
each killed once (SIGKILL) at a random moment between the first request and the
end, and resumed, by `targen resume` and by the same `targen generate` in turn,
with another concurrency; and one run is killed `--kills` times in a row, in
start-up, while it repeats its journal, or later. Of the runs that are killed once,
about a fifth are killed as they write their report, and three in ten as they grow
by a quarter. The replies hold malformed, cut, copied, relabelled and refused ones,
so that every kind of verdict occurs.

Counted for each kill, over all processes that follow it:

- calls sent although the journal held their whole record at the kill: must be 0;
- calls in flight at the kill: sent by the process that was killed, and not in
  the journal; those of them that the server had answered and that were sent
  again, and the longest time from such an answer to the kill;
- dataset, provenance and rejects: the undisturbed run's bytes, or not.

Exit 1 where the first is not 0, an answered call that was sent again was
answered long (0.25 s) before its kill, or bytes differ.

`--large ROWS` measures in place of that what a long run costs, on the scripted
backend: CPU a row and peak memory at 2,000 and 20,000 rows and at ROWS; then a
run of ROWS that is killed at nine tenths, resumed by its ledger and by `--verify`:
seconds from the command to the first new call, and whether both end in the same
bytes; and seconds of `targen report` on the killed and on the finished run. Exit 1
where CPU a row at ROWS exceeds 1.2 of that at 2,000, memory 400 MB, the first call
10 s, or a report of a finished run 1 s.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from zlib import crc32

from loopback import Loopback

LONG_BEFORE = 0.25  # seconds from an answer to a kill that nothing in flight explains
FILES = ("dataset.jsonl", "provenance.jsonl", "rejects.jsonl")


def journaled(path: Path) -> set[int]:
    """Sampling seeds (31 bits of a call's key) of the whole records of a journal.

    Read here by hand, so that a fault of the journal's reader cannot hide.
    """
    seeds = set()
    content = path.read_bytes() if path.exists() else b""
    for line in content.split(b"\n")[:-1]:
        if int(line[:8], 16) != crc32(line[9:]):
            raise SystemExit(f"{path}: a whole line with a wrong check sum")
        record = json.loads(line[9:])
        if "key" in record:
            seeds.add(int(record["key"][:8], 16) >> 1)
    return seeds


@dataclass
class Killed:
    """What was seen of one kill and what followed it."""

    after: float  # seconds since the process began
    at: float  # by the machine's monotonic clock
    journaled: set[int]
    in_flight: int = 0
    again_journaled: int = 0
    again_answered: int = 0
    longest: float = 0.0  # seconds from answer to kill, of those sent again


@dataclass
class Story:
    """One run directory from its first process to its last."""

    name: str
    kills: list[Killed] = field(default_factory=list)
    same: dict[str, bool] = field(default_factory=dict)
    calls: int = 0


class Bench:
    def __init__(self, server: Loopback, folder: Path, rows: int) -> None:
        self.server = server
        self.folder = folder
        self.rows = rows
        self.more = rows + rows // 4  # that a run grows to
        self.reference: dict[str, bytes] = {}
        self.grown: dict[str, bytes] = {}
        self.seconds = 0.0  # of the undisturbed run, from its first request on
        self.growing = 0.0  # of its growth, likewise

    def start(
        self, out: Path, concurrency: int, *, resume: bool, grow: bool = False
    ) -> subprocess.Popen:
        """A process that begins, goes on with or grows the run in `out`."""
        targen = [sys.executable, "-m", "targen_core.cli"]
        if resume or grow:
            command = [*targen, "resume", str(out), *(["-n", str(self.more)] if grow else [])]
        else:
            command = [*targen, "generate", "rte", "--variant", "paper"]  # as the server knows it
            command += ["-n", str(self.rows), "--out", str(out)]
            command += ["-b", "llama", "-o", f"base_url={self.server.base_url}", "-o", "model=mock"]
        command += ["--no-cache", "-q", "--concurrency", str(concurrency)]
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

    def finish(self, process: subprocess.Popen) -> None:
        """Wait for a process that must succeed."""
        _, error = process.communicate()
        if process.returncode:
            raise SystemExit(f"a run failed ({process.returncode}): {error.decode()}")

    def first_request(self, process: subprocess.Popen, before: int) -> None:
        """Wait until the server has seen more than `before` requests."""
        while process.poll() is None and self.server.stats()["calls"] <= before:
            time.sleep(0.003)

    def undisturbed(self) -> None:
        """The run that all others are compared with, and its growth."""
        out = self.folder / "undisturbed"
        self.seconds = self._timed(self.start(out, 24, resume=False))
        self.reference = {name: (out / name).read_bytes() for name in FILES}
        self.growing = self._timed(self.start(out, 24, resume=True, grow=True))
        self.grown = {name: (out / name).read_bytes() for name in FILES}

    def _timed(self, process: subprocess.Popen) -> float:
        """Seconds of a process from its first request on."""
        self.first_request(process, self.server.stats()["calls"])
        began = time.monotonic()
        self.finish(process)
        return time.monotonic() - began

    def killed_once(self, name: str, rng: random.Random) -> Story:
        """A run that is killed at a random moment and resumed to the end."""
        kind = rng.choices(["run", "report", "growth"], [5, 2, 3])[0]
        out, story = self.folder / f"{name}-{kind}", Story(f"{name} {kind}")
        grow = kind == "growth"
        while not story.kills:  # again where it was over before its moment came
            self.server.reset()
            self.server.phase("0")
            if grow:
                self.finish(self.start(out, 24, resume=False))
            before = self.server.stats()["calls"]
            began = time.monotonic()
            process = self.start(out, 24, resume=False, grow=grow)
            if kind == "report":
                self.last_row(process, out)
                time.sleep(rng.uniform(0, 0.05))
            else:
                self.first_request(process, before)
                time.sleep(rng.uniform(0, self.growing if grow else self.seconds))
            if not self.kill(process, story, out, began):
                self.clear(out)
        self.server.phase("1")
        resume = rng.random() < 0.5
        self.finish(self.start(out, rng.choice([4, 16, 64]), resume=resume, grow=grow))
        return self.judge(story, out, self.grown if grow else self.reference)

    def last_row(self, process: subprocess.Popen, out: Path) -> None:
        """Wait until a run's rows are all there: what is left is its report."""
        whole = len(self.reference["dataset.jsonl"])
        path = out / "dataset.jsonl"
        while process.poll() is None and not (path.exists() and path.stat().st_size >= whole):
            time.sleep(0.001)

    def killed_often(self, name: str, rng: random.Random, kills: int) -> Story:
        """A run that is killed again and again, then resumed to the end."""
        out, story = self.folder / name, Story(name)
        self.server.reset()
        while len(story.kills) < kills:
            self.server.phase(str(len(story.kills)))
            before = self.server.stats()["calls"]
            began = time.monotonic()
            resume = (out / "manifest.json").exists() and rng.random() < 0.5
            process = self.start(out, rng.choice([8, 24, 64]), resume=resume)
            if rng.random() < 0.3:
                time.sleep(rng.uniform(0.1, 1.0))
            else:
                self.first_request(process, before)
                time.sleep(rng.uniform(0, 1.5 * self.seconds / kills))
            if not self.kill(process, story, out, began):
                break  # it reached its end first
        self.server.phase(str(len(story.kills)))
        self.finish(self.start(out, 24, resume=False))
        return self.judge(story, out, self.reference)

    def kill(self, process: subprocess.Popen, story: Story, out: Path, began: float) -> bool:
        """SIGKILL; False where the process was over already."""
        at = time.monotonic()
        process.send_signal(signal.SIGKILL)
        process.communicate()
        if process.returncode != -signal.SIGKILL:
            return False
        story.kills.append(Killed(at - began, at, journaled(out / "journal")))
        return True

    def judge(self, story: Story, out: Path, reference: dict[str, bytes]) -> Story:
        """Compare what was sent after each kill with what was there at it."""
        log = self.server.log()
        story.calls = len(log)
        for number, killed in enumerate(story.kills):
            lost = {
                digest: answered
                for phase, digest, seed, _, answered in log
                if int(phase) == number and seed not in killed.journaled
            }
            killed.in_flight = len(lost)
            later = {(call[1], call[2]) for call in log if int(call[0]) > number}
            killed.again_journaled = sum(seed in killed.journaled for _, seed in later)
            gaps = [killed.at - lost[digest] for digest, _ in later if lost.get(digest) is not None]
            killed.again_answered = len(gaps)
            killed.longest = max(gaps, default=0.0)
        twice = Counter((call[0], call[1]) for call in log)
        if max(twice.values(), default=1) > 1:
            raise SystemExit("one process sent the same request twice")
        story.same = {name: (out / name).read_bytes() == reference[name] for name in FILES}
        return story

    @staticmethod
    def clear(out: Path) -> None:
        for path in out.iterdir():
            path.unlink()


# --- long runs ---


class Large:
    """Scripted runs: what a row costs, and how soon a killed one goes on."""

    def __init__(self, folder: Path, near_duplicates: str) -> None:
        self.folder = folder
        self.near_duplicates = near_duplicates

    def start(self, *args: str) -> subprocess.Popen:
        command = [sys.executable, "-m", "targen_core.cli", *args]
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def generate(self, rows: int, out: Path) -> subprocess.Popen:
        return self.start(
            *["generate", "rte", "-n", str(rows), "-b", "scripted", "--out", str(out)],
            *["--near-duplicates", self.near_duplicates, "--no-cache", "-q"],
        )

    def end(self, process: subprocess.Popen, *, killed: bool = False) -> tuple[float, float]:
        """CPU seconds and peak megabytes of a process, waited for."""
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != (-signal.SIGKILL if killed else 0):
            raise SystemExit(f"{process.args} ended with {process.returncode}")
        return used.ru_utime + used.ru_stime, used.ru_maxrss / 1e3

    def first_call(self, run: Path, *options: str) -> tuple[subprocess.Popen, float]:
        """Resume a killed run; seconds from the command to the journal's first new record."""
        size = (run / "journal").stat().st_size
        began = time.monotonic()
        process = self.start("resume", str(run), "--no-cache", "-q", *options)
        while (run / "journal").stat().st_size <= size:
            if process.poll() is not None:
                raise SystemExit("the run ended without a new call")
            time.sleep(0.002)
        return process, time.monotonic() - began

    def report(self, run: Path) -> float:
        """Seconds of `targen report`, the better of two."""
        took = []
        for _ in range(2):
            began = time.monotonic()
            self.end(self.start("report", str(run)))
            took.append(time.monotonic() - began)
        return min(took)

    def measure(self, rows: int) -> bool:
        """Print it all; whether each target is met."""
        start_up, _ = self.end(self.start("generate", "--help"))
        cost = {}
        for count in (2_000, 20_000):
            cpu, peak = self.end(self.generate(count, self.folder / str(count)))
            cost[count] = (cpu - start_up) / count
            print(f"{count:7,} rows: {cost[count] * 1e3:.3f} ms CPU a row, peak {peak:.0f} MB")
        run, again = self.folder / "run", self.folder / "again"
        process = self.generate(rows, run)
        self.wait_for_rows(process, run, rows * 9 // 10)
        process.kill()
        cpu, peak = self.end(process, killed=True)
        shutil.copytree(run, again)
        unfinished = self.report(run)
        process, soon = self.first_call(run)
        more, second = self.end(process)
        cost[rows], peak = (cpu + more - 2 * start_up) / rows, max(peak, second)
        print(
            f"{rows:7,} rows: {cost[rows] * 1e3:.3f} ms CPU a row, its resume included, "
            f"{cost[rows] / cost[2_000]:.2f}x of 2,000 (target 1.2), peak {peak:.0f} MB (400)"
        )
        finished = self.report(run)
        process, late = self.first_call(again, "--verify")
        self.end(process)
        same = {name: (run / name).read_bytes() == (again / name).read_bytes() for name in FILES}
        print(f"killed at {rows * 9 // 10:,} rows: first new call after {soon:.1f} s (target 10)")
        print(f"  with --verify after {late:.1f} s; the same bytes: {same}")
        print(f"targen report: {unfinished:.2f} s killed, {finished:.2f} s finished (target 1)")
        met = cost[rows] <= 1.2 * cost[2_000] and peak <= 400 and soon <= 10 and finished <= 1
        return met and all(same.values())

    @staticmethod
    def wait_for_rows(process: subprocess.Popen, run: Path, rows: int) -> None:
        """Wait until a run has so many."""
        seen, path = 0, run / "dataset.jsonl"
        while not path.exists():
            time.sleep(0.01)
        with open(path, "rb") as file:
            while seen < rows:
                if process.poll() is not None:
                    raise SystemExit(f"the run ended with {seen} rows")
                time.sleep(0.01)
                seen += file.read().count(b"\n")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=400)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=None, help="of the moments; printed")
    parser.add_argument("--large", type=int, default=0, metavar="ROWS", help="a long run instead")
    parser.add_argument(
        "--near-duplicates",
        default="100",
        help="of the long run; its dry-run texts are too alike for the usual 90",
    )
    args = parser.parse_args()
    if args.large:
        with tempfile.TemporaryDirectory(prefix="targen-bench-") as name:
            return int(not Large(Path(name), args.near_duplicates).measure(args.large))
    seed = args.seed if args.seed is not None else random.SystemRandom().randrange(10**6)
    with (
        tempfile.TemporaryDirectory(prefix="targen-bench-") as name,
        Loopback(20, 50) as server,
    ):
        bench = Bench(server, Path(name), args.rows)
        bench.undisturbed()
        print(
            f"{args.rows} rows of rte; undisturbed: {server.stats()['calls']} calls in "
            f"{bench.seconds:.2f} s after the first; seed of the moments {seed}"
        )
        print(
            f"{'run':18}{'killed at':>10}{'journaled':>11}{'in flight':>11}"
            f"{'again: journaled':>18}{'answered':>10}"
        )
        stories = []
        for number in range(args.runs):
            story = bench.killed_once(f"once-{number}", random.Random(f"{seed}/{number}"))
            stories.append(story)
            show(story)
        often = bench.killed_often("often", random.Random(f"{seed}/often"), args.kills)
        show(often)
    kills = [killed for story in (*stories, often) for killed in story.kills]
    again = sum(killed.again_journaled for killed in kills)
    answered = sum(killed.again_answered for killed in kills)
    in_flight = sum(killed.in_flight for killed in kills)
    longest = max((killed.longest for killed in kills), default=0.0)
    same = {file: sum(story.same[file] for story in stories) for file in FILES}
    print(f"kills: {len(kills)}, {len(often.kills)} of them of one run")
    print(f"calls with a whole journal record that were sent again: {again} (target 0)")
    print(
        f"calls that the server had answered and that were sent again: {answered}, all of them "
        f"among the {in_flight} in flight at a kill; the earliest was answered "
        f"{longest * 1e3:.0f} ms before its kill"
    )
    for file, count in same.items():
        print(f"{file}: {count} of {len(stories)} runs have the undisturbed run's bytes")
    print(f"the run killed {len(often.kills)} times: {often.same}")
    good = all(all(story.same.values()) for story in (*stories, often))
    return int(again > 0 or longest > LONG_BEFORE or not good)


def show(story: Story) -> None:
    """Print a line for each kill of a run, and how it ended."""
    for killed in story.kills:
        print(
            f"{story.name:18}{killed.after:8.2f} s{len(killed.journaled):11}{killed.in_flight:11}"
            f"{killed.again_journaled:18}{killed.again_answered:10}"
        )
    end = "same bytes" if all(story.same.values()) else str(story.same)
    print(f"{'':18}{story.calls} calls in all; {end}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
