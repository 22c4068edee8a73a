"""What pages show of files, and what deleting says before it is done."""

from __future__ import annotations

import io

import pytest
from django.test import Client
from PIL import Image

from algorithms import repositories
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import Owner, User
from tests.data_collections.conftest import Put, collection_of
from tests.factories import AlgorithmFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(alice: Actor) -> Client:
    collection_of(alice, "models")
    client = Client()
    client.force_login(User.objects.get(username="alice"))
    return client


def shown(client: Client, put: Put, alice: Actor, name: str, content: bytes) -> str:
    put(f"data://alice/models/{name}", content, by=alice)
    page = client.get(f"/collections/alice/models/files/{name}/view/")
    assert page.status_code == 200
    return page.content.decode()


def test_text_and_markup_are_shown_as_text_and_only_their_beginning(
    client: Client, put: Put, alice: Actor
) -> None:
    page = shown(client, put, alice, "a.html", b"<script>alert(1)</script>")
    long = shown(client, put, alice, "b.txt", b"x" * 100_000 + b"END")

    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script>alert(1)" not in page
    assert "END" not in long
    assert "Only the beginning is shown" in long


def test_sheet_is_shown_as_a_table_of_bounded_size(client: Client, put: Put, alice: Actor) -> None:
    rows = "\n".join(f'{number},"<b>{number}</b>, or more"' for number in range(500))

    page = shown(client, put, alice, "t.csv", f"id,name\n{rows}\n".encode())

    assert '<th scope="col">name</th>' in page
    assert "<td>&lt;b&gt;99&lt;/b&gt;, or more</td>" in page
    assert "&lt;b&gt;100&lt;/b&gt;" not in page


def test_json_is_indented_for_the_tree(client: Client, put: Put, alice: Actor) -> None:
    page = shown(client, put, alice, "c.json", b'{"a":[1,2]}')

    assert "<json-preview>" in page
    assert "&quot;a&quot;: [\n" in page


def test_picture_is_drawn_anew_and_a_false_one_is_refused(
    client: Client, put: Put, alice: Actor
) -> None:
    made = io.BytesIO()
    Image.new("RGB", (3000, 100), "red").save(made, "PNG")

    page = shown(client, put, alice, "p.png", made.getvalue())
    picture = client.get("/collections/alice/models/files/p.png/picture/")
    shown(client, put, alice, "q.png", b"\x89PNG\r\n\x1a\n no picture \xff")
    false = client.get("/collections/alice/models/files/q.png/picture/")

    assert "/files/p.png/picture/" in page
    assert picture["Content-Type"] == "image/webp"
    assert picture["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert Image.open(io.BytesIO(picture.content)).size == (1280, 43)
    assert false.status_code == 400


def test_stranger_sees_no_preview(client: Client, put: Put, alice: Actor, mallory: Actor) -> None:
    shown(client, put, alice, "a.txt", b"secret")
    stranger = Client()
    stranger.force_login(User.objects.get(username="mallory"))

    answers = [
        stranger.get(f"/collections/alice/models/files/a.txt/{page}/")
        for page in ("view", "picture", "delete")
    ]

    assert [answer.status_code for answer in answers] == [404, 404, 404]


def test_deleting_says_which_algorithms_name_the_file(
    client: Client, put: Put, alice: Actor
) -> None:
    put("data://alice/models/m.bin", b"1", by=alice)
    put("data://alice/models/n.bin", b"2", by=alice)
    algorithm = AlgorithmFactory.create(owner=Owner.objects.get(name="alice"), name="Digits")
    source = b'import Algorithmia\n\nMODEL = "data://alice/models/m.bin"\n'
    repositories.create(
        algorithm.pk,
        files={"src/Digits.py": source},
        author=repositories.Author("alice", "alice@example.org"),
        message="Begin",
    )

    named = client.get("/collections/alice/models/files/m.bin/delete/").content.decode()
    unnamed = client.get("/collections/alice/models/files/n.bin/delete/").content.decode()
    whole = client.get("/collections/alice/models/delete/").content.decode()

    assert "alice/Digits</a> <code" in named
    assert "src/Digits.py:3" in named
    assert "No algorithm of this owner names it" in unnamed
    assert "src/Digits.py:3" in whole
