import django.core.validators
import django.db.models.deletion
import marketplace.lib.ordered_json
import django.db.models.functions.text
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("accounts", "0001_initial"),
        ("runners", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Algorithm",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("name", models.CharField(max_length=30)),
                ("label", models.CharField(max_length=100)),
                ("tagline", models.CharField(blank=True, max_length=200)),
                (
                    "readme",
                    models.TextField(
                        blank=True, help_text="README.md of the last build, as Markdown."
                    ),
                ),
                (
                    "contract",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "Found out from the files"),
                            ("apply", "A function apply(input) in src/"),
                            ("web", "A web app with a Procfile"),
                            ("service", "A model service in cloud_model.py"),
                        ],
                        help_text="How its code is run; empty where each build finds that out.",
                        max_length=20,
                    ),
                ),
                (
                    "source_visibility",
                    models.CharField(
                        choices=[
                            ("open", "Open: anybody may read the source"),
                            ("closed", "Closed: only the owner sees the source"),
                        ],
                        default="closed",
                        max_length=6,
                    ),
                ),
                (
                    "license",
                    models.CharField(
                        choices=[
                            ("apl", "Algorithm Platform License"),
                            ("apache2", "Apache License 2.0"),
                            ("gpl3", "GNU General Public License 3"),
                            ("mit", "MIT License"),
                        ],
                        default="apl",
                        max_length=10,
                    ),
                ),
                (
                    "network_access",
                    models.CharField(
                        choices=[("isolated", "No internet access"), ("full", "Internet access")],
                        default="isolated",
                        max_length=10,
                    ),
                ),
                ("may_call_others", models.BooleanField(default=False)),
                (
                    "keeps_insights",
                    models.BooleanField(
                        default=False,
                        help_text="What its code reports about a call is kept for its owner.",
                    ),
                ),
                (
                    "is_shareable",
                    models.BooleanField(
                        default=False,
                        help_text="One warm sandbox may serve several callers in turn: set it only if the code keeps nothing of one call for the next.",
                    ),
                ),
                ("sample_input", models.TextField(blank=True)),
                (
                    "performance_notes",
                    models.TextField(
                        blank=True,
                        help_text="How fast and how good it is, by what measure; as Markdown.",
                    ),
                ),
                (
                    "links",
                    models.JSONField(
                        blank=True,
                        default=list,
                        help_text="Places elsewhere, each with a label and a url.",
                    ),
                ),
                ("royalty_microcredits", models.PositiveBigIntegerField(default=0)),
                (
                    "is_public",
                    models.BooleanField(
                        default=False,
                        help_text="Has a version that everyone may call: kept true by publishing.",
                    ),
                ),
                (
                    "quarantined_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="Hidden and not callable since then, by a decision of the moderators.",
                        null=True,
                    ),
                ),
                (
                    "task",
                    models.CharField(
                        blank=True,
                        help_text="What it is for: the slug of one of the categories.",
                        max_length=40,
                    ),
                ),
                (
                    "is_listed",
                    models.BooleanField(
                        default=False,
                        editable=False,
                        help_text="Shown to everyone in explore and in feeds.",
                    ),
                ),
                (
                    "published_at",
                    models.DateTimeField(
                        blank=True,
                        editable=False,
                        help_text="When its first public version came.",
                        null=True,
                    ),
                ),
                ("language", models.CharField(blank=True, editable=False, max_length=30)),
                ("is_gpu", models.BooleanField(default=False, editable=False)),
                ("price_microcredits", models.PositiveBigIntegerField(default=0, editable=False)),
                ("price_band", models.CharField(blank=True, editable=False, max_length=10)),
                ("network", models.CharField(blank=True, editable=False, max_length=10)),
                ("input_kind", models.CharField(blank=True, editable=False, max_length=10)),
                ("output_kind", models.CharField(blank=True, editable=False, max_length=10)),
                (
                    "facets",
                    models.CharField(
                        blank=True,
                        editable=False,
                        help_text="All of them in one text, to count.",
                        max_length=200,
                    ),
                ),
                ("calls_30d", models.PositiveIntegerField(default=0, editable=False)),
                (
                    "callers_30d",
                    models.PositiveIntegerField(
                        default=0, editable=False, help_text="Distinct ones, its owner left out."
                    ),
                ),
                (
                    "trending",
                    models.FloatField(
                        default=0,
                        editable=False,
                        help_text="Distinct callers, those of a week ago half as much.",
                    ),
                ),
                ("p50_us", models.PositiveBigIntegerField(blank=True, editable=False, null=True)),
                ("success_rate", models.FloatField(blank=True, editable=False, null=True)),
                (
                    "reliability",
                    models.FloatField(
                        default=0,
                        editable=False,
                        help_text="What the success rate is at least, given few calls.",
                    ),
                ),
                ("last_success_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("stars_count", models.PositiveIntegerField(default=0, editable=False)),
                ("rating_average", models.FloatField(blank=True, editable=False, null=True)),
                ("rating_count", models.PositiveIntegerField(default=0, editable=False)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "environment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="algorithms",
                        to="runners.environment",
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="algorithms",
                        to="accounts.owner",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="AlgorithmImage",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("position", models.PositiveSmallIntegerField()),
                (
                    "description",
                    models.CharField(
                        help_text="What can be seen, for those who cannot.", max_length=200
                    ),
                ),
                ("width", models.PositiveIntegerField()),
                ("height", models.PositiveIntegerField()),
                ("content", models.BinaryField(help_text="WebP")),
                ("thumbnail", models.BinaryField(help_text="WebP, small enough for a card")),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "algorithm",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="images",
                        to="algorithms.algorithm",
                    ),
                ),
            ],
            options={
                "ordering": ["position", "created_at"],
            },
        ),
        migrations.CreateModel(
            name="Build",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("commit", models.CharField(db_index=True, max_length=40)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("queued", "Queued"),
                            ("running", "Running"),
                            ("succeeded", "Succeeded"),
                            ("failed", "Failed"),
                            ("fault", "Platform fault"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="queued",
                        max_length=10,
                    ),
                ),
                ("source_digest", models.CharField(blank=True, max_length=64)),
                (
                    "was_cached",
                    models.BooleanField(
                        blank=True,
                        help_text="Whether its dependencies were installed already.",
                        null=True,
                    ),
                ),
                (
                    "module",
                    models.CharField(
                        blank=True, help_text="Dotted name, src.Hello", max_length=200
                    ),
                ),
                ("contract", models.CharField(default="apply", max_length=20)),
                (
                    "interface",
                    marketplace.lib.ordered_json.OrderedJSONField(
                        blank=True,
                        default=dict,
                        help_text="What can be called, as its contract describes it.",
                    ),
                ),
                ("error", models.TextField(blank=True, help_text="One sentence on why it failed.")),
                (
                    "scopes",
                    models.JSONField(
                        blank=True,
                        default=list,
                        help_text="What the key they asked with allowed: the check may do no more.",
                    ),
                ),
                (
                    "attempts",
                    models.PositiveSmallIntegerField(
                        default=0,
                        help_text="How often a worker has taken it; the last one's word counts.",
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("started_at", models.DateTimeField(blank=True, null=True)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                ("heartbeat_at", models.DateTimeField(blank=True, null=True)),
                (
                    "algorithm",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="builds",
                        to="algorithms.algorithm",
                    ),
                ),
                (
                    "dependencies",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="builds",
                        to="runners.dependencyset",
                    ),
                ),
                (
                    "environment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="builds",
                        to="runners.environment",
                    ),
                ),
                (
                    "requested_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "requested_for",
                    models.ForeignKey(
                        blank=True,
                        help_text="As whom they asked: themselves, or the organization of their key.",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="accounts.owner",
                    ),
                ),
            ],
            options={
                "ordering": ["-created_at"],
            },
        ),
        migrations.CreateModel(
            name="BuildLogChunk",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("offset", models.PositiveIntegerField()),
                ("text", models.TextField()),
                (
                    "build",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="log_chunks",
                        to="algorithms.build",
                    ),
                ),
            ],
            options={
                "ordering": ["offset"],
            },
        ),
        migrations.CreateModel(
            name="CallRequest",
            fields=[
                ("id", models.UUIDField(editable=False, primary_key=True, serialize=False)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("queued", "Queued"),
                            ("running", "Running"),
                            ("done", "Done"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="queued",
                        max_length=10,
                    ),
                ),
                ("actor", models.JSONField()),
                ("target", models.JSONField()),
                ("input_kind", models.CharField(max_length=6)),
                ("input_body", models.BinaryField()),
                ("answer", models.BinaryField(blank=True, null=True)),
                (
                    "cost",
                    models.JSONField(
                        blank=True,
                        help_text="Of the attempt that was answered; micro-units",
                        null=True,
                    ),
                ),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                (
                    "answered_in",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        help_text="The attempt whose answer is kept, and is paid for",
                        null=True,
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("heartbeat_at", models.DateTimeField(blank=True, null=True)),
                (
                    "cancel_asked_at",
                    models.DateTimeField(
                        blank=True, help_text="When its caller asked for its end", null=True
                    ),
                ),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                ("expires_at", models.DateTimeField(db_index=True)),
                (
                    "algorithm",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="requests",
                        to="algorithms.algorithm",
                    ),
                ),
                (
                    "caller",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="call_requests",
                        to="accounts.owner",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Secret",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("short_name", models.CharField(help_text="As people read it.", max_length=100)),
                (
                    "secret_key",
                    models.CharField(
                        help_text="The environment variable that holds the value.", max_length=100
                    ),
                ),
                ("sealed_value", models.TextField(editable=False)),
                ("description", models.CharField(blank=True, max_length=1000)),
                ("created", models.DateTimeField(auto_now_add=True)),
                ("modified", models.DateTimeField(auto_now=True)),
                (
                    "algorithm",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="secrets",
                        to="algorithms.algorithm",
                    ),
                ),
            ],
            options={
                "ordering": ["created", "pk"],
            },
        ),
        migrations.CreateModel(
            name="Version",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("major", models.PositiveIntegerField()),
                ("minor", models.PositiveIntegerField()),
                ("revision", models.PositiveIntegerField()),
                (
                    "callability",
                    models.CharField(
                        choices=[
                            ("public", "Public: anybody with a key"),
                            ("private", "Private: only the owner"),
                        ],
                        default="private",
                        max_length=7,
                    ),
                ),
                ("royalty_microcredits", models.PositiveBigIntegerField(default=0)),
                (
                    "network_access",
                    models.CharField(
                        choices=[("isolated", "No internet access"), ("full", "Internet access")],
                        max_length=10,
                    ),
                ),
                ("may_call_others", models.BooleanField()),
                ("keeps_insights", models.BooleanField(default=False)),
                ("is_shareable", models.BooleanField(default=False)),
                ("release_notes", models.TextField(blank=True)),
                ("sample_input", models.TextField(blank=True)),
                ("sample_output", models.TextField(blank=True)),
                (
                    "input_schema",
                    marketplace.lib.ordered_json.OrderedJSONField(
                        blank=True,
                        help_text="JSON Schema of what it takes, if it is known.",
                        null=True,
                    ),
                ),
                (
                    "output_schema",
                    marketplace.lib.ordered_json.OrderedJSONField(
                        blank=True,
                        help_text="JSON Schema of what it answers, if it is known.",
                        null=True,
                    ),
                ),
                (
                    "schema_source",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("declared", "Declared by the author"),
                            ("signature", "Read from the type hints of apply"),
                            ("docstring", "Read from the docstring of apply"),
                            ("sample", "Guessed from the sample input and output"),
                            ("", "Not known"),
                        ],
                        default="",
                        max_length=10,
                    ),
                ),
                (
                    "approval",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "Not asked for"),
                            ("waiting", "Waits for approval"),
                            ("approved", "Approved"),
                            ("refused", "Refused"),
                        ],
                        default="",
                        max_length=8,
                    ),
                ),
                (
                    "approval_reason",
                    models.TextField(blank=True, help_text="What was said with the decision."),
                ),
                ("approval_at", models.DateTimeField(blank=True, null=True)),
                (
                    "yanked_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="Withdrawn since then: no pattern leads to it, but who pinned it goes on.",
                        null=True,
                    ),
                ),
                (
                    "yank_reason",
                    models.CharField(
                        blank=True,
                        help_text="One sentence for those who pinned it.",
                        max_length=300,
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "algorithm",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="versions",
                        to="algorithms.algorithm",
                    ),
                ),
                (
                    "approved_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "build",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="version",
                        to="algorithms.build",
                    ),
                ),
                (
                    "published_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["-major", "-minor", "-revision"],
            },
        ),
        migrations.CreateModel(
            name="Run",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "call_id",
                    models.UUIDField(blank=True, help_text="The call it tells of.", null=True),
                ),
                (
                    "visibility",
                    models.CharField(
                        choices=[("unlisted", "Anybody who has the link"), ("private", "Only you")],
                        default="unlisted",
                        max_length=8,
                    ),
                ),
                ("input", models.TextField(help_text="As it was sent: JSON, or else text.")),
                ("answer", models.TextField(help_text="Result or error, as the site answered.")),
                ("seconds", models.FloatField(default=0)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("expires_at", models.DateTimeField(db_index=True)),
                (
                    "algorithm",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="kept_runs",
                        to="algorithms.algorithm",
                    ),
                ),
                (
                    "kept_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="kept_runs",
                        to="accounts.owner",
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="kept_runs",
                        to="algorithms.version",
                    ),
                ),
            ],
            options={
                "ordering": ["-created_at"],
            },
        ),
        migrations.CreateModel(
            name="Call",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("root_id", models.UUIDField(db_index=True)),
                ("parent_id", models.UUIDField(blank=True, null=True)),
                ("depth", models.PositiveSmallIntegerField(default=0)),
                ("key_id", models.UUIDField(blank=True, null=True)),
                ("build_id", models.UUIDField(blank=True, null=True)),
                (
                    "operation",
                    models.CharField(
                        blank=True,
                        help_text="Which one, where the version has several",
                        max_length=100,
                    ),
                ),
                (
                    "result",
                    models.CharField(
                        choices=[
                            ("succeeded", "Succeeded"),
                            ("failed", "Failed"),
                            ("refused", "Refused"),
                            ("fault", "Platform fault"),
                            ("cancelled", "Cancelled"),
                            ("interrupted", "Interrupted"),
                        ],
                        max_length=12,
                    ),
                ),
                ("error_type", models.CharField(blank=True, max_length=60)),
                ("error_message", models.CharField(blank=True, max_length=500)),
                ("queue_us", models.PositiveBigIntegerField(default=0)),
                ("start_us", models.PositiveBigIntegerField(default=0)),
                ("load_us", models.PositiveBigIntegerField(default=0)),
                ("run_us", models.PositiveBigIntegerField(default=0)),
                ("total_us", models.PositiveBigIntegerField(default=0)),
                ("input_bytes", models.PositiveBigIntegerField(default=0)),
                ("output_bytes", models.PositiveBigIntegerField(default=0)),
                ("output_kind", models.CharField(blank=True, max_length=6)),
                (
                    "price_microcredits",
                    models.PositiveBigIntegerField(
                        blank=True, help_text="Empty while nobody is charged.", null=True
                    ),
                ),
                ("is_async", models.BooleanField(default=False)),
                ("runner", models.CharField(blank=True, max_length=100)),
                ("started_at", models.DateTimeField(db_index=True)),
                (
                    "algorithm",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="calls",
                        to="algorithms.algorithm",
                    ),
                ),
                (
                    "caller",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="calls",
                        to="accounts.owner",
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="calls",
                        to="algorithms.version",
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="callrequest",
            index=models.Index(
                condition=models.Q(("attempts__gt", 1)),
                fields=["finished_at"],
                name="requests_that_ran_again",
            ),
        ),
        migrations.AddIndex(
            model_name="algorithm",
            index=models.Index(
                models.OrderBy(models.F("trending"), descending=True),
                models.F("id"),
                condition=models.Q(("is_listed", True)),
                name="listed_by_trending",
            ),
        ),
        migrations.AddIndex(
            model_name="algorithm",
            index=models.Index(
                models.OrderBy(models.F("published_at"), descending=True),
                models.F("id"),
                condition=models.Q(("is_listed", True)),
                name="listed_by_age",
            ),
        ),
        migrations.AddIndex(
            model_name="algorithm",
            index=models.Index(
                models.OrderBy(models.F("p50_us")),
                models.F("id"),
                condition=models.Q(("is_listed", True)),
                name="listed_by_speed",
            ),
        ),
        migrations.AddIndex(
            model_name="algorithm",
            index=models.Index(
                models.OrderBy(models.F("price_microcredits")),
                models.F("id"),
                condition=models.Q(("is_listed", True)),
                name="listed_by_price",
            ),
        ),
        migrations.AddIndex(
            model_name="algorithm",
            index=models.Index(
                models.OrderBy(models.F("reliability"), descending=True),
                models.F("id"),
                condition=models.Q(("is_listed", True)),
                name="listed_by_reliability",
            ),
        ),
        migrations.AddIndex(
            model_name="algorithm",
            index=models.Index(
                models.OrderBy(models.F("stars_count"), descending=True),
                models.F("id"),
                condition=models.Q(("is_listed", True)),
                name="listed_by_stars",
            ),
        ),
        migrations.AddIndex(
            model_name="algorithm",
            index=models.Index(
                models.OrderBy(models.F("facets")),
                models.OrderBy(models.F("owner")),
                models.F("id"),
                condition=models.Q(("is_listed", True)),
                name="listed_by_facets",
            ),
        ),
        migrations.AddConstraint(
            model_name="algorithm",
            constraint=models.UniqueConstraint(
                models.F("owner"),
                django.db.models.functions.text.Lower("name"),
                name="one_algorithm_per_name",
            ),
        ),
        migrations.AddConstraint(
            model_name="algorithm",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("source_visibility", "closed"), _negated=True),
                    ("license", "apl"),
                    _connector="OR",
                ),
                name="closed_source_needs_the_platform_license",
            ),
        ),
        migrations.AddIndex(
            model_name="build",
            index=models.Index(
                fields=["algorithm", "-created_at"], name="algorithms__algorit_c30abb_idx"
            ),
        ),
        migrations.AddConstraint(
            model_name="buildlogchunk",
            constraint=models.UniqueConstraint(
                fields=("build", "offset"), name="one_chunk_per_offset"
            ),
        ),
        migrations.AddConstraint(
            model_name="secret",
            constraint=models.UniqueConstraint(
                fields=("algorithm", "secret_key"), name="one_secret_per_variable"
            ),
        ),
        migrations.AddConstraint(
            model_name="version",
            constraint=models.UniqueConstraint(
                fields=("algorithm", "major", "minor", "revision"), name="one_version_per_number"
            ),
        ),
        migrations.AddConstraint(
            model_name="version",
            constraint=models.CheckConstraint(
                condition=models.Q(("approval", ""), ("callability", "public"), _connector="OR"),
                name="only_public_versions_need_approval",
            ),
        ),
        migrations.AddIndex(
            model_name="call",
            index=models.Index(
                fields=["algorithm", "-started_at"], name="algorithms__algorit_da10f7_idx"
            ),
        ),
        migrations.AddIndex(
            model_name="call",
            index=models.Index(
                fields=["caller", "-started_at"], name="algorithms__caller__f6d25e_idx"
            ),
        ),
        migrations.CreateModel(
            name="Gate",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "metric",
                    models.CharField(
                        choices=[
                            ("accuracy", "Accuracy: the share of rows answered as expected"),
                            ("f1", "F1: precision and recall together, each class counted alike"),
                            ("mae", "Mean absolute error: how far numbers are off"),
                            (
                                "evaluator",
                                "An evaluator: an algorithm that gives each answer a number",
                            ),
                        ],
                        default="accuracy",
                        max_length=10,
                    ),
                ),
                (
                    "rule",
                    models.CharField(
                        choices=[
                            ("better", "It must be better than the champion"),
                            ("not_worse", "It must not be worse than the champion"),
                            ("none", "It is not compared"),
                        ],
                        default="better",
                        max_length=10,
                    ),
                ),
                (
                    "margin",
                    models.FloatField(
                        default=0.0,
                        help_text="How much worse still counts as not worse.",
                        validators=[django.core.validators.MinValueValidator(0.0)],
                    ),
                ),
                (
                    "confidence",
                    models.PositiveSmallIntegerField(
                        default=95,
                        help_text="In percent.",
                        validators=[
                            django.core.validators.MinValueValidator(50),
                            django.core.validators.MaxValueValidator(99),
                        ],
                    ),
                ),
                (
                    "bound",
                    models.FloatField(
                        blank=True,
                        help_text="The least score; for an error, the largest.",
                        null=True,
                    ),
                ),
                (
                    "most_ms",
                    models.PositiveIntegerField(
                        blank=True, help_text="Within which 95 of 100 rows are answered.", null=True
                    ),
                ),
                (
                    "most_micros",
                    models.PositiveBigIntegerField(
                        blank=True,
                        help_text="What a row may cost on average, in micro-units.",
                        null=True,
                    ),
                ),
                (
                    "rows",
                    models.CharField(help_text="data://owner/collection/file", max_length=400),
                ),
                (
                    "answer_at",
                    models.CharField(
                        blank=True,
                        help_text="Where in a result the answer stands: prediction.0",
                        max_length=200,
                    ),
                ),
                (
                    "evaluator",
                    models.CharField(blank=True, help_text="owner/name/1.2.3", max_length=150),
                ),
                (
                    "publishes_pushes",
                    models.BooleanField(
                        default=False,
                        help_text="Whether a push that builds is published if it passes.",
                    ),
                ),
                ("changed_at", models.DateTimeField(auto_now=True)),
                (
                    "algorithm",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="gate",
                        to="algorithms.algorithm",
                    ),
                ),
                (
                    "changed_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="Evaluation",
            fields=[
                (
                    "metric",
                    models.CharField(
                        choices=[
                            ("accuracy", "Accuracy: the share of rows answered as expected"),
                            ("f1", "F1: precision and recall together, each class counted alike"),
                            ("mae", "Mean absolute error: how far numbers are off"),
                            (
                                "evaluator",
                                "An evaluator: an algorithm that gives each answer a number",
                            ),
                        ],
                        default="accuracy",
                        max_length=10,
                    ),
                ),
                (
                    "rule",
                    models.CharField(
                        choices=[
                            ("better", "It must be better than the champion"),
                            ("not_worse", "It must not be worse than the champion"),
                            ("none", "It is not compared"),
                        ],
                        default="better",
                        max_length=10,
                    ),
                ),
                (
                    "margin",
                    models.FloatField(
                        default=0.0,
                        help_text="How much worse still counts as not worse.",
                        validators=[django.core.validators.MinValueValidator(0.0)],
                    ),
                ),
                (
                    "confidence",
                    models.PositiveSmallIntegerField(
                        default=95,
                        help_text="In percent.",
                        validators=[
                            django.core.validators.MinValueValidator(50),
                            django.core.validators.MaxValueValidator(99),
                        ],
                    ),
                ),
                (
                    "bound",
                    models.FloatField(
                        blank=True,
                        help_text="The least score; for an error, the largest.",
                        null=True,
                    ),
                ),
                (
                    "most_ms",
                    models.PositiveIntegerField(
                        blank=True, help_text="Within which 95 of 100 rows are answered.", null=True
                    ),
                ),
                (
                    "most_micros",
                    models.PositiveBigIntegerField(
                        blank=True,
                        help_text="What a row may cost on average, in micro-units.",
                        null=True,
                    ),
                ),
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("row_count", models.PositiveIntegerField()),
                ("rows_sha256", models.CharField(max_length=64)),
                ("failed_rows", models.PositiveIntegerField(default=0)),
                ("score", models.FloatField(blank=True, null=True)),
                ("champion_score", models.FloatField(blank=True, null=True)),
                (
                    "difference",
                    models.FloatField(
                        blank=True, help_text="Positive is better, whatever the metric.", null=True
                    ),
                ),
                ("low", models.FloatField(blank=True, null=True)),
                ("high", models.FloatField(blank=True, null=True)),
                (
                    "milliseconds",
                    models.FloatField(help_text="95 of 100 rows were answered within."),
                ),
                ("micros", models.FloatField(help_text="What a row has cost on average.")),
                ("has_passed", models.BooleanField()),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "algorithm",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="evaluations",
                        to="algorithms.algorithm",
                    ),
                ),
                (
                    "asked_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "build",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="evaluations",
                        to="algorithms.build",
                    ),
                ),
                (
                    "champion",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="algorithms.version",
                    ),
                ),
                (
                    "version",
                    models.OneToOneField(
                        blank=True,
                        help_text="What it became, if it passed.",
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="evaluation",
                        to="algorithms.version",
                    ),
                ),
            ],
            options={
                "ordering": ["-created_at"],
                "indexes": [
                    models.Index(
                        fields=["algorithm", "-created_at"], name="algorithms__algorit_2fb424_idx"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Insight",
            fields=[
                ("call_id", models.UUIDField(primary_key=True, serialize=False)),
                (
                    "version",
                    models.CharField(
                        help_text="Its number, or the commit of a build.", max_length=40
                    ),
                ),
                ("values", models.JSONField(default=dict)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "algorithm",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="insights",
                        to="algorithms.algorithm",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        fields=["algorithm", "-created_at", "call_id"], name="newest_insights"
                    ),
                    models.Index(fields=["created_at"], name="insights_by_age"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Import",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("queued", "Queued"),
                            ("running", "Running"),
                            ("done", "Done"),
                            ("failed", "Failed"),
                        ],
                        default="queued",
                        max_length=10,
                    ),
                ),
                (
                    "step",
                    models.CharField(
                        blank=True, help_text="What is being done, in words.", max_length=200
                    ),
                ),
                ("done", models.PositiveIntegerField(default=0)),
                (
                    "total",
                    models.PositiveIntegerField(
                        default=0, help_text="Of how many; 0 if it is not known."
                    ),
                ),
                (
                    "error",
                    models.TextField(blank=True, help_text="Why it failed, for who has asked."),
                ),
                ("wanted", models.JSONField(default=dict)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("heartbeat_at", models.DateTimeField(blank=True, null=True)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                ("name", models.CharField(max_length=30)),
                (
                    "source",
                    models.CharField(
                        help_text="Where the files come from, as it is shown.", max_length=400
                    ),
                ),
                (
                    "contract",
                    models.CharField(
                        blank=True, help_text="What was found, once it was.", max_length=20
                    ),
                ),
                (
                    "algorithm",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="algorithms.algorithm",
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.owner",
                    ),
                ),
                (
                    "requested_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "requested_with",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.apikey",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        fields=["state", "created_at"], name="algorithms__state_aa9f0c_idx"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Publication",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("queued", "Queued"),
                            ("running", "Running"),
                            ("done", "Done"),
                            ("failed", "Failed"),
                        ],
                        default="queued",
                        max_length=10,
                    ),
                ),
                (
                    "step",
                    models.CharField(
                        blank=True, help_text="What is being done, in words.", max_length=200
                    ),
                ),
                ("done", models.PositiveIntegerField(default=0)),
                (
                    "total",
                    models.PositiveIntegerField(
                        default=0, help_text="Of how many; 0 if it is not known."
                    ),
                ),
                (
                    "error",
                    models.TextField(blank=True, help_text="Why it failed, for who has asked."),
                ),
                ("wanted", models.JSONField(default=dict)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("heartbeat_at", models.DateTimeField(blank=True, null=True)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                (
                    "algorithm",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="publications",
                        to="algorithms.algorithm",
                    ),
                ),
                (
                    "build",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="publications",
                        to="algorithms.build",
                    ),
                ),
                (
                    "evaluation",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="algorithms.evaluation",
                    ),
                ),
                (
                    "requested_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "requested_with",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.apikey",
                    ),
                ),
                (
                    "version",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="algorithms.version",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        fields=["algorithm", "-created_at"], name="algorithms__algorit_055680_idx"
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state__in", ("queued", "running"))),
                        fields=("algorithm",),
                        name="one_publication_at_a_time",
                    )
                ],
            },
        ),
    ]
