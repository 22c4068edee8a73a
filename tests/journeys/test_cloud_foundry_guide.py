"""The Cloud Foundry guide, whole: its app as it is, its rotten pins, the dated install, and a call.

The app is the guide's own with its three pins. Years later they install, and then every POST
answers 500, because what they leave open is of today. The model is the one in its repository, which
is not ours to give away: it is read from beside the checkout, and without it this is skipped.
"""

from __future__ import annotations

import base64
import json
import re

import httpx
import pytest

from tests.journeys.authoring import SETTINGS
from tests.journeys.calling import call, record, signed_in, until
from tests.live import ROOT, Person, Site
from tests.machine import needs_python
from tests.python_client import connected

DATA = ROOT.parent / "shared" / "data" / "cloudfoundry"
NAME = "Mnist"

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
    """An algorithm whose repository holds the guide's folder; gives its path."""
    path = f"{author.name}/{NAME}"
    with connected(live.url, author.key) as client:
        client.algo(path).create({"label": NAME}, SETTINGS)
    files = f"{live.url}/algorithms/{path}/files/"
    head = httpx.get(files, headers=author.headers).json()
    changes: dict[str, object] = {one["path"]: None for one in head["files"]}
    changes |= TEXTS
    for model in sorted((DATA / "model").iterdir()):
        content = base64.b64encode(model.read_bytes()).decode()
        changes[f"model/{model.name}"] = {"base64": content}
    saved = httpx.post(
        files, headers=author.headers, json={"parent": head["commit"], "changes": changes}
    )
    assert saved.status_code == 200, saved.text
    return path


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
        first = browser.post(f"/algorithms/{folder}/builds/", data={})
        built = build_ended(browser, first.headers["location"])
        log = browser.get(first.headers["location"] + "log").text
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
