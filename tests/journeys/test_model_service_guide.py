"""The guide to model services: a `classify` service from a folder to its form and its calls.

Its model tells digits by the nearest of ten mean pictures (of the digits that come with
scikit-learn; right for nearly nine in ten that it has not seen), since the guide's own cannot be had here; all
else is as the guide writes it.
"""

from __future__ import annotations

import base64
import io
import json
from typing import Any

import httpx
import pytest
from PIL import Image

from tests.journeys.authoring import SETTINGS
from tests.journeys.calling import call, record, signed_in, until
from tests.live import ROOT, Person, Site
from tests.python_client import connected

NAME = "Digits"
MODEL = """
# cloud_model.py
import json
import numpy as np
import modelcloud
from modelcloud.data_types import file, image, number, text

labels = json.load(open('labels.json'))

@modelcloud.setup
def setup():
    return np.array(json.load(open('models/centroids.json')))

@modelcloud.command('classify', inputs={ 'photo': image(channels=1) }, outputs={ 'label': text() })
def classify(model, input):
    img = input['photo'].resize((8, 8))
    print('classifying', img.size)
    distances = ((model - np.asarray(img).reshape(64) / 16.0) ** 2).sum(axis=1)
    label = labels[str(distances.argmin())]
    return { 'label': label }

@modelcloud.command('blank', inputs={ 'size': number(default=8, min=1, max=64) },
                    outputs={ 'photo': image(channels=1) }, description='An empty sheet')
def blank(model, input):
    return np.zeros((int(input['size']), int(input['size'])))

@modelcloud.command('lines', inputs={ 'table': file(extension='.csv') }, outputs={ 'n': number() })
def lines(model, input):
    return len(open(input['table']).readlines())

if __name__ == '__main__':
    modelcloud.run()
"""
LABELS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
FILES = {
    "cloud_model.py": MODEL,
    "labels.json": json.dumps({str(number): label for number, label in enumerate(LABELS)}),
    "models/centroids.json": (ROOT / "tests" / "data" / "digits" / "centroids.json").read_text(),
    "requirements.txt": "numpy\n",
    "modelcloud.yml": "python: 3.11\nentrypoint: python cloud_model.py\n",
}
SEVEN = (
    "..####..",
    "..####..",
    ".....#..",
    "....##..",
    "..#####.",
    "...##...",
    "..##....",
    "..#.....",
)


def photo() -> str:
    """A seven, as a data URI."""
    sheet = Image.new("L", (8, 8))
    sheet.putdata([255 if cell == "#" else 0 for row in SEVEN for cell in row])
    buffer = io.BytesIO()
    sheet.save(buffer, format="PNG")
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"


@pytest.fixture(scope="module")
def author(live: Site) -> Person:
    return live.person("service_author")


@pytest.fixture(scope="module")
def service(live: Site, author: Person) -> str:
    """The guide's folder, built and published; gives its path."""
    path = f"{author.name}/{NAME}"
    with connected(live.url, author.key) as client:
        algorithm = client.algo(path)
        algorithm.create({"label": NAME}, SETTINGS)
        files = f"{live.url}/algorithms/{path}/files/"
        head = httpx.get(files, headers=author.headers).json()["commit"]
        sent = {"parent": head, "changes": FILES}
        assert httpx.post(files, headers=author.headers, json=sent).status_code == 200
        log = algorithm.compile()["compilation"]["output"]
        assert "Setting up model...\nStarting model server at http://127.0.0.1:8080..." in log
        algorithm.publish(
            settings={"algorithm_callability": "public"},
            version_info={"version_type": "minor", "sample_input": json.dumps({"photo": photo()})},
        )
    return path


def test_service_of_the_guide_labels_a_photo(live: Site, author: Person, service: str) -> None:
    answer = call(live, f"{service}/0.1.0", {"photo": photo()}, key=author.key, stdout=True).json()

    assert answer["result"] == {"label": "seven"}
    assert "classifying (8, 8)" in answer["metadata"]["stdout"]
    assert record(live, answer["metadata"]["request_id"])["result"] == "succeeded"


def test_each_command_has_an_address_and_a_form(live: Site, author: Person, service: str) -> None:
    named = call(live, f"{service}/0.1.0/blank", {"size": 2}, key=author.key).json()
    newest = call(live, f"{service}/blank", {}, key=author.key).json()
    page = httpx.get(f"{live.url}/algorithms/{service}/?operation=blank").text

    picture = Image.open(io.BytesIO(base64.b64decode(named["result"]["photo"].split(",")[1])))
    assert picture.size == (2, 2)
    assert newest["result"]["photo"].startswith("data:image/png;base64,")
    assert f'action="/v1/web/algo/{service}/0.1.0/blank"' in page
    assert '"maximum": 64' in page
    assert "An empty sheet" in page


def test_call_that_nobody_waits_for_keeps_its_operation(
    live: Site, author: Person, service: str
) -> None:
    left = call(live, f"{service}/0.1.0/blank", {"size": 3}, key=author.key, output="void").json()
    address = f"{live.url}/v1/requests/{left['request_id']}"

    def answer() -> Any:
        found = httpx.get(address, headers=author.headers).json()
        return found if found["status"] == "done" else None

    assert until(answer)["result"]["photo"].startswith("data:image/png;base64,")
    assert record(live, left["request_id"])["operation"] == "blank"
    with signed_in(live, author) as browser:
        usage = browser.get(f"/algorithms/{service}/usage/").text
        spent = browser.get("/billing/usage/?group_by=operation").text
    assert "<code>blank</code>" in usage
    assert f"{service}/blank" in spent


def test_file_field_takes_the_content_or_a_file_of_the_callers_collection(
    live: Site, author: Person, service: str
) -> None:
    with connected(live.url, author.key) as client:
        client.dir(f"data://{author.name}/tables").create()
        client.file(f"data://{author.name}/tables/two.csv").put("1\n2\n")
    tables = [
        f"data://{author.name}/tables/two.csv",
        "data:text/csv;base64,MQo=",
        "data://x/y/z.csv",
    ]

    answers = [
        call(live, f"{service}/lines", {"table": one}, key=author.key).json() for one in tables
    ]

    assert [answer.get("result") for answer in answers] == [{"n": 2}, {"n": 1}, None]
    assert answers[2]["error"]["error_type"] == "InputError"
    assert "data://x/y/z.csv could not be fetched" in answers[2]["error"]["message"]


def test_inputs_that_do_not_fit_are_refused_by_their_field(
    live: Site, author: Person, service: str
) -> None:
    path = f"{service}/0.1.0"
    answers = [
        call(live, f"{path}/blank", {"size": 65}, key=author.key),
        call(live, path, {}, key=author.key),
        call(live, path, b"text", kind="text/plain", key=author.key),
        call(live, f"{path}/nothing", {}, key=author.key),
    ]

    messages = [answer.json()["error"]["message"] for answer in answers]
    assert messages == [
        "size: 65 is greater than the maximum of 64. Nothing was charged.",
        "classify: 'photo' is a required property. Nothing was charged.",
        "classify takes a JSON object of its fields. Nothing was charged.",
        "There is no operation 'nothing'; there are classify, blank, lines. Nothing was charged.",
    ]
