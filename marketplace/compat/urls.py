"""Every /v1 path in one list, by area. Calls themselves never come here: see marketplace/asgi.py."""

from __future__ import annotations

from collections.abc import Callable

from django.http.response import HttpResponseBase
from django.urls import URLPattern, re_path

from algorithms.usage import Grouping
from marketplace.api.rest import either
from marketplace.compat import (
    administration,
    algorithm_secrets,
    algorithms,
    bills,
    builds,
    connectors,
    data,
    environments,
    insights,
    money,
    not_here,
    organizations,
    people,
    requests,
    reservations,
    unknown,
    versions,
)

requests_urls = [
    *either("v1/requests/<str:request_id>", requests.RequestView.as_view()),
    *either("v1/requests/<str:request_id>/cancel", requests.CancelView.as_view()),
]

# A data path may hold `//` (of `s3+label://…`) and must not be redirected for a slash.
_DATA_PATH = r"(?:/(?P<path>(?s:.*)))?\Z"
_ELSEWHERE = r"(?P<connector>(?:azureblob|dropbox|gs|s3)(?:\+[^/:]*)?)"
_connected = connectors.ConnectedDataView.as_view()
_CONNECTORS = "v1/users/<str:username>/connectors"
data_urls = [
    re_path(rf"^v1/data/{_ELSEWHERE}:/{{0,2}}(?P<path>(?s:.*))\Z", _connected),
    re_path(rf"^v1/data{_DATA_PATH}", data.DataView.as_view()),
    re_path(rf"^(?:api/)?v1/connector/{_ELSEWHERE}{_DATA_PATH}", _connected),
    re_path(rf"^(?:api/)?v1/connector/(?P<connector>[^/]+){_DATA_PATH}", data.DataView.as_view()),
    *either("v1/hostedData", data.HostedDataView.as_view()),
    *either(_CONNECTORS, connectors.ConnectorsView.as_view()),
    *either(f"{_CONNECTORS}/<uuid:connector_id>", connectors.ConnectorView.as_view()),
]


_BELOW_AN_ALGORITHM: dict[str, Callable[..., HttpResponseBase]] = {
    "": algorithms.SingleView.as_view(),
    "/compile": builds.CompileView.as_view(),
    "/builds": builds.BuildsView.as_view(),
    "/builds/<str:build_id>": builds.BuildView.as_view(),
    "/builds/<str:build_id>/logs": builds.BuildLogView.as_view(),
    "/versions": versions.VersionsView.as_view(),
    "/version": versions.VersionsView.as_view(),
    "/versions/<str:version>": versions.VersionView.as_view(),
    "/versions/<str:version>/registry": not_here.NotHereView.as_view(
        sentence="Versions run here; no images are pushed to registries."
    ),
    "/log": algorithms.LogView.as_view(),
    "/scm/status": algorithms.ScmStatusView.as_view(),
    "/scm/webhook": not_here.NotHereView.as_view(
        sentence="The internal repository host has no webhooks; a push builds by itself.",
        code=4012,
    ),
    "/errors": algorithms.ErrorsView.as_view(),
    "/insights": insights.AlgorithmInsightsView.as_view(),
    "/collections/<uuid:collection_id>": algorithms.DefaultCollectionView.as_view(),
    "/secrets": algorithm_secrets.SecretsView.as_view(),
    "/secrets/<uuid:secret_id>": algorithm_secrets.SecretView.as_view(),
}
# By id first: in `/v1/algorithms/<uuid>/versions` the last part is no algorithm's name.
_PLACES = ("v1/algorithms/<uuid:algorithm_id>", "v1/algorithms/<str:owner>/<str:name>")
algorithm_urls = [
    route
    for place in _PLACES
    for rest, view in _BELOW_AN_ALGORITHM.items()
    for route in either(place + rest, view)
] + [
    *either("v1/algorithms/<str:owner>", algorithms.OwnerView.as_view()),
    *either("v1/insights", insights.InsightsView.as_view()),
    *either("v1/secret-provider", algorithm_secrets.ProvidersView.as_view()),
    *either("v1/users/<str:owner>/algorithms", algorithms.OwnersAlgorithmsView.as_view()),
]

_EDGE = "v1/algorithm-environments/edge"
environment_urls = [
    *either(f"{_EDGE}/languages", environments.LanguagesView.as_view()),
    *either(
        f"{_EDGE}/languages/<str:language>/environments",
        environments.LanguageEnvironmentsView.as_view(),
    ),
    *either(
        f"{_EDGE}/environment-specifications/<uuid:specification_id>/template",
        environments.TemplateView.as_view(),
    ),
    *either(
        f"{_EDGE}/environment-specifications/<uuid:specification_id>",
        environments.SpecificationView.as_view(),
    ),
    *either(
        f"{_EDGE}/environment-specifications/<uuid:specification_id>/syncs",
        environments.SyncsView.as_view(),
    ),
    *either(f"{_EDGE}/environments/available", environments.AvailableView.as_view()),
    *either("v1/scms", environments.ScmsView.as_view()),
    *either("v1/scms/<str:scm_id>", environments.ScmView.as_view()),
    *either("v1/scms/<str:scm_id>/oauth/status", environments.ScmStatusView.as_view()),
    *either("v1/scms/<str:scm_id>/oauth/revoke", environments.ScmRevokeView.as_view()),
]

people_urls = [
    *either("v1/users", people.UsersView.as_view()),
    *either("v1/users/<str:reference>", people.UserView.as_view()),
    *either("v1/users/<str:reference>/errors", people.UserErrorsView.as_view()),
    *either("v1/users/<str:reference>/keys", people.UserKeysView.as_view()),
    *either("v1/organization/types", organizations.TypesView.as_view()),
    *either("v1/organizations", organizations.OrganizationsView.as_view()),
    *either("v1/organizations/<str:name>", organizations.OrganizationView.as_view()),
    *either("v1/organizations/<str:name>/members", organizations.MembersView.as_view()),
    *either(
        "v1/organizations/<str:name>/members/<str:username>", organizations.MemberView.as_view()
    ),
    *either("v1/organizations/<str:name>/keys", organizations.OrganizationKeysView.as_view()),
    *either("v1/organizations/<str:name>/errors", organizations.OrganizationErrorsView.as_view()),
]

administration_urls = [
    *either("v1/admin/invites", administration.InvitesView.as_view()),
    *either("v1/admin/invites/<str:code>", administration.InviteView.as_view()),
    *either("v1/admin/usage", administration.UsageView.as_view()),
    *either(
        "v1/admin/usage/algorithms",
        administration.UsageView.as_view(grouping=Grouping.ALGORITHMS),
    ),
    *either("v1/admin/usage/users", administration.UsageView.as_view(grouping=Grouping.USERS)),
    *either("v1/admin/users/<str:reference>/keys", administration.UserKeyView.as_view()),
    *either("v1/admin/reservations", reservations.ReservationsView.as_view()),
    *either("v1/admin/reservations/<str:reservation_id>", reservations.ReservationView.as_view()),
    *either("v1/users/<uuid:user_id>/notifications", administration.NotificationsView.as_view()),
]

_INTERNAL = "Only the internal repository host is here, which needs no authorization."
_HERE = "Repositories are kept here: push to /git/OWNER/NAME.git."
_NO_HOSTS = "Organizations have no hosts of their own here."
_SECRETS = "Secrets are kept in the site's own database, encrypted; there is no other provider."
_LOOK = "The operator sets title and look in the site's settings."
_NOT_HERE = {
    "v1/scms/<str:scm_id>/oauth/start": _INTERNAL,
    "v1/scms/<str:scm_id>/oauth/finish": _INTERNAL,
    "v1/scms/<str:scm_id>/token/connect": _INTERNAL,
    "v1/scms/<str:scm_id>/token/status": _INTERNAL,
    "v1/admin/scms": _HERE,
    "v1/admin/scms/<str:scm_id>": _HERE,
    "v1/admin/scms/<str:scm_id>/default": _HERE,
    "v1/admin/insights-connection": "Insights go to no broker here: owners read them with "
    "GET /v1/algorithms/OWNER/NAME/insights.",
    "v1/admin/legacy-algorithms": "There are no legacy algorithms here.",
    "v1/admin/features": "Features are not switched one by one here.",
    "v1/admin/features/<str:flag>": "Features are not switched one by one here.",
    "v1/admin/organization_host_information": _NO_HOSTS,
    "v1/admin/organization_host_information/<str:name>": _NO_HOSTS,
    "v1/admin/secret-provider": _SECRETS,
    "v1/admin/plugins/secret-provider/<str:provider_id>": _SECRETS,
    "v1/config/frontend": _LOOK,
    "v1/config/frontend/<str:key>": _LOOK,
    "v1/config/logo": _LOOK,
    "v1/config/favicon": _LOOK,
    "v1/organization/types/<str:name>": "The types of organizations are fixed here.",
    "v1/organizations/externalId/<str:external_id>": "Organizations have no ids of other systems "
    "here; ask by name.",
    "v1/organizations/<str:name>/members/<str:username>/keys": "Nobody makes keys for another "
    "member here: each makes their own, which the organization's owners see and end.",
    "v1/organizations/<str:name>/utility-algorithms": "Organizations have no algorithms set apart.",
    "v1/organizations/<str:name>/algorithms-host-usernames": _NO_HOSTS,
}
not_here_urls = [
    route
    for place, sentence in _NOT_HERE.items()
    for route in either(place, not_here.NotHereView.as_view(sentence=sentence))
] + [
    *either(
        "v1/users/<uuid:user_id>/event-listeners",
        not_here.EmptyListView.as_view(sentence="Queues cannot be listened to here yet."),
    ),
    *either(
        "v1/registries",
        not_here.EmptyListView.as_view(sentence="Versions run here; no images are pushed out."),
    ),
]

_QUOTE = "v1/quote/<str:owner>/<str:name>"
money_urls = [
    *either(_QUOTE, money.QuoteView.as_view()),
    *either(f"{_QUOTE}/<str:version>", money.QuoteView.as_view()),
    *either("v1/budgets", money.BudgetsView.as_view()),
    *either("v1/budgets/<uuid:budget_id>", money.BudgetView.as_view()),
    *either("v1/receipts", bills.ReceiptsView.as_view()),
    *either("v1/receipts/key", bills.ReceiptKeysView.as_view()),
    *either("v1/receipts/<str:receipt_id>", bills.ReceiptView.as_view()),
    *either("v1/usage", bills.UsageView.as_view()),
    *either("v1/spend-stop", money.SpendStopView.as_view()),
]

urlpatterns: list[URLPattern] = [
    *money_urls,
    *algorithm_urls,
    *environment_urls,
    *data_urls,
    *requests_urls,
    *people_urls,
    *administration_urls,
    *not_here_urls,
    re_path(r"^v1(?:/|\Z)", unknown.nothing_here),
]
