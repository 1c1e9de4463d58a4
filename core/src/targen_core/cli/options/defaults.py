"""Defaults for options that a command leaves out, and their sources.

They come from a file of the user, a file of the folder or of one above it, environment variables,
and the command line. Each wins over those before it. Values that belong to one backend, such as an
address or a price, are never used with another.

A folder may come from anybody. So its file cannot contain values that move money, keys or data.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from targen_core.calls.sampling import SAMPLING, is_free
from targen_core.calls.secrets import (
    Secrets,
    environment_secrets,
    may_name_secret,
    scrub,
    secret_in,
)
from targen_core.errors import UnreadableFile, UsageError
from targen_core.folders import CONFIG_VARIABLE, settings_folder
from targen_core.hints import did_you_mean, quoted
from targen_core.origin import shown, split_model
from targen_core.reading.files import read_text
from targen_core.reading.typed import toml_of
from targen_core.reading.values import Malformed
from targen_core.text import key_path

"""Environment variable: the same for the folder of the user's defaults."""

FILE_NAME = "targen.toml"
NO_FILES = "TARGEN_NO_CONFIG"
"""Environment variable: read no files of defaults."""
PROFILE_VARIABLE = "TARGEN_PROFILE"
ASK_ABOVE = 1.0
"""Dollars above which `targen generate` asks on a terminal, by default."""
YIELD = 0.7
"""Share of candidates that become rows, in estimates without a measured run."""

_LARGEST = 1e12
_MOST = 1 << 20  # bytes of a file
_ADDRESS = re.compile(r"https?://[^/\s]+", re.IGNORECASE)
_LOGIN = re.compile(r"://[^/\s]*@")


@dataclass(frozen=True, slots=True)
class _Key:
    """The kind of a default: a text, an address, or a number, whole or not, above 0 or from it."""

    kind: str
    above: bool = False

    def read(self, value: Any) -> Any:
        """Return the value as used.

        Raises:
            ValueError: it is invalid; the message says what it must be.
        """
        if self.kind == "text":
            if isinstance(value, str) and value.strip():
                return value
            raise ValueError("non-empty text")
        if self.kind == "address":
            # One that holds a login is refused as a secret, which no error may show.
            if isinstance(value, str) and (_ADDRESS.match(value) or _LOGIN.search(value)):
                return value
            raise ValueError("an address, such as http://127.0.0.1:8000/v1")
        kinds = int if self.kind == "whole" else int | float
        is_number = isinstance(value, kinds) and not isinstance(value, bool)
        if is_number and 0 <= value <= _LARGEST and not (self.above and value == 0):  # no nan
            return value
        number = "a whole number" if self.kind == "whole" else "a number"
        raise ValueError(f"{number}, {'above 0' if self.above else '0 or more'}")

    def parse(self, text: str) -> Any:
        """The value that an environment variable holds.

        Raises:
            ValueError: it is invalid; the message says what it must be.
        """
        value: Any = text
        if self.kind not in ("text", "address"):
            for of in (int, float):
                try:
                    value = of(text)
                    break
                except ValueError:
                    continue
        return self.read(value)


KEYS = {
    "backend": _Key("text"),
    "model": _Key("text"),
    "base-url": _Key("address"),
    "key-file": _Key("text"),
    "price-in": _Key("number"),
    "price-out": _Key("number"),
    "max-cost": _Key("number", above=True),
    "max-tokens": _Key("whole", above=True),
    "ask-above": _Key("number"),
    "concurrency": _Key("whole", above=True),
    "rpm": _Key("number", above=True),
    "tpm": _Key("number", above=True),
    "max-outage": _Key("number", above=True),
}
"""Options that can have a default, with their kinds."""

_TABLES = ("backend-for", "options", "profile")
_OPTIONS = {
    "model": "model",
    "base-url": "base_url",
    "key-file": "api_key_file",
    "price-in": "price_in",
    "price-out": "price_out",
}
"""Defaults that are options of a backend, and what `-o` calls them."""
_BELONGING = {
    "base_url": ("api_key_file", "price_in", "price_out"),
    "model": ("price_in", "price_out"),
}
"""Values that belong to an address or a model, and are dropped if another one is named."""
_HARMLESS = ("rpm", "tpm", "max-outage")
_CONCURRENCY = 32  # calls at once that a file may ask for untrusted: as many as without it


@dataclass(frozen=True, slots=True)
class Value:
    """A default, and where it is from: a file, a variable, or the command line."""

    value: Any
    origin: str


Layer = Mapping[str, Value]
"""Defaults of one origin, by name; options are called `options.KEY` or `options.STEP.KEY`."""


def _shown_name(name: str) -> str:
    """Return a name as typed: `options.base_url` is `base-url`."""
    own = {f"options.{option}": key for key, option in _OPTIONS.items()}
    return own.get(name, name)


def names_in_file(layer: Layer) -> dict[str, Value]:
    """A layer by the names that its values have in a file."""
    return {_shown_name(name): value for name, value in layer.items()}


# --- files -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DefaultsFile:
    """A file of defaults, read and checked.

    Attributes:
        path: the file.
        values: what it says for every command.
        profiles: further values by profile, for commands that choose it.
        project: whether it is of a folder, which may be from a stranger.
    """

    path: Path
    values: Layer
    profiles: Mapping[str, Layer]
    project: bool

    def refuse_reaching(self) -> None:
        """Refuse values of a folder's file that could move money, keys or data.

        Raises:
            UsageError: with these values.
        """
        layers = [("", self.values), *((f"profile.{n}.", p) for n, p in self.profiles.items())]
        reaching = [
            f"{prefix}{_shown_name(name)} = {shown(value.value)}"
            for prefix, layer in layers
            for name, value in layer.items()
            if not _is_harmless(name, value.value)
        ]
        if self.project and reaching:
            raise UsageError(
                f"{self.path} sets {', '.join(reaching)}, but a folder may be someone else's, so "
                "its file cannot set any model, address, file, price or limit",
                hint="set it in your own settings by targen config set NAME VALUE, or type it, or "
                f"ignore the file by {NO_FILES}=1",
            )


def _is_harmless(name: str, value: Any) -> bool:
    is_usual = name == "concurrency" and value <= _CONCURRENCY
    return is_usual or name in _HARMLESS or (name.startswith("options.") and is_free(name, value))


def user_file() -> Path:
    """Return the path of the user's own file, which need not exist.

    Raises:
        UsageError: there is no place for it; see `user_folder`.
    """
    return settings_folder() / FILE_NAME


def _own_file() -> Path | None:
    """Return the user's file if there is one.

    Raises:
        UsageError: its folder cannot be read, as in a home directory of a different user.
    """
    try:
        own = user_file()
    except UsageError:
        return None
    try:
        return own if own.exists() else None
    except OSError as error:
        raise UsageError(
            f"cannot read {own}: {error.strerror}",
            hint=f"set {CONFIG_VARIABLE} to a folder of your own, or {NO_FILES}=1 to use no files",
        ) from None


def _is_user_file(path: Path) -> bool:
    try:
        return path == user_file()
    except UsageError:
        return False


def project_file(start: Path | None = None) -> Path | None:
    """The nearest `targen.toml`, or `pyproject.toml` with `[tool.targen]`, from a folder upwards.

    In one folder `targen.toml` wins.
    """
    try:
        folder = Path.cwd() if start is None else start
    except FileNotFoundError:  # somebody removed it
        return None
    for one in (folder, *folder.parents):
        own, project = one / FILE_NAME, one / "pyproject.toml"
        if own.exists():
            return None if _is_user_file(own) else own
        try:
            text = read_text(project, _MOST, inside=one) if project.is_file() else ""
            if "tool" in text and "targen" in text:
                tools = toml_of(text).get("tool")
                if isinstance(tools, dict) and "targen" in tools:
                    return project
        except (Malformed, UsageError):
            continue  # somebody else's business
    return None


def read_file(path: Path, *, project: bool, text: str | None = None) -> DefaultsFile:
    """A file of defaults, or `text` in its place.

    Raises:
        UsageError: it cannot be read, or contains an invalid value; names the line.
    """
    if text is None:
        text = read_text(path, _MOST, inside=path.parent if project else None)
    try:
        table: Any = toml_of(text)
    except Malformed as error:
        hint = 'the file must be TOML, for example backend = "llama"'
        raise UnreadableFile(path, error.reason, error.line, hint=hint) from None
    before: tuple[str, ...] = ()
    if path.name == "pyproject.toml":
        before = ("tool", "targen")
        tools = table.get("tool")
        table = tools.get("targen", {}) if isinstance(tools, dict) else {}
    reader = _Reader(path, text, before)
    profiles = table.pop("profile", {}) if isinstance(table, dict) else {}
    values = reader.layer(table, ())
    if not isinstance(profiles, dict):
        named = ".".join((*before, "profile", "NAME"))
        raise reader.wrong(
            ("profile",), "is not a table", f"write [{named}], with its defaults below"
        )
    layers = {name: reader.layer(part, ("profile", name)) for name, part in profiles.items()}
    return DefaultsFile(path, values, layers, project)


@dataclass(frozen=True, slots=True)
class _Reader:
    """Makes layers of tables, and errors that name file and line."""

    path: Path
    text: str
    before: tuple[str, ...]

    def layer(self, table: Any, where: tuple[str, ...]) -> dict[str, Value]:
        """The defaults of one table."""
        if not isinstance(table, dict):
            table = ".".join((*self.before, *where))
            raise self.wrong(where, "is not a table", f"write [{table}], with its defaults below")
        values: dict[str, Any] = {}
        for key, value in table.items():
            at = (*where, key)
            if key == "options":
                self._options(value, at, values)
            elif key == "backend-for":
                self._backends(value, at, values)
            elif key in KEYS:
                try:
                    right = KEYS[key].read(value)
                except ValueError as error:
                    raise self.wrong(at, f"is {_quoted(value)}; it must be {error}") from None
                self._add(values, f"options.{_OPTIONS[key]}" if key in _OPTIONS else key, right, at)
            else:
                raise self._unknown(at, key)
        _split_model(values, lambda: self._two_models(values, where))
        return {name: Value(value, str(self.path)) for name, value in values.items()}

    def _two_models(self, values: Mapping[str, Any], where: tuple[str, ...]) -> UsageError:
        backend, model = split_model(str(values["backend"]))
        return self.wrong(
            (*where, "backend"),
            "and model set two different models",
            f"keep one of them: backend {backend}/{values['options.model']}, or backend "
            f"{backend}/{model} without model",
        )

    def _unknown(self, at: tuple[str, ...], key: str) -> UsageError:
        if may_name_secret(key):
            return self._secret(at)
        tables = _TABLES if len(at) == 1 else _TABLES[:2]
        return self.wrong(at, "is not a setting that can have a default", _near(key, tables))

    def _options(self, table: Any, at: tuple[str, ...], values: dict[str, Any]) -> None:
        """Options of all steps and, in tables of their own, of single ones."""
        if not isinstance(table, dict):
            raise self.wrong(at, "is not a table", "write [options], with KEY = VALUE below it")
        for key, value in table.items():
            own = value if isinstance(value, dict) else {"": value}
            for part, inner in own.items():
                name = f"{key}.{part}" if part else key
                inside = (*at, key, part) if part else (*at, key)
                if isinstance(inner, dict):
                    raise self.wrong(
                        inside,
                        "is a table",
                        "write an object as a JSON string",
                    )
                if may_name_secret(name.rpartition(".")[2]):
                    raise self._secret(inside)
                self._add(values, f"options.{name}", inner, inside)

    def _backends(self, table: Any, at: tuple[str, ...], values: dict[str, Any]) -> None:
        if not isinstance(table, dict):
            raise self.wrong(
                at, "is not a table", 'write [backend-for], with STEP = "NAME" below it'
            )
        for step, name in table.items():
            if not isinstance(name, str) or not name:
                raise self.wrong((*at, step), f"is {_quoted(name)}; it must be a backend's name")
            self._add(values, f"backend-for.{step}", name, (*at, step))

    def _add(self, values: dict[str, Any], name: str, value: Any, at: tuple[str, ...]) -> None:
        if name in values:
            raise self.wrong(at, f"sets {_shown_name(name)} a second time")
        if secret_in(value, name, Secrets(*environment_secrets())):
            raise self._secret(at)
        if isinstance(value, str):
            if _LOGIN.search(value):
                raise self._secret(at)
            if name.endswith("api_key_file"):  # seen from the file, wherever the command is run
                value = str(self.path.parent / Path(value).expanduser())
        elif not isinstance(value, bool | int | float | list):
            raise self.wrong(at, f"is {_quoted(value)}; it must be text, a number, true or false")
        values[name] = value

    def _secret(self, at: tuple[str, ...]) -> UsageError:
        return self.wrong(
            at,
            "looks like a key, which does not belong in a file that may be shared or committed",
            "put it in the service's environment variable, such as OPENAI_API_KEY, or in a file "
            "that key-file names",
        )

    def wrong(self, at: tuple[str, ...], what: str, hint: str = "") -> UsageError:
        """Return the error for a value at a place."""
        line = _line_of(self.text, (*self.before, *at))
        where = f"{self.path}, line {line}" if line else str(self.path)
        return UsageError(f"{where}: {key_path(at or self.before)} {what}", hint=hint)


def _line_of(text: str, at: tuple[str, ...]) -> int | None:
    """Return the line of a key, or else of its table; tomllib does not tell."""
    table: tuple[str, ...] = ()
    nearest = None
    for number, line in enumerate(text.splitlines(), 1):
        bare = line.strip()
        if bare.startswith("["):
            table = _parts(bare.strip("[] \t").partition("]")[0])
            here = table
        elif "=" in bare and not bare.startswith("#"):
            here = (*table, *_parts(bare.partition("=")[0]))
        else:
            continue
        if here == at:
            return number
        if here and at[: len(here)] == here:
            nearest = number
    return nearest


def _parts(dotted: str) -> tuple[str, ...]:
    parts = re.findall(r'"([^"]*)"|\'([^\']*)\'|([\w-]+)', dotted)
    return tuple("".join(part) for part in parts)


def _quoted(value: Any) -> str:
    return scrub(json.dumps(value, default=str))[:60]


def _split_model(values: dict[str, Any], twice: Callable[[], UsageError]) -> None:
    """Take `BACKEND/MODEL` apart."""
    backend, model = split_model(str(values.get("backend", "")))
    if model is not None:
        if "options.model" in values:
            raise twice()
        values["backend"], values["options.model"] = backend, model


def _near(key: str, tables: Sequence[str]) -> str:
    """The defaults that may have been meant."""
    hint = did_you_mean(key, [*KEYS, *tables], "one of")
    return (
        hint
        if "did you mean" in hint
        else f"{hint}; put backend options and sampling parameters in [options]"
    )


def typed_value(key: str, text: str) -> Any:
    """Return the value that `targen config set` writes for a typed one.

    Raises:
        UsageError: the default cannot be that.
    """
    if key in KEYS:
        try:
            return KEYS[key].parse(text)
        except ValueError as error:
            raise UsageError(f"{key} is {_quoted(text)}; it must be {error}") from None
    table, dot, _ = key.partition(".")
    # When the file is read, an error explains where a secret belongs.
    if not (dot and table in _TABLES) and not may_name_secret(key):
        raise UsageError(
            f"{key} is not a setting that can have a default", hint=_near(key, _TABLES)
        )
    if table != "options":
        return text
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return text if value is None or isinstance(value, dict) else value


# --- variables, and all together -------------------------------------------


def environment() -> dict[str, Value]:
    """The defaults in environment variables, such as `TARGEN_BASE_URL`.

    Raises:
        UsageError: a value that cannot be; names the variable.
    """
    values: dict[str, Any] = {}
    origins = {}
    for key, kind in KEYS.items():
        variable = f"TARGEN_{key.upper().replace('-', '_')}"
        if not (text := os.environ.get(variable, "")):
            continue
        try:
            value = kind.parse(text)
        except ValueError as error:
            raise UsageError(f"{variable} is {_quoted(text)}; it must be {error}") from None
        name = f"options.{_OPTIONS[key]}" if key in _OPTIONS else key
        values[name], origins[name] = value, variable
    _split_model(values, lambda: UsageError("TARGEN_BACKEND and TARGEN_MODEL both contain a model"))
    return {name: Value(v, origins.get(name, "TARGEN_BACKEND")) for name, v in values.items()}


def read_files() -> list[DefaultsFile]:
    """The files that there are: the user's, and the folder's.

    Raises:
        UsageError: one cannot be read, or contains an invalid value.
    """
    if os.environ.get(NO_FILES):
        return []
    own, project = _own_file(), project_file()
    files = [read_file(own, project=False)] if own is not None else []
    if project is not None:
        files.append(read_file(project, project=True))
        files[-1].refuse_reaching()
    return files


def layers(files: Iterable[DefaultsFile], profile: str | None = None) -> list[Layer]:
    """All defaults, the ones that win last.

    The position of a profile depends on where it is named: one by `--profile` wins over the
        environment, one by `TARGEN_PROFILE` only over the files.

    Raises:
        UsageError: no file has such a profile.
    """
    files = list(files)
    named = os.environ.get(PROFILE_VARIABLE, "")
    chosen = profile or named
    own = [file.profiles[chosen] for file in files if chosen in file.profiles]
    if chosen and not own:
        known = sorted({name for file in files for name in file.profiles})
        who = f"--profile {quoted(chosen)}" if profile else f"{PROFILE_VARIABLE} is {chosen}"
        raise UsageError(
            f"{who}: no such profile",
            hint=did_you_mean(chosen, known, "profiles")
            if known
            else f"add [profile.{chosen}] to {user_file()}, with its defaults below",
        )
    below = [file.values for file in files]
    if profile:
        return [*below, environment(), *own]
    return [*below, *own, environment()]


def merged(all_layers: Iterable[Layer], same: Callable[[str, str], bool]) -> dict[str, Value]:
    """One layer of all, later ones winning; `same` tells whether two names are of one backend.

    If a later layer names another backend, all values of the earlier one are dropped. These are its
    model, address, price, key file and options, and the backends of single steps. Another address
    also drops key file and price, and another model its price.
    """
    held: dict[str, Value] = {}
    for layer in all_layers:
        named, before = layer.get("backend"), held.get("backend")
        if named and before and not same(str(named.value), str(before.value)):
            held = {name: value for name, value in held.items() if not _of_backend(name)}
        for name, value in layer.items():
            prefix, _, key = name.rpartition(".")
            changes = name in held and held[name].value != value.value
            changes |= key == "base_url" and name not in held  # a key went elsewhere before
            if prefix == "backend-for" and changes:
                held = {n: v for n, v in held.items() if not _of_backend(n, f"options.{key}.")}
            if not prefix.startswith("options") or not changes:
                continue
            for gone in _BELONGING.get(key, ()):
                held.pop(f"{prefix}.{gone}", None)
        held |= layer
    return held


def _of_backend(name: str, prefix: str = "") -> bool:
    if name.startswith("options."):
        return name.startswith(prefix) and name.rpartition(".")[2] not in SAMPLING
    return not prefix and (name == "backend" or name.startswith("backend-for."))
