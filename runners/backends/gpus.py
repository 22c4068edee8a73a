"""Which of NVIDIA's devices sandboxes are given, in the ways of both backends.

A sandbox gets one GPU, which is its own unless the operator lets several share one. Who has which
is kept in locks of the kernel: they hold between processes too, and end with whoever held them.

The Docker Engine is asked for devices, and the NVIDIA Container Toolkit brings them in with the
driver's libraries. bubblewrap shows the device files themselves; there the driver's libraries
are part of the system software.
"""

from __future__ import annotations

import fcntl
import os
import re
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from runners.errors import PlatformFault

ALL: Final = ("all",)
_CAPABILITIES: Final = ("gpu", "compute", "utility")
_DRIVER: Final = "proc/driver/nvidia/gpus"
_SECONDS_TO_FREE: Final = 30.0
"""A sandbox that has been ended may hold its GPU for a moment longer."""

_LOOK_SECONDS: Final = 0.1
SHARED: Final = (
    "Several sandboxes share a GPU (GPU_SANDBOXES): nothing limits how much of its memory each "
    "takes, so one can leave the others none. Slices (MIG) as devices of their own are limited."
)
_ALL_TAKEN: Final = (
    "Every GPU of this machine is in use ({lent} of {lent}). Nothing was charged; try again when a "
    "call that uses one has ended."
)


@dataclass(frozen=True, slots=True)
class _Card:
    """What the driver says of one GPU."""

    uuid: str
    minor: int  # the number of its device file
    model: str

    def has_name(self, name: str, number: int) -> bool:
        """Whether `nvidia-smi` would take this name for it; `number` is its place in its list."""
        return name in (str(number), self.uuid)


@dataclass(frozen=True, slots=True)
class Loan:
    """A GPU in a sandbox's hands, until it is given back."""

    device: str  # as the operator or the driver names it
    uuid: str  # empty where the driver says nothing
    _root: Path
    _lock: int

    @property
    def is_everything(self) -> bool:
        """Whether nothing tells the devices apart, so that all of them go together."""
        return self.device == ALL[0]

    def variables(self) -> tuple[tuple[str, str], ...]:
        """What tells CUDA which device it is: by UUID, which is the same inside and outside."""
        if self.is_everything:
            return ()
        return (("CUDA_VISIBLE_DEVICES", self.uuid or "0"),)

    def files(self) -> list[tuple[str, str]]:
        """Give its device files: where each lies, and where programs look for it."""
        paths = files([self.device], self._root)
        return [(str(self._root / path.lstrip("/")), path) for path in paths]

    def give_back(self) -> None:
        os.close(self._lock)


class Devices:
    """The GPUs of this machine that sandboxes may have, and who has which."""

    def __init__(
        self, folder: Path, *, visible: Sequence[str] = ALL, share: int = 1, root: Path = Path("/")
    ) -> None:
        self._folder = folder / "gpus" / socket.gethostname()
        self._share = max(1, share)
        self._root = root
        self._visible = tuple(visible)

    @property
    def slots(self) -> int:
        """How many sandboxes may have one at the same time."""
        return len(self._names()) * self._share

    @property
    def is_shared(self) -> bool:
        return self._share > 1

    def take(self, *, patience: float = _SECONDS_TO_FREE) -> Loan:
        """Lend the GPU that fewest have; raise PlatformFault if none becomes free in time."""
        deadline = time.monotonic() + patience
        while (loan := self._try()) is None:
            if time.monotonic() > deadline:
                raise PlatformFault(_ALL_TAKEN.format(lent=self.slots))
            time.sleep(_LOOK_SECONDS)
        return loan

    def _try(self) -> Loan | None:
        for number in range(self._share):
            for name, uuid in self._names().items():
                lock = self._lock(uuid or name, number)
                if lock is not None:
                    return Loan(name, uuid, self._root, lock)
        return None

    def _lock(self, device: str, number: int) -> int | None:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        safe = re.sub(r"[^A-Za-z0-9-]", "_", device)
        path = self._folder / f"{safe}.{number}"
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        return descriptor

    def _names(self) -> dict[str, str]:
        """Each device that may be lent, once, with its UUID where the driver tells it."""
        cards = _cards(self._root)
        if self._visible == ALL:
            return {card.uuid: card.uuid for card in cards} or {ALL[0]: ""}
        named: dict[str, str] = {}
        for name in self._visible:
            uuid = next((card.uuid for at, card in enumerate(cards) if card.has_name(name, at)), "")
            if not uuid or uuid not in named.values():
                named[name] = uuid
        return named


def models(root: Path = Path("/")) -> list[str]:
    """What the driver calls the GPUs of this machine."""
    return [card.model for card in _cards(root) if card.model]


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
        if card.has_name(name, number):
            return card
    raise PlatformFault(f"GPU_DEVICES names {name}, but this machine has no such GPU.")


def _cards(root: Path) -> list[_Card]:
    """The GPUs in the order of their places on the bus, which is how `nvidia-smi` numbers them."""
    found = []
    for path in sorted((root / _DRIVER).glob("*/information")):
        pairs = (line.partition(":") for line in path.read_text().splitlines())
        facts = {name.strip(): value.strip() for name, _, value in pairs}
        found.append(_Card(facts["GPU UUID"], int(facts["Device Minor"]), facts.get("Model", "")))
    return found
