"""One factory per model, with the fewest fields that make a valid row."""

from __future__ import annotations

import factory
from factory.django import DjangoModelFactory

from algorithms.models import Algorithm, Build, Version
from data_collections.models import Collection
from marketplace.accounts.models import Owner, User
from runners.models import Environment


class UserFactory(DjangoModelFactory[User]):
    class Meta:
        model = User
        skip_postgeneration_save = True

    username = factory.Sequence(lambda number: f"person{number}")
    email = factory.LazyAttribute(lambda user: f"{user.username}@example.org")
    password = factory.django.Password("correct horse battery")


class OwnerFactory(DjangoModelFactory[Owner]):
    class Meta:
        model = Owner

    user = factory.SubFactory(UserFactory, username=factory.SelfAttribute("..name"))
    name = factory.Sequence(lambda number: f"owner{number}")


class EnvironmentFactory(DjangoModelFactory[Environment]):
    class Meta:
        model = Environment
        django_get_or_create = ["slug"]

    slug = "python311"
    display_name = "Python 3.11"
    language = "python3"
    version = "3.11.7"
    sort_key = "003.011"


class AlgorithmFactory(DjangoModelFactory[Algorithm]):
    class Meta:
        model = Algorithm

    owner = factory.SubFactory(OwnerFactory)
    name = factory.Sequence(lambda number: f"Algorithm{number}")
    label = factory.LazyAttribute(lambda algorithm: algorithm.name)
    environment = factory.SubFactory(EnvironmentFactory)


class BuildFactory(DjangoModelFactory[Build]):
    class Meta:
        model = Build

    algorithm = factory.SubFactory(AlgorithmFactory)
    environment = factory.SelfAttribute("algorithm.environment")
    commit = factory.Sequence(lambda number: f"{number:040x}")
    state = Build.State.SUCCEEDED
    module = factory.LazyAttribute(lambda build: f"src.{build.algorithm.name}")


class VersionFactory(DjangoModelFactory[Version]):
    class Meta:
        model = Version

    build = factory.SubFactory(BuildFactory)
    algorithm = factory.SelfAttribute("build.algorithm")
    major = 0
    minor = 1
    revision = 0
    network_access = Algorithm.NetworkAccess.ISOLATED
    may_call_others = False


class CollectionFactory(DjangoModelFactory[Collection]):
    class Meta:
        model = Collection

    owner = factory.SubFactory(OwnerFactory)
    name = factory.Sequence(lambda number: f"collection{number}")
