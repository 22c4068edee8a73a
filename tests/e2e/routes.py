"""Every page of the site, with who looks at it: for pictures, and for what must hold on all.

A page is the name of its route and the arguments that `showcase.py` fills in. A new page belongs
into `PAGES`; a route that shows no page of its own into `NO_PAGE`. A test holds the two against
the URL map.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

VISITOR, AUTHOR, CALLER, NEWCOMER, STAFF = "visitor", "author", "caller", "newcomer", "staff"


@dataclass(frozen=True)
class Page:
    """One page as one person sees it. `name` tells several pages of one route apart."""

    route: str
    who: str
    arguments: str = ""
    query: str = ""
    name: str = ""
    is_public: bool = False

    @property
    def label(self) -> str:
        return f"{self.route.replace(':', '-')}{'-' * bool(self.name)}{self.name}"


def _for(who: str, *pages: tuple[str, str]) -> tuple[Page, ...]:
    return tuple(Page(route, who, arguments) for route, arguments in pages)


_ALGORITHM: Final = "author algorithm"
_STOREFRONT: Final = (
    Page("catalog:home", VISITOR, is_public=True),
    Page("catalog:home", CALLER, name="signed-in"),
    Page("catalog:explore", VISITOR, is_public=True),
    Page("catalog:explore", VISITOR, query="?q=nothing+like+this", name="empty"),
    Page("catalog:category", VISITOR, "category", is_public=True),
    Page("catalog:tag", VISITOR, "tag"),
    Page("catalog:owner", VISITOR, "author"),
    Page("catalog:docs", VISITOR, is_public=True),
    Page("catalog:algorithm", VISITOR, _ALGORITHM, is_public=True),
    Page("catalog:algorithm", AUTHOR, _ALGORITHM, name="owner"),
    Page("catalog:runs", NEWCOMER, name="empty"),
    Page("catalog:own_stars", NEWCOMER, name="empty"),
    *_for(
        VISITOR,
        ("reference:reference", ""),
        ("catalog:algorithm_docs", _ALGORITHM),
        ("catalog:algorithm_api", _ALGORITHM),
        ("catalog:versions", _ALGORITHM),
        ("catalog:cost", _ALGORITHM),
        ("catalog:status", _ALGORITHM),
        ("catalog:stargazers", _ALGORITHM),
        ("catalog:followers", "author"),
        ("catalog:source", _ALGORITHM),
        ("catalog:run", "run"),
        ("reviews:list", _ALGORITHM),
        ("reviews:threads", _ALGORITHM),
        ("reviews:thread", f"{_ALGORITHM} thread"),
        ("staff:status", ""),
    ),
    *_for(
        CALLER,
        ("catalog:own_stars", ""),
        ("catalog:runs", ""),
        ("reviews:list", _ALGORITHM),
        ("reviews:edit", f"{_ALGORITHM} review"),
        ("reviews:thread", f"{_ALGORITHM} thread"),
        ("reviews:edit_comment", f"{_ALGORITHM} thread comment"),
        ("moderation:report", "subject algorithm_id"),
    ),
)
_WORKSHOP: Final = (
    Page("algorithms:dashboard", NEWCOMER, name="empty"),
    Page("algorithms:editor", AUTHOR, _ALGORITHM),
    Page("algorithms:build", AUTHOR, f"{_ALGORITHM} failed_build", name="failed"),
    *_for(
        AUTHOR,
        ("algorithms:dashboard", ""),
        ("algorithms:new", ""),
        ("algorithms:start_import", ""),
        ("algorithms:import", "import"),
        ("algorithms:approvals", ""),
        ("algorithms:dependencies", _ALGORITHM),
        ("algorithms:builds", _ALGORITHM),
        ("algorithms:build", f"{_ALGORITHM} build"),
        ("algorithms:publish", _ALGORITHM),
        ("algorithms:settings", _ALGORITHM),
        ("algorithms:secrets", _ALGORITHM),
        ("algorithms:gate", _ALGORITHM),
        ("algorithms:publication", f"{_ALGORITHM} publication"),
        ("catalog:errors", _ALGORITHM),
        ("catalog:usage", _ALGORITHM),
        ("catalog:insights", _ALGORITHM),
        ("catalog:schema", f"{_ALGORITHM} version"),
        ("catalog:sort", _ALGORITHM),
        ("reviews:list", _ALGORITHM),
        ("collections:list", ""),
        ("collections:collection", "author collection"),
        ("collections:file", "author collection file"),
        ("collections:delete", "author collection"),
        ("collections:delete_file", "author collection file"),
        ("collections:connectors", ""),
        ("collections:connect", "protocol"),
        ("collections:connector", "connector"),
        ("moderation:decision", "decision"),
    ),
    Page("collections:list", NEWCOMER, name="empty"),
    Page("collections:connectors", NEWCOMER, name="empty"),
    Page("collections:file", AUTHOR, "author collection table", name="table"),
)
_PROJECT: Final = "author project"
_PROJECTS: Final = (
    Page("projects:list", NEWCOMER, name="empty"),
    Page("projects:service", AUTHOR, f"{_PROJECT} failed_service", name="failed"),
    *_for(
        AUTHOR,
        ("projects:list", ""),
        ("projects:reservations", ""),
        ("projects:new", ""),
        ("projects:project", _PROJECT),
        ("projects:settings", _PROJECT),
        ("projects:new_service", _PROJECT),
        ("projects:service", f"{_PROJECT} service"),
        ("projects:service_settings", f"{_PROJECT} service"),
    ),
)
_PEOPLE: Final = (
    *_for(
        VISITOR,
        ("accounts:sign_up", ""),
        ("accounts:forgotten", ""),
        ("accounts:new_password", "recovery_reference recovery_token"),
        ("accounts:mailed_invitation", "invitation"),
    ),
    Page("accounts:sign_in", VISITOR, is_public=True),
    Page("accounts:notifications", NEWCOMER, name="empty"),
    Page("accounts:organizations", NEWCOMER, name="empty"),
    Page("accounts:invitation", CALLER, "organization"),
    *_for(
        AUTHOR,
        ("accounts:profile", ""),
        ("accounts:email", ""),
        ("accounts:own_data", ""),
        ("accounts:close", ""),
        ("accounts:security", ""),
        ("accounts:history", ""),
        ("accounts:authenticator", ""),
        ("accounts:recovery_codes", ""),
        ("accounts:notifications", ""),
        ("accounts:notification_choices", ""),
        ("accounts:keys", ""),
        ("accounts:revoke_key", "key"),
        ("accounts:organizations", ""),
        ("accounts:organization", "organization"),
        ("accounts:organization_keys", "organization"),
        ("accounts:organization_settings", "organization"),
        ("accounts:close_organization", "organization"),
    ),
)
_STAFF: Final = _for(
    STAFF,
    ("moderation:queue", ""),
    ("moderation:closed", ""),
    ("moderation:case", "case"),
    ("staff:settings", ""),
    ("staff:announcements", ""),
    ("staff:limits", ""),
    ("staff:environments", ""),
    ("staff:environment", "environment"),
    ("staff:new_environment", ""),
    ("staff:online", ""),
    ("staff:incidents", ""),
    ("staff:audit", ""),
    ("billing:staff_money", ""),
    ("billing:staff_account", "author"),
    ("billing:staff_objections", ""),
)
_MONEY: Final = _for(
    AUTHOR,
    ("billing:top_up", ""),
    ("billing:get_paid", ""),
    ("billing:overview", ""),
    ("billing:usage", ""),
    ("billing:budgets", ""),
    ("billing:receipts", ""),
    ("billing:statements", ""),
    ("billing:invoices", ""),
    ("billing:earnings", ""),
)
_SPENT: Final = _for(
    CALLER,
    ("billing:overview", ""),
    ("billing:usage", ""),
    ("billing:budgets", ""),
    ("billing:receipts", ""),
    ("billing:receipt", "receipt"),
    ("billing:statements", ""),
    ("billing:statement", "month"),
)
PAGES: Final = (*_STOREFRONT, *_WORKSHOP, *_PROJECTS, *_PEOPLE, *_STAFF, *_MONEY, *_SPENT)
ODD: Final = (("not-found", "/no/such/page"),)
"""Pages without a route."""

_ACTS: Final = """
    accounts:sign_out accounts:picture accounts:export accounts:avatar
    accounts:authenticator_off accounts:end_other_browsers accounts:end_browser
    accounts:read_notifications accounts:open_notification accounts:invite
    accounts:take_back_invitation accounts:organization_picture accounts:change_role
    accounts:remove_member accounts:add_passkey accounts:remove_passkey
    accounts:passkey_sign_in accounts:passkey_confirm accounts:password accounts:confirm_email
    accounts:confirm accounts:second_factor
    algorithms:open_app algorithms:decide_approval algorithms:first algorithms:files algorithms:file
    algorithms:check algorithms:packages algorithms:search algorithms:tests
    algorithms:build_log algorithms:cancel_build algorithms:install_as_of algorithms:publish_plan
    algorithms:remove_secret algorithms:remove_gate algorithms:add_image algorithms:image algorithms:change_image
    algorithms:move algorithms:delete
    projects:groups projects:remove projects:go_online projects:take_offline projects:end_reservation
    projects:remove_service projects_api:service_log staff:end_online
    languages:choose collections:uploads
    collections:access collections:download collections:picture collections:discard collections:try_connector collections:disconnect
    catalog:explore_feed catalog:category_feed catalog:owner_feed catalog:algorithm_feed
    catalog:follow_owner catalog:follow_algorithm catalog:star catalog:thumbnail
    catalog:insights_csv catalog:make_key catalog:openapi catalog:keep_run catalog:forget_run
    reviews:withdraw reviews:answer reviews:helpful reviews:close reviews:delete_comment
    moderation:appeal
    staff:home staff:invitation staff:end_invitation staff:take_down staff:dismiss
    staff:update_incident staff:audit_csv
    billing:arrived billing:auto_recharge billing:leave_card billing:card_left billing:portal
    billing:get_paid_again billing:payout_dashboard billing:cash_out billing:payout
    billing:change_budget billing:end_budget billing:receipt_file
    billing:verifier billing:object_to billing:statement_csv
    billing:statement_pdf billing:earnings_csv billing:decide_objection billing:give_credit
    billing:freeze billing:pay_later billing:staff_find_account
    billing:refund_topup billing:stop_spending
    billing:compare_books billing:settle_finding billing:stripe_webhook billing:test_stripe
    reference:document
"""
NO_PAGE: Final = frozenset(_ACTS.split())
"""Forms that other pages hold, redirects, pictures, feeds and data; and steps that lead elsewhere."""
