"""`targen backends check`: one tiny call, to see that a backend works before it is paid for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from targen_core.cli.completion import completer
from targen_core.cli.flags import Said, takes
from targen_core.cli.options.arguments import JsonArg
from targen_core.cli.tables import print_json
from targen_core.errors import ServiceError, TargenError, UsageError
from targen_core.runs.config import ModelFlags
from targen_core.runs.jobs.failures import EMPTY_REPLIES

if TYPE_CHECKING:
    from targen_core.calls.model import ChatModel, ChatReply, ChatRequest, Price
    from targen_core.plugins.registry import Registry

_SYSTEM = "You answer briefly."
_QUESTION = "Name one river. Answer as JSON, in the field `river`."
_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"river": {"type": "string"}},
    "required": ["river"],
    "additionalProperties": False,
}
_SEED = 7


@takes(
    ModelFlags.declared(
        *("model", "base_url", "price_in", "price_out", "options", "key_file", "profile")
    )
)
def backends(
    action: Annotated[str, typer.Argument(metavar="check", help="The action: check.")],
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME]",
            help="The backend, NAME or NAME/MODEL; see targen list-backends. "
            "[default: targen config]",
            autocompletion=completer("backend"),
            show_default=False,
        ),
    ] = None,
    json: JsonArg = False,
    *,
    said: Said,
) -> None:
    """Check a backend with one small call.

    If it succeeds, prints the model, the time and the price, and exits with 0. Otherwise, prints
    the service's error and what to do, and exits with 1.

    Examples:
    - targen backends check llama --model llama3.1
    - targen backends check
    """
    from targen_core.cli.choosing import choice
    from targen_core.plugins.loader import load_registry

    if action != "check":
        raise UsageError(
            f"backends {action}: no such action",
            hint=f"targen backends check {name or 'NAME'}",
        )
    registry = load_registry()
    chosen = choice(registry, said, backend=name, otherwise="set up")
    with chosen.explained():
        check = _check(registry, chosen.model, chosen.options)
    if json:
        print_json(check)
        return
    name = chosen.model.rpartition(":")[2]
    print(f"{name} works: {check['model']} answered in {check['seconds']:.2f} s")
    print(f"tokens   {check['input_tokens']:,} in, {check['output_tokens']:,} out")
    if check["price"] is None:
        print(
            "price    unknown; set it with --price-in ... --price-out ..., in dollars per million "
            "tokens"
        )
    else:
        source = f" ({check['price_source']})" if check["price_source"] else ""
        print(f"price    ${check['price'][0]:g} in, ${check['price'][1]:g} out per million{source}")
        print(f"cost     ${check['dollars']:.6f} for this call")
    for note in check["notes"]:
        print(f"note     {note}")


def _check(registry: Registry, name: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """Make the backend, ask it once, and gather what there is to tell."""
    import asyncio

    from targen_core.calls.model import ChatRequest, Message, Price
    from targen_core.calls.secrets import Secrets
    from targen_core.runs.preparing.models import USER_PRICE
    from targen_core.runs.records.options import (
        backend_options,
        known_secrets,
        refuse_secrets,
        step_options,
    )
    from targen_core.tasks.steps import PARAMETERS

    item = registry.find("backend", name)
    backend = registry.resolve(item)
    user = step_options(options, "generate")
    chosen = backend_options(name, backend, user.backend)
    suited = dict(backend.defaults(chosen)) if backend.defaults is not None else {}
    params = {
        **PARAMETERS["generate"],
        **{k: v for k, v in suited.items() if "." not in k},
        **user.sampling,
    }
    secrets = Secrets(*known_secrets(None, chosen))
    try:
        model = registry.chat_model(backend.create(chosen))
        secrets = Secrets(*known_secrets(model, chosen))
        refuse_secrets(chosen, secrets)
        # What a run sends: a server may refuse any of these.
        params = {"seed": _SEED, **params} if model.seeded else params
        messages = (Message("system", _SYSTEM), Message("user", _QUESTION))
        request = ChatRequest(messages, params, _SCHEMA, "river", key="check")
        reply, seconds = asyncio.run(_ask(model, request))
    except TargenError as error:
        secrets.error(error)
        if isinstance(error, ServiceError) and error.retry_after:
            error.args = (f"{error}; the service requests a pause of {error.retry_after:,.0f} s",)
        raise
    except ModuleNotFoundError as error:
        raise item.missing_dependency(error.name or str(error)) from error
    except Exception as error:
        raise item.fault(f": {secrets.words(f'{type(error).__name__}: {error}')}") from (
            error if secrets.spared_by(error) else None
        )
    price = Price(*user.price, source=str(USER_PRICE)) if user.price else model.price
    reply = secrets.reply(reply)
    _require_text(reply)
    return {
        "backend": item.id,
        "identity": model.identity,
        "model": reply.model or getattr(chosen, "model", "") or model.identity,
        "seconds": round(seconds, 3),
        "input_tokens": reply.input_tokens,
        "output_tokens": reply.output_tokens,
        "price": None if price is None else [price.input, price.output],
        "price_source": price.source if price else "",
        "dollars": None if price is None else _cost(price, reply),
        "notes": _notes(model, reply),
    }


def _require_text(reply: ChatReply) -> None:
    """Check that a reply has a text that a run could use.

    Raises:
        ServiceError: it has none.
    """
    if reply.finish == "content-filter":
        raise ServiceError(
            "a filter of the service stopped the reply to a harmless question",
            cause="content-filter",
        )
    if reply.finish == "refusal":
        raise ServiceError(f"the model refused a harmless question: {reply.text[:200]!r}")
    if not reply.text.strip():
        is_cut = reply.finish == "length"
        raise ServiceError(
            "the reply was cut at max_tokens before it had any text"
            if is_cut
            else "the reply was empty",
            hint="set a larger -o max_tokens=N" if is_cut else EMPTY_REPLIES,
        )


async def _ask(model: ChatModel, request: ChatRequest) -> tuple[ChatReply, float]:
    import time

    begun = time.perf_counter()
    try:
        return await model.complete(request), time.perf_counter() - begun
    finally:
        await model.aclose()


def _cost(price: Price, reply: ChatReply) -> float:
    return price.dollars(
        reply.input_tokens,
        reply.output_tokens,
        cache_read=reply.cache_read_tokens,
        cache_write=reply.cache_write_tokens,
    )


def _notes(model: ChatModel, reply: ChatReply) -> list[str]:
    """Return remarks that are not errors."""
    import json

    notes = []
    if reply.reasoning_tokens:
        notes.append(
            f"{reply.reasoning_tokens:,} of the output tokens were reasoning, which is also billed"
        )
    if reply.finish == "length":
        notes.append("the reply was cut off; -o max_tokens=N allows longer replies")
    else:
        try:
            fits = isinstance(json.loads(reply.text), dict)
        except ValueError:
            fits = False
        if not fits:
            how = (
                "although the request had a schema"
                if model.structured
                else "although the prompt asked for one"
            )
            notes.append(
                f"the reply is not a JSON object, {how}; a run asks the model to repair such a "
                "reply once"
            )
    return notes
