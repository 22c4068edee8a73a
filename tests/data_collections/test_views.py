from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import Settings

from data_collections import files, uris
from data_collections.models import Collection, DataFile
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import User
from tests.data_collections.conftest import Put, collection_of, content_of


def browser_of(actor: Actor) -> Client:
    client = Client()
    client.force_login(User.objects.get(username=actor.name))
    return client


@pytest.fixture
def alices(alice: Actor) -> Client:
    return browser_of(alice)


def words(response: Any) -> str:
    return " ".join(response.content.decode().split())


def test_empty_list_says_what_to_do(alices: Client) -> None:
    page = words(alices.get("/collections/"))

    assert "Make a collection, drop a model file into it" in page
    assert "0 bytes of 50.0 GB in use" in page


def test_collection_is_made_from_the_page(alices: Client) -> None:
    response = alices.post(
        "/collections/", {"owner": "alice", "name": "models", "read_access": "private"}, follow=True
    )

    assert response.redirect_chain == [("/collections/alice/models/", 302)]
    assert "data://alice/models is ready" in words(response)
    assert Collection.objects.get().read_access == "private"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": "../x"}, "start with a letter"),
        ({"name": ""}, "This field is required"),
        ({"owner": "mallory"}, "Select a valid choice"),
        ({"read_access": "everyone"}, "Select a valid choice"),
    ],
)
def test_collection_that_cannot_be_made_says_why(
    change: dict[str, str], said: str, alices: Client, mallory: Actor
) -> None:
    sent = {"owner": "alice", "name": "models", "read_access": "private", **change}

    response = alices.post("/collections/", sent)

    assert response.status_code == 400
    assert said in words(response)
    assert not Collection.objects.exists()


def test_page_of_a_collection_shows_files_and_the_line_that_loads_one(
    alices: Client, alice: Actor, put: Put
) -> None:
    collection_of(alice, "models")
    digest = put(".my/models/svm & co.dat", b"weights", by=alice).blob.sha256

    page = words(alices.get("/collections/alice/models/"))

    assert "1 file, 7 bytes" in page
    assert "client.file(&quot;data://alice/models/svm &amp; co.dat&quot;)" in page or (
        'client.file("data://alice/models/svm &amp; co.dat")' in page
    )
    assert f"{digest[:12]}…" in page
    assert 'href="/collections/alice/models/files/svm%20&amp;%20co.dat"' in page


def test_long_collection_is_shown_in_pages(alices: Client, alice: Actor, put: Put) -> None:
    collection = collection_of(alice, "models")
    blob = put(".my/models/f0000", b"x", by=alice).blob
    when = DataFile.objects.get().modified_at
    DataFile.objects.bulk_create(
        DataFile(collection=collection, name=f"f{n:04d}", blob=blob, size=1, modified_at=when)
        for n in range(1, 201)
    )

    first = alices.get("/collections/alice/models/")
    second = alices.get("/collections/alice/models/", {"marker": first.context["marker"]})

    assert [file.name for file in second.context["files"]] == ["f0200"]
    assert "201 files" in words(second)


def test_form_without_javascript_uploads(alices: Client, alice: Actor) -> None:
    collection_of(alice, "models")
    sent = [SimpleUploadedFile("a.dat", b"\0aa"), SimpleUploadedFile("b.dat", b"\0bb")]

    response = alices.post("/collections/alice/models/", {"file": sent}, follow=True)

    assert "data://alice/models/b.dat is stored" in words(response)
    assert content_of(".my/models/a.dat", by=alice) == b"\0aa"


def test_form_says_what_was_not_stored(alices: Client, alice: Actor, settings: Settings) -> None:
    settings.OWNER_QUOTA_BYTES = 10
    collection_of(alice, "models")
    sent = SimpleUploadedFile("a.dat", bytes(11))

    refused = alices.post("/collections/alice/models/", {"file": sent}, follow=True)
    without = alices.post("/collections/alice/models/", {}, follow=True)

    assert "alice uses 0 bytes of the 10 bytes that its quota allows" in words(refused)
    assert "No file was chosen" in words(without)
    assert not DataFile.objects.exists()


def test_file_is_downloaded_as_an_attachment(alices: Client, alice: Actor, put: Put) -> None:
    collection_of(alice, "models")
    put(".my/models/page.html", b"<script>x</script>", by=alice)

    response: Any = alices.get("/collections/alice/models/files/page.html")

    assert b"".join(response) == b"<script>x</script>"
    assert response["Content-Disposition"] == "attachment; filename*=UTF-8''page.html"
    assert response["Content-Security-Policy"] == "default-src 'none'; sandbox"


def test_public_collection_is_open_to_visitors_and_shows_no_controls(
    client: Client, alice: Actor, put: Put
) -> None:
    collection_of(alice, "open", "public")
    put(".my/open/a", b"x", by=alice)

    page = words(client.get("/collections/alice/open/"))
    download: Any = client.get("/collections/alice/open/files/a")

    assert "Everybody can read and download" in page
    assert "file-drop" not in page
    assert "Delete" not in page
    assert b"".join(download) == b"x"


@pytest.mark.parametrize("path", ["", "files/a", "delete/", "files/a/delete/"])
def test_private_collection_is_hidden_from_strangers(
    path: str, alice: Actor, mallory: Actor, put: Put
) -> None:
    collection_of(alice, "secret", "private")
    put(".my/secret/a", b"x", by=alice)

    response = browser_of(mallory).get(f"/collections/alice/secret/{path}")

    assert response.status_code == 404


def test_stranger_posts_nothing(alice: Actor, mallory: Actor, put: Put) -> None:
    collection_of(alice, "open", "public")
    put(".my/open/a", b"x", by=alice)
    mallorys = browser_of(mallory)

    answers = [
        mallorys.post("/collections/alice/open/access/", {"read_access": "private"}),
        mallorys.post("/collections/alice/open/delete/"),
        mallorys.post("/collections/alice/open/files/a/delete/"),
    ]
    mallorys.post("/collections/alice/open/", {"file": SimpleUploadedFile("b", b"x")})

    assert [answer.status_code for answer in answers] == [403, 403, 403]
    assert DataFile.objects.count() == 1
    assert Collection.objects.get().read_access == "public"


@pytest.mark.parametrize("path", ["/collections/", "/collections/alice/models/delete/"])
def test_visitor_is_sent_to_sign_in(path: str, client: Client, alice: Actor) -> None:
    collection_of(alice, "models")

    response = client.get(path)

    assert response.status_code == 302
    assert response.headers["Location"].startswith("/sign_in/")


def test_access_is_changed_with_its_consequence_in_words(alices: Client, alice: Actor) -> None:
    collection_of(alice, "models")

    response = alices.post(
        "/collections/alice/models/access/", {"read_access": "public"}, follow=True
    )

    assert "From now on: Public. Everybody can read and download every file" in words(response)
    assert Collection.objects.get().read_access == "public"


def test_collection_is_deleted_after_its_consequences_were_shown(
    alices: Client, alice: Actor, put: Put
) -> None:
    collection_of(alice, "models")
    put(".my/models/a", b"x", by=alice)

    asked = words(alices.get("/collections/alice/models/delete/"))
    alices.post("/collections/alice/models/delete/")

    assert "1 file with 1 byte" in asked
    assert "cannot start any more" in asked
    assert not Collection.objects.exists()


def test_file_is_deleted_after_it_was_asked(alices: Client, alice: Actor) -> None:
    collection_of(alice, "models")
    files.put(uris.parse(".my/models/a b"), BytesIO(b"x"), by=alice)

    asked = words(alices.get("/collections/alice/models/files/a%20b/delete/"))
    alices.post("/collections/alice/models/files/a%20b/delete/")

    assert "nobody can bring it back" in asked
    assert not DataFile.objects.exists()
