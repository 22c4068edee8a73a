from __future__ import annotations

from django.urls import path

from marketplace.accounts.views import (
    invitations,
    keys,
    notifications,
    organizations,
    passkeys,
    person,
    recovery,
    security,
    signing,
)

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
    path("sign_in/code/", signing.second, name="second_factor"),
    path("sign_in/passkey/", passkeys.sign_in, name="passkey_sign_in"),
    path("sign_out/", signing.sign_out, name="sign_out"),
    path("profile/", person.profile, name="profile"),
    path("profile/picture/", person.picture, name="picture"),
    path("profile/email/", person.email, name="email"),
    path("profile/email/<str:token>/", person.confirm_email, name="confirm_email"),
    path("profile/password/", security.password, name="password"),
    path("profile/data/", person.own_data, name="own_data"),
    path("profile/data/export/", person.export, name="export"),
    path("profile/close/", person.close, name="close"),
    path("avatars/<str:name>/", person.avatar, name="avatar"),
    path("confirm/", security.confirm, name="confirm"),
    path("confirm/passkey/", passkeys.confirm, name="passkey_confirm"),
    path("security/", security.overview, name="security"),
    path("security/history/", security.history, name="history"),
    path("security/app/", security.app, name="authenticator"),
    path("security/app/remove/", security.app_off, name="authenticator_off"),
    path("security/codes/", security.recovery_codes, name="recovery_codes"),
    path("security/passkeys/", passkeys.add, name="add_passkey"),
    path("security/passkeys/<int:passkey_id>/remove/", passkeys.remove, name="remove_passkey"),
    path("security/browsers/others/", security.end_other_browsers, name="end_other_browsers"),
    path("security/browsers/<int:browser_id>/", security.end_browser, name="end_browser"),
    path("invitations/<str:token>/", invitations.mailed, name="mailed_invitation"),
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
    path("organizations/<str:name>/invitation/", invitations.invitation, name="invitation"),
    path(
        "organizations/<str:name>/invitations/<uuid:invitation_id>/",
        invitations.take_back,
        name="take_back_invitation",
    ),
    path(
        "organizations/<str:name>/settings/", organizations.settings, name="organization_settings"
    ),
    path("organizations/<str:name>/picture/", organizations.picture, name="organization_picture"),
    path("organizations/<str:name>/close/", organizations.close, name="close_organization"),
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
