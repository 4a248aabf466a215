"""The few pages that are no admin and no API: the front page, and what each problem means."""

import re
from functools import cache
from typing import Final

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

from config.problems import PROBLEMS
from config.version import version

HEADING: Final = re.compile(r"^### ([a-z-]+)$", re.MULTILINE)


def index(request: HttpRequest) -> HttpResponse:
    """Show where to go from here."""
    return render(request, "clearwatt/index.html", {"version": version()})


def problems(request: HttpRequest) -> HttpResponse:
    """Show every problem type."""
    listed = [
        {"name": name, "title": problem.title, "status": problem.status}
        for name, problem in sorted(PROBLEMS.items())
    ]
    return render(request, "clearwatt/problems.html", {"problems": listed})


def problem(request: HttpRequest, name: str) -> HttpResponse:
    """Show one problem type: what was refused, and what to do."""
    if name not in PROBLEMS:
        raise Http404
    context = {
        "name": name,
        "title": PROBLEMS[name].title,
        "status": PROBLEMS[name].status,
        "explanation": explanations()[name],
    }
    return render(request, "clearwatt/problem.html", context)


@cache
def explanations() -> dict[str, SafeString]:
    """Return the text below each heading of docs/problems.md, as HTML."""
    text = (settings.BASE_DIR / "docs" / "problems.md").read_text(encoding="utf-8")
    _, *parts = HEADING.split(text)
    markdown = MarkdownIt("commonmark", {"html": False})
    return {
        name: mark_safe(markdown.render(re.split(r"^## ", body, flags=re.MULTILINE)[0]))  # noqa: S308 - our own file, rendered without raw HTML
        for name, body in zip(parts[::2], parts[1::2], strict=True)
    }
