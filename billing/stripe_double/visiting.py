"""The pages that people see: Checkout, 3-D Secure, onboarding, portal. They work without scripts."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path
from string import Template
from typing import Final

from billing.stripe_double import cards, checkout, connect, invoices
from billing.stripe_double.refusals import Refusal, invalid
from billing.stripe_double.schema import Json
from billing.stripe_double.world import World

_FOLDER: Final = Path(__file__).with_name("pages")
_EXPIRY: Final = re.compile(r"(0[1-9]|1[0-2])\s*/\s*(\d\d)")


@dataclass(frozen=True)
class Page:
    """What a browser gets: HTML, or another place to go to."""

    status: int
    html: str = ""
    location: str = ""


Visit = Callable[[World, list[str], dict[str, str] | None], Page]


def visit(world: World, path: str, sent: dict[str, str] | None) -> Page:
    """Show the page at this path, or do what was sent to it."""
    name, *rest = path.strip("/").split("/")
    show = _PAGES.get(name)
    if show is None:
        return _gone("There is no such page", "Go back to where you came from.", status=404)
    with world.lock:
        world.tick()
        try:
            page = show(world, rest, sent)
        except (Refusal, IndexError):
            page = _gone(
                "This page is no longer valid",
                "Go back to where you came from and start again.",
                status=404,
            )
        world.save()
    return page


def money(cents: int, currency: str | None) -> str:
    sign = "$" if (currency or "usd") == "usd" else f"{(currency or '').upper()} "
    return f"{sign}{cents // 100:,}.{cents % 100:02}"


def _pay(world: World, rest: list[str], sent: dict[str, str] | None) -> Page:
    session = world.get("checkout.session", rest[0])
    if session["status"] == "complete":
        return _back(session)
    if session["status"] == "expired":
        return _gone(
            "This payment page has expired",
            "Nothing was charged. Go back and start again.",
            status=410,
        )
    return _show_payment(session) if sent is None else _take_payment(world, session, sent)


def _take_payment(world: World, session: Json, sent: dict[str, str]) -> Page:
    try:
        if "bank" in sent:
            checkout.authenticate(world, session, is_confirmed=sent["bank"] == "yes")
            return _back(session)
        outcome = checkout.pay(world, session, sent.get("number", ""), expires=_expiry(world, sent))
    except Refusal as refusal:
        return _show_payment(session, str(refusal), sent.get("number", ""))
    if outcome == "authenticate":
        return _page("Your bank asks", "bank", "narrow", sum=_sum(session))
    return _back(session)


def _back(session: Json) -> Page:
    return Page(
        303, location=session["success_url"].replace("{CHECKOUT_SESSION_ID}", session["id"])
    )


def _expiry(world: World, sent: dict[str, str]) -> tuple[int, int]:
    found = _EXPIRY.fullmatch(sent.get("expiry", "").strip())
    if not found:
        raise invalid("Write the card's expiry as MM/YY.")
    if not re.fullmatch(r"\d{3,4}", sent.get("cvc", "").strip()):
        raise invalid("The CVC has three or four digits.")
    month, year = int(found[1]), 2000 + int(found[2])
    if (year, month) < tuple(int(part) for part in world.iso()[:7].split("-")):
        raise invalid("Your card has expired.")
    return month, year


def _sum(session: Json) -> str:
    if session["mode"] == "setup":
        return "Nothing is charged now"
    return money(session["amount_total"], session["currency"])


def _show_payment(session: Json, error: str = "", number: str = "") -> Page:
    is_setup = session["mode"] == "setup"
    lines = [
        (one["description"], money(one["amount_total"], one["currency"]))
        for one in session["_lines"]
    ]
    tax = session["total_details"]["amount_tax"]
    if tax:
        lines.append(("Tax", money(tax, session["currency"])))
    cancel = session["cancel_url"]
    return _page(
        "Checkout",
        "pay",
        "split",
        status=402 if error else 200,
        heading="Save a card" if is_setup else "Pay",
        sum=f'<p class="sum">{_sum(session)}</p>',
        lines=_rows(lines),
        cancel=f'<p><a href="{escape(cancel)}">Cancel and go back</a></p>' if cancel else "",
        error=_error(error),
        number=escape(number or "4242 4242 4242 4242"),
        button="Save the card" if is_setup else f"Pay {_sum(session)}",
        cards="".join(
            f"<tr><td><code>{_grouped(card.number)}</code></td><td>{card.says}</td></tr>"
            for card in cards.CARDS.values()
        ),
    )


def _onboard(world: World, rest: list[str], sent: dict[str, str] | None) -> Page:
    account = world.get("account", rest[0])
    link = account.get("_links", {}).get(rest[1])
    if link is None or link["until"] < world.now():
        if link is not None:
            return Page(303, location=link["refresh"])
        return _gone(
            "This link has been used or is too old",
            "Go back to the site and begin again.",
            status=410,
        )
    if sent is None:
        return _page("Get paid", "onboard", "narrow", error="")
    if sent.get("done") == "later":
        return Page(303, location=link["return"])
    if sent.get("agree") != "yes" or not all(
        sent.get(name, "").strip() for name in ("first", "last", "bank")
    ):
        text = "Fill in your name and the account, and accept the terms."
        return _page("Get paid", "onboard", "narrow", status=422, error=_error(text))
    connect.activate(world, account)
    return Page(303, location=link["return"])


def _express(world: World, rest: list[str], _sent: dict[str, str] | None) -> Page:
    account = world.get("account", rest[0])
    if account.get("_dashboard") != rest[1]:
        raise invalid("This link is not valid.")
    ones = [one for one in world.all("transfer") if one["destination"] == account["id"]]
    total = sum(one["amount"] - one["amount_reversed"] for one in ones)
    rows = _rows(
        [
            (invoices.when(one["created"]), one["id"], money(one["amount"], one["currency"]))
            for one in ones
        ]
    )
    return _page(
        "Payouts", "express", "narrow",
        name=escape(account["email"] or account["id"]), sum=money(total, "usd"), transfers=rows,
    )  # fmt: skip


def _portal(world: World, rest: list[str], sent: dict[str, str] | None) -> Page:
    portal = world.get("billing_portal.session", rest[0])
    customer = world.get("customer", portal["customer"])
    error = ""
    if sent is not None:
        try:
            _change_cards(world, customer, sent)
        except Refusal as refusal:
            error = str(refusal)
    default = customer["invoice_settings"]["default_payment_method"]
    methods = [one for one in world.all("payment_method") if one["customer"] == customer["id"]]
    bills = [one for one in world.all("invoice") if one["customer"] == customer["id"]]
    back = portal["return_url"]
    return _page(
        "Billing",
        "portal",
        "narrow",
        email=escape(customer["email"] or customer["id"]),
        back=f'<p><a href="{escape(back)}">Back to the site</a></p>' if back else "",
        error=_error(error),
        methods="".join(_card_row(one, is_default=one["id"] == default) for one in methods),
        invoices="".join(
            f'<tr><td><a href="{escape(one["hosted_invoice_url"])}">{one["number"]}</a></td>'
            f"<td>{invoices.when(one['created'])}</td><td>{one['status']}</td>"
            f'<td class="n">{money(one["total"], one["currency"])}</td></tr>'
            for one in reversed(bills)
        ),
    )


def _change_cards(world: World, customer: Json, sent: dict[str, str]) -> None:
    if sent.get("do") == "add":
        method = cards.new_card(world, sent.get("number", ""), customer["id"])
        customer["invoice_settings"]["default_payment_method"] = method["id"]
        world.emit("payment_method.attached", method)
        world.emit("customer.updated", customer)
    elif (
        sent.get("do") == "remove"
        and world.get("payment_method", sent.get("card"))["customer"] == customer["id"]
    ):
        cards.detach(world, {}, sent["card"])


def _card_row(method: Json, *, is_default: bool) -> str:
    card = method["card"]
    text = f"{card['brand'].title()} •••• {card['last4']}" + (" (in use)" if is_default else "")
    return (
        f"<tr><td>{text}<br><small>{card['exp_month']:02}/{card['exp_year']}</small></td>"
        f'<td class="n"><form method="post"><input type="hidden" name="card" value="{method["id"]}">'
        '<button class="quiet small" name="do" value="remove">Remove</button></form></td></tr>'
    )


def _invoice(world: World, rest: list[str], _sent: dict[str, str] | None) -> Page:
    bill = world.get("invoice", rest[0])
    lines = [
        (one["description"], money(one["amount"], one["currency"])) for one in bill["lines"]["data"]
    ]
    tax = bill["total"] - bill["subtotal"]
    lines += [("Tax", money(tax, bill["currency"]))] if tax else []
    lines.append(("Total", money(bill["total"], bill["currency"])))
    return _page(
        f"Invoice {bill['number']}", "invoice", "narrow",
        number=bill["number"], date=invoices.when(bill["created"]), state=bill["status"],
        email=escape(bill["customer_email"] or ""), lines=_rows(lines),
    )  # fmt: skip


def _rows(rows: Sequence[tuple[str, ...]]) -> str:
    return "".join(
        "<tr>"
        + "".join(f"<td>{escape(cell)}</td>" for cell in row[:-1])
        + f'<td class="n">{escape(row[-1])}</td></tr>'
        for row in rows
    )


def _grouped(number: str) -> str:
    return " ".join(number[at : at + 4] for at in range(0, len(number), 4))


def _error(text: str) -> str:
    return f'<p class="error" role="alert">{escape(text)}</p>' if text else ""


def _gone(heading: str, text: str, *, status: int) -> Page:
    return _page(heading, "gone", "narrow", status=status, heading=heading, text=text)


def _page(title: str, name: str, layout: str, /, *, status: int = 200, **parts: str) -> Page:
    content = _template(name).substitute(parts)
    return Page(
        status, _template("frame").substitute(title=escape(title), layout=layout, content=content)
    )


@cache
def _template(name: str) -> Template:
    return Template((_FOLDER / f"{name}.html").read_text())


_PAGES: Final[dict[str, Visit]] = {
    "pay": _pay, "onboard": _onboard, "express": _express, "portal": _portal, "invoice": _invoice,
}  # fmt: skip
