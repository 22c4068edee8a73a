"""The OpenCV guide, whole: train, upload, write, build, publish, call; nothing but its own steps.

The code is the guide's own; only the names of owner and collection are filled in. On Python 3.6
it has the guide's own pin, on 3.11 the newest OpenCV that still holds the functions it uses (5.0
has no cv2.ml) and the newest numpy that still makes a float of an array of one. The first is
written by git, the second by the API; `tests/e2e/test_opencv_by_page.py` writes it on the pages.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from runners import runtimes
from tests.git.repository import address, clone
from tests.journeys.authoring import SETTINGS, on_python, publish, write
from tests.journeys.opencv_packages import CASES, Case
from tests.live import Person, Site
from tests.python_client import ReadAcl, connected

DATA = Path(__file__).resolve().parent.parent / "data" / "opencv"

FEATURES = """
SZ=20
bin_n = 16 # Number of bins
affine_flags = cv.WARP_INVERSE_MAP|cv.INTER_LINEAR

def deskew(img):
    m = cv.moments(img)
    if abs(m['mu02']) < 1e-2:
        return img.copy()
    skew = m['mu11']/m['mu02']
    M = np.float32([[1, skew, -0.5*SZ*skew], [0, 1, 0]])
    img = cv.warpAffine(img,M,(SZ, SZ),flags=affine_flags)
    return img
def hog(img):
    gx = cv.Sobel(img, cv.CV_32F, 1, 0)
    gy = cv.Sobel(img, cv.CV_32F, 0, 1)
    mag, ang = cv.cartToPolar(gx, gy)
    bins = np.int32(bin_n*ang/(2*np.pi))    # quantizing binvalues in (0...16)
    bin_cells = bins[:10,:10], bins[10:,:10], bins[:10,10:], bins[10:,10:]
    mag_cells = mag[:10,:10], mag[10:,:10], mag[:10,10:], mag[10:,10:]
    hists = [np.bincount(b.ravel(), m.ravel(), bin_n) for b, m in zip(bin_cells, mag_cells)]
    hist = np.hstack(hists)     # hist is a 64 bit vector
    return hist
"""

TRAINING = """
import Algorithmia
import cv2 as cv
import numpy as np
import os
{features}
model_file_save_data_path = "data://{owner}/{collection}/svm_data.dat"

client = Algorithmia.client({key!r}, {url!r})

digits_data_url = "data://{owner}/dataset/digits.png"
digits_path = "./digits.png"
digits_abs_path = client.file(digits_data_url).getFile().name
os.rename(digits_abs_path, digits_path)

img = cv.imread(digits_path,0)
cells = [np.hsplit(row,100) for row in np.vsplit(img,50)]
train_cells = [ i[:50] for i in cells ]
test_cells = [ i[50:] for i in cells]
deskewed = [list(map(deskew,row)) for row in train_cells]
hogdata = [list(map(hog,row)) for row in deskewed]
trainData = np.float32(hogdata).reshape(-1,64)
responses = np.repeat(np.arange(10),250)[:,np.newaxis]

svm = cv.ml.SVM_create()
svm.setKernel(cv.ml.SVM_LINEAR)
svm.setType(cv.ml.SVM_C_SVC)
svm.setC(2.67)
svm.setGamma(5.383)
svm.train(trainData, cv.ml.ROW_SAMPLE, responses)
svm.save("svm_data.dat")

client.file(model_file_save_data_path).putFile("svm_data.dat")
"""

ALGORITHM = """
import Algorithmia
import cv2 as cv
import numpy as np
import os
{features}
model_file_path = "data://{owner}/{collection}/svm_data.dat"

client = Algorithmia.client()

def init_model():
    model_abs_path = client.file(model_file_path).getFile().name
    model = cv.ml.SVM_load(model_abs_path)
    print("model loaded")
    return model

model = init_model()

def apply(input):
    img_path = "./img_path.png"
    img_abs_path = client.file(input["image"]).getFile().name
    os.rename(img_abs_path, img_path)
    img = cv.imread(img_path,0)
    deskewed = deskew(img)
    hogged = hog(deskewed)
    testData = np.float32([hogged]).reshape(-1,bin_n*4)
    pred = float(model.predict(np.float32([hogged]).reshape(-1,bin_n*4))[1])
    return {{"prediction": pred}}
"""


@pytest.fixture(scope="module")
def dataset(author_client: Any, author: Person) -> str:
    """The guide's own `data://opencv/dataset`, readable by everyone who calls."""
    directory = author_client.dir(f"data://{author.name}/dataset")
    directory.create()
    for path in sorted(DATA.glob("*.png")):
        author_client.file(f"data://{author.name}/dataset/{path.name}").putFile(str(path))
    return f"data://{author.name}/dataset"


def _train(case: Case, site: Site, author: Person, collection: str, folder: Path) -> None:
    """On the author's own machine: the guide's script with the packages it asks for."""
    runtime = runtimes.find(f"python{case.python.replace('.', '')}")
    interpreter = Path(runtime.prefix) / "bin" / runtime.executable
    python = folder / "training" / "bin" / "python"
    uv = shutil.which("uv") or str(Path(sys.executable).with_name("uv"))
    subprocess.run([uv, "venv", "-q", "-p", interpreter, python.parent.parent], check=True)
    packages = ["algorithmia==2.0.5", *case.packages]
    subprocess.run([uv, "pip", "install", "-q", "-p", python, *packages], check=True)
    script = TRAINING.format(
        features=FEATURES,
        owner=author.name,
        collection=collection,
        key=author.key,
        url=site.url,
    )
    (folder / "train.py").write_text(script)
    done = subprocess.run(
        [python, "-W", "ignore", "train.py"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def _push(case: Case, code: str, site: Site, author: Person, client: Any, folder: Path) -> str:
    """Write it as the author's own git does, and wait for the build that the push starts."""
    path = f"{author.name}/{_name(case)}"
    client.algo(path).create({"label": _name(case)}, SETTINGS | on_python(client, case.python))
    work = clone(address(site, path, author.name, author.key), folder / "work")
    (work.folder / "requirements.txt").write_text(case.requirements)
    commit = work.commit(**{f"src__{_name(case)}": code})
    said = work.git("push", "origin", "master")
    assert said.is_good, said.err
    assert f"build successful for algo://{path}/{commit}" in said.err
    return path


def _name(case: Case) -> str:
    return f"Digits{case.python.replace('.', '')}"


@pytest.mark.parametrize("case", CASES)
def test_the_guide_from_training_to_a_strangers_call(
    case: Case,
    live: Site,
    author_client: Any,
    author: Person,
    caller: Person,
    dataset: str,
    tmp_path: Path,
) -> None:
    collection = f"model{case.python.replace('.', '')}"
    author_client.dir(f"data://{author.name}/{collection}").create()
    _train(case, live, author, collection, tmp_path)
    assert author_client.file(f"data://{author.name}/{collection}/svm_data.dat").exists()

    code = ALGORITHM.format(features=FEATURES, owner=author.name, collection=collection)
    if case.python == "3.6":
        path = _push(case, code, live, author, author_client, tmp_path)
    else:
        path = write(
            author_client,
            live,
            author,
            code,
            name=_name(case),
            requirements=case.requirements,
            settings=on_python(author_client, case.python),
        ).path
    author_client.dir(dataset).update_permissions(ReadAcl.public)
    sample = f'{{"image": "{dataset}/zero_sample.png"}}'
    number = publish(author_client, path, sample=sample)

    with connected(live.url, caller.key) as stranger:
        algorithm = stranger.algo(f"{path}/{number}")
        zero = algorithm.pipe({"image": f"{dataset}/zero_sample.png"})
        others = [
            algorithm.pipe({"image": f"{dataset}/sample_{digit}.png"}) for digit in range(1, 10)
        ]

    assert zero.result == {"prediction": 0}
    assert [answer.result["prediction"] for answer in others] == list(range(1, 10))
    answers = [zero, *others]
    assert [answer.metadata.full_metadata["cold"] for answer in answers] == [True] + [False] * 9
