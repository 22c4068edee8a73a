"""Things to run in real sandboxes: one module, no dependencies, the newest interpreter here."""

from __future__ import annotations

import contextlib
import hashlib
import json
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from django.conf import settings

from runners import runtimes
from runners.specs import MIB, Invocation, Kind, Limits, RunSpec

LIMITS = Limits(memory=256 * MIB, processes=64, disk=32 * MIB)


def spec_of(
    code: str,
    *,
    interpreter: str = "",
    files: Mapping[str, str] = MappingProxyType({}),
    **changes: object,
) -> RunSpec:
    """A built version whose module holds the code; nothing is installed for it."""
    data = Path(settings.DATA_DIR)
    slug = interpreter or runtimes.discover()[-1].slug
    written = {
        "src/__init__.py": "",
        "src/Tried.py": code,
        "algorithmia.conf": json.dumps({"algoname": "Tried"}),
        **files,
    }
    digest = hashlib.sha256(json.dumps(written).encode()).hexdigest()
    with _made(data / "sources" / digest) as source:
        for name, text in written.items():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_text(text)
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
    with _made(data / "environments" / f"bare-{slug}") as folder:
        (folder / "bin").mkdir()
        program = Path(runtimes.PYTHON) / "bin" / runtimes.find(slug).executable
        (folder / "bin" / "python").symlink_to(program)
        (folder / "pyvenv.cfg").write_text(f"home = {runtimes.PYTHON}/bin\n")
    return f"bare-{slug}"


@contextlib.contextmanager
def _made(folder: Path) -> Iterator[Path]:
    """Where to write what shall be in the folder, which is there at once or has been: others share it."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, ignore_cleanup_errors=True) as name:
        new = Path(name) / "new"
        new.mkdir()
        yield new
        with contextlib.suppress(OSError):  # another worker was faster
            new.rename(folder)


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
