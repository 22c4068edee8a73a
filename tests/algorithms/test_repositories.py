"""Repositories: nothing is lost, nothing gets out, and two people can save at once."""

from __future__ import annotations

import hashlib
import random
import struct
import subprocess
import uuid
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.conf import LazySettings
from hypothesis import given
from hypothesis import strategies as st

from algorithms import amounts, file_paths, git, repositories
from algorithms.git import GitFailed
from algorithms.repositories import Author
from marketplace.lib.errors import BadInput, Conflict, NotFound, TooLarge

ALICE = Author("alice", "alice@example.org")
FILES = {"src/Hello.py": b"def apply(input):\n    return input\n", "requirements.txt": b"six\n"}


@pytest.fixture(autouse=True)
def _data_folder(settings: LazySettings, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path


@pytest.fixture
def place() -> uuid.UUID:
    algorithm_id = uuid.uuid4()
    repositories.create(algorithm_id, files=FILES, author=ALICE, message="First")
    return algorithm_id


def save(place: uuid.UUID, changes: dict[str, bytes | None], *, parent: str | None = None) -> str:
    parent = parent or repositories.head(place)
    return repositories.commit(place, changes, parent=parent, author=ALICE, message="Change")


def raw(place: uuid.UUID, *arguments: str) -> str:
    return git.run(*arguments, repository=repositories.path_of(place)).decode().strip()


def test_new_repository_has_the_files_in_one_commit_on_master(place: uuid.UUID) -> None:
    first = repositories.head(place)

    listed = {file.path: file.size for file in repositories.tree(place, first)}
    assert listed == {path: len(content) for path, content in FILES.items()}
    assert raw(place, "symbolic-ref", "HEAD") == "refs/heads/master"
    assert raw(place, "rev-list", "--count", "master") == "1"
    assert not list(repositories.path_of(place).glob("hooks/*"))


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("src/ä ö/ünï’s “code”.py", "# grüße 🎈\n".encode()),
        ("data/--all", b"a name like an option"),
        ("data/:(exclude)x*?[a]", b"a name like a pattern"),
        ("data/it's $HOME `x` %s #1", b"a name for a shell"),
        ("picture.png", bytes(range(256)) * 1000),
        ("empty", b""),
        ("crlf.txt", b"one\r\ntwo\r\n"),
    ],
)
def test_what_is_saved_is_read_and_exported_byte_for_byte(
    place: uuid.UUID, tmp_path: Path, path: str, content: bytes
) -> None:
    attributes = b"* text=auto eol=crlf export-subst ident\nempty export-ignore\n"

    commit = save(place, {path: content, ".gitattributes": attributes})
    (tmp_path / "out").mkdir()
    repositories.export(place, commit, tmp_path / "out")

    assert repositories.read(place, commit, path) == content
    assert (tmp_path / "out" / path).read_bytes() == content
    exported = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert len(exported) == len(FILES) + 2


def test_one_save_writes_replaces_and_removes_at_once(place: uuid.UUID) -> None:
    commit = save(place, {"src/Hello.py": b"new", "README.md": b"# Hi", "requirements.txt": None})

    assert [file.path for file in repositories.tree(place, commit)] == ["README.md", "src/Hello.py"]
    assert repositories.read(place, commit, "src/Hello.py") == b"new"
    assert (
        raw(place, "log", "-1", "--format=%an <%ae> %cn %s")
        == "alice <alice@example.org> alice Change"
    )


def test_save_that_changes_nothing_makes_no_commit(place: uuid.UUID) -> None:
    first = repositories.head(place)

    assert save(place, {"requirements.txt": b"six\n"}) == first


def test_save_on_an_old_parent_is_a_conflict_and_changes_nothing(place: uuid.UUID) -> None:
    first = repositories.head(place)
    second = save(place, {"a": b"1"})

    with pytest.raises(Conflict, match="newer version"):
        save(place, {"a": b"2"}, parent=first)

    assert repositories.head(place) == second
    assert repositories.read(place, second, "a") == b"1"


def test_of_two_saves_at_once_one_wins_and_one_is_a_conflict(place: uuid.UUID) -> None:
    first = repositories.head(place)

    def attempt(number: int) -> str:
        try:
            return save(place, {"a": str(number).encode()}, parent=first)
        except Conflict:
            return "conflict"

    with ThreadPoolExecutor(4) as threads:
        results = list(threads.map(attempt, range(4)))

    winners = [result for result in results if result != "conflict"]
    assert len(winners) == 1
    assert repositories.head(place) == winners[0]
    assert raw(place, "rev-list", "--count", "master") == "2"


def test_executable_file_stays_executable(place: uuid.UUID, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    run(f"git clone -q {repositories.path_of(place)} {clone}")
    run("printf 1 > run.sh; chmod +x run.sh; git add .; git commit -qm x; git push -q", clone)

    commit = save(place, {"run.sh": b"2"})
    (tmp_path / "out").mkdir()
    repositories.export(place, commit, tmp_path / "out")

    assert (tmp_path / "out/run.sh").stat().st_mode & 0o111


@pytest.mark.parametrize(
    "path",
    [
        *("", "/etc/passwd", "../up", "a/../../up", "a//b", "a/./b", "a/", ".git/config"),
        *("a/.GIT/hooks/x", ".git./x", "git~1/x", "．git/config", ".git::$INDEX/x", "a\\b", "a\nb"),
        *("a\0b", "x" * 201, "a/" * 21 + "b", "\udcff", "left\u202eright"),
    ],
)
def test_path_that_could_escape_is_refused_and_nothing_is_saved(
    place: uuid.UUID, path: str
) -> None:
    first = repositories.head(place)

    with pytest.raises(BadInput, match="cannot be named"):
        save(place, {path: b"x", "fine": b"x"})

    assert repositories.head(place) == first


@given(st.text())
def test_every_accepted_path_stays_in_its_folder(path: str) -> None:
    try:
        file_paths.checked(path)
    except BadInput:
        return
    folder = Path("/some/folder")
    assert (folder / path).resolve().is_relative_to(folder)
    assert (folder / path) != folder


def test_file_that_would_also_be_a_folder_is_refused(place: uuid.UUID) -> None:
    with pytest.raises(BadInput, match="a file and a folder"):
        save(place, {"src": b"x"})
    with pytest.raises(BadInput, match="a file and a folder"):
        save(place, {"requirements.txt/x": b"x"})

    moved = save(place, {"requirements.txt": None, "requirements.txt/x": b"x"})
    assert repositories.read(place, moved, "requirements.txt/x") == b"x"


def test_removing_what_is_not_there_is_refused(place: uuid.UUID) -> None:
    with pytest.raises(BadInput, match="no such file"):
        save(place, {"nothing": None})


def test_too_much_is_refused_with_the_advice_to_use_a_collection(
    place: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(amounts, "MAX_FILE_BYTES", 100)
    monkeypatch.setattr(amounts, "MAX_TREE_BYTES", 150)
    monkeypatch.setattr(amounts, "MAX_FILES", 4)

    for changes in ({"a": b"x" * 101}, {"a": b"x" * 90, "b": b"x" * 90}, dict.fromkeys("abc", b"")):
        with pytest.raises(TooLarge, match="data collection"):
            save(place, dict(changes))


@pytest.mark.parametrize("most_files", [5000, 10**9])
def test_few_objects_that_name_a_hundred_thousand_files_are_refused_while_they_are_listed(
    place: uuid.UUID, monkeypatch: pytest.MonkeyPatch, most_files: int
) -> None:
    monkeypatch.setattr(amounts, "MAX_FILES", most_files)
    inside = repositories.existing(place)
    names = [f"{number}{'x' * 199}" for number in range(10)]
    kind, bomb = "100644 blob", repositories.tree(place, repositories.head(place))[0].blob
    for _depth in range(5):
        entries = "".join(f"{kind} {bomb}\t{name}\n" for name in names)
        made = git.run("mktree", repository=inside, stdin=entries.encode())
        kind, bomb = "040000 tree", made.decode().strip()
    who = repositories._identity(ALICE)
    commit = git.run("commit-tree", bomb, "-m", "Bomb", repository=inside, environment=who)

    with pytest.raises(TooLarge, match="A repository holds"):
        repositories.tree(place, commit.decode().strip())


def test_log_includes_both_ends(place: uuid.UUID) -> None:
    first = repositories.head(place)
    second = save(place, {"a": b"2"})
    third = save(place, {"a": b"3"})
    fourth = save(place, {"a": b"4"})

    def ids(since: str = "", until: str = "") -> list[str]:
        return [commit.id for commit in repositories.log(place, since=since, until=until)]

    assert ids() == [fourth, third, second, first]
    assert ids(since=second, until=third) == [third, second]
    assert ids(since=first) == [fourth, third, second, first]
    assert ids(until=second[:10]) == [second, first]


def test_log_keeps_messages_of_several_lines(place: uuid.UUID) -> None:
    message = "One line\n\nAnd more,\nwith ünïcode."
    repositories.commit(
        place, {"a": b"1"}, parent=repositories.head(place), author=ALICE, message=message
    )

    newest = repositories.log(place)[0]

    assert (newest.summary, newest.message, newest.author) == ("One line", message, "alice")
    assert newest.at.utcoffset() is not None


@pytest.mark.parametrize(
    "commit", ["HEAD", "master", "--output=/tmp/x", "../x", "abc", "z" * 40, ""]
)
def test_only_hashes_name_commits(place: uuid.UUID, commit: str) -> None:
    with pytest.raises(BadInput, match="not the hash"):
        repositories.tree(place, commit)


def test_unknown_commits_files_and_repositories_are_not_found(place: uuid.UUID) -> None:
    with pytest.raises(NotFound, match="no commit"):
        repositories.tree(place, "0" * 40)
    with pytest.raises(NotFound, match="no file"):
        repositories.read(place, repositories.head(place), "src/Other.py")
    with pytest.raises(NotFound, match="no file"):
        repositories.read(place, repositories.head(place), "src")
    with pytest.raises(NotFound, match="no repository"):
        repositories.head(uuid.uuid4())


def test_pushed_symbolic_link_is_listed_but_never_exported(
    place: uuid.UUID, tmp_path: Path
) -> None:
    clone = tmp_path / "clone"
    run(f"git clone -q {repositories.path_of(place)} {clone}")
    run("ln -s /etc/passwd leak; git add .; git commit -qm x; git push -q", clone)
    commit = repositories.head(place)
    (tmp_path / "out").mkdir()

    with pytest.raises(BadInput, match="'leak' is a link"):
        repositories.export(place, commit, tmp_path / "out")
    with pytest.raises(NotFound):
        repositories.read(place, commit, "leak")

    assert list((tmp_path / "out").iterdir()) == []


def test_main_counts_where_there_is_no_master(place: uuid.UUID) -> None:
    raw(place, "branch", "-m", "master", "main")

    commit = save(place, {"a": b"1"})

    assert raw(place, "rev-parse", "main") == commit
    assert raw(place, "branch", "--list", "master") == ""


def test_hook_in_a_repository_is_never_run(place: uuid.UUID, tmp_path: Path) -> None:
    hooks = repositories.path_of(place) / "hooks"
    hooks.mkdir()
    for name in ("reference-transaction", "post-index-change", "update", "post-commit"):
        (hooks / name).write_text(f"#!/bin/sh\ntouch {tmp_path}/pwned\n")
        (hooks / name).chmod(0o755)

    save(place, {"a": b"1"})

    assert not (tmp_path / "pwned").exists()


def test_deleted_repository_is_gone(place: uuid.UUID) -> None:
    repositories.delete(place)
    repositories.delete(place)

    assert not repositories.path_of(place).exists()


def run(script: str, folder: Path | None = None) -> None:
    identity = (
        "export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a;"
    )
    subprocess.run(["bash", "-ec", identity + script], cwd=folder, check=True, timeout=60)


def test_repository_that_has_grown_too_large_takes_nothing_more(
    place: uuid.UUID, settings: LazySettings
) -> None:
    noise = random.Random(1).randbytes(2 * 1024 * 1024)
    settings.GIT_REPOSITORY_MB = 1
    head = save(place, {"noise.bin": noise})

    with pytest.raises(TooLarge, match="more than 1 MiB"):
        save(place, {"noise.bin": None})

    assert repositories.head(place) == head


def test_pack_of_some_bytes_that_asks_for_a_gigabyte_is_refused(place: uuid.UUID) -> None:
    with pytest.raises(GitFailed, match="attempting to allocate"):
        git.run("unpack-objects", repository=repositories.path_of(place), stdin=_swelling_pack())


def _swelling_pack() -> bytes:
    """Sixteen megabytes of zeros, packed to a few bytes, and a change that repeats them 64 times."""
    zeros = b"\0" * 0xFFFFFF
    named = hashlib.sha1(b"blob %d\0" % len(zeros) + zeros).digest()
    change = _number(len(zeros)) + _number(64 * len(zeros)) + 64 * b"\xf0\xff\xff\xff"
    body = b"PACK" + struct.pack(">II", 2, 2)
    body += _head(3, len(zeros)) + zlib.compress(zeros, 9)
    body += _head(7, len(change)) + named + zlib.compress(change, 9)
    return body + hashlib.sha1(body).digest()


def _head(kind: int, size: int) -> bytes:
    first, rest = kind << 4 | size & 15, size >> 4
    return bytes([first | 0x80]) + _number(rest) if rest else bytes([first])


def _number(value: int) -> bytes:
    digits = []
    while value >= 128:
        digits.append(value & 127 | 128)
        value >>= 7
    return bytes([*digits, value])
