"""The Cloud Foundry guide, whole: imported, its rotten pins, the dated install, a call, a gate.

The app is the guide's own with its three pins. Years later they install, and then every POST
answers 500, because what they leave open is of today. The model is the one in its repository, which
is not ours to give away: it is read from beside the checkout, and without it this is skipped.
"""

from __future__ import annotations

import io
import json
import operator
import random
import re
import struct
import zipfile
from typing import Any

import httpx
import pytest

from tests.journeys.authoring import build, write
from tests.journeys.authoring import publish as publish_for_all
from tests.journeys.calling import call, record, signed_in, until
from tests.live import ROOT, Person, Site
from tests.machine import needs_python
from tests.python_client import connected

DATA = ROOT.parent / "shared" / "data" / "cloudfoundry"
NAME = "Mnist"
CHECKPOINT = "trained.ckpt.data-00000-of-00001"

APP = """
import numpy as np
import tensorflow as tf
from flask import Flask, jsonify, request

app = Flask(__name__)

# This is the model
x = tf.placeholder(tf.float32, [None, 784])
W = tf.Variable(tf.zeros([784, 10]), name = 'W')
b = tf.Variable(tf.zeros([10]), name = 'b')
y = tf.nn.softmax(tf.matmul(x, W) + b)

sess = tf.Session()

#Load the stored model
saver = tf.train.Saver()
saver.restore(sess, "model/trained.ckpt")

#A request handler for calling the Tensorflow model
@app.route('/', methods=['POST'])
def process_call():
    #prepare the model
    input = ((255 - np.array(request.get_json(), dtype=np.uint8)) / 255.0).reshape(1, 784)
    #execute the model and respond the result as JSON
    return jsonify(
        sess.run(y, feed_dict={x: input}).flatten().tolist()
    )
"""
TEXTS = {
    "run.py": APP,
    "Procfile": "web: gunicorn run:app --log-file=-\n",
    "runtime.txt": "python-3.6.0\n",
    "requirements.txt": "tensorflow==1.0.1\nFlask==0.12.1\ngunicorn==19.7.1\n",
}

pytestmark = [
    pytest.mark.skipif(
        not DATA.is_dir(), reason="the guide's model is not beside the checkout (../shared/data)"
    ),
    needs_python("3.6"),
]


@pytest.fixture(scope="module")
def author(live: Site) -> Person:
    return live.person("cloud_foundry_author")


@pytest.fixture(scope="module")
def folder(live: Site, author: Person) -> str:
    """The guide's folder, imported as an archive; gives the path of the algorithm."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, text in TEXTS.items():
            archive.writestr(f"mnist/{name}", text)
        for model in sorted((DATA / "model").iterdir()):
            archive.write(model, f"mnist/model/{model.name}")
    path = f"{author.name}/{NAME}"
    sent = httpx.put(
        f"{live.url}/api/imports/{path}", headers=author.headers, content=packed.getvalue()
    )
    assert sent.status_code == 202, sent.text
    done = ended(f"{live.url}{sent.headers['location']}", author)
    assert (done["state"], done["contract"], done["algorithm"]) == ("done", "web", path), done
    return path


def ended(address: str, person: Person) -> dict[str, Any]:
    """What takes a while, as soon as it has ended."""

    def found() -> dict[str, Any] | None:
        said: dict[str, Any] = httpx.get(address, headers=person.headers).json()
        return said if said["finished_at"] else None

    said = until(found, seconds=240)
    assert said is not None
    return said


def build_ended(browser: httpx.Client, address: str) -> dict[str, str]:
    """The facts of a build, as soon as it has ended."""

    def facts() -> dict[str, str] | None:
        found = browser.get(address, headers={"Accept": "application/json"}).json()
        return found if found["state"] not in ("queued", "running") else None

    ended = until(facts, seconds=240)
    assert ended is not None
    return ended


def publish(browser: httpx.Client, path: str) -> httpx.Response:
    sample = (DATA / "input.json").read_text()
    form = {"callability": "private", "pricing": "free", "sample_input": sample}
    return browser.post(f"/algorithms/{path}/publish/", data=form | {"accepts_terms": "on"})


def test_app_of_the_guide_is_diagnosed_repaired_and_called(
    live: Site, author: Person, folder: str
) -> None:
    with signed_in(live, author) as browser:
        builds = browser.get(f"/api/algorithms/{folder}/builds").json()["results"]
        built = build_ended(browser, builds[-1]["url"])
        log = browser.get(builds[-1]["log_url"]).text
        refused = publish(browser, folder)
        [day] = re.findall(r'name="day" value="([\d-]+)"', refused.text)
        second = browser.post(f"/algorithms/{folder}/builds/as_of/", data={"day": day})
        repaired = build_ended(browser, second.headers["location"])
        new_log = browser.get(second.headers["location"] + "log").text
        published = publish(browser, folder)
        page = browser.get(f"/algorithms/{folder}/").text
    answer = call(live, f"{folder}/0.1.0", (DATA / "input.json").read_bytes(), key=author.key)

    assert built["state"] == "succeeded", log
    assert "Contract: web" in log
    assert re.search(r"Asked for Python 3\.6\.0, given 3\.6\.\d+", log)
    assert refused.status_code == 400
    assert "The app answered 500: Internal Server Error. TypeError: " in refused.text
    assert "not &#x27;ellipsis&#x27;" in refused.text
    assert "Its requirements are from 2017" in refused.text
    assert day == "2017-04-30"
    assert repaired["state"] == "succeeded", new_log
    assert "werkzeug==0.12.1" in new_log
    assert published.status_code == 302, published.text
    seen = json.loads((DATA / "response_seen.json").read_text())
    assert answer.json()["result"] == pytest.approx(seen, abs=1e-6)
    assert max(range(10), key=answer.json()["result"].__getitem__) == 2
    metered = record(live, answer.json()["metadata"]["request_id"])
    assert metered["result"] == "succeeded"
    assert metered["run_us"] > 0
    assert '<code translate="no">web</code>' in page
    assert "Python 3.6" in page
    better, worse = challenged(live, author, folder)
    assert (better["state"], better["version"]) == ("passed", "0.2.0"), better
    assert better["done"] == better["total"] == 2 * ROWS
    assert worse["state"] == "refused"
    assert "It is not better than the champion with 95 percent confidence." in worse["error"]


ROWS = 30
EVALUATOR = """
def apply(input):
    output = input["output"]
    return 1.0 if max(range(10), key=output.__getitem__) == input["expected"] else 0.0
"""


def challenged(site: Site, author: Person, path: str) -> list[dict[str, Any]]:
    """Put the app behind a gate, and let a better model and a worse one stand before it.

    The rows are judged by a model with another bias: one that has it answers all of them rightly,
    the guide's not half of those that show the digit it sees most.
    """
    inputs, labels, bias = judged_rows()
    with connected(site.url, author.key) as client:
        evaluator = write(client, site, author, EVALUATOR).path
        publish_for_all(
            client, evaluator, sample=json.dumps({"output": [1.0] + [0.0] * 9, "expected": 0})
        )
        set_gate(site, author, client, path, evaluator, inputs, labels)
        outcomes = []
        for offset in (bias, [-10 * one for one in bias]):
            written = f"+ b + tf.constant({offset!r}, tf.float32))"
            build(client, site, author, path, {"run.py": APP.replace("+ b)", written)})
            place = f"{site.url}/api/algorithms/{path}/publications"
            sent = httpx.post(place, headers=author.headers, json={})
            assert sent.status_code == 202, sent.text
            outcomes.append(ended(f"{site.url}{sent.headers['location']}", author))
    return outcomes


def set_gate(
    site: Site,
    author: Person,
    client: Any,
    path: str,
    evaluator: str,
    inputs: list[list[int]],
    labels: list[int],
) -> None:
    folder = f"data://{author.name}/judging"
    client.dir(folder).create()
    sealed = httpx.patch(
        f"{site.url}/api/collections/{author.name}/judging",
        headers=author.headers,
        json={"read_access": "sealed"},
    )
    assert sealed.status_code == 200, sealed.text
    lines = [
        json.dumps({"input": given, "expected": label})
        for given, label in zip(inputs, labels, strict=True)
    ]
    client.file(f"{folder}/rows.jsonl").put("\n".join(lines))
    demands = {
        "rows": f"{folder}/rows.jsonl",
        "metric": "evaluator",
        "evaluator": f"{evaluator}/0.1.0",
    }
    gate = httpx.put(f"{site.url}/api/algorithms/{path}/gate", headers=author.headers, json=demands)
    assert gate.status_code == 200, gate.text


def judged_rows() -> tuple[list[list[int]], list[int], list[float]]:
    """Pictures, the digit of each by a bias other than the model's, and that bias."""
    numbers = struct.unpack("<7850f", (DATA / "model" / CHECKPOINT).read_bytes())
    weights, bias = numbers[:7840], numbers[7840:]
    chance = random.Random(7)
    inputs = [[chance.randrange(256) for _ in range(784)] for _ in range(ROWS)]
    scores = []
    for given in inputs:
        seen = [(255 - value) / 255 for value in given]
        columns = [weights[digit::10] for digit in range(10)]
        products = [sum(map(operator.mul, seen, column)) for column in columns]
        scores.append([one + more for one, more in zip(products, bias, strict=True)])
    usual = [max(range(10), key=score.__getitem__) for score in scores]
    often = max(set(usual), key=usual.count)
    leads = sorted(
        score[often] - sorted(score)[-2]
        for score, digit in zip(scores, usual, strict=True)
        if digit == often
    )
    middle = leads[len(leads) // 2] + 1e-4
    offset = [-middle if digit == often else 0.0 for digit in range(10)]
    labels = [
        max(
            range(10), key=[one + more for one, more in zip(score, offset, strict=True)].__getitem__
        )
        for score in scores
    ]
    return inputs, labels, offset
