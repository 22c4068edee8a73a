"""What the pages of projects may send."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from algorithms.models import Algorithm, Version
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import Owner
from projects.arranging import PORTS, Wanted
from projects.models import NAME_LENGTH, Project, Service

_NAME_HELP = _lazy("Letters, digits, hyphens and underscores; no spaces.")


class ProjectForm(forms.Form):
    tagline = forms.CharField(
        label=_lazy("Tagline"),
        max_length=200,
        required=False,
        help_text=_lazy("One sentence on what it is for."),
    )
    description = forms.CharField(
        label=_lazy("Description"),
        max_length=20_000,
        required=False,
        help_text=_lazy("As long as you like, in Markdown."),
        widget=forms.Textarea(attrs={"rows": 8}),
    )


class NewProjectForm(ProjectForm):
    name = forms.CharField(
        label=_lazy("Name"),
        max_length=NAME_LENGTH,
        help_text=_NAME_HELP,
        widget=forms.TextInput(attrs={"autofocus": True, "autocapitalize": "none"}),
    )
    owner = forms.ModelChoiceField(
        label=_lazy("Owner"), queryset=Owner.objects.none(), empty_label=None
    )
    field_order = ("name", "owner", "tagline", "description")

    def __init__(self, data: QueryDict | None, *, actor: Actor) -> None:
        super().__init__(data)
        owners: Any = self.fields["owner"]
        owners.queryset = Owner.objects.filter(pk__in=actor.owner_ids).order_by("name")
        self.initial["owner"] = actor.owner_id


class ProjectSettingsForm(ProjectForm):
    is_public = forms.BooleanField(
        label=_lazy("Everyone sees this project"),
        required=False,
        help_text=_lazy(
            "Its page and the services that run a public version. Logs, options and what it costs "
            "stay with you."
        ),
    )

    def __init__(self, data: QueryDict | None, *, project: Project) -> None:
        super().__init__(data)
        names = ("tagline", "description", "is_public")
        self.initial.update({name: getattr(project, name) for name in names})


class _ServiceForm(forms.Form):
    """What a new service and a changed one have in common."""

    group = forms.CharField(
        label=_lazy("Group"),
        max_length=NAME_LENGTH,
        help_text=_lazy("Services of one application stand together. A new name makes a group."),
        widget=forms.TextInput(attrs={"list": "groups", "autocomplete": "off"}),
    )
    name = forms.CharField(
        label=_lazy("Name"),
        max_length=NAME_LENGTH,
        help_text=_NAME_HELP,
        widget=forms.TextInput(attrs={"autocapitalize": "none"}),
    )
    port = forms.IntegerField(
        label=_lazy("Port"),
        required=False,
        min_value=1024,
        max_value=65_535,
        help_text=_lazy(
            "Where your server listens inside its sandbox. Leave it empty to be given a free one."
        ),
        widget=forms.NumberInput(attrs={"placeholder": f"{PORTS.start}–{PORTS.stop - 1}"}),
    )


class NewServiceForm(_ServiceForm):
    algorithm = forms.ModelChoiceField(
        label=_lazy("Algorithm"),
        queryset=Algorithm.objects.none(),
        help_text=_lazy("Where cloud_model.py is: its code is built when the service goes online."),
    )
    field_order = ("name", "algorithm", "group", "port")

    def __init__(self, data: QueryDict | None, *, project: Project) -> None:
        super().__init__(data)
        mine: Any = self.fields["algorithm"]
        mine.queryset = project.owner.algorithms.select_related("owner").order_by("name")
        first = project.groups.first()
        self.initial["group"] = first.name if first else ""

    def wanted(self) -> Wanted:
        return Wanted(**self.cleaned_data)


class ServiceForm(_ServiceForm):
    version = forms.ModelChoiceField(
        label=_lazy("What goes online"),
        queryset=Version.objects.none(),
        required=False,
        empty_label=_lazy("The newest code: only you and your people can call it"),
        help_text=_lazy("A public version can be called by everyone who may call it anyway."),
    )
    options = forms.CharField(
        label=_lazy("Options of setup"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 6, "class": "code", "spellcheck": "false"}),
    )
    field_order = ("options", "version", "port", "group", "name")

    def __init__(self, data: QueryDict | None, *, service: Service) -> None:
        super().__init__(data)
        versions: Any = self.fields["version"]
        versions.queryset = service.algorithm.versions.filter(yanked_at=None).newest_first()
        versions.label_from_instance = _version_label
        self.initial.update(
            {
                "version": service.version,
                "options": json.dumps(service.options, indent=2, ensure_ascii=False),
                "port": service.port,
                "group": service.group.name,
                "name": service.name,
            }
        )

    def clean_options(self) -> dict[str, Any]:
        try:
            value = json.loads(self.cleaned_data["options"] or "{}")
        except (ValueError, RecursionError):
            value = None
        if not isinstance(value, dict):
            raise forms.ValidationError(_("The options are a JSON object of names and values."))
        return value

    def wanted(self) -> Wanted:
        given = self.cleaned_data
        return Wanted(**given, is_newest=given["version"] is None)


def _version_label(version: Version) -> str:
    return f"{version.number} · {version.get_callability_display()}"
