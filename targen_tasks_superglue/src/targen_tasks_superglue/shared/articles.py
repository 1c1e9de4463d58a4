"""Short articles: domains, topics in them, and paragraphs on each topic.

Steps 1 and 2 of BoolQ and ReCoRD, step 2 of MultiRC (paper, section 3.2 and
appendix D.3, D.6, D.7): domains -> 50 topics or titles in a domain -> 7 short
paragraphs on a topic. They use these very lists with `ARTICLE_PARAMETERS`, so
that in one suite run their calls are the same calls and are paid once.

The parent of `TITLES` is any text that names a category, so that a task with
fixed categories puts a list of its own in place of `DOMAINS`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel, ConfigDict

from targen_core import ListStep, Llm, Prompt, Rejected
from targen_core.tasks.checks import check_language, normalized, phrase, prose
from targen_core.tasks.replies import line, list_of
from targen_tasks_superglue.shared.dry_run_articles import dry_run_articles
from targen_tasks_superglue.shared.sentences import sentences

__all__ = [
    "ARTICLE_PARAMETERS",
    "ARTICLE_PROMPTS",
    "DOMAINS",
    "PARAGRAPHS",
    "TITLES",
    "Paragraph",
    "Title",
    "check_domain",
    "check_paragraph",
    "check_title",
    "dry_run_articles",
]


def _prompt(name: str) -> Prompt:
    return Prompt(name, package="targen_tasks_superglue.shared")


_DOMAINS, _TITLES, _PARAGRAPHS = (_prompt(name) for name in ("domains", "titles", "paragraphs"))
ARTICLE_PROMPTS = (_DOMAINS, _TITLES, _PARAGRAPHS)

ARTICLE_PARAMETERS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "contexts": MappingProxyType({"temperature": 1.0, "max_tokens": 400}),
        # Seven paragraphs of up to 120 words, or fifty titles, in one reply.
        "seeds": MappingProxyType({"temperature": 1.0, "max_tokens": 2048}),
    }
)
"""Sampling parameters of the lists by step: part of a call's key, so the same for all tasks."""

_SHOWN = 60  # earlier items that a prompt names; more would crowd out the request
_OPENING = 8  # words of an earlier paragraph that the prompt names
_DOMAIN = line(4, 50)
_TITLE = line(3, 60)
_PARAGRAPH = line(250, 900)
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
    """A paragraph is clean prose of 30 to 200 words in at least three sentences.

    Raises:
        Rejected: a reason of `prose`, or `meta-text` (it opens with a
            heading) or `few-sentences`.
    """
    opening = item.text.lower().removeprefix(item.title.lower()).lstrip()
    if _HEADED.search(item.text) or (opening != item.text.lower() and opening[:1] in ":-–—"):
        raise Rejected("meta-text", f"the paragraph opens with a heading: {item.text[:60]!r}")
    prose(item.text, min_words=30, max_words=200, what="paragraph")
    count = len(sentences(item.text))
    if count < 3:
        raise Rejected("few-sentences", f"the paragraph has {count} sentences, fewer than 3")


async def _propose_domains(llm: Llm, parent: None, existing: Sequence[str]) -> Sequence[str]:
    have = "; ".join(existing[-_SHOWN:]) or "no others"
    model = list_of("domains", _DOMAIN, llm.batch)
    reply = await llm.ask(_DOMAINS, reply=model, count=llm.batch, have=have)
    return [" ".join(domain.split()) for domain in reply.items if domain.strip()]


async def _propose_titles(llm: Llm, category: str, existing: Sequence[Title]) -> Sequence[Title]:
    have = "; ".join(item.title for item in existing[-_SHOWN:]) or "none"
    model = list_of("titles", _TITLE, llm.batch)
    reply = await llm.ask(_TITLES, reply=model, category=category, count=llm.batch, have=have)
    titles = (" ".join(title.split()) for title in reply.items)
    return [Title(category=category, title=title) for title in titles if title]


async def _propose_paragraphs(
    llm: Llm, topic: Title, existing: Sequence[Paragraph]
) -> Sequence[Paragraph]:
    openings = " … ".join(" ".join(item.text.split()[:_OPENING]) for item in existing[-_SHOWN:])
    reply = await llm.ask(
        _PARAGRAPHS,
        reply=list_of("paragraphs", _PARAGRAPH, llm.batch),
        category=topic.category,
        title=topic.title,
        count=llm.batch,
        have=openings or "none",
    )
    texts = (" ".join(text.split()) for text in reply.items)
    return [Paragraph(title=topic.title, text=text) for text in texts]


DOMAINS: ListStep[str] = ListStep(
    item=str,
    propose=_propose_domains,
    batch=10,
    check=check_domain,
    summary="domains to write articles in",
    prompts=(_DOMAINS,),
    dry_run=dry_run_articles,
)
TITLES: ListStep[Title] = ListStep(
    item=Title,
    propose=_propose_titles,
    batch=50,
    check=check_title,
    key=lambda item: normalized(item.title),
    summary="topics that articles of a category are about",
    prompts=(_TITLES,),
    dry_run=dry_run_articles,
)
PARAGRAPHS: ListStep[Paragraph] = ListStep(
    item=Paragraph,
    propose=_propose_paragraphs,
    batch=7,
    check=check_paragraph,
    key=lambda item: normalized(item.text),
    summary="short paragraphs on a topic, naming people, places and what links them",
    prompts=(_PARAGRAPHS,),
    dry_run=dry_run_articles,
)
