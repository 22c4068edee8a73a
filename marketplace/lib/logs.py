"""How the site's log looks: one line each on standard error, with the request it belongs to."""

from __future__ import annotations

from typing import Any


def to_console(level: str) -> dict[str, Any]:
    """The configuration, for `logging.config.dictConfig`, that writes from this level up."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"request": {"()": "marketplace.request_ids.NameRequest"}},
        "formatters": {
            "plain": {"format": "%(asctime)s %(levelname)s %(name)s%(request_name)s: %(message)s"}
        },
        "handlers": {
            "console": {
                "class": "logging.StreamHandler",
                "formatter": "plain",
                "filters": ["request"],
            }
        },
        "root": {"handlers": ["console"], "level": level},
    }
