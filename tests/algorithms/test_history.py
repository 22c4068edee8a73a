"""Where a text stands in a repository, and what differs between two commits."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID, uuid4

import pytest
from django.conf import LazySettings

from algorithms import history, repositories
from algorithms.history import FileChange, Place
from algorithms.repositories import Author
from marketplace.lib.errors import BadInput

ALICE = Author("Alice", "alice@users.invalid")


@pytest.fixture
def repository(settings: LazySettings, tmp_path: Path) -> UUID:
    settings.DATA_DIR = tmp_path
    made = uuid4()
    files = {"a.py": b"one\nTwo * two\n", "data/b.bin": b"\0two", "odd: name.txt": b"two\n"}
    repositories.create(made, files=files, author=ALICE, message="First")
    return made


def test_text_is_found_with_its_place_whatever_the_case(repository: UUID) -> None:
    head = repositories.head(repository)

    assert history.find_text(repository, head, "two") == [
        Place("a.py", 2, "Two * two"),
        Place("odd: name.txt", 1, "two"),
    ]
    assert history.find_text(repository, head, "Two *", is_exact=True) == [
        Place("a.py", 2, "Two * two")
    ]
    assert history.find_text(repository, head, "--open-files-in-pager=x") == []


@pytest.mark.parametrize("text", ["", "  ", "a\nb", "a\0b", "x" * 201])
def test_what_is_no_line_of_text_is_refused(repository: UUID, text: str) -> None:
    with pytest.raises(BadInput, match="one line"):
        history.find_text(repository, repositories.head(repository), text)


def test_files_that_differ_are_counted_in_lines(repository: UUID) -> None:
    first = repositories.head(repository)
    changes: dict[str, bytes | None] = {
        "a.py": b"one\nthree\nfour\n",
        "data/b.bin": b"\0",
        "n": b"",
    }
    second = repositories.commit(repository, changes, parent=first, author=ALICE, message="x")

    assert history.changed_files(repository, first, second) == [
        FileChange("a.py", 2, 1),
        FileChange("data/b.bin", None, None),
        FileChange("n", 0, 0),
    ]
    assert [change.path for change in history.changed_files(repository, "", first)] == [
        "a.py",
        "data/b.bin",
        "odd: name.txt",
    ]
