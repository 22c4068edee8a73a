"""What the page that imports an algorithm may send."""

from __future__ import annotations

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext_lazy as _lazy

from algorithms import importing
from algorithms.forms import choose_from, group_by_language, name_environments
from algorithms.models import Algorithm
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import Owner
from marketplace.lib import names
from runners.models import Environment

_PLAIN = {"spellcheck": "false", "autocapitalize": "none"}


class ImportForm(forms.Form):
    url = forms.CharField(
        label=_lazy("Address of a git repository"),
        required=False,
        max_length=400,
        widget=forms.URLInput(attrs={**_PLAIN, "placeholder": "https://"}),
        help_text=_lazy("A public one, by https. Its newest files are taken, not its history."),
    )
    ref = forms.CharField(
        label=_lazy("Branch or tag"),
        required=False,
        max_length=100,
        widget=forms.TextInput(attrs=_PLAIN),
        help_text=_lazy("Empty for the branch that the repository itself shows first."),
    )
    archive = forms.FileField(
        label=_lazy("Or a zip archive"),
        required=False,
        widget=forms.FileInput(attrs={"accept": ".zip,application/zip"}),
        help_text=_lazy("200 MiB at most. Models larger than 50 MiB belong in a collection."),
    )
    name = forms.CharField(
        label=_lazy("Name"),
        max_length=names.MAX_LENGTH,
        widget=forms.TextInput(attrs={"autocapitalize": "none"}),
        help_text=_lazy("The last part of its address: letters, digits and underscores. It stays."),
    )
    owner = forms.ModelChoiceField(
        label=_lazy("Owner"), queryset=Owner.objects.none(), empty_label=None
    )
    environment = forms.ModelChoiceField(
        label=_lazy("Environment"),
        queryset=Environment.objects.none(),
        empty_label=None,
        help_text=_lazy("The language. A runtime.txt among the files may ask for another version."),
    )
    contract = forms.ChoiceField(
        label=_lazy("Contract"),
        choices=Algorithm.Contract.choices,
        required=False,
        help_text=_lazy("How its code is run. It is found by its files, unless you know better."),
    )

    def __init__(
        self,
        data: QueryDict | None = None,
        files: MultiValueDict[str, UploadedFile[bytes]] | None = None,
        *,
        actor: Actor,
    ) -> None:
        super().__init__(data, files)
        choose_from(
            self.fields["owner"], Owner.objects.filter(pk__in=actor.owner_ids).order_by("name")
        )
        self.fields["owner"].initial = actor.owner_id
        offered = Environment.objects.offered()
        choose_from(self.fields["environment"], offered)
        group_by_language(self.fields["environment"])
        name_environments(self.fields["environment"])
        self.fields["environment"].initial = offered.first()

    def wanted(self) -> importing.Wanted:
        given = self.cleaned_data
        archive: UploadedFile[bytes] | None = given["archive"]
        return importing.Wanted(
            name=given["name"],
            environment=given["environment"],
            contract=given["contract"],
            url=given["url"].strip(),
            ref=given["ref"].strip(),
            archive=archive.file if archive is not None else None,
            archive_name=(archive.name or "") if archive is not None else "",
        )
