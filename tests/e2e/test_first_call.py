"""A stranger's first successful call, from an algorithm's page to a terminal, in three clicks."""

from __future__ import annotations

import base64
import json
import subprocess
import textwrap
import time
import uuid

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.e2e.pages import PASSWORD, new_page, result, sign_up
from tests.journeys.authoring import publish, write
from tests.live import Person, Site
from tests.python_client import connected

CODE = '''
    from typing import Literal, TypedDict


    class Request(TypedDict):
        """What to shout.

        Attributes:
            text: What is to be said.
            loud: Louder still.
        """

        text: str
        loud: bool
        times: int
        tags: list[str]
        mood: Literal["glad", "grave"]


    def apply(input: Request):
        said = input["text"].upper() if input["loud"] else input["text"]
        return {"said": " ".join([said] * input["times"]), "tags": input["tags"], "mood": input["mood"]}
    '''
SAMPLE = '{"text": "hello", "loud": true, "times": 2, "tags": ["a"], "mood": "glad"}'
MEDIA = """
    def apply(input):
        return {"picture": input["picture"], "stamp": input["stamp"][:9], "sound": input["sound"]}
    """
MEDIA_SCHEMA = {
    "input": {
        "type": "object",
        "properties": {
            "picture": {"type": "string", "format": "image"},
            "stamp": {
                "type": "string",
                "contentMediaType": "image/png",
                "contentEncoding": "base64",
            },
            "sound": {"type": "string", "format": "audio"},
            "photo": {  # as a model service declares image() and file()
                "type": "string",
                "contentEncoding": "base64",
                "contentMediaType": "image/*",
                "format": "data-uri",
                "x-widget": "image",
            },
            "table": {
                "type": ["string", "null"],
                "format": "uri-reference",
                "x-widget": "file",
                "x-accept": ".csv",
            },
        },
    }
}
MEDIA_SAMPLE = (
    '{"picture": "data://x/y/a.png", "stamp": "iVBORw0KGgo", "sound": "data://x/y/a.wav"}'
)
DOT = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
HAND_OVER = """(box, [kind, dot]) => {
    const held = new DataTransfer();
    const bytes = Uint8Array.from(atob(dot), (letter) => letter.charCodeAt(0));
    held.items.add(new File([bytes], `${kind}.png`, { type: "image/png" }));
    const about = { bubbles: true, cancelable: true, clipboardData: held, dataTransfer: held };
    box.dispatchEvent(kind === "drop" ? new DragEvent(kind, about) : new ClipboardEvent(kind, about));
}"""


@pytest.fixture(scope="module")
def shouter(live: Site, author: Person) -> str:
    with connected(live.url, author.key) as client:
        path = write(client, live, author, textwrap.dedent(CODE)).path
        publish(client, path, sample=SAMPLE)
    return path


def test_a_stranger_makes_a_first_call_in_three_clicks_and_sixty_seconds(
    page: Page, shouter: str
) -> None:
    began = time.monotonic()
    name = f"caller_{uuid.uuid4().hex[:8]}"
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])

    page.goto(f"/algorithms/{shouter}/")
    expect(page.locator("[data-result]")).to_contain_text("HELLO HELLO")
    expect(page.get_by_text("runs left today without an account")).to_be_visible()
    page.get_by_label("text").fill("good day")
    page.get_by_label("text").press("ControlOrMeta+Enter")
    assert "GOOD DAY GOOD DAY" in result(page)
    page.get_by_role("link", name="Use in code").click()
    page.locator("#use").get_by_role("link", name="Get a key").click()
    page.get_by_label("Account name").fill(name)
    page.get_by_label("E-mail").fill(f"{name}@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("Password").press("Enter")
    expect(page.get_by_text("is in the snippet")).to_be_visible()
    expect(page.locator("#snippet-curl")).to_contain_text("good day")
    page.locator("#use section:not([hidden])").get_by_role("button", name="Copy").click()
    page.wait_for_function("navigator.clipboard.readText().then((text) => text.includes('curl'))")
    command = page.evaluate("navigator.clipboard.readText()")
    answer = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True)

    assert json.loads(answer.stdout)["result"]["said"] == "GOOD DAY GOOD DAY"
    expect(page.locator("first-call")).to_contain_text("First call from your key received ✓")
    assert time.monotonic() - began < 60


def test_form_and_json_are_two_views_of_one_input(page: Page, shouter: str) -> None:
    page.goto(f"/algorithms/{shouter}/")

    expect(page.get_by_text("What is to be said.")).to_be_visible()
    page.get_by_label("loud").uncheck()
    page.get_by_label("mood").select_option("grave")
    page.get_by_role("button", name="Add an item").click()
    page.get_by_label("Item 2", exact=True).fill("b")
    page.get_by_role("button", name="JSON").click()
    written = json.loads(page.locator("#console-input").input_value())
    assert written == {
        "text": "hello",
        "loud": False,
        "times": 2,
        "tags": ["a", "b"],
        "mood": "grave",
    }
    page.locator("#console-input").fill(json.dumps(written | {"times": 3, "extra": "new"}))
    page.get_by_role("button", name="Form").click()

    assert page.get_by_label("times").input_value() == "3"
    assert page.get_by_label("extra").input_value() == "new"


def test_a_kept_run_has_an_address_of_its_own_until_it_is_deleted(
    page: Page, shouter: str, live: Site
) -> None:
    name = f"keeper_{uuid.uuid4().hex[:8]}"
    page.goto(f"/sign_up/?next=/algorithms/{shouter}/")
    page.get_by_label("Account name").fill(name)
    page.get_by_label("E-mail").fill(f"{name}@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("Password").press("Enter")

    expect(page.get_by_role("button", name="JSON")).to_be_visible()
    page.get_by_role("button", name="Run", exact=True).click()
    result(page)
    expect(page.get_by_role("heading", name="Result")).to_be_focused()
    page.get_by_role("button", name="Keep and share").click()
    page.get_by_role("button", name="Keep it").click()
    page.get_by_role("dialog").get_by_role("link").click()
    expect(page.get_by_role("heading", name="A run of")).to_be_visible()
    expect(page.locator("kept-run")).to_contain_text("HELLO HELLO")
    address = page.url
    stranger = page.context.browser
    assert stranger is not None
    seen = new_page(stranger.new_context())
    assert (answer := seen.goto(address)) is not None
    assert answer.status == 200
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("The run is deleted")).to_be_visible()

    assert (answer := seen.goto(address)) is not None
    assert answer.status == 404
    seen.context.close()


def test_pictures_are_dropped_and_pasted_and_a_sound_is_chosen(
    page: Page, live: Site, author: Person
) -> None:
    schema = json.dumps(MEDIA_SCHEMA)
    with connected(live.url, author.key) as client:
        code = textwrap.dedent(MEDIA)
        path = write(client, live, author, code, files={"schema.json": schema}).path
        publish(client, path, sample=MEDIA_SAMPLE)
    name = f"painter_{uuid.uuid4().hex[:8]}"
    key = sign_up(page, name)

    page.goto(f"/algorithms/{path}/")
    fields = (page.locator(".file-field").nth(number) for number in range(5))
    picture, stamp, sound, photo, table = fields
    picture.evaluate(HAND_OVER, ["drop", DOT])
    expect(picture).to_contain_text("drop.png is ready.")
    stamp.evaluate(HAND_OVER, ["paste", DOT])
    expect(stamp.get_by_role("img", name="Preview of paste.png")).to_be_visible()
    with page.expect_file_chooser() as asked:
        sound.get_by_role("button", name="Choose a file").click()
    wave = {"name": "a b.wav", "mimeType": "audio/wav", "buffer": b"RIFF"}
    asked.value.set_files(wave)  # type: ignore[arg-type]  # a TypedDict of its own
    expect(sound).to_contain_text("a b.wav is ready.")
    expect(sound.locator("audio")).to_be_visible()
    photo.evaluate(HAND_OVER, ["drop", DOT])
    expect(photo.get_by_role("img", name="Preview of drop.png")).to_be_visible()
    expect(table.locator("input[type=file]")).to_have_attribute("accept", ".csv")
    values = {"name": "a.csv", "mimeType": "text/csv", "buffer": b"1,2"}
    table.locator("input[type=file]").set_input_files(values)  # type: ignore[arg-type]
    expect(table).to_contain_text("a.csv is ready.")
    page.get_by_role("button", name="Run", exact=True).click()
    result(page)
    page.get_by_role("button", name="JSON").click()

    collection = f"data://{name}/console"
    assert json.loads(page.locator("#console-input").input_value()) == {
        "picture": f"{collection}/drop.png",
        "stamp": DOT,
        "sound": f"{collection}/a_b.wav",
        "photo": f"data:image/png;base64,{DOT}",
        "table": f"{collection}/a.csv",
    }
    expect(page.locator("[data-result]").first).to_contain_text(DOT[:9])
    address = f"{live.url}/v1/connector/data/{name}/console/drop.png"
    stored = httpx.get(address, headers={"Authorization": f"Simple {key}"})
    assert stored.content == base64.b64decode(DOT)
    camera_and_microphone_are_offered_on_a_phone(page, path)


def camera_and_microphone_are_offered_on_a_phone(page: Page, path: str) -> None:
    assert page.context.browser is not None
    phone = page.context.browser.new_context(
        base_url=page.url,
        storage_state=page.context.storage_state(),
        viewport={"width": 360, "height": 740},
        is_mobile=True,
        has_touch=True,
    )
    held = phone.new_page()
    held.goto(f"/algorithms/{path}/")
    wishes = (
        ("Take a picture", "environment", "taken.png", "image/png", base64.b64decode(DOT)),
        ("Record", "user", "spoken.wav", "audio/wav", b"RIFF"),
    )
    for label, side, name, kind, content in wishes:
        with held.expect_file_chooser() as asked:
            held.get_by_role("button", name=label).first.tap()
        assert asked.value.element.get_attribute("capture") == side
        assert asked.value.element.get_attribute("accept") == f"{kind.partition('/')[0]}/*"
        made = {"name": name, "mimeType": kind, "buffer": content}
        asked.value.set_files(made)  # type: ignore[arg-type]  # a TypedDict of its own
        expect(held.get_by_text(f"{name} is ready.")).to_be_visible()
    phone.close()
