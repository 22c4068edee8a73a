"""The double of one site: its keys and its state lie in a folder, its pages behind the site's own."""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from billing.stripe_double import endpoints, server
from billing.stripe_double.world import World

_FILE: Final = "site.json"


@dataclass(frozen=True)
class Place:
    """Where the double of a site listens, and what opens it."""

    address: str
    key: str
    secret: str


def start(folder: Path, *, webhook: str, pages: str) -> server.Double:
    """Serve what the folder remembers, send events to `webhook`, and leave word where to find it."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    before = find(folder)
    key = before.key if before else f"sk_test_{secrets.token_hex(16)}"
    secret = before.secret if before else f"whsec_{secrets.token_hex(16)}"
    world = World(key=key, pages=pages, file=folder / "state.json")
    endpoints.send_everything_to(world, webhook, secret)
    double = server.start(world)
    beside = folder / f"{_FILE}.new"
    beside.touch(mode=0o600)
    beside.write_text(json.dumps(asdict(Place(double.address, key, secret))))
    beside.replace(folder / _FILE)
    return double


def find(folder: Path) -> Place | None:
    """What the last double that was started here has left word of."""
    try:
        return Place(**json.loads((folder / _FILE).read_text()))
    except FileNotFoundError:
        return None
