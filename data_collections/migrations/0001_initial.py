import django.db.models.deletion
import django.db.models.functions.text
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("accounts", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Blob",
            fields=[
                ("sha256", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("md5", models.CharField(max_length=32)),
                ("size", models.PositiveBigIntegerField()),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "wanted_at",
                    models.DateTimeField(
                        db_index=True,
                        help_text="When somebody last sent these bytes or let go of them",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Collection",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("name", models.CharField(max_length=30)),
                (
                    "read_access",
                    models.CharField(
                        choices=[
                            ("private", "Private: only me"),
                            ("my_algorithms", "My algorithms, called by anyone"),
                            ("public", "Public: anybody"),
                            ("sealed", "Sealed: only me, and no algorithm"),
                        ],
                        default="my_algorithms",
                        max_length=20,
                    ),
                ),
                (
                    "store",
                    models.CharField(
                        choices=[
                            ("hosted", "Hosted"),
                            ("session", "Session"),
                            ("temp", "Algorithm, temporary"),
                            ("perm", "Algorithm, permanent"),
                        ],
                        default="hosted",
                        max_length=10,
                    ),
                ),
                (
                    "store_key",
                    models.CharField(
                        blank=True,
                        help_text="The root call of a session, or owner/name.",
                        max_length=80,
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="collections",
                        to="accounts.owner",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="DataFile",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=255)),
                (
                    "size",
                    models.PositiveBigIntegerField(
                        help_text="Of the blob; here so that quotas add up fast"
                    ),
                ),
                ("content_type", models.CharField(blank=True, max_length=100)),
                ("modified_at", models.DateTimeField()),
                (
                    "blob",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="files",
                        to="collections.blob",
                    ),
                ),
                (
                    "collection",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="files",
                        to="collections.collection",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="DefaultCollection",
            fields=[
                ("algorithm_id", models.UUIDField(primary_key=True, serialize=False)),
                (
                    "collection",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="collections.collection",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Upload",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("name", models.CharField(max_length=255)),
                (
                    "reserved",
                    models.PositiveBigIntegerField(help_text="Bytes that count against the quota."),
                ),
                ("is_resumable", models.BooleanField(default=False)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("arriving", "Arriving"),
                            ("checking", "Being checked"),
                            ("stored", "Stored"),
                            ("failed", "Failed"),
                        ],
                        default="arriving",
                        max_length=8,
                    ),
                ),
                ("size", models.PositiveBigIntegerField(default=0)),
                ("offset", models.PositiveBigIntegerField(default=0)),
                (
                    "sha256",
                    models.CharField(
                        blank=True, help_text="As the sender promised it.", max_length=64
                    ),
                ),
                ("content_type", models.CharField(blank=True, max_length=100)),
                (
                    "fingerprint",
                    models.CharField(
                        blank=True,
                        help_text="By which the sender knows the same file again.",
                        max_length=100,
                    ),
                ),
                ("error", models.TextField(blank=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("touched_at", models.DateTimeField(db_index=True)),
                (
                    "collection",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="uploads",
                        to="collections.collection",
                    ),
                ),
                (
                    "started_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.AddConstraint(
            model_name="collection",
            constraint=models.UniqueConstraint(
                models.F("owner"),
                django.db.models.functions.text.Lower("name"),
                models.F("store"),
                models.F("store_key"),
                name="one_collection_per_name",
            ),
        ),
        migrations.AddConstraint(
            model_name="collection",
            constraint=models.UniqueConstraint(
                condition=models.Q(("store", "session")),
                fields=("store_key",),
                name="one_store_per_session",
            ),
        ),
        migrations.AddIndex(
            model_name="datafile",
            index=models.Index(fields=["collection", "size"], name="sizes_of_a_collection"),
        ),
        migrations.AddConstraint(
            model_name="datafile",
            constraint=models.UniqueConstraint(
                fields=("collection", "name"), name="one_file_per_name"
            ),
        ),
    ]
