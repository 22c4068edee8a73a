"""Who an owner is at Stripe, which card they have left there, and the door to Stripe's own pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final
from uuid import UUID

from django.utils.translation import gettext as _

from billing.gateway import Gateway, gateway
from billing.models import StripeCustomer, StripeThing
from billing.permissions import may_buy_credit
from billing.stripe_facts import Session
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import Membership, Owner, User
from marketplace.lib.errors import Conflict

_PORTAL: Final = "portal"
MakeThing = Callable[[str], str]


def customer_of(owner: Owner) -> StripeCustomer:
    """The owner's customer at Stripe, made when it is needed first."""
    stripe = gateway()
    found = StripeCustomer.objects.filter(owner=owner).first()
    if found is None:
        stripe_id = stripe.create_customer(
            email=mail_address(owner),
            name=owner.label,
            owner_id=str(owner.pk),
            key=f"cus:{owner.pk}",
        )
        found, _made = StripeCustomer.objects.get_or_create(
            owner=owner, defaults={"stripe_id": stripe_id, "is_live": stripe.is_live}
        )
    require_same_mode(found.is_live, stripe)
    return found


def require_same_mode(is_live: bool, stripe: Gateway) -> None:
    """Never let a test key move what real money has made, or the other way round."""
    if is_live != stripe.is_live:
        raise Conflict(
            _(
                "This account was set up in Stripe's other mode (test or live). The site's operator "
                "has to use the keys it was made with; nothing was charged."
            )
        )


def open_card_page(owner: Owner, *, by: Actor, back: str, cancel: str, key: str) -> Session:
    """A page of Stripe's on which the owner leaves a card; nothing is charged."""
    by.require(may_buy_credit, owner)
    customer = customer_of(owner)
    return gateway().open_card_page(customer=customer.stripe_id, back=back, cancel=cancel, key=key)


def open_portal(owner: Owner, *, by: Actor, back: str) -> str:
    """The address of Stripe's page with the owner's invoices and cards."""
    by.require(may_buy_credit, owner)
    customer = customer_of(owner)
    stripe = gateway()
    settings_id = thing(_PORTAL, lambda key: stripe.create_portal_settings(key=key))
    return stripe.portal_link(customer.stripe_id, configuration=settings_id, back=back)


def thing(name: str, make: MakeThing) -> str:
    """The id of what is made once at Stripe for the whole site."""
    is_live = gateway().is_live
    found = StripeThing.objects.filter(name=name, is_live=is_live).first()
    if found is None:
        stripe_id = make(f"thing:{name}")
        found, _made = StripeThing.objects.get_or_create(
            name=name, is_live=is_live, defaults={"stripe_id": stripe_id}
        )
    return found.stripe_id


def keep_card(stripe_id: str, method_id: str) -> None:
    """Use this card from now on for what is charged without its holder."""
    customer = StripeCustomer.objects.filter(stripe_id=stripe_id).first()
    if customer is None or not method_id:
        return
    gateway().use_card(stripe_id, method_id, key=f"card:{stripe_id}:{method_id}")
    refresh_card(stripe_id)


def refresh_card(stripe_id: str) -> None:
    """Ask Stripe which card is charged now: customers change it on Stripe's own page."""
    card_id, label, fingerprint = gateway().default_card(stripe_id)
    StripeCustomer.objects.filter(stripe_id=stripe_id).update(
        card_id=card_id, card_label=label, card_fingerprint=fingerprint
    )


def mail_address(owner: Owner) -> str:
    if owner.organization is not None:
        return owner.organization.contact_email
    return owner.user.email if owner.user is not None else ""


def people_of(owner_id: UUID) -> list[int]:
    """Who is told about an owner's money: the person, or those who answer for the organization."""
    answering = Membership.objects.filter(
        organization__owner__pk=owner_id, role=Membership.Role.OWNER
    ).values_list("user_id", flat=True)
    person = User.objects.filter(owner__pk=owner_id).values_list("pk", flat=True)
    return [*person, *answering]
