"""The shelves of the site, and those it begins with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.utils.translation import gettext_noop as _

from marketplace.catalog.models import Category

BEGINNING: Final = (
    ("text", _("Text and language"), _("Read, sort, translate and shorten what people write.")),
    ("vision", _("Pictures"), _("Recognise, read and change images.")),
    ("video", _("Video"), _("Cut, track and describe moving pictures.")),
    (
        "audio",
        _("Speech and sound"),
        _("Turn speech into text, tell sounds apart, clean recordings."),
    ),
    ("documents", _("Documents"), _("Get tables, fields and text out of files.")),
    ("tabular", _("Tables and prediction"), _("Classify rows, predict numbers, find what is odd.")),
    ("time-series", _("Time series"), _("Forecast, smooth and compare what changes over time.")),
    ("search", _("Search and ranking"), _("Embed, match and order things by how alike they are.")),
    ("geo", _("Maps and places"), _("Routes, distances, addresses and areas.")),
    ("web", _("Web"), _("Fetch, read and check pages and addresses.")),
    (
        "security",
        _("Safety and abuse"),
        _("Find spam, fraud, secrets and what should not be shown."),
    ),
    ("science", _("Science"), _("Chemistry, biology, physics and mathematics.")),
    ("finance", _("Finance"), _("Prices, risks, receipts and books.")),
    ("graphs", _("Graphs and networks"), _("Paths, groups and what holds them together.")),
    (
        "tools",
        _("Everyday tools"),
        _("Small things done well: convert, check, generate, compress."),
    ),
)
ICONS: Final[Mapping[str, str]] = {
    "text": "task-text",
    "vision": "task-picture",
    "video": "task-video",
    "audio": "task-sound",
    "documents": "file",
    "tabular": "task-table",
    "time-series": "task-series",
    "search": "search",
    "geo": "task-place",
    "web": "internet",
    "security": "shield",
    "science": "task-science",
    "finance": "coin",
    "graphs": "branch",
    "tools": "task-tool",
}
OTHER_ICON: Final = "task-other"


def put_up() -> None:
    """Make the shelves that a site begins with, where there are none at all."""
    if not Category.objects.exists():
        Category.objects.bulk_create(
            Category(slug=slug, title=title, description=description, position=position)
            for position, (slug, title, description) in enumerate(BEGINNING, start=1)
        )


def icon(slug: str) -> str:
    return ICONS.get(slug, OTHER_ICON)
