"""Which kinds of machine there are: the words by which work finds a runner that can do it.

A runner announces its kinds: `cpu`, and where it has one `gpu` and the names of its models. A
version needs one kind, that of its environment.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from django.conf import settings

from runners.backends import gpus

CPU: Final = "cpu"
GPU: Final = "gpu"
WORD: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_AUTO: Final = "auto"


def here(root: Path = Path("/")) -> tuple[str, ...]:
    """Give the kinds of this machine: those its operator names, or what it shows."""
    said = tuple(word.strip().lower() for word in settings.RUNNER_MACHINES if word.strip())
    if said != (_AUTO,):
        return said
    if not any((root / "dev").glob("nvidia[0-9]*")):
        return (CPU,)
    models = (re.sub(r"[^a-z0-9]+", "-", name.lower()) for name in gpus.models(root))
    return (CPU, GPU, *dict.fromkeys(name.strip("-")[:40] for name in models))


def queue(name: str, machine: str) -> str:
    """Name the queue of work of one sort (`build`, `call`) for runners of a kind."""
    return name if machine in ("", CPU) else f"{name}.{machine}"


def queues(names: Sequence[str], machines: Sequence[str]) -> list[str]:
    """Give the queues from which a runner of these kinds takes work."""
    return [queue(name, machine) for name in names for machine in machines]


def in_words(machine: str) -> str:
    """Name a kind in a sentence: `with a GPU`, `of the kind nvidia-h200`."""
    return "with a GPU" if machine == GPU else f"of the kind {machine}"


def missing(machine: str) -> str:
    """Say that nothing here can take work for a kind of machine, and whose fault that is."""
    if machine == CPU:
        return "No runner is online at the moment."
    return (
        f"No runner {in_words(machine)} is online at the moment. That is the platform's fault, "
        "not your call's."
    )
