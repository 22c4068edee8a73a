"""An algorithm out of files that exist already: a git repository on the web, or an archive.

The files become the first commit of a repository like any other. What is fetched or unpacked is a
stranger's: only public addresses are asked, and the one that was looked at; nothing is larger than
a repository may be; nothing is a link, or leads out of its folder.
"""

from __future__ import annotations

import contextlib
import fcntl
import re
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final
from uuid import UUID

from celery import shared_task
from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from algorithms import authoring, builds, fetching, file_paths, unpacking, works
from algorithms.git import Program
from algorithms.models import Algorithm, Import
from algorithms.permissions import may_create_for
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import Owner
from marketplace.lib import names
from marketplace.lib.errors import BadInput, Conflict, MarketplaceError, TooLarge, TooMany
from runners import contracts
from runners.contracts import Detected
from runners.errors import BuildFailed
from runners.models import Environment

MOST_AT_ONCE: Final = 3
ORPHANED_SECONDS: Final = 2 * 60 * 60
"""What has not been touched for so long belongs to nobody: work ends far sooner."""

_REF: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,99}\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to be made, and out of what: an address or an archive."""

    name: str
    environment: Environment
    contract: str = Algorithm.Contract.DETECTED
    url: str = ""
    ref: str = ""  # a branch or a tag; the repository's own choice if empty
    archive: IO[bytes] | None = None
    archive_name: str = ""


def start(owner: Owner, wanted: Wanted, *, by: Actor) -> Import:
    """Look at what can be seen at once, and leave the rest to a task."""
    by.require(may_create_for, owner)
    names.checked(wanted.name, what=gettext_noop("algorithm name"))
    if Algorithm.objects.at(owner.name, wanted.name).exists():
        raise Conflict(
            _("%(owner)s already has an algorithm %(name)s.")
            % {"owner": owner, "name": wanted.name}
        )
    if wanted.contract not in Algorithm.Contract.values:
        raise BadInput(_("There is no contract %(name)s.") % {"name": repr(wanted.contract[:20])})
    _check_source(wanted)
    row = Import(
        owner=owner,
        name=wanted.name,
        source=(wanted.url or wanted.archive_name or _("an archive"))[:400],
        wanted={
            "url": wanted.url,
            "ref": wanted.ref,
            "environment": str(wanted.environment.pk),
            "contract": wanted.contract,
        },
        **works.asked_by(wanted.name, by=by),
    )
    try:
        with _a_place(by):
            if wanted.archive is not None:
                _keep(row.pk, wanted.archive)
            row.save(force_insert=True)
    except BaseException:  # nothing stays of what was not sent to its end
        _archive(row.pk).unlink(missing_ok=True)
        raise
    transaction.on_commit(lambda: _send(row.pk))
    return row


def _check_source(wanted: Wanted) -> None:
    if (wanted.archive is None) == (not wanted.url):
        raise BadInput(_("Give the address of a git repository, or an archive: one of them."))
    if wanted.url:
        fetching.check_address(wanted.url)
    if wanted.ref and not _REF.match(wanted.ref):
        raise BadInput(_("%(ref)s is no name of a branch or tag.") % {"ref": repr(wanted.ref[:60])})


@shared_task(acks_late=True)
def run(import_id: str) -> None:
    """Fetch or unpack the files, find their contract, make the algorithm, and build it."""
    row = works.take(Import, import_id)
    if row is None:
        return
    try:
        made = _imported(row)
    except Exception as error:  # noqa: BLE001 - the row says what it was
        works.fail(row, error, contract=row.contract)
    else:
        works.finish(row, algorithm=made, contract=row.contract)
    finally:
        _archive(row.pk).unlink(missing_ok=True)


def _imported(row: Import) -> Algorithm:
    by = works.actor_of(row)
    by.require(may_create_for, row.owner)
    with tempfile.TemporaryDirectory(dir=_folder(), prefix="tree-") as temporary:
        tree = Path(temporary) / "tree"
        tree.mkdir()
        message = _fetched(row, tree)
        works.note(row, _("Looking for its contract"))
        found = _detected(tree, row.wanted["contract"])
        row.contract = found.contract
        works.note(row, _("Making the repository"))
        made = authoring.create(
            row.owner,
            by=by,
            name=row.name,
            environment=Environment.objects.get(pk=row.wanted["environment"]),
            message=message,
            files=_contents(tree),
            contract=row.wanted["contract"],
        )
    try:
        builds.start(made, by=by)
    except MarketplaceError as error:  # it is there; only its first build has to wait
        works.note(row, error.message)
    return made


def _fetched(row: Import, tree: Path) -> str:
    """Put the files into the folder; give the message of their commit."""
    url = row.wanted["url"]
    if not url:
        works.note(row, _("Unpacking the archive"))
        unpacking.unpack(_archive(row.pk), tree)
        return f"Import {row.source}"
    works.note(row, _("Fetching the repository"))
    commit = fetching.fetch(url, row.wanted["ref"], tree)
    return f"Import {url} at {commit}"


def _detected(tree: Path, wanted: str) -> Detected:
    try:
        return contracts.detect(tree, wanted=wanted)
    except BuildFailed as error:
        raise BadInput(str(error)) from None


def _contents(tree: Path) -> Mapping[str, bytes]:
    """All files by their path, with the bit that says whether they can be run."""
    found: dict[str, bytes] = {}
    for path in sorted(tree.rglob("*")):
        if path.is_file() and not path.is_symlink():
            name = file_paths.checked(path.relative_to(tree).as_posix())
            content = path.read_bytes()
            found[name] = Program(content) if path.stat().st_mode & 0o100 else content
    if not found:
        raise BadInput(_("There is no file in it."))
    return found


@contextmanager
def _a_place(by: Actor) -> Iterator[None]:
    """Let a person send only so much at once; the end of a process frees its places as well."""
    ended = (Import.State.DONE, Import.State.FAILED)
    under_way = Import.objects.filter(requested_by_id=by.user_id).exclude(state__in=ended)
    folder = _folder("imports-arriving")
    for number in range(MOST_AT_ONCE - under_way.count()):
        with (folder / f"{by.user_id}-{number}").open("ab") as place:
            try:
                fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            yield
            return
    raise TooMany(_("You have several imports under way; wait until one has ended."))


def _keep(import_id: UUID, archive: IO[bytes]) -> None:
    """Copy an archive to where the task finds it; TooLarge as soon as it is."""
    count = 0
    with _archive(import_id).open("xb") as out:
        while count <= unpacking.MOST_PACKED and (piece := archive.read(1024 * 1024)):
            count += out.write(piece)
    if count > unpacking.MOST_PACKED:
        raise TooLarge(
            _("An archive may have %(most)s MiB at most. Keep models in a collection.")
            % {"most": unpacking.MOST_PACKED // 1024**2}
        )


def _folder(name: str = "imports") -> Path:
    folder = Path(settings.DATA_DIR) / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _archive(import_id: UUID) -> Path:
    return _folder() / f"{import_id}.zip"


@shared_task
def recover() -> None:
    """Send out again what nobody has taken, and end what was lost with its worker."""
    for lost in works.give_up_lost(Import):
        _archive(lost.pk).unlink(missing_ok=True)
    for waiting in works.forgotten(Import):
        _send(waiting)
    _sweep()


def _sweep() -> None:
    """Remove what killed processes have left: parts of archives, and trees."""
    open_ones = Import.objects.exclude(state__in=(Import.State.DONE, Import.State.FAILED))
    needed = {_archive(pk) for pk in open_ones.values_list("pk", flat=True)}
    for path in set(_folder().iterdir()) - needed:
        with contextlib.suppress(FileNotFoundError):  # its own task was faster
            if path.stat().st_mtime > time.time() - ORPHANED_SECONDS:
                continue
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()


def _send(import_id: UUID) -> None:
    run.apply_async((str(import_id),), queue="build")  # to where the folders are


def as_json(row: Import) -> dict[str, Any]:
    """As the API and the page's script see it."""
    return {
        "id": row.pk,
        "state": row.state,
        "step": row.step,
        "source": row.source,
        "contract": row.contract or None,
        "algorithm": str(row.algorithm) if row.algorithm is not None else None,
        "error": row.error or None,
        "created_at": row.created_at,
        "finished_at": row.finished_at,
    }
