"""Things to run in real sandboxes: one module, no dependencies, the newest interpreter here."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from django.conf import settings

from runners import runtimes
from runners.specs import MIB, Invocation, Kind, Limits, RunSpec

LIMITS = Limits(memory=256 * MIB, processes=64, disk=32 * MIB)


def spec_of(code: str, *, interpreter: str = "", **changes: object) -> RunSpec:
    """A built version whose module holds the code; nothing is installed for it."""
    data = Path(settings.DATA_DIR)
    slug = interpreter or runtimes.discover()[-1].slug
    digest = hashlib.sha256(code.encode()).hexdigest()
    source = data / "sources" / digest
    if not source.exists():
        (source / "src").mkdir(parents=True)
        (source / "src" / "__init__.py").touch()
        (source / "src" / "Tried.py").write_text(code)
        (source / "algorithmia.conf").write_text(json.dumps({"algoname": "Tried"}))
    return RunSpec(
        **{
            "algorithm": "alice/Tried",
            "module": "src.Tried",
            "interpreter": slug,
            "dependencies": _bare_environment(data, slug),
            "source": digest,
            "limits": LIMITS,
            **changes,
        }  # type: ignore[arg-type]
    )


def _bare_environment(data: Path, slug: str) -> str:
    """A virtual environment with nothing in it, made by hand: its interpreter is the mounted one."""
    folder = data / "environments" / f"bare-{slug}"
    if not folder.exists():
        (folder / "bin").mkdir(parents=True)
        program = Path(runtimes.PYTHON) / "bin" / runtimes.find(slug).executable
        (folder / "bin" / "python").symlink_to(program)
        (folder / "pyvenv.cfg").write_text(f"home = {runtimes.PYTHON}/bin\n")
    return folder.name


def asking(
    body: bytes | str = b"null", *, payer: str = "bob", kind: Kind = Kind.JSON, **changes: object
) -> Invocation:
    text = body.encode() if isinstance(body, str) else body
    values: dict[str, object] = {
        "call_id": "call-1",
        "payer": payer,
        "kind": kind,
        "body": text,
        "timeout": 10.0,
        "token": lambda: "run.bob",
        **changes,
    }
    return Invocation(**values)  # type: ignore[arg-type]
