"""AlgoLink's guide end to end: a project, a service with a file for its setup, online, called, offline.

The model is that of the journey `test_model_service_guide`, but gets its weights as an option of
its setup, as step 3 of the guide's first tutorial has it.
"""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.e2e.pages import new_page
from tests.journeys.authoring import SETTINGS
from tests.journeys.calling import until
from tests.journeys.test_model_service_guide import FILES, MODEL, photo
from tests.live import ROOT, Person, Site
from tests.python_client import connected

NAME = "Digits"
WEIGHTS = ROOT / "tests" / "data" / "digits" / "centroids.json"
CLASSIFYING = re.compile(r"classifying[\s\S]* \(8, 8\)")  # a server's own lines may come between
WITH_OPTIONS = MODEL.replace(
    """@modelcloud.setup
def setup():
    return np.array(json.load(open('models/centroids.json')))
""",
    """@modelcloud.setup(options={'checkpoint': modelcloud.file(extension='.json'),
                          'shade': modelcloud.number(default=16, min=1, max=64)})
def setup(opts):
    print('weights from', opts['checkpoint'])
    return np.array(json.load(open(opts['checkpoint'])))
""",
).replace(
    "if __name__",
    """@modelcloud.command('leave', inputs={ 'code': number(default=3) }, outputs={ 'label': text() })
def leave(model, input):
    import os
    os._exit(int(input['code']))

if __name__""",
)


@pytest.fixture(scope="module")
def author(live: Site) -> Person:
    return live.person("algolink_author")


@pytest.fixture(scope="module")
def algorithm(live: Site, author: Person) -> str:
    """The guide's folder in its repository, built by nobody yet."""
    path = f"{author.name}/{NAME}"
    changes = {name: text for name, text in FILES.items() if not name.startswith("models/")}
    changes["cloud_model.py"] = WITH_OPTIONS
    with connected(live.url, author.key) as client:
        client.algo(path).create({"label": NAME}, SETTINGS)
    files = f"{live.url}/algorithms/{path}/files/"
    head = httpx.get(files, headers=author.headers).json()["commit"]
    sent = {"parent": head, "changes": changes}
    assert httpx.post(files, headers=author.headers, json=sent).status_code == 200
    return path


def ask(live: Site, author: Person, command: str, **fields: object) -> httpx.Response:
    """A call of the service with a key."""
    address = f"{live.url}/v1/services/{author.name}/reading-machine/digit_reader/{command}"
    return httpx.post(address, json=fields, headers=author.headers, timeout=60)


def look(live: Site, author: Person) -> dict[str, Any]:
    address = f"{live.url}/api/projects/{author.name}/reading-machine/services/digit_reader"
    told: dict[str, Any] = httpx.get(address, headers=author.headers).json()
    return told


def test_model_goes_from_a_project_to_online_and_is_taken_offline_again(
    live: Site, author: Person, algorithm: str, context: BrowserContext, tmp_path: Path
) -> None:
    page = new_page(context)
    state, log = page.locator(".standing .state"), page.get_by_role("log")
    _sign_in(page, author)
    _register(page, algorithm)
    expect(state).to_have_text("Registered")
    assert ask(live, author, "classify", photo=photo()).status_code == 503

    page.get_by_role("button", name="Go online").click()
    expect(state).to_have_text("Failed", timeout=90_000)
    expect(page.locator(".standing")).to_contain_text("The option 'checkpoint' is missing")
    _set_up(page, tmp_path / "weights.json")
    page.get_by_role("button", name="Go online").click()
    expect(state).to_have_text("Online", timeout=90_000)
    expect(log).to_contain_text("weights from /opt/files/checkpoint/weights.json")
    expect(log).to_contain_text("Starting model server at http://127.0.0.1:9123...")

    _try(page, tmp_path / "seven.png")
    expect(page.locator("[data-result]")).to_contain_text("seven")
    expect(log).to_contain_text(CLASSIFYING)
    page.reload()
    expect(log).to_contain_text(CLASSIFYING)
    assert ask(live, author, "classify", photo=photo()).json()["result"] == {"label": "seven"}
    wrong = ask(live, author, "blank", size=65).json()
    assert wrong["error"]["message"].startswith("size: 65 is greater than the maximum of 64.")

    ended = ask(live, author, "leave").json()
    assert "ended with exit code 3 during the call" in ended["error"]["message"]
    expect(log).to_contain_text("It is started again (1 of 3).", timeout=30_000)
    expect(log).to_contain_text(
        re.compile("RUNNING: online.*RUNNING: online", re.DOTALL), timeout=60_000
    )
    assert ask(live, author, "classify", photo=photo()).json()["result"] == {"label": "seven"}

    page.get_by_role("button", name="Take offline").click()
    expect(state).to_have_text("Offline")
    expect(page.locator(".standing")).to_contain_text(f"{author.name} took it offline.")
    refused = ask(live, author, "classify", photo=photo())
    assert refused.status_code == 503
    assert "is offline" in refused.json()["error"]["message"]
    until(lambda: _is_paid(live, author))
    launch = look(live, author)["launch"]
    assert (launch["number"], launch["crashes"]) == (2, 1)
    assert launch["charged"] >= launch["kept_ms"] * launch["rate_microcredits"] // 10**7


def _register(page: Page, algorithm: str) -> None:
    page.goto("/projects/new/")
    page.get_by_label("Name").fill("reading-machine")
    page.get_by_label("Tagline").fill("Reads what was written by hand")
    page.get_by_role("button", name="Begin the project").click()
    page.get_by_role("link", name="Add a service").click()
    page.get_by_label("Name").fill("digit reader")
    page.get_by_label("Algorithm", exact=True).select_option(label=algorithm)
    page.get_by_label("Group").fill("Post office")
    page.get_by_role("button", name="Register it").click()
    expect(page.get_by_role("alert")).to_contain_text("no spaces")
    page.get_by_label("Name").fill("digit_reader")
    page.get_by_role("button", name="Register it").click()


def _set_up(page: Page, weights: Path) -> None:
    """Upload the weights, and choose a port that can be chosen."""
    weights.write_bytes(WEIGHTS.read_bytes())
    page.get_by_role("link", name="Settings").click()
    with page.expect_file_chooser() as chosen:
        page.get_by_role("button", name="Choose a file").click()
    chosen.value.set_files(weights)
    expect(page.get_by_text("weights.json is ready.")).to_be_visible()
    page.get_by_label("Port").fill("9000")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("where the platform listens")
    page.get_by_label("Port").fill("9123")
    page.get_by_role("button", name="Save").click()


def _try(page: Page, picture: Path) -> None:
    picture.write_bytes(base64.b64decode(photo().split(",")[1]))
    with page.expect_file_chooser() as chosen:
        page.get_by_role("button", name="Choose a file").click()
    chosen.value.set_files(picture)
    page.get_by_role("button", name="Run", exact=True).click()


def _is_paid(live: Site, author: Person) -> bool:
    return bool(look(live, author)["launch"]["kept_ms"])


def _sign_in(page: Page, person: Person) -> None:
    page.goto("/sign_in/")
    page.get_by_label("Account name or e-mail").fill(person.name)
    page.get_by_label("Password").fill(person.password)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).not_to_have_text("Sign in")
