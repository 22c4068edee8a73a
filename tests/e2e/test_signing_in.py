"""A passkey and an authenticator app, in a browser with a virtual authenticator."""

from __future__ import annotations

import re

import pyotp
from playwright.sync_api import Browser, Page, expect

from tests.e2e.pages import Watched, new_page
from tests.live import Person, Site

AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


def _enter_password(page: Page, person: Person) -> None:
    page.goto("/sign_in/")
    page.get_by_label("Account name or e-mail").fill(person.name)
    page.get_by_label("Password").fill(person.password)
    page.get_by_role("main").get_by_role("button", name="Sign in", exact=True).click()


def _sign_out(page: Page) -> None:
    page.locator("summary", has_text="keeper").click()
    page.get_by_role("button", name="Sign out", exact=True).click()
    expect(page.get_by_role("link", name="Sign in")).to_be_visible()


def test_passkey_signs_in_alone_and_the_app_guards_the_password(
    browser: Browser, live: Site
) -> None:
    keeper = live.person("keeper")
    address = live.url.replace("127.0.0.1", "localhost")  # passkeys are for names, not addresses
    context = browser.new_context(base_url=address)
    page = new_page(context)
    watched = Watched(page)
    devices = context.new_cdp_session(page)
    devices.send("WebAuthn.enable")
    devices.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})

    _enter_password(page, keeper)
    page.goto("/security/")
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.get_by_text("is added.")).to_be_visible()
    page.get_by_role("link", name="Set up an app").click()
    page.get_by_text("The app cannot scan?").click()
    app = pyotp.TOTP(page.locator("#app-secret").inner_text().replace(" ", ""))
    page.get_by_label("Code", exact=True).fill(app.now())
    page.get_by_role("button", name="Turn it on").click()
    codes = re.findall(r"[a-z0-9-]{19}", page.locator("#codes").inner_text())
    _sign_out(page)

    page.goto("/sign_in/?next=/keys/")
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("API keys")
    _sign_out(page)
    _enter_password(page, keeper)
    expect(page.get_by_role("heading", level=1)).to_have_text("One more step")
    page.get_by_label("Code", exact=True).fill(codes[0])
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    page.goto("/security/")

    expect(page.get_by_text("9 recovery codes are left.")).to_be_visible()
    expect(page.get_by_text("by password and recovery code")).to_be_visible()
    assert watched.complaints == []
    context.close()
