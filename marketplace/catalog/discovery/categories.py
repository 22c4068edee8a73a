"""The shelves of the site, and those it begins with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from marketplace.catalog.models import Category

BEGINNING: Final = (
    ("text", "Text and language", "Read, sort, translate and shorten what people write."),
    ("vision", "Pictures", "Recognise, read and change images."),
    ("video", "Video", "Cut, track and describe moving pictures."),
    ("audio", "Speech and sound", "Turn speech into text, tell sounds apart, clean recordings."),
    ("documents", "Documents", "Get tables, fields and text out of files."),
    ("tabular", "Tables and prediction", "Classify rows, predict numbers, find what is odd."),
    ("time-series", "Time series", "Forecast, smooth and compare what changes over time."),
    ("search", "Search and ranking", "Embed, match and order things by how alike they are."),
    ("geo", "Maps and places", "Routes, distances, addresses and areas."),
    ("web", "Web", "Fetch, read and check pages and addresses."),
    ("security", "Safety and abuse", "Find spam, fraud, secrets and what should not be shown."),
    ("science", "Science", "Chemistry, biology, physics and mathematics."),
    ("finance", "Finance", "Prices, risks, receipts and books."),
    ("graphs", "Graphs and networks", "Paths, groups and what holds them together."),
    ("tools", "Everyday tools", "Small things done well: convert, check, generate, compress."),
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
