"""What the pages of connectors ask for: the credentials are one field for each part of them."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from data_collections.connectors import credentials
from data_collections.connectors.connecting import Given
from data_collections.forms import OwnerField
from data_collections.models import Connector
from data_collections.permissions import may_manage_connectors
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import Owner

_PROTOCOL: Final = Connector.Protocol
_LABELS: Final = {
    "access_key_id": _("Access key ID"),
    "secret_access_key": _("Secret access key"),
    "email": _("E-mail of the service account"),
    "private_key_id": _("Private key ID"),
    "private_key": _("Private key"),
    "storage_uri": _("Address of the storage account"),
    "sas_token": _("SAS token"),
    "container_name": _("Container"),
    "access_token": _("Access token"),
    "refresh_token": _("Refresh token"),
    "app_key": _("App key"),
    "app_secret": _("App secret"),
}
_OPEN: Final = frozenset(
    {"access_key_id", "email", "private_key_id", "storage_uri", "container_name", "app_key"}
)
_HELP: Final = {
    "private_key": _("As in the JSON file of the key: -----BEGIN PRIVATE KEY-----…"),
    "storage_uri": _("As https://ACCOUNT.blob.core.windows.net"),
    "refresh_token": _("With the app's key, access goes on when the access token has run out."),
}


class ConnectorForm(forms.Form):
    """What a connector may be used for, and what opens its store."""

    label = forms.CharField(
        label=_("Label"),
        required=False,
        max_length=60,
        help_text=_("Letters and digits. Paths name it after a +, as in s3+label://bucket/file."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none"}),
    )
    is_default = forms.BooleanField(
        label=_("The one that is meant where no label is given"), required=False
    )
    path = forms.CharField(
        label=_("Which paths may be reached"),
        max_length=500,
        initial="*",
        help_text=_("A pattern such as bucket/folder/*, or * for everything the key opens."),
        widget=forms.TextInput(attrs={"autocapitalize": "none", "spellcheck": "false"}),
    )
    is_writable = forms.BooleanField(
        label=_("May also write and delete"),
        required=False,
        help_text=_("Without it, what lies there is only ever read."),
    )
    used_by = forms.ChoiceField(
        label=_("Which algorithms may use it, when you call them?"),
        choices=Connector.UsedBy.choices,
        initial=Connector.UsedBy.ANY,
        widget=forms.RadioSelect,
        help_text=_("They read and write files, and never see the credentials."),
    )

    def __init__(
        self,
        data: QueryDict | None = None,
        *,
        protocol: Connector.Protocol,
        kept: Connector | None = None,
    ) -> None:
        super().__init__(data, initial=_initial(kept))
        self._parts = (*credentials.NEEDED[protocol], *credentials.FURTHER.get(protocol, ()))
        self._needed = frozenset(credentials.NEEDED[protocol])
        self._protocol = protocol
        for name in self._parts:
            self.fields[f"cred_{name}"] = _secret(
                name, is_needed=kept is None and name in self._needed
            )
        if protocol == _PROTOCOL.S3:
            self.fields["endpoint"] = forms.CharField(
                label=_("Endpoint"),
                required=False,
                max_length=200,
                help_text=_("Empty for Amazon; else as https://minio.example.com:9000"),
                widget=forms.URLInput(attrs={"autocomplete": "off"}),
            )
            self.fields["region"] = forms.CharField(
                label=_("Region"), required=False, max_length=40, help_text=_("As eu-central-1")
            )
        places = [name for name in ("endpoint", "region") if name in self.fields]
        opening = [f"cred_{name}" for name in self._parts]
        self.order_fields(
            [*places, *opening, "label", "is_default", "path", "is_writable", "used_by"]
        )

    def given(self) -> Given:
        data = self.cleaned_data
        parts = {name: data[f"cred_{name}"] for name in self._parts if data[f"cred_{name}"]}
        is_s3 = self._protocol == _PROTOCOL.S3
        return Given(
            label=data["label"],
            is_default=data["is_default"],
            endpoint=data["endpoint"] if is_s3 else None,
            region=data["region"] if is_s3 else None,
            credentials=parts or None,
            path=data["path"],
            is_writable=data["is_writable"],
            used_by=data["used_by"],
        )


class NewConnectorForm(ConnectorForm):
    owner = OwnerField(label=_("Owner"), queryset=Owner.objects.none(), to_field_name="name")

    def __init__(
        self, data: QueryDict | None = None, *, protocol: Connector.Protocol, actor: Actor
    ) -> None:
        super().__init__(data, protocol=protocol)
        mine = Owner.objects.filter(pk__in=actor.owner_ids).order_by("name")
        allowed = [owner.pk for owner in mine if may_manage_connectors(actor, owner)]
        field = self.fields["owner"]
        assert isinstance(field, OwnerField)  # noqa: S101 - tells the type checker
        field.queryset = mine.filter(pk__in=allowed)
        self.initial.setdefault("owner", actor.name)
        self.order_fields(["owner", *self.fields])


def _secret(name: str, *, is_needed: bool) -> forms.CharField:
    attributes = {"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
    widget: forms.Widget = forms.TextInput(attrs=attributes)
    if name == "private_key":
        widget = forms.Textarea(attrs={**attributes, "rows": 5})
    elif name not in _OPEN:
        widget = forms.PasswordInput(attrs={**attributes, "autocomplete": "new-password"})
    return forms.CharField(
        label=_LABELS[name],
        required=is_needed,
        max_length=8000,
        help_text=_HELP.get(name, ""),
        widget=widget,
    )


def _initial(kept: Connector | None) -> dict[str, Any]:
    if kept is None:
        return {}
    names = ("label", "is_default", "path", "is_writable", "used_by", "endpoint", "region")
    return {name: getattr(kept, name) for name in names}
