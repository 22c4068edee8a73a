"""Bare git repositories on disk: create from a template, read, commit, log, export.

A repository is named by its algorithm's id, so that it survives a change of name. The branch
that counts is `master`, or `main` in a repository that has no `master`.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Final
from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext as _

from algorithms import amounts, file_paths, git
from algorithms.git import GitFailed, PrintedTooMuch, Program
from marketplace.lib.errors import BadInput, Conflict, NotFound, TooLarge

MAX_FILE_BYTES: Final = amounts.MAX_FILE_BYTES
MAX_COMMITS: Final = 500
MAX_MESSAGE: Final = 20_000
BRANCHES: Final = ("master", "main")

_SHA: Final = re.compile(r"[0-9a-f]{7,40}\Z")
_FILE_MODES: Final = ("100644", "100755", "100664")
_NOTHING: Final = "0" * 40
_MOST_NAMED: Final = 8 * 1024 * 1024  # bytes of names and facts; good ones are far fewer


@dataclass(frozen=True, slots=True)
class Author:
    """Who stands behind a commit."""

    name: str
    email: str


@dataclass(frozen=True, slots=True)
class File:
    """One file of a commit, without its content."""

    path: str
    size: int
    mode: str
    blob: str

    @property
    def is_plain(self) -> bool:
        """Neither a symbolic link nor another repository."""
        return self.mode in _FILE_MODES


@dataclass(frozen=True, slots=True)
class Commit:
    id: str
    author: str
    at: datetime
    summary: str
    message: str


def path_of(algorithm_id: UUID) -> Path:
    return Path(settings.DATA_DIR) / "repositories" / f"{algorithm_id}.git"


def existing(algorithm_id: UUID) -> Path:
    """Where the repository is; NotFound if it is not there."""
    repository = path_of(algorithm_id)
    if not repository.is_dir():
        raise NotFound(_("This algorithm has no repository."))
    return repository


def create(algorithm_id: UUID, *, files: Mapping[str, bytes], author: Author, message: str) -> str:
    """Make a repository with these files as its first commit; give that commit."""
    target = path_of(algorithm_id)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".new-") as folder:
        fresh = Path(folder) / "fresh.git"
        git.run(
            "init",
            "--quiet",
            "--bare",
            "--template=",
            f"--initial-branch={BRANCHES[0]}",
            str(fresh),
        )
        first = _commit(fresh, files, parent=None, author=author, message=message)
        fresh.rename(target)
    return first


def delete(algorithm_id: UUID) -> None:
    """Remove a repository for good; harmless if it is not there."""
    shutil.rmtree(path_of(algorithm_id), ignore_errors=True)


def head(algorithm_id: UUID) -> str:
    """The newest commit of the branch that counts."""
    _name, commit = _branch(existing(algorithm_id))
    if commit is None:
        raise NotFound(_("This repository has no commit yet: push to its branch master."))
    return commit


def resolve(algorithm_id: UUID, commit: str) -> str:
    """The full name of a commit given by its hash or the beginning of it."""
    wanted = commit.strip().lower()
    if not _SHA.match(wanted):
        raise BadInput(_("%(commit)s is not the hash of a commit.") % {"commit": repr(commit[:60])})
    try:
        return _line(
            *("rev-parse", "--verify", "--quiet", f"{wanted}^{{commit}}"),
            repository=existing(algorithm_id),
        )
    except GitFailed:
        raise NotFound(
            _("There is no commit %(wanted)s in this repository.") % {"wanted": wanted}
        ) from None


def tree(algorithm_id: UUID, commit: str) -> list[File]:
    """All files of a commit, in the order of their paths."""
    return _tree(existing(algorithm_id), resolve(algorithm_id, commit))


def read(algorithm_id: UUID, commit: str, path: str, *, limit: int = MAX_FILE_BYTES) -> bytes:
    """One file as it is in a commit."""
    file_paths.checked(path)
    found = [file for file in tree(algorithm_id, commit) if file.path == path]
    if not found or not found[0].is_plain:
        raise NotFound(
            _("There is no file %(path)s in commit %(commit)s.")
            % {"path": repr(path), "commit": commit[:8]}
        )
    if found[0].size > limit:
        raise TooLarge(
            _("%(path)s has %(size)s bytes, more than can be shown here.")
            % {"path": repr(path), "size": found[0].size}
        )
    return git.run("cat-file", "blob", found[0].blob, repository=path_of(algorithm_id))


def commit(
    algorithm_id: UUID,
    changes: Mapping[str, bytes | None],
    *,
    parent: str,
    author: Author,
    message: str,
) -> str:
    """Write, replace and (with None) remove files on top of `parent`; give the new commit.

    All of it happens or nothing: Conflict if the branch has moved on from `parent`. Changes
    that change nothing make no commit.
    """
    repository = existing(algorithm_id)
    require_room(repository)
    return _commit(repository, changes, parent=parent, author=author, message=message)


def require_room(repository: Path) -> None:
    """Raise TooLarge if all that was ever written there is more than the site keeps."""
    counted = git.run("count-objects", "-v", repository=repository).decode().splitlines()
    numbers = {
        name: int(number) for name, _colon, number in (line.partition(": ") for line in counted)
    }
    if numbers["size"] + numbers["size-pack"] > settings.GIT_REPOSITORY_MB * 1024:
        raise TooLarge(
            _(
                "This repository and its history have more than %(git_repository_mb)s MiB, so it "
                "takes nothing more. Keep models and data in a data collection, and go on in a "
                "new algorithm."
            )
            % {"git_repository_mb": settings.GIT_REPOSITORY_MB}
        )


def log(algorithm_id: UUID, *, since: str = "", until: str = "") -> list[Commit]:
    """Commits from `until` (the newest if empty) back to `since`, both included."""
    newest = resolve(algorithm_id, until) if until else head(algorithm_id)
    excluded = ("--not", f"{resolve(algorithm_id, since)}^@") if since else ()
    printed = git.run(
        *("log", "-z", f"--max-count={MAX_COMMITS}", "--format=%H%n%an%n%aI%n%s%n%B"),
        *(newest, *excluded, "--"),
        repository=path_of(algorithm_id),
    )
    records = printed.decode(errors="replace").split("\0")
    return [_commit_of(record) for record in records if record]


def export(algorithm_id: UUID, commit: str, folder: Path) -> None:
    """Write a commit's files into an empty folder, byte for byte.

    Refuses what could reach out of the folder (links, odd names) and what is too much.
    """
    write_out(path_of(algorithm_id), resolve(algorithm_id, commit), folder)


def write_out(repository: Path, commit: str, folder: Path) -> None:
    """Do the same with any repository."""
    files = _tree(repository, commit)
    for file in files:
        file_paths.checked(file.path)
        if not file.is_plain:
            raise BadInput(
                _("%(path)s is a link to something else; a repository may hold only files.")
                % {"path": repr(file.path)}
            )
    amounts.check({file.path: file.size for file in files})
    with git.objects(repository) as reader:
        for file in files:
            target = folder / file.path
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("xb") as out:
                reader.copy(file.blob, out)
            target.chmod(0o755 if file.mode == "100755" else 0o644)


def _branch(repository: Path) -> tuple[str, str | None]:
    """The full name of the branch that counts and its newest commit, if it has one."""
    names = [f"refs/heads/{branch}" for branch in BRANCHES]
    printed = _line(
        "for-each-ref", "--format=%(refname) %(objectname)", *names, repository=repository
    )
    tips = dict(line.split() for line in printed.splitlines())
    chosen = next((name for name in names if name in tips), names[0])
    return chosen, tips.get(chosen)


def _tree(repository: Path, commit: str) -> list[File]:
    """All files; TooLarge as soon as they are too many, since few objects can name billions."""
    listed = git.records(
        *("ls-tree", "-r", "-z", "-l", "--full-tree", commit),
        repository=repository,
        most_bytes=_MOST_NAMED,
    )
    with closing(listed) as records:
        try:
            files = [_file_of(record) for record in islice(records, amounts.MAX_FILES + 1)]
        except PrintedTooMuch:
            raise amounts.too_many() from None
    if len(files) > amounts.MAX_FILES:
        raise amounts.too_many()
    return files


def _file_of(record: bytes) -> File:
    facts, _tab, path = record.partition(b"\t")
    mode, _kind, blob, size = facts.decode().split()
    name = path.decode("utf-8", "surrogateescape")
    return File(name, 0 if size == "-" else int(size), mode, blob)


def _commit(
    repository: Path,
    changes: Mapping[str, bytes | None],
    *,
    parent: str | None,
    author: Author,
    message: str,
) -> str:
    _check_message(message)
    branch, tip = _branch(repository)
    if tip != parent:
        raise _moved_on()
    before = {} if parent is None else {file.path: file for file in _tree(repository, parent)}
    _check_changes(before, changes)
    made = _write_tree(repository, before, changes, parent=parent)
    if parent is not None and made == _line(
        "rev-parse", f"{parent}^{{tree}}", repository=repository
    ):
        return parent
    parents = () if parent is None else ("-p", parent)
    new = _line(
        *("commit-tree", made, *parents),
        repository=repository,
        stdin=message.encode(errors="replace"),
        environment=_identity(author),
    )
    try:
        git.run("update-ref", branch, new, parent or _NOTHING, repository=repository)
    except GitFailed:
        raise _moved_on() from None
    return new


def _check_message(message: str) -> None:
    if "\0" in message or len(message) > MAX_MESSAGE:
        raise BadInput(
            _(
                "A commit's message is a text of %(max_message)s characters at most, without NUL "
                "characters. Nothing was saved."
            )
            % {"max_message": MAX_MESSAGE}
        )


def _moved_on() -> Conflict:
    return Conflict(
        _(
            "Somebody has saved a newer version meanwhile. Nothing of yours was written: load the "
            "newest version, put your changes in and save again."
        )
    )


def _check_changes(before: Mapping[str, File], changes: Mapping[str, bytes | None]) -> None:
    sizes = {path: file.size for path, file in before.items()}
    for path, content in changes.items():
        file_paths.checked(path)
        if content is not None:
            sizes[path] = len(content)
        elif sizes.pop(path, None) is None:
            raise BadInput(
                _("%(path)s cannot be removed: there is no such file.") % {"path": repr(path)}
            )
    file_paths.check_together(sizes)
    amounts.check(sizes)


def _write_tree(
    repository: Path,
    before: Mapping[str, File],
    changes: Mapping[str, bytes | None],
    *,
    parent: str | None,
) -> str:
    """Make the tree in an index of its own, so that nobody else's work is in the way."""
    blobs = _write_blobs(repository, [text for text in changes.values() if text is not None])
    entries = []
    for path, content in changes.items():
        mode = before[path].mode if path in before and before[path].is_plain else "100644"
        mode = "100755" if isinstance(content, Program) else mode
        entry = f"0 {_NOTHING}" if content is None else f"{mode} {blobs.pop(0)}"
        entries.append(f"{entry}\t{path}\0".encode())
    with tempfile.TemporaryDirectory(dir=repository, prefix="index-") as folder:
        index = {"GIT_INDEX_FILE": f"{folder}/index"}
        if parent is not None:
            git.run("read-tree", parent, repository=repository, environment=index)
        git.run(
            *("update-index", "-z", "--index-info"),
            repository=repository,
            stdin=b"".join(entries),
            environment=index,
        )
        return _line("write-tree", repository=repository, environment=index)


def _write_blobs(repository: Path, contents: list[bytes]) -> list[str]:
    with tempfile.TemporaryDirectory(dir=repository, prefix="blobs-") as folder:
        names = []
        for number, content in enumerate(contents):
            name = Path(folder) / str(number)
            name.write_bytes(content)
            names.append(f"{name}\n".encode())
        printed = git.run(
            *("hash-object", "-w", "--no-filters", "--stdin-paths"),
            repository=repository,
            stdin=b"".join(names),
        )
    return printed.decode().split()


def _line(
    *arguments: str,
    repository: Path,
    stdin: bytes = b"",
    environment: dict[str, str] | None = None,
) -> str:
    printed = git.run(*arguments, repository=repository, stdin=stdin, environment=environment)
    return printed.decode().strip()


def _identity(author: Author) -> dict[str, str]:
    return {
        "GIT_AUTHOR_NAME": author.name,
        "GIT_AUTHOR_EMAIL": author.email,
        "GIT_COMMITTER_NAME": author.name,
        "GIT_COMMITTER_EMAIL": author.email,
    }


def _commit_of(record: str) -> Commit:
    sha, author, at, summary, message = record.split("\n", 4)
    return Commit(sha, author, datetime.fromisoformat(at), summary, message.strip())
