"""`hub`: the datasets of the Hugging Face hub, and of servers with the same API.

Names, tags, licences and cards come from the hub's own API by `huggingface_hub`. Configurations,
columns and rows come from the API of its dataset viewer, so that only requested data are
downloaded, and a dataset's code never runs.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from pydantic import Field

from targen_core.errors import JobFailed, TargenError, UsageError
from targen_core.extras import hub_without_telemetry
from targen_datatune.cards import license_of
from targen_datatune.cells import cut, plain
from targen_datatune.retrieval import (
    Catalogue,
    CatalogueOptions,
    DatasetEntry,
    DatasetUnavailable,
    Listed,
)

VIEWER_VARIABLE = "TARGEN_DATASETS_SERVER"
"""Environment variable: the address of the viewer's API, for a mirror."""

_PREFIX = "hf:"
_HOST = "https://huggingface.co"
_VIEWER = "https://datasets-server.huggingface.co"
_PAGE = 100  # rows, the most that the viewer gives at once
_SAMPLES = 5
_LONGEST = 2000  # characters of a description
_TRIES = 6
_FIRST_WAIT = 1.0  # seconds, doubled each time
_LONGEST_WAIT = 300.0  # seconds that a service may ask for
_TIMEOUT = 60.0
_PASSING = (408, 429, 502, 503, 504)
"""Statuses that say that the service, and not the dataset, is in trouble."""
_NOT_READY = ("", "ResponseNotReady", "UnexpectedError")
"""Messages of the viewer with a 500 that may pass."""
_LISTED = ["cardData", "description", "disabled", "gated", "lastModified", "private", "sha", "tags"]
_TAGS = ("task_categories", "task_ids")
_NOISE = ("arxiv", "region", "license", "size_categories", "format", "modality", "library", "doi")

_sleep: Callable[[float], None] = time.sleep


class Options(CatalogueOptions):
    """The part of the hub to describe."""

    search: str = Field("", description="words in the datasets' names")
    author: str = Field("", description="owner of the datasets")
    task: str = Field("", description="a task category, such as text-classification")
    language: str = Field("", description="a language code, such as en")
    tags: str = Field("", description="tags that datasets must have, separated by commas")
    limit: int = Field(
        1000,
        ge=0,
        description="maximum number of datasets, starting with the most downloaded; 0 means all",
    )
    configurations: int = Field(
        10, ge=1, description="maximum number of configurations per dataset"
    )
    samples: bool = Field(
        True, description="whether to fetch sample rows: one more request per configuration"
    )


def _opens(spec: str) -> bool:
    return spec.startswith(_PREFIX)


# --- what there is ----------------------------------------------------------


def _listing(spec: str, options: Options) -> Iterator[Listed]:
    name = spec.removeprefix(_PREFIX).strip()
    with _hub(spec) as api:
        if name and not name.endswith("/"):
            infos = iter([api.dataset_info(name, expand=_LISTED)])
        else:
            infos = iter(api.list_datasets(**_query(name.rstrip("/"), options)))
    while True:
        with _hub(spec):
            info = next(infos, None)  # requests the next page when it is read
        if info is None:
            return
        if info.private or info.disabled:
            continue
        card = info.card_data
        yield Listed(
            info.id,
            f"{info.sha}/{options.configurations}/{options.samples:d}",
            {
                "id": info.id,
                "sha": info.sha or "",
                "description": (info.description or "")[:_LONGEST].strip(),
                "tags": list(info.tags or []),
                "card": card.to_dict() if card is not None else {},
                "gated": bool(info.gated),
            },
        )


def _query(author: str, options: Options) -> dict[str, Any]:
    tags = [tag.strip() for tag in options.tags.split(",") if tag.strip()]
    query = {
        "author": author or options.author,
        "search": options.search,
        "filter": tags,
        "task_categories": options.task,
        "language": options.language,
        "limit": options.limit,
        "sort": "downloads" if options.limit else "",
        "expand": _LISTED,
    }
    return {name: value for name, value in query.items() if value}


@contextmanager
def _hub(what: str) -> Iterator[Any]:
    """Yield the hub's client, and translate what it raises into our errors."""
    hub_without_telemetry()
    from huggingface_hub import HfApi

    try:
        yield HfApi(endpoint=_endpoint())
    except (TargenError, ModuleNotFoundError):
        raise  # a missing package is said by who knows the extra
    except Exception as error:
        status = getattr(getattr(error, "response", None), "status_code", None)
        first = " ".join((str(error).strip() or type(error).__name__).split())[:200]
        if status == 404 or (status == 401 and what != _PREFIX):
            raise UsageError(
                f"the dataset {what.removeprefix(_PREFIX)!r} is not on the hub "
                f"{_endpoint()}, or this user has no access to it",
                hint="if it is private, run hf auth login",
            ) from error
        if status in (401, 403):
            raise UsageError(
                f"the hub {_endpoint()} refused access: {first}", hint="hf auth login"
            ) from error
        if isinstance(error, ValueError) and status is None:
            raise UsageError(
                f"{what}: {first}", hint="use hf:OWNER/NAME, or hf: for the whole hub"
            ) from error
        raise JobFailed(
            f"the request to the hub {_endpoint()} failed: {first}",
            hint="run the same command again to continue; the descriptions so far are kept",
        ) from error


def _endpoint() -> str:
    return os.environ.get("HF_ENDPOINT", "").rstrip("/") or _HOST


# --- one of them ------------------------------------------------------------


def _describe(listed: Listed, options: Options) -> Sequence[DatasetEntry]:
    facts = listed.data
    name, gated = str(facts["id"]), bool(facts["gated"])
    try:
        answer = _viewer("info", dataset=name)
    except DatasetUnavailable as error:
        if not gated:
            raise
        return [_entry(facts, {}, note=f"not described: {error}")]
    known = answer.body.get("dataset_info")
    if not isinstance(known, dict) or not known:
        raise DatasetUnavailable(f"the dataset viewer has no information about {name}")
    entries = []
    for configuration, info in list(known.items())[: options.configurations]:
        if not isinstance(info, dict):
            continue
        several = len(known) > options.configurations
        note = f"one of {len(known):,} configurations" if several else ""
        split, rows = _split(info)
        entry = _entry(
            facts,
            info,
            configuration=configuration,
            alone=len(known) == 1,
            split=split,
            rows=rows,
            revision=answer.revision,
            note=note,
        )
        if options.samples and split:
            entry = _with_samples(entry, name)
        entries.append(entry)
    return entries


def _split(info: Mapping[str, Any]) -> tuple[str, int | None]:
    """The split to read, and how many rows it has."""
    splits = info.get("splits")
    if not isinstance(splits, dict) or not splits:
        return "", None
    split = "train" if "train" in splits else str(next(iter(splits)))
    count = splits[split].get("num_examples") if isinstance(splits[split], dict) else None
    return split, count if isinstance(count, int) else None


def _entry(
    facts: Mapping[str, Any],
    info: Mapping[str, Any],
    *,
    configuration: str = "",
    alone: bool = True,
    split: str = "",
    rows: int | None = None,
    revision: str = "",
    note: str = "",
) -> DatasetEntry:
    name = str(facts["id"])
    card = facts["card"]
    tags = facts["tags"]
    said = [t.partition(":")[2] for t in tags if t.startswith("license:")]
    chosen = license_of(card.get("license"), card.get("license_name"))
    description = str(facts["description"] or info.get("description") or "")[:_LONGEST]
    features = info.get("features")
    plain_name = alone and configuration in ("", "default")
    return DatasetEntry(
        id=f"{_PREFIX}{name}" if plain_name else f"{_PREFIX}{name}:{configuration}",
        name=name,
        configuration=configuration,
        split=split,
        revision=revision or str(facts["sha"]),
        description=" ".join(description.split()),
        tags=_tags(tags),
        license=chosen or next(filter(None, map(license_of, said)), ""),
        gated=bool(facts["gated"]),
        columns=_columns(features) if isinstance(features, dict) else {},
        rows=rows,
        location=f"{_endpoint()}/datasets/{name}",
        notes=(note,) if note else (),
    )


def _tags(tags: Sequence[str]) -> tuple[str, ...]:
    kept: dict[str, None] = {}
    for tag in tags:
        kind, colon, value = tag.partition(":")
        if colon and kind in _NOISE:
            continue
        kept[value if colon and kind in _TAGS else tag] = None
    return tuple(kept)


def _with_samples(entry: DatasetEntry, name: str) -> DatasetEntry:
    """Return the entry with its first rows, or with a note if the viewer has none."""
    try:
        answer = _viewer("first-rows", dataset=name, config=entry.configuration, split=entry.split)
    except DatasetUnavailable as error:
        return entry.model_copy(update={"notes": (*entry.notes, f"no sample rows: {error}")})
    features = _features(answer.body)
    samples = [cut(_named(row, features)) for row, _ in _rows_in(answer.body)[:_SAMPLES]]
    columns = entry.columns or _columns(features)
    return entry.model_copy(update={"samples": tuple(samples), "columns": columns})


# --- rows -------------------------------------------------------------------


def _rows(entry: DatasetEntry) -> Iterator[Mapping[str, Any]]:
    if not entry.split:
        raise DatasetUnavailable(f"cannot read rows of {entry.id}: {'; '.join(entry.notes)}")
    offset, total = 0, None
    while total is None or offset < total:
        answer = _viewer(
            "rows",
            dataset=entry.name,
            config=entry.configuration,
            split=entry.split,
            offset=offset,
            length=_PAGE,
        )
        features = _features(answer.body)
        if answer.revision and answer.revision != entry.revision:
            raise DatasetUnavailable(
                f"{entry.id} has changed since it was described: its revision was "
                f"{entry.revision} and is now {answer.revision}",
                hint="run targen catalogue build hf: to describe it again",
            )
        if entry.columns and set(features) != set(entry.columns):
            there = ", ".join(features)
            raise DatasetUnavailable(
                f"{entry.id} no longer has the columns that were described; it now has: {there}",
                hint="run targen catalogue build hf: to describe it again",
            )
        page = _rows_in(answer.body)
        for row, is_cut in page:
            if not is_cut:  # a value cut by the viewer is not one of the dataset's
                yield _named(row, features)
        given = answer.body.get("num_rows_total")
        total = given if isinstance(given, int) else None
        offset += len(page)
        if not page:
            return


def _rows_in(body: Mapping[str, Any]) -> list[tuple[Mapping[str, Any], bool]]:
    """The rows of an answer, each with whether the viewer cut one of its cells."""
    rows = body.get("rows")
    return [
        (each["row"], bool(each.get("truncated_cells")))
        for each in (rows if isinstance(rows, list) else [])
        if isinstance(each, dict) and isinstance(each.get("row"), dict)
    ]


def _features(body: Mapping[str, Any]) -> dict[str, Any]:
    """Column -> its type, as the viewer lists them with rows."""
    features = body.get("features")
    return {
        str(each["name"]): each.get("type")
        for each in (features if isinstance(features, list) else [])
        if isinstance(each, dict) and "name" in each
    }


def _named(row: Mapping[str, Any], features: Mapping[str, Any]) -> dict[str, Any]:
    """A row with the names of classes in the place of their numbers."""
    values = {str(name): plain(value) for name, value in row.items()}
    for name, type_ in features.items():
        names = type_.get("names") if isinstance(type_, dict) else None
        number = values.get(name)
        if isinstance(names, list) and isinstance(number, int):
            values[name] = str(names[number]) if 0 <= number < len(names) else None
    return values


def _columns(features: Mapping[str, Any]) -> dict[str, str]:
    return {str(name): _type(type_) for name, type_ in features.items()}


def _type(feature: Any) -> str:
    """A feature of `datasets` in words."""
    if isinstance(feature, list):
        return f"list of {_type(feature[0])}" if feature else "list"
    if not isinstance(feature, dict):
        return "?"
    kind = feature.get("_type")
    if kind == "Value":
        return str(feature.get("dtype", "?"))
    if kind == "ClassLabel":
        names = [str(name) for name in feature.get("names") or []]
        more = f" and {len(names) - 20:,} more" if len(names) > 20 else ""
        return f"one of {', '.join(names[:20])}{more}" if names else "class"
    if kind in ("Sequence", "List", "LargeList"):
        return f"list of {_type(feature.get('feature'))}"
    if kind in ("Translation", "TranslationVariableLanguages"):
        return f"texts in {', '.join(map(str, feature.get('languages') or []))}"
    return str(kind).lower() if isinstance(kind, str) else "object"


# --- the viewer -------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Answer:
    """The viewer's answer, and the commit of its dataset, or ""."""

    body: Mapping[str, Any]
    revision: str


def _viewer(path: str, **query: Any) -> _Answer:
    """Send a request to the viewer, and repeat it if the viewer says so.

    Raises:
        DatasetUnavailable: the dataset does not exist, is not for this user, or has no rows.
        JobFailed: the service did not answer.
    """
    hub_without_telemetry()
    from huggingface_hub import get_session, get_token

    base = os.environ.get(VIEWER_VARIABLE, "").rstrip("/") or _VIEWER
    token = get_token() if _is_of_the_hub(base) else None
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    wait, last = _FIRST_WAIT, ""
    for tries_left in reversed(range(_TRIES)):
        asked = 0.0
        try:
            response = get_session().get(
                f"{base}/{path}", params=query, headers=headers, timeout=_TIMEOUT
            )
        except Exception as error:  # of whichever client the library brings
            last = " ".join(str(error).split()) or type(error).__name__
        else:
            status, body = response.status_code, _body(response)
            code = response.headers.get("X-Error-Code", "")
            last = str(body.get("error") or f"status {status}")[:300]
            if status == 200 and body:
                return _Answer(body, response.headers.get("X-Revision", ""))
            if status == 200:
                last = "the reply is not a JSON object"
            elif status not in _PASSING and not (status == 500 and code in _NOT_READY):
                raise _unavailable(str(query["dataset"]), status, last)
            elif status == 500 and not tries_left:
                raise DatasetUnavailable(
                    f"the dataset viewer does not have {query['dataset']}: {last}"
                )
            asked = _seconds(response.headers.get("Retry-After", ""))
        if asked > _LONGEST_WAIT:
            last += f"; retry in {asked:,.0f} s"
            break
        if tries_left:
            _sleep(asked or wait)
            wait *= 2
    raise JobFailed(
        f"no usable answer from the dataset viewer {base}: {last}",
        hint="run the same command again to continue; the descriptions so far are kept",
    )


def _is_of_the_hub(base: str) -> bool:
    """Return whether the user's token may be sent there: only to the hub and its stand-ins."""
    host = urlsplit(base).hostname or ""
    safe = base.startswith("https://") and host.endswith(".huggingface.co")
    return safe or host == urlsplit(_endpoint()).hostname


def _body(response: Any) -> Mapping[str, Any]:
    try:
        body = response.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _seconds(text: str) -> float:
    return float(text) if text.strip().isdecimal() else 0.0


def _unavailable(name: str, status: int, words: str) -> DatasetUnavailable:
    if status in (401, 403):
        return DatasetUnavailable(
            f"{name} is gated or private: {words}",
            hint=f"request access at {_endpoint()}/datasets/{name}, then run hf auth login",
        )
    if status == 404:
        return DatasetUnavailable(
            f"{name} does not exist, or this user has no access to it: {words}"
        )
    return DatasetUnavailable(f"the dataset viewer does not have {name}: {words}")


HUB = Catalogue(
    summary="the Hugging Face hub, through its dataset viewer, without full downloads",
    opens=_opens,
    listing=_listing,
    describe=_describe,
    rows=_rows,
    options=Options,
    extra="hub",
)
