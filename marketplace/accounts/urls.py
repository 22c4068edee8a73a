from __future__ import annotations

from django.urls import path

from marketplace.accounts.views import keys, notifications, organizations, person, recovery, signing

app_name = "accounts"

urlpatterns = [
    path("sign_up/", signing.sign_up, name="sign_up"),
    path("sign_in/", signing.sign_in, name="sign_in"),
    path("sign_in/forgotten/", recovery.forgotten, name="forgotten"),
    path(
        "sign_in/new_password/<str:reference>/<str:token>/",
        recovery.new_password,
        name="new_password",
    ),
    path("sign_out/", signing.sign_out, name="sign_out"),
    path("profile/", person.profile, name="profile"),
    path("profile/password/", person.password, name="password"),
    path("notifications/", notifications.everything, name="notifications"),
    path("notifications/read/", notifications.read_all, name="read_notifications"),
    path("notifications/settings/", notifications.choices, name="notification_choices"),
    path("notifications/<int:notification_id>/", notifications.open_one, name="open_notification"),
    path("keys/", keys.key_list, name="keys"),
    path("keys/<uuid:key_id>/revoke/", keys.revoke, name="revoke_key"),
    path("organizations/", organizations.mine, name="organizations"),
    path("organizations/<str:name>/", organizations.organization, name="organization"),
    path("organizations/<str:name>/keys/", keys.key_list, name="organization_keys"),
    path("organizations/<str:name>/invite/", organizations.invite, name="invite"),
    path("organizations/<str:name>/answer/", organizations.answer, name="answer_invitation"),
    path(
        "organizations/<str:name>/members/<str:username>/role/",
        organizations.change_role,
        name="change_role",
    ),
    path(
        "organizations/<str:name>/members/<str:username>/remove/",
        organizations.remove,
        name="remove_member",
    ),
]
