"""Short articles: domains, topics in them, and paragraphs on each topic.

These are steps 1 and 2 of BoolQ and ReCoRD, and step 2 of MultiRC (paper, section 3.2 and appendix
D.3, D.6, D.7). Domains lead to topics or titles in a domain, and these to paragraphs on a topic.
Domains and titles are requested in the same words. There are three kinds of paragraphs, since the
original passages differ: entries of an encyclopaedia, reports of a newspaper and longer passages.
`PAPER_LISTS` are those of the variants `paper`: 50 topics, 7 paragraphs, without draws.

The parent of `TITLES` is any text that names a category, so a task with fixed categories can
replace `DOMAINS` by its own list.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel, ConfigDict

from targen_core import Prompt, Rejected
from targen_core.tasks.dimensions import Dimension
from targen_core.tasks.replies import line, list_of
from targen_core.tasks.steps import ListStep, Llm
from targen_core.tasks.words import normalized
from targen_standard.checks.languages import check_language
from targen_standard.checks.prose import phrase, prose
from targen_tasks_superglue.shared.content import load_dimensions
from targen_tasks_superglue.shared.offline import offline
from targen_tasks_superglue.shared.people import cast
from targen_tasks_superglue.shared.texts import sentences

_PACKAGE = "targen_tasks_superglue.shared"
_OFFLINE = offline(_PACKAGE)


def _prompt(name: str) -> Prompt:
    return Prompt(name, package=_PACKAGE)


_DOMAINS, _TITLES, _PARAGRAPHS = (_prompt(name) for name in ("domains", "titles", "paragraphs"))
_NEWS, _NEWS_TITLES, _PASSAGES = (_prompt(name) for name in ("news", "news-titles", "passages"))
ARTICLE_PROMPTS = (_DOMAINS, _TITLES, _NEWS_TITLES, _PARAGRAPHS, _NEWS, _PASSAGES)

ARTICLE_PARAMETERS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "contexts": MappingProxyType({"temperature": 1.0, "max_tokens": 400}),
        # Three long passages, seven short ones or fifty titles in one reply.
        "seeds": MappingProxyType({"temperature": 1.0, "max_tokens": 2048}),
    }
)
"""Sampling parameters of the lists by step: part of a call's key, so the same for all tasks."""

_SHOWN = 60  # earlier items that a prompt names; more would crowd out the request
_OPENING = 8  # words of an earlier paragraph that the prompt names
_DOMAIN = line(4, 50)
_TITLE = line(3, 60)
_NUMBERED = re.compile(r"^\(?\d+\s*[.):]|^[-*•#>\"“`]|\*\*|[\"”`:;,]$|\n| -- ")
_HEADED = re.compile(r"^\W*(?:paragraph|topic|title|text|category)\s*\d*\s*[:.)–-]", re.IGNORECASE)


class Title(BaseModel):
    """A topic, and the category that it was listed in."""

    model_config = ConfigDict(frozen=True)

    category: str
    title: str


class Paragraph(BaseModel):
    """An instance seed: one paragraph, and the title of its topic."""

    model_config = ConfigDict(frozen=True)

    title: str
    text: str


def check_domain(domain: str) -> None:
    """A domain is an English phrase of 1 to 8 words.

    Raises:
        Rejected: a reason of `check_language`, or `no-words`, `too-long`,
            `markup` or `meta-text` (it announces a list).
    """
    if domain.endswith(":"):
        raise Rejected("meta-text", f"the domain announces something: {domain!r}")
    phrase(domain, max_words=8, what="domain")
    check_language(domain, "domain")


def check_title(item: Title) -> None:
    """A title is a heading of 1 to 12 words, without number, quotes or markup.

    Raises:
        Rejected: a reason of `check_language`, or `no-words`, `too-long`,
            `meta-text` or `markup`.
    """
    title = item.title
    count = len(normalized(title).split())
    if not count:
        raise Rejected("no-words", f"no word in the title {title!r}")
    if count > 12:
        raise Rejected("too-long", f"the title has {count} words, more than 12")
    if title.endswith(":") or _HEADED.search(title):
        raise Rejected("meta-text", f"the title announces something: {title!r}")
    if _NUMBERED.search(title):
        raise Rejected("markup", f"the title holds markup: {title[:60]!r}")
    check_language(title, "title")


def check_paragraph(item: Paragraph) -> None:
    """A paragraph is clean prose of 15 to 450 words.

    Raises:
        Rejected: a reason of `prose`, or `meta-text` (it opens with a
            heading).
    """
    opening = item.text.lower().removeprefix(item.title.lower()).lstrip()
    if _HEADED.search(item.text) or (opening != item.text.lower() and opening[:1] in ":-–—"):
        raise Rejected("meta-text", f"the paragraph opens with a heading: {item.text[:60]!r}")
    prose(item.text, min_words=15, max_words=450, what="paragraph")


def check_article(item: Paragraph) -> None:
    """A paragraph of at least three sentences, so that there is something to put together.

    Raises:
        Rejected: a reason of `check_paragraph`, or `few-sentences`.
    """
    check_paragraph(item)
    count = len(sentences(item.text))
    if count < 3:
        raise Rejected("few-sentences", f"the paragraph has {count} sentences, fewer than 3")


async def _propose_domains(llm: Llm, parent: None, existing: Sequence[str]) -> Sequence[str]:
    have = "; ".join(existing[-_SHOWN:]) or "no others"
    model = list_of("domains", _DOMAIN, llm.batch)
    reply = await llm.ask(_DOMAINS, reply=model, count=llm.batch, have=have)
    return [" ".join(domain.split()) for domain in reply.items if domain.strip()]


def _proposed_titles(
    prompt: Prompt,
) -> Callable[[Llm, str, Sequence[Title]], Coroutine[Any, Any, Sequence[Title]]]:
    """Return a function that asks for titles in a category, by a prompt."""

    async def propose(llm: Llm, category: str, existing: Sequence[Title]) -> Sequence[Title]:
        have = "; ".join(item.title for item in existing[-_SHOWN:]) or "none"
        model = list_of("titles", _TITLE, llm.batch)
        reply = await llm.ask(prompt, reply=model, category=category, count=llm.batch, have=have)
        titles = (" ".join(title.split()) for title in reply.items)
        return [Title(category=category, title=title) for title in titles if title]

    return propose


def _proposed(
    prompt: Prompt, text: Any
) -> Callable[[Llm, Title, Sequence[Paragraph]], Coroutine[Any, Any, Sequence[Paragraph]]]:
    """Return a function that asks for paragraphs on a topic: by a prompt, with texts of a type.

    Names of people and organisations are drawn if the prompt has a place for them.
    """

    async def propose(llm: Llm, topic: Title, existing: Sequence[Paragraph]) -> Sequence[Paragraph]:
        openings = " … ".join(" ".join(item.text.split()[:_OPENING]) for item in existing[-_SHOWN:])
        values: dict[str, Any] = {}
        if "cast" in prompt.variables:
            drawn = (cast(llm.rng(f"cast {len(existing) + n}")) for n in range(llm.batch))
            values["cast"] = "\n".join(f"{n}. {names}" for n, names in enumerate(drawn, 1))
        reply = await llm.ask(
            prompt,
            reply=list_of("paragraphs", text, llm.batch),
            category=topic.category,
            title=topic.title,
            count=llm.batch,
            have=openings or "none",
            **values,
        )
        texts = (" ".join(text.split()) for text in reply.items)
        return [Paragraph(title=topic.title, text=text) for text in texts]

    return propose


def _paragraphs(
    prompt: Prompt,
    text: Any,
    dimensions: tuple[Dimension, ...],
    check: Callable[[Paragraph], None],
    summary: str,
) -> ListStep[Paragraph]:
    return ListStep(
        item=Paragraph,
        propose=_proposed(prompt, text),
        batch=2,
        check=check,
        key=lambda item: normalized(item.text),
        summary=summary,
        prompts=(prompt,),
        dimensions=dimensions,
        dry_run=_OFFLINE,
    )


DOMAINS: ListStep[str] = ListStep(
    item=str,
    propose=_propose_domains,
    batch=10,
    check=check_domain,
    summary="domains to write articles about",
    prompts=(_DOMAINS,),
    dimensions=load_dimensions(_PACKAGE, "domains"),
    dry_run=_OFFLINE,
)
NEWS_DOMAINS: ListStep[str] = replace(
    DOMAINS,
    dimensions=load_dimensions(_PACKAGE, "news_domains"),
    summary="domains to write news about",
)
TITLES: ListStep[Title] = ListStep(
    item=Title,
    propose=_proposed_titles(_TITLES),
    batch=5,
    check=check_title,
    key=lambda item: normalized(item.title),
    summary="topics of articles in a category",
    prompts=(_TITLES,),
    dry_run=_OFFLINE,
)
NEWS_TITLES = replace(
    TITLES,
    propose=_proposed_titles(_NEWS_TITLES),
    summary="pieces of news in a category, without names of people or organisations",
    prompts=(_NEWS_TITLES,),
)
PARAGRAPHS = _paragraphs(
    _PARAGRAPHS,
    line(120, 1300),
    load_dimensions(_PACKAGE, "entries"),
    check_paragraph,
    "paragraphs of one to ten sentences on a topic: what it is, how it works, what is allowed",
)
NEWS = _paragraphs(
    _NEWS,
    line(500, 1400),
    load_dimensions(_PACKAGE, "news"),
    check_article,
    "reports that mention invented people and organisations repeatedly",
)
PASSAGES = _paragraphs(
    _PASSAGES,
    line(800, 2200),
    load_dimensions(_PACKAGE, "passages"),
    check_article,
    "passages of eleven to eighteen sentences on a topic",
)
PAPER_LISTS: tuple[ListStep[str], ListStep[Title], ListStep[Paragraph]] = (
    replace(DOMAINS, dimensions=()),
    replace(TITLES, batch=50),
    replace(
        PARAGRAPHS,
        propose=_proposed(_PARAGRAPHS, line(250, 900)),
        batch=7,
        check=check_article,
        dimensions=(),
    ),
)
"""Domains, 50 titles in each and 7 paragraphs on a title, without draws."""
