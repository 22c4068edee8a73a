from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_collections import uris
from data_collections.uris import DataPath, Place
from marketplace.lib.errors import BadInput, NotFound

NAMES = st.from_regex(r"[a-zA-Z][a-zA-Z0-9_]{0,29}", fullmatch=True)
FILE_NAMES = st.text(
    st.characters(categories=("L", "N"), include_characters=" ._-+()@"), min_size=1, max_size=40
).filter(lambda name: name == name.strip() and name not in (".", ".."))


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("", DataPath(Place.ROOT)),
        ("data://", DataPath(Place.ROOT)),
        ("/", DataPath(Place.ROOT)),
        ("data://alice", DataPath(Place.OWNER, "alice")),
        ("data://.my", DataPath(Place.OWNER)),
        ("alice/models", DataPath(Place.COLLECTION, "alice", "models")),
        ("data://alice/models/", DataPath(Place.COLLECTION, "alice", "models")),
        ("/.my/models/a.dat", DataPath(Place.COLLECTION, "", "models", file="a.dat")),
        ("data://.session", DataPath(Place.SESSION)),
        ("data://.session/a", DataPath(Place.SESSION, file="a")),
        ("data://.algo", DataPath(Place.ALGORITHMS)),
        ("data://.algo/alice", DataPath(Place.ALGORITHMS, "alice")),
        ("data://.algo/alice/Net", DataPath(Place.ALGORITHMS, "alice", "Net")),
        ("data://.algo/temp", DataPath(Place.STORE, store="temp")),
        ("data://.algo/perm/a", DataPath(Place.STORE, store="perm", file="a")),
        ("data://.algo/default", DataPath(Place.DEFAULT, store="default")),
        ("data://.algo/default/a", DataPath(Place.DEFAULT, store="default", file="a")),
        ("data://.algo/alice/Net/perm", DataPath(Place.STORE, "alice", "Net", "perm")),
        ("data://.algo/alice/Net/temp/a", DataPath(Place.STORE, "alice", "Net", "temp", "a")),
    ],
)
def test_path_is_understood(uri: str, expected: DataPath) -> None:
    assert uris.parse(uri) == expected


@pytest.mark.parametrize(
    "uri",
    [
        "data://alice/../bob/file",
        "data://alice/models/..",
        "data://alice/models/.",
        "data://../etc/passwd",
        "data://alice/models/%2e%2e",
        "data://alice/models/%252e%252e",
        "data://alice/models/a%2fb",
        "data://alice/models/a%5Cb",
        "data://alice/models/a\\b",
        "data://alice/models/a\0b",
        "data://alice/models/a%00b",
        "data://alice/models/a\nb",
        "data://alice/models/a\x7fb",
        "data://alice/models/\uff0e\uff0e",
        "data://alice/models/\u2025",
        "data://alice/models/a\uff0fb",
        "data://alice/models/a\uff3cb",
        "data://alice/models/a\u2100b",
        "data://alice/models/a\u202etxt.exe",
        "data://alice/models/a\ufffdb",
        "data://alice/models/ a",
        "data://alice/models/" + "a" * 256,
        "data://alice/models/" + "ä" * 128,
        "data://alice//file",
        "data:///alice//models",
        "//etc/passwd",
        "data://alice/models/folder/file",
        "data://al-ice/models",
        "data://1alice/models",
        "data://alice/" + "m" * 31,
        "data://.session/a/b",
        "data://.algo/alice/Net/else/a",
        "data://.algo/alice/Net/temp/a/b",
        "data://.other/a",
        "http://example.org/a",
        "file:///etc/passwd",
        "s3+la-bel://bucket/a",
        "x" * 1001,
    ],
)
def test_path_that_tries_to_escape_is_refused(uri: str) -> None:
    with pytest.raises(BadInput) as refusal:
        uris.parse(uri)

    assert refusal.value.message.endswith((".", "at most.", ".."))


@pytest.mark.parametrize(
    "uri",
    ["s3://bucket/a", "s3+label://bucket/a", "s3+label:/bucket/a", "dropbox://a", "gs+x1://b"],
)
def test_connector_that_nobody_configured_is_named(uri: str) -> None:
    with pytest.raises(NotFound, match=r"No connector '(s3|dropbox|gs)"):
        uris.parse(uri)


def test_both_spellings_of_an_address_mean_the_same() -> None:
    assert uris.parse_connector("data", "alice/models/a") == uris.parse("data://alice/models/a")


def test_other_connector_is_refused_in_the_second_spelling() -> None:
    with pytest.raises(NotFound, match=r"No connector 's3\+test'"):
        uris.parse_connector("s3+test", "bucket/a")


@given(owner=NAMES, collection=NAMES, file=FILE_NAMES)
def test_path_survives_writing_and_reading(owner: str, collection: str, file: str) -> None:
    path = uris.parse(f"data://{owner}/{collection}/{file}")

    assert uris.parse(str(path)) == path
    assert (path.owner, path.name) == (owner, collection)


@given(st.text(max_size=60))
def test_any_text_is_a_path_or_is_refused_in_words(text: str) -> None:
    try:
        path = uris.parse(text)
    except (BadInput, NotFound):
        return
    for part in (path.owner, path.name, path.file):
        assert not set(part) & set("/\\\0\n\r")
        assert part not in (".", "..")


@given(FILE_NAMES)
def test_two_spellings_of_one_name_are_one_file(name: str) -> None:
    decomposed = unicodedata.normalize("NFD", name)

    assert uris.parse(f".my/a/{decomposed}").file == unicodedata.normalize("NFC", name)


def test_emoji_of_several_parts_is_a_name() -> None:
    family = "\U0001f468\u200d\U0001f469\u200d\U0001f467.png"

    assert uris.parse(f".my/pictures/{family}").file == family
