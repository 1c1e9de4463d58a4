"""Defaults for options that a command leaves out, and their sources.

They come from the user's own file, a project's file, environment variables, and the command line.
Each wins over those before it. Values that belong to one backend, such as an address or a price,
are never used with another.

A project may come from anybody, so its file may only slow calls down and set sampling parameters
that do not raise the cost.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from targen_core.calls.sampling import SAMPLING, is_free
from targen_core.calls.secrets import Secrets, environment_secrets, may_name_secret, secret_in
from targen_core.errors import UnreadableFile, UsageError
from targen_core.folders import CONFIG_VARIABLE, settings_folder
from targen_core.hints import did_you_mean, quoted
from targen_core.options import Limits
from targen_core.origin import split_model
from targen_core.reading.files import read_text
from targen_core.reading.typed import toml_of
from targen_core.reading.values import Malformed
from targen_core.runs.config import OPTION_FLAGS, ModelFlags
from targen_core.text import key_path

FILE_NAME = "targen.toml"
NO_FILES = "TARGEN_NO_CONFIG"
"""Environment variable: read no files of defaults."""
PROFILE_VARIABLE = "TARGEN_PROFILE"
YIELD = 0.7
"""Share of candidates that become rows, in estimates without a measured run."""

_MOST = 1 << 20  # bytes of a file
_LOGIN = re.compile(r"://[^/\s]*@")


class _Defaults(ModelFlags, Limits):
    """Options that can have a default, and the dollars above which a command asks."""

    ask_above: Annotated[float, Field(ge=0, le=1e12, allow_inf_nan=False)] = 1.0


ASK_ABOVE: float = _Defaults().ask_above
"""Dollars above which `targen generate` asks on a terminal, by default."""
KEYS = {
    name.replace("_", "-"): name
    for name in (
        *("backend", *OPTION_FLAGS, "max_cost", "max_tokens", "ask_above"),
        *("concurrency", "rpm", "tpm", "max_outage"),
    )
}
"""Keys of the files, and the fields behind them."""

_TABLES = ("backend-for", "options", "profile")
_OPTIONS = {name.replace("_", "-"): option for name, option in OPTION_FLAGS.items()}
"""Keys that are options of a backend, and what `-o` calls them."""
_BELONGING = {
    "base_url": ("api_key_file", "price_in", "price_out"),
    "model": ("price_in", "price_out"),
}
"""Values that belong to an address or a model, and are dropped if another one is named."""
_HARMLESS = ("rpm", "tpm", "max-outage")


@dataclass(frozen=True, slots=True)
class Value:
    """A default, and where it is from: a file, a variable, or the command line."""

    value: Any
    origin: str


Layer = Mapping[str, Value]
"""Defaults of one origin, by name; options are called `options.KEY` or `options.STEP.KEY`."""


def _read(key: str, value: Any) -> Any:
    """Return the value of a key, checked as the option is.

    Raises:
        UsageError: it is invalid.
    """
    name = KEYS[key]
    if value == "":
        raise UsageError(f"--{key} is empty")
    if isinstance(value, bool):  # it would be the number 0 or 1
        value = json.dumps(value)
    read = getattr(_Defaults(**{name: value}), name)
    return str(read) if isinstance(read, Path) else read


def names_in_file(layer: Layer) -> dict[str, Value]:
    """A layer by the names that its values have in a file: `options.base_url` is `base-url`."""
    own = {f"options.{option}": key for key, option in _OPTIONS.items()}
    return {own.get(name, name): value for name, value in layer.items()}


# --- files -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DefaultsFile:
    """A file of defaults, read and checked.

    Attributes:
        path: the file.
        values: its values for every command.
        profiles: further values by profile, for commands that choose it.
    """

    path: Path
    values: Layer
    profiles: Mapping[str, Layer]


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


def project_file() -> Path | None:
    """Return the nearest `targen.toml`, from the current folder upwards, except the user's own."""
    try:
        folder = Path.cwd()
    except FileNotFoundError:  # somebody removed it
        return None
    found = (one / FILE_NAME for one in (folder, *folder.parents))
    path = next((each for each in found if each.exists()), None)
    return None if path == _own_file() else path


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
    reader = _Reader(path, text, project)
    profiles = reader.table(table.pop("profile", {}), ("profile",), "[profile.NAME]")
    values = reader.layer(table, ())
    layers = {name: reader.layer(part, ("profile", name)) for name, part in profiles.items()}
    return DefaultsFile(path, values, layers)


@dataclass(frozen=True, slots=True)
class _Reader:
    """Makes layers of tables, and errors that name file and line."""

    path: Path
    text: str
    project: bool

    def table(self, value: Any, at: tuple[str, ...], head: str) -> Mapping[str, Any]:
        """Return a table.

        Raises:
            UsageError: it is something else.
        """
        if not isinstance(value, dict):
            raise self.wrong(at, "is not a table", f"write {head}, with its values below it")
        return value

    def layer(self, table: Any, where: tuple[str, ...]) -> dict[str, Value]:
        """The defaults of one table."""
        values: dict[str, Any] = {}
        for key, value in self.table(table, where, f"[{'.'.join(where)}]").items():
            at = (*where, key)
            if key == "options":
                self._options(self.table(value, at, "[options]"), at, values)
            elif key == "backend-for":
                for step, name in self.table(value, at, "[backend-for]").items():
                    if not isinstance(name, str) or not name:
                        raise self.wrong((*at, step), "is not the name of a backend")
                    self._add(values, f"backend-for.{step}", name, (*at, step))
            elif key in KEYS:
                try:
                    right = _read(key, value)
                except UsageError as error:
                    raise UsageError(f"{self._place(at)}: {error}") from None
                name = f"options.{_OPTIONS[key]}" if key in _OPTIONS else key
                self._add(values, name, right, at)
            elif may_name_secret(key):
                raise self._secret(at)
            else:
                tables = _TABLES if len(at) == 1 else _TABLES[:2]
                hint = _near(key, tables)
                raise self.wrong(at, "is not a setting that can have a default", hint)
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

    def _options(
        self, table: Mapping[str, Any], at: tuple[str, ...], values: dict[str, Any]
    ) -> None:
        """Add options of all steps and, in tables of their own, of single steps or parts."""
        for key, value in table.items():
            if not isinstance(value, dict):
                value = {"": value}
            for part, inner in value.items():
                names = (key, part) if part else (key,)
                if isinstance(inner, dict):
                    hint = "write an object as a JSON string"
                    raise self.wrong((*at, *names), "is a table", hint)
                if may_name_secret(names[-1]):
                    raise self._secret((*at, *names))
                self._add(values, f"options.{'.'.join(names)}", inner, (*at, *names))

    def _add(self, values: dict[str, Any], name: str, value: Any, at: tuple[str, ...]) -> None:
        if name in values:
            raise self.wrong(at, "sets a value for a second time")
        has_login = isinstance(value, str) and _LOGIN.search(value)
        if has_login or secret_in(value, name, Secrets(*environment_secrets())):
            raise self._secret(at)
        if not isinstance(value, str | bool | int | float | list):
            raise self.wrong(at, "must be text, a number, true or false")
        if self.project and not _is_harmless(name, value):
            raise self.wrong(
                at,
                "must not be set in a project's file, since someone else's could specify any "
                "model, address, file or price",
                "set it in your own settings, with targen config set; to ignore the file: "
                f"{NO_FILES}=1",
            )
        if name.endswith("api_key_file"):  # seen from the file, wherever the command is run
            value = str(self.path.parent / Path(str(value)).expanduser())
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
        return UsageError(f"{self._place(at)}: {key_path(at)} {what}", hint=hint)

    def _place(self, at: tuple[str, ...]) -> str:
        line = _line_of(self.text, at)
        return f"{self.path}, line {line}" if line else str(self.path)


def _is_harmless(name: str, value: Any) -> bool:
    """Return whether a default cannot move money, keys or data."""
    if name == "concurrency":
        return bool(value <= Limits.model_fields[name].default)
    return name in _HARMLESS or (name.startswith("options.") and is_free(name, value))


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
        return _read(key, text)
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
    for key, field in KEYS.items():
        variable = f"TARGEN_{field.upper()}"
        if not (text := os.environ.get(variable, "")):
            continue
        try:
            value = _read(key, text)
        except UsageError as error:
            raise UsageError(f"{variable}: {error}") from None
        name = f"options.{_OPTIONS[key]}" if key in _OPTIONS else key
        values[name], origins[name] = value, variable
    _split_model(values, lambda: UsageError("TARGEN_BACKEND and TARGEN_MODEL both contain a model"))
    return {name: Value(v, origins.get(name, "TARGEN_BACKEND")) for name, v in values.items()}


def read_files() -> list[DefaultsFile]:
    """The files that there are: the user's, and the project's.

    Raises:
        UsageError: one cannot be read, or contains an invalid value.
    """
    if os.environ.get(NO_FILES):
        return []
    own, project = _own_file(), project_file()
    files = [read_file(own, project=False)] if own is not None else []
    if project is not None:
        files.append(read_file(project, project=True))
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
