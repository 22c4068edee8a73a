"""Each type: what it says of itself, and how values pass in both directions."""

import base64
import io
import os
import struct
import tarfile

import numpy as np
import pytest
from PIL import Image

from modelcloud import data_types as types
from modelcloud.exceptions import InvalidArgumentError, MissingArgumentError


def uri(image, kind="PNG"):
    buffer = io.BytesIO()
    image.save(buffer, format=kind)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


def opened(text):
    return Image.open(io.BytesIO(base64.b64decode(text.split(",", 1)[1])))


def said(kind):
    """What a type says of itself besides its type and description."""
    found = kind.to_dict()
    found.pop("description")
    found.pop("type")
    return found


@pytest.mark.parametrize(
    "kind, expected",
    [
        (types.any(), {"name": "any"}),
        (
            types.array(types.text, max_length=2),
            {
                "name": "text_array",
                "itemType": {
                    "type": "text",
                    "name": "text_array_item",
                    "description": None,
                    "default": "",
                    "minLength": 0,
                },
                "minLength": 0,
                "maxLength": 2,
            },
        ),
        (types.boolean(), {"name": "boolean", "default": False}),
        (types.category(choices=["s", "l"]), {"name": "category", "oneOf": ["s", "l"], "default": "s"}),
        (types.number(), {"name": "number", "default": 0}),
        (types.number(default=0, min=5), {"name": "number", "default": 0, "min": 5}),
        (types.number(min=5, max=9, step=2), {"name": "number", "default": 5, "min": 5, "max": 9, "step": 2}),
        (types.text(max_length=4), {"name": "text", "default": "", "minLength": 0, "maxLength": 4}),
        (types.vector(2), {"name": "vector", "length": 2, "samplingMean": 0, "samplingStd": 1}),
        (types.image(), {"name": "image", "channels": 3, "defaultOutputFormat": "JPEG"}),
        (
            types.image(channels=4, width=8),
            {"name": "image", "channels": 4, "defaultOutputFormat": "PNG", "width": 8},
        ),
        (types.file(extension=".pkl"), {"name": "file", "isDirectory": False, "extension": ".pkl"}),
        (types.directory(), {"name": "file", "isDirectory": True}),
        (types.image_point(), {"name": "image_point"}),
        (types.image_landmarks(2, labels=["a", "b"]), {"name": "image_landmarks", "length": 2, "labels": ["a", "b"]}),
        (
            types.segmentation({"sky": 1}),
            {
                "name": "segmentation",
                "labels": ["sky"],
                "defaultLabel": "sky",
                "labelToId": {"sky": 1},
                "labelToColor": {"sky": [140, 59, 255]},
            },
        ),
    ],
)  # fmt: skip
def test_type_describes_itself(kind, expected):
    assert said(kind) == expected


@pytest.mark.parametrize(
    "make, error",
    [
        (lambda: types.array(), MissingArgumentError),
        (lambda: types.vector(), MissingArgumentError),
        (lambda: types.category(), MissingArgumentError),
        (lambda: types.category(choices=[]), MissingArgumentError),
        (lambda: types.segmentation(), MissingArgumentError),
        (lambda: types.image_landmarks(), MissingArgumentError),
        (lambda: types.vector(2, default=[1]), InvalidArgumentError),
        (lambda: types.category(choices=["a"], default="b"), InvalidArgumentError),
        (lambda: types.image(channels=2), InvalidArgumentError),
        (lambda: types.image(default_output_format="GIF"), InvalidArgumentError),
        (lambda: types.segmentation({"sky": 256}), InvalidArgumentError),
        (lambda: types.image_landmarks(1, connections=[["a", "b"]]), InvalidArgumentError),
    ],
)
def test_type_that_cannot_be_is_refused(make, error):
    with pytest.raises(error):
        make()


def test_plain_values_pass_unchecked_where_existing_models_rely_on_it():
    assert types.text().serialize(512) == "512"
    assert types.number(max=3).deserialize(99) == 99
    assert types.number().serialize(np.float32(10)) == 10.0
    assert types.number().serialize(np.array(10)) == 10
    assert types.array(types.vector(length=3)).deserialize([1, 2])[0] == 1
    assert types.vector(2).serialize(np.array([1.0, 2.0])) == [1.0, 2.0]


@pytest.mark.parametrize("value", [1, "true", np.bool_(True), None])
def test_only_true_and_false_are_boolean(value):
    with pytest.raises(InvalidArgumentError):
        types.boolean().deserialize(value)


@pytest.mark.parametrize("channels, mode", [(1, "L"), (3, "RGB"), (4, "RGBA")])
def test_image_has_the_declared_channels_in_both_directions(channels, mode):
    kind = types.image(channels=channels)

    photo = kind.deserialize(uri(Image.new("RGB", (4, 2), (255, 0, 0))))
    back = opened(kind.serialize(np.zeros((2, 4, channels)), "PNG"))

    assert (photo.mode, photo.size) == (mode, (4, 2))
    assert (back.mode, back.size) == (mode, (4, 2))


def test_image_without_prefix_is_read_and_rubbish_refused():
    bare = uri(Image.new("L", (1, 1))).split(",")[1]

    assert types.image().deserialize(bare).size == (1, 1)
    for rubbish in ("data:image/png;base64,AAAA", "%%%", 7):
        with pytest.raises(InvalidArgumentError):
            types.image().deserialize(rubbish)


def test_exr_holds_the_pixels_as_floats():
    text = types.image().serialize(np.full((1, 2, 3), 255, dtype=np.uint8), "EXR")
    content = base64.b64decode(text.split(",")[1])

    assert text.startswith("data:image/exr;base64,")
    assert struct.unpack("<II", content[:8]) == (20000630, 2)
    assert struct.unpack("<6f", content[-24:]) == (1.0,) * 6


def test_segmentation_is_painted_and_read_back():
    kind = types.segmentation(
        {"sky": 3, "sea": 7}, label_to_color={"sky": [0, 0, 200], "sea": [0, 99, 0]}
    )
    labels = Image.fromarray(np.array([[3, 7]], dtype=np.uint8))

    painted = kind.serialize(labels)

    assert np.asarray(opened(painted)).tolist() == [[[0, 0, 200], [0, 99, 0]]]
    assert np.asarray(kind.deserialize(painted)).tolist() == [[3, 7]]
    near = uri(Image.new("RGB", (1, 1), (0, 5, 190)))
    assert np.asarray(kind.deserialize(near)).tolist() == [[3]]


def test_places_are_counted():
    assert types.image_point().serialize(np.array([0.5, 1.0])) == [0.5, 1.0]
    assert types.image_bounding_box().deserialize([0, 0, 1, 1]) == [0, 0, 1, 1]
    for kind, value in (
        (types.image_point(), [1]),
        (types.image_bounding_box(), [1, 0, 0, 1]),
        (types.image_landmarks(2), [[0, 0]]),
    ):
        with pytest.raises(InvalidArgumentError):
            kind.deserialize(value)


def test_paths_are_free_unless_roots_are_set(tmp_path, monkeypatch):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "model.pkl").write_text("x")
    kind = types.file(extension=".pkl")

    assert types.directory().deserialize("/usr/bin") == "/usr/bin"
    monkeypatch.setenv("MODELCLOUD_FILE_ROOTS", str(tmp_path / "in"))
    assert kind.deserialize(str(tmp_path / "in" / "model.pkl"))
    for path in ("/etc/hostname", str(tmp_path / "in" / ".." / ".." / "x.pkl"), "nothing.pkl"):
        with pytest.raises(InvalidArgumentError):
            kind.deserialize(path)


def test_content_is_given_as_a_data_uri_or_lies_on_the_platform(monkeypatch):
    asked = []

    def fetched(address, timeout):
        asked.append(address)
        return io.BytesIO(b"1,2")

    monkeypatch.setattr("modelcloud.data_types.files.urlopen", fetched)
    kind = types.file(extension=".csv")

    given = kind.deserialize("data:text/csv;base64,MSwy")
    with open(given, "rb") as found:
        assert (found.read(), given.endswith("file.csv")) == (b"1,2", True)
    for wrong in ("data:text/csv,1", "data:;base64,?", "data://alice/tables/a.csv"):
        with pytest.raises(InvalidArgumentError):
            kind.deserialize(wrong)
    monkeypatch.setenv("ALGORITHMIA_API", "http://127.0.0.1:9000")
    with open(kind.deserialize("data://alice/tables/a b.csv"), "rb") as found:
        assert found.read() == b"1,2"
    assert asked == ["http://127.0.0.1:9000/v1/data/alice/tables/a%20b.csv"]


def test_archive_is_unpacked_and_cannot_lead_out(tmp_path, monkeypatch):
    def archive(name):
        path = tmp_path / "a.tar"
        with tarfile.open(str(path), "w") as tar:
            member = tarfile.TarInfo(name)
            member.size = 2
            tar.addfile(member, io.BytesIO(b"hi"))
        return path

    def address(path):
        return lambda *_, **__: open(str(path), "rb")

    monkeypatch.setattr(
        "modelcloud.data_types.files.urlopen", address(archive("weights/w\u00e4.bin"))
    )
    folder = types.directory().deserialize("http://example.org/a.tar")
    assert os.listdir(os.path.join(folder, "weights")) == ["wa.bin"]
    for name in ("../../out", "/etc/out"):
        monkeypatch.setattr("modelcloud.data_types.files.urlopen", address(archive(name)))
        with pytest.raises(InvalidArgumentError):
            types.directory().deserialize("http://example.org/a.tar")
