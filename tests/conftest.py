"""What holds for all tests: how hypothesis searches, whose defaults reach them, and the command."""

from __future__ import annotations

import gc
import hashlib
import json
import logging
import os
import shlex
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings

from targen_core.plugins.loader import load_registry
from targen_core.plugins.registry import Registry
from targen_core.runs.settings import KEYS
from targen_testing.virtual_time import virtual_time
from tests.runs import adopt

settings.register_profile(
    "targen",
    derandomize=True,
    deadline=None,
    max_examples=25,
    phases=[Phase.explicit, Phase.generate],  # worlds shrink slowly, and seldom to anything clearer
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("targen")

# A shell's `&` has SIGINT ignored for all below it, and some tests press Ctrl-C.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Tests lose no power, so waiting for the disk proves nothing; for thousands of files it takes long.
os.fsync = os.fdatasync = lambda descriptor: None

# What asyncio says of tasks that a test left stands in that test's log, not below the summary.
logging.getLogger("asyncio").addHandler(logging.NullHandler())

_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

# Whoever runs the tests may have defaults and keys of her own; processes of tests inherit this.
for _key in KEYS:
    os.environ.pop(f"TARGEN_{_key.upper().replace('-', '_')}", None)
for _name in (
    "TARGEN_CONFIG_DIR",
    "TARGEN_DEBUG",
    "TARGEN_DISABLE_PLUGINS",
    "TARGEN_LLAMA_API_KEY",
    "TARGEN_LLAMA_BASE_URL",
    "TARGEN_NO_CONFIG",
    "TARGEN_PROFILE",
    "OPENAI_API_KEY",
    "OPENAI_BASE_URL",
    "ANTHROPIC_API_KEY",
    "ANTHROPIC_BASE_URL",
):
    os.environ.pop(_name, None)
_SETTINGS = tempfile.mkdtemp(prefix="targen-settings-")
os.environ["XDG_CONFIG_HOME"] = _SETTINGS


LONGEST = (
    "integration/plugins/test_zoo",
    "plugins/examples/test_examples",
    "faults/",
    "plugins/training/test_reproducing",
    "integration/cli/test_every_command",
    "plugins/methods/test_conformance",
    "integration/plugins/",
    "integration/cli/test_new",
    "backends/",
    "integration/terminal/",
    "integration/cli/test_strangers",
    "plugins/analysis/test_conformance",
    "integration/batches/",
    "core/engine/test_properties",
)
"""Files and folders of `tests` that take half a minute or more, the longest first."""


def pytest_configure(config: pytest.Config) -> None:
    """Have xdist deal the tests in their order, not by their number in a file."""
    if hasattr(config.option, "loadscopereorder"):
        config.option.loadscopereorder = False
    if not getattr(config.option, "numprocesses", None):  # where tests run
        # Tests start pytest as well, which would take two seconds to import plugins for nothing.
        os.environ["PYTEST_ADDOPTS"] = "-p no:langsmith_plugin -p no:hypothesispytest"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest, so that no worker is left with it at the end."""

    def place(item: pytest.Item) -> int:
        path = item.path.as_posix()
        return next((n for n, name in enumerate(LONGEST) if f"/tests/{name}" in path), len(LONGEST))

    items.sort(key=place)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Keep what is collected from the garbage collector: it stays, and to go through it costs."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(10_000)  # more seldom: what a test makes is small
        gc.enable()


@dataclass(frozen=True)
class Done:
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it printed, read."""
        return json.loads(self.out)


@pytest.fixture(scope="session")
def installed() -> Registry:
    """All that is installed, looked up once."""
    return load_registry()


@pytest.fixture(scope="module", name="virtual_time")
def _virtual_time() -> Iterator[None]:
    """`asyncio.run` on virtual time, as long as the module's tests run."""
    with virtual_time():
        yield


@pytest.fixture
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder, a cache and an environment of the test's own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TARGEN_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("TARGEN_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setenv("NO_COLOR", "1")
    for name in ("TARGEN_DEBUG", "TARGEN_DISABLE_PLUGINS", "FORCE_COLOR", "GITHUB_ACTIONS"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def _built() -> Callable[[Any, Any, str], Any]:
    """A command's options, built once per registry: building them takes longer than most uses."""
    from targen_core.cli.app import _LazyGroup

    build, built = _LazyGroup.get_command, dict[tuple[Registry, str], Any]()

    def get(group: Any, ctx: Any, name: str) -> Any:
        if (group.registry, name) not in built:
            built[group.registry, name] = build(group, ctx, name)
        return built[group.registry, name]

    return get


@pytest.fixture
def in_process(
    alone: None,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    _built: Callable[[Any, Any, str], Any],
) -> Callable[..., Done]:
    """Run the command in this process: quick, and through the same `main` as the script.

    It takes words, or a line as it is typed. A traceback without --debug fails the test.
    """
    from targen_core.cli import main
    from targen_core.cli.app import _LazyGroup

    monkeypatch.setattr(_LazyGroup, "get_command", _built)

    def run(*args: object) -> Done:
        words = shlex.split(args[0]) if len(args) == 1 and isinstance(args[0], str) else args
        monkeypatch.setattr(sys, "argv", ["targen", *map(str, words)])
        capsys.readouterr()
        code: Any = 0
        try:
            main()
        except SystemExit as stopped:
            code = stopped.code or 0
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        assert "targen failed" not in err, err
        # But for prompts that were edited, as tests do: that is for their authors.
        blames = "report it to the authors of targen-" in err
        assert not blames or "without a new version" in err, err
        return Done(code, out, err)

    return run


@pytest.fixture
def targen(in_process: Callable[..., Done]) -> Callable[..., Done]:
    """The command; tests that start processes have another."""
    return in_process


@pytest.fixture
def works(in_process: Callable[..., Done]) -> Callable[..., Done]:
    """Run a command that must end well."""

    def run(*args: object) -> Done:
        done = in_process(*args)
        assert done.code == 0, (args, done.out, done.err)
        return done

    return run


def contents(folder: Path) -> dict[str, object]:
    """Everything below a folder but caches and the secret: files by their bytes, others by kind."""
    found: dict[str, object] = {}
    private = {"config", "config/secret"}
    for path in folder.rglob("*"):
        name = str(path.relative_to(folder))
        # A ledger is of replays, never of record.
        if name.split("/")[0] != "cache" and path.name != "ledger" and name not in private:
            found[name] = path.read_bytes() if path.is_file() else path.lstat().st_mode
    return found


@pytest.fixture
def refuses(in_process: Callable[..., Done], tmp_path: Path) -> Callable[..., Done]:
    """Check that a command ends with one error, with one hint at most, and changes no file.

    The exit code of a line that begins with 1 is 1.
    """

    def check(
        command: str | tuple[object, ...],
        error: str,
        hint: str = "",
        *,
        code: int = 2,
        keeps: bool = True,
    ) -> Done:
        before = contents(tmp_path)
        if isinstance(command, str) and command.startswith("1 "):
            code, command = 1, command.removeprefix("1 ")
        done = in_process(command) if isinstance(command, str) else in_process(*command)
        lines = done.err.splitlines()
        (said,) = [line for line in lines if line.startswith("error")] or [done.err]
        hints = [line for line in lines if line.startswith("  try: ")]
        assert error in said
        assert len(hints) <= 1
        assert hint in "".join(hints)
        assert done.code == code
        assert not keeps or contents(tmp_path) == before
        return done

    return check


@pytest.fixture(scope="session")
def _finished_runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("finished")


@pytest.fixture
def finished(in_process: Callable[..., Done], _finished_runs: Path) -> Callable[..., Path]:
    """Make a run of scripted rows in this folder: generated once, and copied from then on."""

    def make(*args: object, out: str | Path = "run") -> Path:
        words = [word.name if isinstance(word, Path) else str(word) for word in (*args, out)]
        name = hashlib.sha256(repr(words).encode()).hexdigest()[:16]
        if not (kept := _finished_runs / name).exists():
            options = ("-b", "scripted", "-q", "--no-cache", "--out", out)
            done = in_process("generate", *args, *options)
            assert done.code == 0, done.err
            shutil.copytree(out, kept)
        else:
            adopt(shutil.copytree(kept, out))
        return Path(out)

    return make


@pytest.fixture
def few_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let estimates go by few rows, which is quick."""
    monkeypatch.setattr("targen_core.cli.estimating.SAMPLE", 4)
    monkeypatch.setattr("targen_core.cli.estimating._LONGEST", 20)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """The browser of this machine, once for all tests."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    found = next(filter(None, map(shutil.which, _BROWSERS)), None)
    if found is None:
        pytest.skip("no browser here: chromium or google-chrome")
    flags = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
    with sync_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=found, args=flags)
        yield opened
        opened.close()


def pytest_unconfigure() -> None:
    """Remove the settings of all tests."""
    shutil.rmtree(_SETTINGS, ignore_errors=True)
