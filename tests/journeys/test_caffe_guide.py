"""The Caffe guide: a real Caffe network through OpenCV, and the guide's own TensorFlow code.

The guide's text says Caffe and its code is TensorFlow 1. Both are done here. The two TensorFlow
environments have some 600 and 1500 MB, so they are left to `make test-guides`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.authoring import on_python, publish, write
from tests.journeys.opencv_packages import CASES, Case
from tests.live import Person, Site
from tests.machine import needs_python
from tests.python_client import ReadAcl, connected

DATA = Path(__file__).resolve().parent.parent / "data"
DIGITS = [
    [float(number) for number in line.split(",")]
    for line in (DATA / "cntk" / "test.csv").read_text().splitlines()
]
EXPECTED = [2, 0, 9, 0, 3, 7, 0, 3, 0, 3]

NETWORK = """
import Algorithmia
import cv2
import numpy as np

client = Algorithmia.client()
loads = []

def network():
    folder = "data://{owner}/Caffe_model_demo/"
    prototxt = client.file(folder + "deploy.prototxt").getFile().name
    caffemodel = client.file(folder + "lenet_mnist.caffemodel").getFile().name
    loads.append("network loaded")
    return cv2.dnn.readNetFromCaffe(prototxt, caffemodel)

net = network()

def apply(input):
    if input == "loads":
        return len(loads)
    pictures = np.asarray(input["images"], dtype=np.float32).reshape(-1, 1, 28, 28)
    answers = []
    for picture in pictures:
        net.setInput(picture[np.newaxis])
        [probabilities] = net.forward()
        digit = int(probabilities.argmax())
        answers.append({{"digit": digit, "confidence": round(float(probabilities[digit]), 3)}})
    return answers
"""

GRAPH = """
import Algorithmia
try:
    import tensorflow.compat.v1 as tf
except ImportError:
    import tensorflow as tf

tf.disable_eager_execution()
client = Algorithmia.client()

def variable_checkpoint():
    file_path = 'data://{owner}/Caffe_model_demo/variable_checkpoint.ckpt'
    return client.file(file_path).getFile().name

def saved_graph():
    file_path = 'data://{owner}/Caffe_model_demo/graph_model.pb'
    return client.file(file_path).getFile().name

def session():
    graph = tf.Graph()
    with graph.as_default():
        with tf.gfile.GFile(saved_graph(), 'rb') as f:
            graph_def = tf.GraphDef()
            graph_def.ParseFromString(f.read())
            tf.import_graph_def(graph_def, name='')
        names = tf.train.SaverDef(
            filename_tensor_name='save/Const:0',
            save_tensor_name='save/control_dependency:0',
            restore_op_name='save/restore_all',
        )
        sess = tf.Session(graph=graph)
        tf.train.Saver(saver_def=names).restore(sess, variable_checkpoint())
        y_ = graph.get_tensor_by_name('Placeholder_1:0')
        y = graph.get_tensor_by_name('Softmax:0')
        correct_prediction = tf.equal(tf.argmax(y, 1), tf.argmax(y_, 1))
        accuracy = tf.reduce_mean(tf.cast(correct_prediction, tf.float32))
        return sess, tf.argmax(y, 1), accuracy

# Get called once
sess, prediction, accuracy = session()

def apply(input):
    labels = [[float(digit == label) for digit in range(10)] for label in input['labels']]
    feed = {{'Placeholder:0': input['images'], 'Placeholder_1:0': labels}}
    found, right = sess.run([prediction, accuracy], feed_dict=feed)
    return {{'prediction': found.tolist(), 'accuracy': float(right)}}
"""

TENSORFLOW = {
    "3.6": "tensorflow==1.15.5\nnumpy==1.18.5\nprotobuf==3.19.6\n",
    "3.11": "tensorflow-cpu==2.21.0\n",
}


@pytest.fixture(scope="module", autouse=True)
def _models(author_client: Any, author: Person) -> None:
    """All the model files in the guide's collection, which only its author's algorithms may read."""
    folder = f"data://{author.name}/Caffe_model_demo"
    author_client.dir(folder).create(ReadAcl.my_algos)
    for path in (DATA / "caffe").iterdir():
        author_client.file(f"{folder}/{path.name}").putFile(str(path))


@pytest.mark.parametrize("case", CASES)
def test_caffe_network_classifies_a_strangers_pictures(
    case: Case, live: Site, author_client: Any, author: Person, caller: Person
) -> None:
    written = write(
        author_client,
        live,
        author,
        NETWORK.format(owner=author.name),
        name=f"Caffe{case.python.replace('.', '')}",
        requirements=case.requirements,
        settings=on_python(author_client, case.python),
    )
    publish(author_client, written.path, sample=json.dumps({"images": DIGITS[:1]}))

    with connected(live.url, caller.key) as stranger:
        first = stranger.algo(written.path).pipe({"images": DIGITS})
        loads = stranger.algo(written.path).pipe("loads")

    assert [answer["digit"] for answer in first.result] == EXPECTED
    assert [answer["confidence"] for answer in first.result[:4]] == [1.0, 0.998, 0.998, 1.0]
    assert first.metadata.full_metadata["cold"] is True
    assert loads.result == 1


@pytest.mark.guides
@pytest.mark.parametrize(
    "python", [pytest.param(python, marks=needs_python(python)) for python in TENSORFLOW]
)
def test_the_guides_own_graph_code_answers_on_tensorflow(
    python: str, live: Site, author_client: Any, author: Person, caller: Person
) -> None:
    written = write(
        author_client,
        live,
        author,
        GRAPH.format(owner=author.name),
        name=f"Graph{python.replace('.', '')}",
        requirements=f"algorithmia>=1.0.0,<2.0\nsix\n{TENSORFLOW[python]}",
        settings=on_python(author_client, python),
    )
    request = {"images": DIGITS, "labels": EXPECTED}
    publish(author_client, written.path, sample=json.dumps(request))

    with connected(live.url, caller.key) as stranger:
        answers = [stranger.algo(written.path).pipe(request) for _ in range(2)]

    assert [answer.result for answer in answers] == [{"prediction": EXPECTED, "accuracy": 1.0}] * 2
    assert [answer.metadata.full_metadata["cold"] for answer in answers] == [True, False]
