"""Connect: accounts of authors, how they are opened, and what is transferred to them."""

from __future__ import annotations

import secrets

from billing.stripe_double import cash
from billing.stripe_double.operations import answers, as_list, change, listed
from billing.stripe_double.refusals import need
from billing.stripe_double.schema import Json
from billing.stripe_double.world import World, public

LINK_SECONDS = 300
_WANTED = [
    "external_account",
    "individual.first_name",
    "individual.last_name",
    "tos_acceptance.date",
]


@answers("post /v1/accounts")
def create_account(world: World, params: Json) -> Json:
    made = world.make("account", country=params.get("country", "US"), email=params.get("email"))
    change(world, "account", made, {"metadata": params.get("metadata", {})})
    wanted = params.get("capabilities", {})
    made.update(
        type=params.get("type", "express" if "controller" in params else "standard"),
        capabilities={name: "inactive" for name, one in wanted.items() if one.get("requested")},
        charges_enabled=False, payouts_enabled=False, details_submitted=False, default_currency="usd",
        requirements=_requirements(_WANTED),
    )  # fmt: skip
    if "controller" in params:
        asked = params["controller"]
        made["controller"] = {
            "type": "application", "is_controller": True, "fees": asked.get("fees"), "losses": asked.get("losses"),
            "requirement_collection": asked.get("requirement_collection"), "stripe_dashboard": asked.get("stripe_dashboard"),
        }  # fmt: skip
    return made


@answers("post /v1/account_links")
def create_link(world: World, params: Json) -> Json:
    """A door to the onboarding page, for one visit and a few minutes."""
    account = world.get("account", params["account"])
    need(params.get("refresh_url") and params.get("return_url"), "An onboarding link needs both addresses.",
         "parameter_missing", "return_url")  # fmt: skip
    token = secrets.token_hex(12)
    account["_links"] = {
        **account.get("_links", {}),
        token: {
            "refresh": params["refresh_url"],
            "return": params["return_url"],
            "until": world.now() + LINK_SECONDS,
        },
    }
    link = world.schema.blank("account_link")
    link.update(
        object="account_link", created=world.now(), expires_at=world.now() + LINK_SECONDS,
        url=world.page(f"onboard/{account['id']}/{token}", params["return_url"]),
    )  # fmt: skip
    return link


@answers("post /v1/accounts/{account}/login_links")
def create_login(world: World, _params: Json, id_: str) -> Json:
    account = world.get("account", id_)
    need(
        account["details_submitted"],
        "Cannot create a login link for an account that has not completed onboarding.",
    )
    made = world.schema.blank("login_link")
    token = account.setdefault("_dashboard", secrets.token_hex(12))
    beside = next(
        (one["return"] for one in account.get("_links", {}).values()), account.get("_return")
    )
    made.update(
        object="login_link", created=world.now(), url=world.page(f"express/{id_}/{token}", beside)
    )
    return made


def activate(world: World, account: Json) -> None:
    """All that was asked is known: the account can be paid, and pays its bank."""
    account["_return"] = next((one["return"] for one in account.get("_links", {}).values()), None)
    account["_links"] = {}
    account["capabilities"] = dict.fromkeys(account["capabilities"] or {}, "active")
    account.update(details_submitted=True, payouts_enabled=True, requirements=_requirements([]))
    world.emit("account.updated", account)


def restrict(world: World, account: Json) -> None:
    """Stripe wants to know more; until then nothing can be transferred."""
    account["capabilities"] = dict.fromkeys(account["capabilities"] or {}, "inactive")
    account.update(
        payouts_enabled=False, requirements=_requirements(["individual.verification.document"])
    )
    world.emit("account.updated", account)


@answers("post /v1/transfers")
def transfer(world: World, params: Json) -> Json:
    """Give an author money of the site's: only what is available, only to who can take it."""
    account, amount = world.get("account", params["destination"]), params.get("amount", 0)
    need(
        (account["capabilities"] or {}).get("transfers") == "active",
        "Your destination account needs to have at least one of the following capabilities enabled: "
        "transfers, crypto_transfers, legacy_payments",
        "insufficient_capabilities_for_transfer",
    )
    need(amount > 0, "Invalid positive integer", "parameter_invalid_integer", "amount")
    need(
        amount <= cash.available(world, params["currency"]),
        "You have insufficient available funds in your Stripe account.",
        "balance_insufficient",
    )
    made = world.make("transfer", source_type="card")
    change(world, "transfer", made, params)
    moved = cash.book(world, "transfer", made, -amount)
    made["balance_transaction"] = moved["id"]
    made["reversals"] = as_list([], f"/v1/transfers/{made['id']}/reversals")
    world.emit("transfer.created", made)
    return made


@answers("post /v1/transfers/{id}/reversals")
def reverse(world: World, params: Json, id_: str) -> Json:
    made = world.get("transfer", id_)
    left = made["amount"] - made["amount_reversed"]
    amount = params.get("amount", left)
    need(0 < amount <= left, "Reversal amount is greater than unreversed amount.", None, "amount")
    back = world.make(
        "transfer_reversal",
        amount=amount,
        currency=made["currency"],
        transfer=id_,
        metadata=params.get("metadata", {}),
    )
    moved = cash.book(world, "transfer_reversal", back, amount)
    back["balance_transaction"] = moved["id"]
    made["reversals"]["data"] = [public(back), *made["reversals"]["data"]]
    made["amount_reversed"] += amount
    made["reversed"] = made["amount_reversed"] == made["amount"]
    world.emit("transfer.reversed", made)
    return back


@answers("get /v1/transfers/{id}/reversals")
def reversals(world: World, params: Json, id_: str) -> Json:
    ones = [one for one in world.all("transfer_reversal") if one["transfer"] == id_]
    return listed(ones, params, f"/v1/transfers/{id_}/reversals")


def _requirements(due: list[str]) -> Json:
    return {
        "alternatives": [], "current_deadline": None, "currently_due": due, "eventually_due": due,
        "disabled_reason": "requirements.past_due" if due else None, "errors": [], "past_due": due,
        "pending_verification": [],
    }  # fmt: skip
