"""What one sandbox holds on this machine: a user id of its own, a record, a sockets folder.

A user id is locked machine-wide while the sandbox lives, so that no two sandboxes share one,
whichever process or installation started them. (The lock is not handed to the sandbox: what
is inside could see it through /proc.) The record says whether the process that
started a sandbox still lives, so that another can clear up after it.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import pwd
import random
import secrets
import shutil
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from runners.backends.gpus import Loan
from runners.errors import PlatformFault

FIRST_USER: Final = 60578  # to 61183: the range systemd's table of user ids leaves unused
LAST_USER: Final = 61183
SHARED_FOLDER: Final = Path("/run/agorithm")  # root's, for what all installations share
_LONGEST_SOCKET: Final = 107 - len("/egress.sock")


@dataclass(slots=True)
class Lease:
    """What is held for one sandbox until `release`."""

    token: str
    name: str
    uid: int
    gid: int
    folder: Path  # of the record
    _record_lock: int
    user_lock: int | None  # None when the sandbox runs as our own user
    sockets: Path | None = None
    given: list[str] = field(default_factory=list)  # folders that are the sandbox's for now
    loan: Loan | None = None  # its GPU

    def note(self, **facts: object) -> None:
        """Write down what another process must know to clear up after us."""
        sockets = str(self.sockets) if self.sockets else ""
        record = {"name": self.name, "sockets": sockets, "given": self.given, **facts}
        unfinished = self.folder / "record.new"
        unfinished.write_text(json.dumps(record))
        unfinished.replace(self.folder / "record.json")

    def make_sockets_folder(self) -> Path:
        if self.sockets is None:
            path = self.folder / "sockets"
            if len(os.fsencode(path)) > _LONGEST_SOCKET:
                path = Path(tempfile.mkdtemp(prefix="agorithm-"))
            else:
                path.mkdir(mode=0o700)
            self.sockets = path
            self.note()
            if self.user_lock is not None:
                os.chown(path, 0, self.gid)
                path.chmod(0o750)
        return self.sockets

    def admit(self, socket: Path) -> None:
        if self.user_lock is not None:
            os.chown(socket, 0, self.gid)
            socket.chmod(0o660)

    def give(self, folder: str) -> None:
        """Make a folder and all in it the sandbox's own, until `take_back`."""
        if self.user_lock is not None:
            self.given.append(folder)
            change_owner(folder, self.uid, self.gid)

    def keep(self, loan: Loan) -> Loan:
        """Hold a GPU as long as everything else."""
        self.loan = loan
        return loan

    def release(self) -> None:
        """Give everything back. Nothing of the sandbox may be alive any more."""
        for folder in self.given:
            change_owner(folder, os.getuid(), os.getgid())
        if self.sockets is not None:
            shutil.rmtree(self.sockets, ignore_errors=True)
        shutil.rmtree(self.folder, ignore_errors=True)
        os.close(self._record_lock)
        if self.user_lock is not None:
            os.close(self.user_lock)
        if self.loan is not None:
            self.loan.give_back()


@dataclass(frozen=True, slots=True)
class Leftover:
    """What a dead process of ours left behind."""

    token: str
    folder: Path
    facts: dict[str, object]

    def words(self, name: str) -> list[str]:
        """Give a list it noted; empty if it noted none."""
        found = self.facts.get(name)
        return [str(word) for word in found] if isinstance(found, list) else []

    def clear(self) -> None:
        """Remove it, when nothing of the sandbox is alive any more."""
        for path in self.words("given"):
            if Path(path).is_dir():
                change_owner(path, os.getuid(), os.getgid())
        sockets = str(self.facts.get("sockets") or "")
        if sockets:
            shutil.rmtree(sockets, ignore_errors=True)
        shutil.rmtree(self.folder, ignore_errors=True)


class Leases:
    """All leases of one backend of one installation, which its data folder identifies."""

    def __init__(self, data_dir: Path, *, kind: str) -> None:
        home = data_dir.resolve()
        self.installation = hashlib.sha256(os.fsencode(home)).hexdigest()[:12]
        self._kind = kind
        self._records = home / "sandboxes"
        self._waiting: dict[str, Lease] = {}
        self._lock = threading.Lock()

    def reserve(self, name: str) -> Lease:
        """Give the lease that `take` will give for this name."""
        with self._lock:
            lease = self._waiting.get(name)
            if lease is None:
                lease = self._waiting[name] = self._make(name)
            return lease

    def take(self, name: str) -> Lease:
        """Give the lease that was reserved for a name, or a new one; the caller must release it."""
        with self._lock:
            return self._waiting.pop(name, None) or self._make(name)

    def discard(self, name: str) -> None:
        with self._lock:
            lease = self._waiting.pop(name, None)
        if lease is not None:
            lease.release()

    def holder(self, socket: Path) -> Lease:
        """Find the reserved lease in whose folder a socket stands."""
        with self._lock:
            for lease in self._waiting.values():
                if lease.sockets == socket.parent:
                    return lease
        raise PlatformFault(f"{socket.parent} is no sockets folder of a sandbox to be started.")

    def is_known(self, token: str) -> bool:
        return (self._records / f"{self._kind}-{token}").exists()

    def leftovers(self) -> Iterator[Leftover]:
        """Give each record whose process is dead. It stays locked until the next one is asked."""
        if not self._records.is_dir():
            return
        for folder in sorted(self._records.iterdir()):
            if not folder.name.startswith(f"{self._kind}-"):
                continue
            try:
                lock = _lock(folder / "lock")
            except OSError:
                shutil.rmtree(folder, ignore_errors=True)
                continue
            if lock is None:
                continue
            try:
                yield Leftover(folder.name.rpartition("-")[2], folder, _read(folder))
            finally:
                os.close(lock)

    def _make(self, name: str) -> Lease:
        token = secrets.token_hex(4)
        folder = self._records / f"{self._kind}-{token}"
        try:
            self._records.mkdir(mode=0o711, parents=True, exist_ok=True)
            folder.mkdir(mode=0o711)
            record_lock = _lock(folder / "lock")
        except OSError as error:
            raise PlatformFault(f"The data folder cannot be written: {error}.") from error
        if record_lock is None:  # a sweep saw the folder first
            return self._make(name)
        try:
            user, user_lock = _own_user() if os.getuid() else _free_user()
        except BaseException:
            os.close(record_lock)
            shutil.rmtree(folder, ignore_errors=True)
            raise
        group = user if user_lock is not None else os.getgid()
        lease = Lease(token, name, user, group, folder, record_lock, user_lock)
        lease.note()
        return lease


def change_owner(folder: str, uid: int, gid: int) -> None:
    """Give a folder and all in it to a user, following no links."""
    os.chown(folder, uid, gid, follow_symlinks=False)
    for _, folders, files, directory in os.fwalk(folder):
        for name in (*folders, *files):
            os.chown(name, uid, gid, dir_fd=directory, follow_symlinks=False)


def _lock(path: Path) -> int | None:
    """Lock a file, which ends with the last process that holds it open; None if another has it."""
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(file)
        return None
    except BaseException:
        os.close(file)
        raise
    return file


def _read(folder: Path) -> dict[str, object]:
    try:
        facts = json.loads((folder / "record.json").read_text())
    except (OSError, ValueError):
        return {}
    return facts if isinstance(facts, dict) else {}


def _own_user() -> tuple[int, None]:
    return os.getuid(), None


def _free_user() -> tuple[int, int]:
    """Lock a user id that no other sandbox on this machine has and no account is known by."""
    locks = SHARED_FOLDER / "users"
    try:
        locks.mkdir(mode=0o755, parents=True, exist_ok=True)
        candidates = list(range(FIRST_USER, LAST_USER + 1))
        random.shuffle(candidates)
        for user in candidates:
            lock = _lock(locks / str(user))
            if lock is None:
                continue
            if not _is_account(user):
                return user, lock
            os.close(lock)
    except OSError as error:
        raise PlatformFault(f"User ids for sandboxes cannot be locked: {error}.") from error
    raise PlatformFault("All user ids for sandboxes on this machine are in use.")


def _is_account(user: int) -> bool:
    try:
        pwd.getpwuid(user)
    except KeyError:
        return False
    return True
