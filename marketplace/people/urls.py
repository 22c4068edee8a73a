from __future__ import annotations

from marketplace.api.rest import either
from marketplace.people import views

app_name = "people"

urlpatterns = [
    *either("api/me", views.MeView.as_view(), name="me"),
    *either("api/keys", views.KeysView.as_view(), name="keys"),
    *either("api/keys/<uuid:key_id>", views.KeyView.as_view(), name="key"),
    *either("api/organizations", views.OrganizationsView.as_view(), name="organizations"),
    *either("api/organizations/<str:name>", views.OrganizationView.as_view(), name="organization"),
    *either(
        "api/organizations/<str:name>/members/<str:username>",
        views.MemberView.as_view(),
        name="member",
    ),
    *either("api/organizations/<str:name>/answer", views.AnswerView.as_view(), name="answer"),
]
