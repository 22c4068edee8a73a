"""Algorithms made of files that exist: fetched from a git server, unpacked from an archive, refused."""

from __future__ import annotations

import io
import os
import ssl
import stat
import struct
import subprocess
import threading
import tracemalloc
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client

from algorithms import fetching, importing, repositories, unpacking, works
from algorithms.importing import Wanted
from algorithms.models import Algorithm, Build, Import
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import Owner, User
from marketplace.lib.errors import (
    BadInput,
    MarketplaceError,
    NotAllowed,
    NotFound,
    TooLarge,
    TooMany,
)
from tests.factories import BuildFactory, EnvironmentFactory
from tests.tls_door import _certificate

PROCFILE = "web: python app.py\n"


@pytest.fixture(autouse=True)
def folder(settings: LazySettings, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path


def archive(files: dict[str, bytes | str], **modes: int) -> io.BytesIO:
    """A zip archive as a Unix program makes it."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name)
            entry.create_system = 3
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = modes.get(name.rpartition("/")[2], stat.S_IFREG | 0o644) << 16
            made.writestr(entry, content)
    packed.seek(0)
    return packed


def imported(by: Actor, **wanted: Any) -> Import:
    """Start an import and do its task."""
    asked: dict[str, Any] = {"name": "Digits", "environment": EnvironmentFactory.create()}
    owner = Owner.objects.get(pk=by.owner_id or "")
    row = importing.start(owner, Wanted(**asked | wanted), by=by)
    importing.run(str(row.pk))
    row.refresh_from_db()
    return row


def test_archive_becomes_a_repository_with_its_contract_and_a_build(
    alice: Actor, django_capture_on_commit_callbacks: Any
) -> None:
    files: dict[str, bytes | str] = {
        "digits-main/Procfile": PROCFILE,
        "digits-main/start": "#!/bin/sh\n",
        "digits-main/.git/config": "[core]\n",
        "digits-main/model/weights": b"\x00" * 1000,
    }

    row = imported(alice, archive=archive(files, start=stat.S_IFREG | 0o755))

    assert (row.state, row.contract, row.error) == ("done", "web", "")
    made = Algorithm.objects.get()
    assert str(made) == "alice/Digits"
    found = repositories.tree(made.pk, repositories.head(made.pk))
    assert {file.path: file.mode for file in found} == {
        "Procfile": "100644",
        "start": "100755",
        "model/weights": "100644",
    }
    assert Build.objects.get().algorithm == made
    assert list((Path(importing._folder())).iterdir()) == []


@pytest.mark.parametrize(
    ("files", "modes", "sentence"),
    [
        ({"a/../../x": "1", "b": "2"}, {}, "leads out of its folder"),
        ({"/etc/passwd": "1", "b": "2"}, {}, "relative to the top"),
        ({"b": "1", "link": "/etc/passwd"}, {"link": stat.S_IFLNK | 0o777}, "a link or a device"),
        ({"Procfile": "worker: a\n"}, {}, "There is nothing here that can be called"),
    ],
)
def test_archive_of_an_attacker_is_refused_and_nothing_is_made(
    alice: Actor, files: dict[str, bytes | str], modes: dict[str, int], sentence: str
) -> None:
    row = imported(alice, archive=archive(files, **modes))

    assert row.state == "failed"
    assert sentence in row.error
    assert not Algorithm.objects.exists()
    assert not list((Path(importing._folder())).iterdir())


def test_bombs_locked_archives_and_rubbish_are_refused(
    alice: Actor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unpacking, "MAX_FILE_BYTES", 1_000_000)
    bomb, liar = tmp_path / "bomb.zip", tmp_path / "liar.zip"
    bomb.write_bytes(archive({"Procfile": PROCFILE, "zeros": b"\x00" * 5_000_000}).getvalue())
    honest = archive({"zeros": b"\x00" * 5_000_000}).getvalue()
    liar.write_bytes(honest.replace((5_000_000).to_bytes(4, "little"), (9).to_bytes(4, "little")))
    (tmp_path / "rubbish.zip").write_bytes(b"PK\x03\x04 no archive")
    listed = struct.pack("<4s4B4HL2L5H2L", b"PK\1\2", 20, 3, 20, *[0] * 8, 1, *[0] * 6) + b"a"
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 9, 9, 200_000 * len(listed), 0, 0)
    (tmp_path / "endless.zip").write_bytes(listed * 200_000 + end)

    def refused(name: str) -> MarketplaceError:
        into = tmp_path / f"into-{name}"
        into.mkdir()
        with pytest.raises(MarketplaceError) as caught:
            unpacking.unpack(tmp_path / name, into)
        return caught.value

    assert isinstance(refused("bomb.zip"), TooLarge)
    assert isinstance(refused("liar.zip"), BadInput)
    assert isinstance(refused("rubbish.zip"), BadInput)
    tracemalloc.start()
    assert isinstance(refused("endless.zip"), TooLarge)
    assert tracemalloc.get_traced_memory()[1] < 8_000_000
    tracemalloc.stop()


class GitServer(BaseHTTPRequestHandler):
    """As much of git's protocol over HTTP as a fetch needs."""

    repository: Path

    def do_GET(self) -> None:
        if self.path.startswith("/moved"):
            self.send_response(302)
            self.send_header("Location", "https://localhost/other.git")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        if not self.path.startswith("/digits.git/info/refs"):
            self.send_error(404)
            return
        said = self._git("--advertise-refs", b"")
        self._answer("advertisement", b"001e# service=git-upload-pack\n0000" + said)

    def do_POST(self) -> None:
        given = self.rfile.read(int(self.headers["Content-Length"]))
        self._answer("result", self._git("--stateless-rpc", given))

    def _git(self, option: str, given: bytes) -> bytes:
        command = ["git", "upload-pack", "--stateless-rpc", option, str(self.repository)]
        return subprocess.run(command, input=given, capture_output=True, check=True).stdout

    def _answer(self, kind: str, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", f"application/x-git-upload-pack-{kind}")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server(tmp_path: Path, settings: LazySettings) -> Iterator[str]:
    """A git server behind TLS on this machine, which the operator trusts; gives its address."""
    work = tmp_path / "work"
    identity = ["-c", "user.name=a", "-c", "user.email=a@b.c"]
    subprocess.run(["git", "init", "-q", "-b", "main", str(work)], check=True)
    (work / "Procfile").write_text(PROCFILE)
    subprocess.run(["git", "-C", str(work), "add", "."], check=True)
    subprocess.run(["git", "-C", str(work), *identity, "commit", "-qm", "One"], check=True)
    (tmp_path / "ca").mkdir()
    certificate = _certificate(tmp_path / "ca", ("localhost",))
    handler = type("Served", (GitServer,), {"repository": work})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    settings.PACKAGE_INDEX_VARIABLES = {"SSL_CERT_FILE": str(certificate)}
    yield f"https://localhost:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_repository_on_the_web_is_fetched_and_private_addresses_are_not(
    alice: Actor, server: str, settings: LazySettings
) -> None:
    refused = imported(alice, url=f"{server}/digits.git", name="Inside")
    settings.EGRESS_ALLOWED_HOSTS = ["localhost"]
    missing = imported(alice, url=f"{server}/nothing.git", name="Missing")
    moved = imported(alice, url=f"{server}/moved.git", name="Moved")
    branch = imported(alice, url=f"{server}/digits.git", ref="v9", name="Branch")
    done = imported(alice, url=f"{server}/digits.git", name="Digits")

    assert "localhost is not on the public internet" in refused.error
    assert missing.error == "There is no public repository at this address."
    assert moved.error == "The address leads to another one; give that one."
    assert branch.error == "The repository has no branch or tag 'v9'."
    assert (done.state, done.contract) == ("done", "web")
    made = Algorithm.objects.get()
    [commit] = repositories.log(made.pk)
    assert commit.message.startswith(f"Import {server}/digits.git at ")
    assert repositories.read(made.pk, commit.id, "Procfile").decode() == PROCFILE


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/a.git",
        "file:///etc",
        "ssh://git@example.org/a",
        "https://key:secret@example.org/a.git",
        "https://example.org",
        "https://example.org/a b",
        "https://example.org/a\n",
        "ext::sh -c id",
        "--upload-pack=id",
    ],
)
def test_address_of_another_kind_is_refused_at_once(url: str) -> None:
    with pytest.raises(BadInput):
        fetching.check_address(url)


def test_import_is_its_owners_and_followed_by_nobody_else(alice: Actor, bob: Actor) -> None:
    owner = Owner.objects.get(pk=alice.owner_id or "")
    wanted = Wanted(
        name="Digits",
        environment=EnvironmentFactory.create(),
        archive=archive({"Procfile": PROCFILE}),
    )
    with pytest.raises(NotAllowed):
        importing.start(owner, wanted, by=bob)
    row = imported(alice, archive=archive({"Procfile": PROCFILE}))

    with pytest.raises(NotFound):
        works.find(Import, row.pk, by=bob)
    assert works.find(Import, row.pk, by=alice) == row


def test_form_and_api_take_an_archive_and_say_where_to_look(alice: Actor) -> None:
    browser = Client()
    browser.force_login(User.objects.get(pk=alice.user_id or 0))
    environment = EnvironmentFactory.create()
    packed = archive({"Procfile": PROCFILE})
    packed.name = "digits.zip"
    form = {
        "name": "Digits",
        "owner": str(alice.owner_id),
        "environment": str(environment.pk),
        "archive": packed,
    }

    empty = browser.post("/algorithms/import/", {**form, "archive": ""})
    sent = browser.post("/algorithms/import/", form)
    [row] = Import.objects.all()
    page = browser.get(sent.headers["location"])
    found = browser.get(f"/api/imports/{row.pk}").json()
    built = BuildFactory.create(algorithm__owner=Owner.objects.get(pk=alice.owner_id or ""))
    Import.objects.update(state="done", algorithm=built.algorithm)
    ended = browser.get(sent.headers["location"]).content.decode()

    assert "It is here. Its first build: Succeeded." in ended
    assert empty.status_code == 400
    assert "Give the address of a git repository, or an archive" in empty.content.decode()
    assert sent.headers["location"] == f"/algorithms/imports/{row.pk}/"
    assert "digits.zip" in page.content.decode()
    assert (found["state"], found["source"]) == ("queued", "digits.zip")


def test_sender_who_goes_away_leaves_nothing_and_may_not_send_more_than_three_at_once(
    alice: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = Owner.objects.get(pk=alice.owner_id or "")
    environment = EnvironmentFactory.create()

    class Silent(io.BytesIO):
        """Sends a little, and while it is waited for the same person sends another one."""

        def __init__(self, further: int) -> None:
            super().__init__()
            self.steps = [self._more, lambda: b"x" * 100] if further else [self._gone]
            self.further = further

        def read(self, _size: int | None = -1) -> bytes:
            return self.steps.pop()() if self.steps else b""

        def _more(self) -> bytes:
            send(self.further - 1)
            return b""

        def _gone(self) -> bytes:
            raise ConnectionError("The sender was silent for too long.")

    def send(further: int) -> None:
        wanted = Wanted(name="Digits", environment=environment, archive=Silent(further))
        importing.start(owner, wanted, by=alice)

    with pytest.raises(ConnectionError):
        send(2)
    with pytest.raises(TooMany):
        send(3)

    assert not Import.objects.exists()
    assert list(importing._folder().iterdir()) == []


def test_what_a_killed_process_left_is_swept_and_what_is_waited_for_is_kept(alice: Actor) -> None:
    owner = Owner.objects.get(pk=alice.owner_id or "")
    packed = archive({"Procfile": PROCFILE})
    wanted = Wanted(name="Digits", environment=EnvironmentFactory.create(), archive=packed)
    row = importing.start(owner, wanted, by=alice)
    folder = importing._folder()
    (folder / "tree-dead" / "tree").mkdir(parents=True)
    (folder / "part.zip").write_bytes(b"x")
    (folder / "tree-new").mkdir()
    for name in ("tree-dead", "part.zip", f"{row.pk}.zip"):
        os.utime(folder / name, (0, 0))

    importing.recover()

    assert {path.name for path in folder.iterdir()} == {"tree-new", f"{row.pk}.zip"}
