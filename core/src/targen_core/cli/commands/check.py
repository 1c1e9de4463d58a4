"""`targen check`: three small calls that tell what a service does before a run pays for many."""

from __future__ import annotations

import asyncio
import json as jsonlib
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Annotated, Any

import typer

from targen_core.cli.completion import completer
from targen_core.cli.flags import Said, takes
from targen_core.cli.options.arguments import JsonArg
from targen_core.cli.tables import print_json
from targen_core.cli.tokens import estimate
from targen_core.errors import ServiceError, TargenError
from targen_core.hints import quoted
from targen_core.runs.config import ModelFlags
from targen_core.runs.failures import EMPTY_REPLIES

if TYPE_CHECKING:
    from targen_core.calls.model import ChatReply, ChatRequest, Price
    from targen_core.plugins.registry import Registry
    from targen_core.runs.step_options import StepOptions

_PLAIN = "Name one river. Answer with its name only, in plain text without JSON."
_FIT = "Name one river. Answer as a JSON object with the field `river`."
_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"river": {"type": "string"}},
    "required": ["river"],
    "additionalProperties": False,
}
_SEED = 7
_REASONING = ("reasoning_content", "reasoning", "thinking")
_HIDDEN = 50  # output tokens more than a text has, which then were reasoning


@takes(
    ModelFlags.declared(
        *("model", "base_url", "price_in", "price_out", "options", "key_file", "profile")
    )
)
def check(
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
    """Check a model with three small calls.

    Shows if the service enforces JSON schemas, where it puts reasoning, which tokens it counts, its
    limits and the price. Then prints the options for a run. If a call fails, prints the service's
    error and what to do, and exits with 1.

    Examples:
    - targen check llama/llama3.1
    - targen check
    """
    from targen_core.cli.choosing import choice
    from targen_core.plugins.loader import load_registry

    registry = load_registry()
    chosen = choice(registry, said, backend=name, otherwise="set up")
    with chosen.explained():
        report = _check(registry, chosen.model, chosen.options)
    facts = report.as_json()
    if json:
        print_json(facts)
        return
    short = chosen.model.rpartition(":")[2]
    print(f"{short} works: {report.model} answered in {report.seconds:.2f} s")
    for title, text in _lines(facts):
        print(f"{title:<11}{text}")
    address = f" --base-url {quoted(url)}" if (url := chosen.options.get("base_url")) else ""
    model = chosen.options.get("model") or ""
    options = "".join(f" -o {option}" for option in report.options)
    print(f"{'use':<11}-b {quoted(short + (f'/{model}' if model else ''))}{address}{options}")


@dataclass
class _Report:
    """What the calls tell.

    Attributes:
        structured: whether a schema is "enforced", "ignored" or "refused"; "unsupported" if the
            backend sends none.
        fits: whether a reply fits the schema in the way that `options` ask for it.
        reasoning: where the model's reasoning appears, or "".
        options: those that a run needs, each `KEY=VALUE`.
    """

    backend: str
    model: str
    seconds: float
    structured: str = "unsupported"
    fits: bool = False
    reasoning: str = ""
    options: list[str] = field(default_factory=list)
    replies: list[ChatReply] = field(default_factory=list)
    price: Price | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the report with its figures, as JSON has it."""
        price = self.price
        return {
            "backend": self.backend,
            "model": self.model,
            "seconds": round(self.seconds, 3),
            "structured": self.structured,
            "fits": self.fits,
            "reasoning": self.reasoning,
            "usage_reported": not any(reply.estimated for reply in self.replies),
            "input_tokens": sum(reply.input_tokens for reply in self.replies),
            "output_tokens": sum(reply.output_tokens for reply in self.replies),
            "limits": _limits(self.replies[0]),
            "price": None if price is None else [price.input, price.output],
            "price_source": price.source if price else "",
            "dollars": None if price is None else sum(_cost(price, r) for r in self.replies),
            "options": self.options,
        }


def _limits(reply: ChatReply) -> dict[str, int]:
    """Return the limits in an answer's headers, by what they are."""
    counts = {} if reply.rate is None else asdict(reply.rate)
    return {
        words: counts[name]
        for name, words in (
            ("limit_requests", "requests in all"),
            ("remaining_requests", "requests left"),
            ("remaining_tokens", "tokens left"),
        )
        if counts.get(name) is not None
    }


def _cost(price: Price, reply: ChatReply) -> float:
    return price.dollars(
        reply.input_tokens,
        reply.output_tokens,
        cache_read=reply.cache_read_tokens,
        cache_write=reply.cache_write_tokens,
    )


def _lines(report: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    structured = {
        "enforced": "the service enforces the schema",
        "ignored": "the service ignores the schema",
        "refused": "the service refuses the schema",
        "unsupported": "the schema goes into the prompt",
    }[report["structured"]]
    fits = "fits" if report["fits"] else "does not fit, and a run asks once for another"
    yield "JSON", f"{structured}; a reply {fits}"
    yield "reasoning", report["reasoning"] or "none seen"
    counted = "" if report["usage_reported"] else " (estimated: the service reports none)"
    yield "tokens", f"{report['input_tokens']:,} in, {report['output_tokens']:,} out{counted}"
    limits = ", ".join(f"{count:,} {name}" for name, count in report["limits"].items())
    yield "limits", limits or "none in the headers; a run learns them"
    if report["price"] is None:
        unknown = "unknown; set it with --price-in ... --price-out ..., in dollars per million "
        yield "price", f"{unknown}tokens"
    else:
        source = f" ({report['price_source']})" if report["price_source"] else ""
        into, out = report["price"]
        yield "price", f"${into:g} in, ${out:g} out per million{source}"
        yield "cost", f"${report['dollars']:.6f} for these calls"


def _check(registry: Registry, name: str, options: Mapping[str, Any]) -> _Report:
    """Make the backend, ask it three times, and report what there is to tell."""
    from targen_core.runs.models import USER_PRICE
    from targen_core.runs.step_options import step_options

    user = step_options(options, "generate")
    report = asyncio.run(_asked(registry, name, user))
    if user.price:
        from targen_core.calls.model import Price

        report.price = Price(*user.price, source=str(USER_PRICE))
    return report


async def _asked(registry: Registry, name: str, user: StepOptions) -> _Report:
    first = _Asked(registry, name, user, {})
    try:
        begun = time.perf_counter()
        plain = await first.ask(_PLAIN)
        _require_text(plain)
        report = _Report(first.item.id, plain.model or first.named, time.perf_counter() - begun)
        report.reasoning = first.reasoning(plain)
        report.replies.append(plain)
        last, fitting = first, None
        if first.model.structured:
            report.structured = await _enforcement(first, report)
        if report.structured in ("ignored", "refused") and "structured" not in user.backend:
            for way in ("json_object", "none") if report.structured == "refused" else ("none",):
                last = _Asked(registry, name, user, {"structured": way})
                report.options = [f"structured={way}"]
                try:
                    fitting = await last.ask(_FIT, _SCHEMA)
                    break
                except ServiceError as error:
                    if way == "none" or not _is_about_the_request(error):
                        raise
                finally:
                    await last.model.aclose()
        fitting = fitting or await first.ask(_FIT, _SCHEMA)
        report.replies.append(fitting)
        report.fits = _river(fitting) is not None
        if fitting.finish == "length":
            report.options.append(f"max_tokens={4 * last.params['max_tokens']}")
        report.price = first.model.price
        return report
    finally:
        await first.model.aclose()


async def _enforcement(asked: _Asked, report: _Report) -> str:
    """Send a schema that contradicts the question, and return how the service treats it."""
    try:
        reply = await asked.ask(_PLAIN, _SCHEMA)
    except ServiceError as error:
        if not _is_about_the_request(error):
            raise
        return "refused"
    report.replies.append(reply)
    return "ignored" if _river(reply) is None else "enforced"


def _is_about_the_request(error: ServiceError) -> bool:
    return error.cause in ("bad-request", "unsupported")


class _Asked:
    """A backend's model with some options, and the answers that it got."""

    def __init__(
        self, registry: Registry, name: str, user: StepOptions, more: Mapping[str, Any]
    ) -> None:
        from targen_core.calls.secrets import Secrets
        from targen_core.runs.step_options import backend_options, known_secrets, refuse_secrets
        from targen_core.tasks.steps import PARAMETERS

        self.item = registry.find("backend", name)
        backend = registry.resolve(self.item)
        chosen = backend_options(name, backend, {**user.backend, **more})
        suited = dict(backend.defaults(chosen)) if backend.defaults is not None else {}
        self._secrets = Secrets(*known_secrets(None, chosen))
        with self._explained():
            self.model = registry.chat_model(backend.create(chosen))
            self._secrets = Secrets(*known_secrets(self.model, chosen))
            refuse_secrets(chosen, self._secrets)
        # What a run sends: a server may refuse any of these.
        self.params = {
            **({"seed": _SEED} if self.model.seeded else {}),
            **PARAMETERS["generate"],
            **{key: value for key, value in suited.items() if "." not in key},
            **user.sampling,
        }
        self.named = getattr(chosen, "model", "") or self.model.identity
        self._envelope: Any = None

    async def ask(self, question: str, schema: Mapping[str, Any] | None = None) -> ChatReply:
        """Return the reply to a question."""
        from targen_core.calls.model import ChatRequest, Message

        messages = (Message("system", "You answer briefly."), Message("user", question))
        request = ChatRequest(messages, self.params, schema, "river", key="check")
        model: Any = self.model
        if (read := getattr(model, "read", None)) is not None:  # to see the whole answer

            def seen(answer: Any, asked: ChatRequest) -> ChatReply:
                self._envelope = answer
                reply: ChatReply = read(answer, asked)
                return reply

            model.read = seen
        try:
            with self._explained():
                return self._secrets.reply(await self.model.complete(request))
        finally:
            if read is not None:
                del model.read

    def reasoning(self, reply: ChatReply) -> str:
        """Return where the model's reasoning appears in the last answer, or ""."""
        shown = jsonlib.dumps(self._envelope, ensure_ascii=False)
        for name in _REASONING:
            if f'"{name}": "' in shown and f'"{name}": ""' not in shown:
                return f"in the field {name}, billed as output"
        text = jsonlib.dumps(reply.text, ensure_ascii=False)[1:-1]
        if self._envelope is not None and f': "{text}' not in shown:
            return "within the text; targen removes it"
        if reply.reasoning_tokens or reply.output_tokens > estimate([reply.text]) + _HIDDEN:
            count = reply.reasoning_tokens or reply.output_tokens
            return f"hidden, about {count:,} tokens, billed as output"
        return ""

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except TargenError as error:
            self._secrets.error(error)
            if isinstance(error, ServiceError) and error.retry_after:
                wait = f"{error.retry_after:,.0f} s"
                error.args = (f"{error}; the service requests a pause of {wait}",)
            raise
        except ModuleNotFoundError as error:
            raise self.item.missing_dependency(error.name or str(error)) from error
        except Exception as error:
            words = self._secrets.words(f"{type(error).__name__}: {error}")
            raise self.item.fault(f": {words}") from (
                error if self._secrets.spared_by(error) else None
            )


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


def _river(reply: ChatReply) -> str | None:
    """Return the value in a reply that fits the schema, or None."""
    from pydantic import BaseModel

    from targen_core.engine.reply_json import read_reply
    from targen_core.errors import BadReply

    class River(BaseModel):
        river: str

    try:
        return read_reply(reply.text, River).river
    except BadReply:
        return None
