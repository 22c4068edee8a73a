"""Which of NVIDIA's devices sandboxes are given, in the ways of both backends.

The Docker Engine is asked for devices, and the NVIDIA Container Toolkit brings them in with the
driver's libraries. bubblewrap shows the device files themselves; there the driver's libraries
are part of the system software.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from runners.errors import PlatformFault

ALL: Final = ("all",)
_CAPABILITIES: Final = ("gpu", "compute", "utility")
_DRIVER: Final = "proc/driver/nvidia/gpus"


@dataclass(frozen=True, slots=True)
class _Card:
    """What the driver says of one GPU."""

    uuid: str
    minor: int  # the number of its device file


def request(visible: Sequence[str]) -> dict[str, Any]:
    """Give what the Docker Engine is asked for: all devices, or those of these numbers or UUIDs."""
    chosen = [] if tuple(visible) == ALL else list(visible)
    return {
        "Driver": "nvidia",
        "Count": 0 if chosen else -1,
        "DeviceIDs": chosen,
        "Capabilities": [list(_CAPABILITIES)],
        "Options": {},
    }


def files(visible: Sequence[str], root: Path = Path("/")) -> list[str]:
    """Give the device files of these GPUs, and those that are common to all."""
    found = sorted(path for path in (root / "dev").glob("nvidia*") if not path.is_dir())
    cards = [path for path in found if path.name.removeprefix("nvidia").isdigit()]
    common = [path for path in found if path not in cards]
    if tuple(visible) != ALL:
        chosen = {f"nvidia{_find(name, _cards(root)).minor}" for name in visible}
        cards = [path for path in cards if path.name in chosen]
    if not cards:
        raise PlatformFault("This machine has no GPU that a sandbox could use.")
    return [f"/{path.relative_to(root)}" for path in (*common, *cards)]


def _find(name: str, cards: list[_Card]) -> _Card:
    for number, card in enumerate(cards):
        if name in (str(number), card.uuid):
            return card
    raise PlatformFault(f"GPU_DEVICES names {name}, but this machine has no such GPU.")


def _cards(root: Path) -> list[_Card]:
    """The GPUs in the order of their places on the bus, which is how `nvidia-smi` numbers them."""
    found = []
    for path in sorted((root / _DRIVER).glob("*/information")):
        pairs = (line.partition(":") for line in path.read_text().splitlines())
        facts = {name.strip(): value.strip() for name, _, value in pairs}
        found.append(_Card(facts["GPU UUID"], int(facts["Device Minor"])))
    return found
