"""One file, read from top to bottom; only environment variables make installations differ.

Every variable is listed with its default in `.env.example`. A secret may also come from a
file, named by the variable with `_FILE` added.
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import environ

from marketplace.lib import blob_storage, browser_policy, in_common, logs, secret_file, token_tags
from marketplace.timetable import QUEUES, TIMETABLE

BASE_DIR = Path(__file__).resolve().parent.parent

env = environ.FileAwareEnv()
env.read_env(BASE_DIR / ".env")

# What kind of installation this is

DATA_DIR = Path(env.str("DATA_DIR", default=str(BASE_DIR / "var")))
"""Everything that must survive a restart and is not in the database: files, repositories, builds."""

DEBUG = env.bool("DEBUG", default=False)
IS_EMBEDDED = env.bool("EMBEDDED", default="REDIS_URL" not in env.ENVIRON)
"""One process is the whole site: in-process broker and channel layer, its own runner."""

SECRET_KEY = env.str("SECRET_KEY", default="") or secret_file.read_or_make(DATA_DIR / "secret_key")

SITE_NAME = env.str("SITE_NAME", default="Agorithm")
PORT = env.int("PORT", default=8000)
"""Where `manage.py serve` listens, unless it is told otherwise."""

SITE_URL = env.str("SITE_URL", default=f"http://127.0.0.1:{PORT}").rstrip("/")
"""Where people and their clients reach the site."""

WEB_ORIGIN_DOMAIN = env.str("WEB_ORIGIN_DOMAIN", default="")
IS_SITE_URL_GIVEN = "SITE_URL" in env.ENVIRON
"""Otherwise pages show the address under which their visitor has reached them."""

PLATFORM_URL = env.str("PLATFORM_URL", default=SITE_URL).rstrip("/")
"""Where runners reach it: the relay of a sandbox sends the algorithm's requests there."""

ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["*"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[SITE_URL])

# Applications and what a page request passes through

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.forms",  # its templates, which FORM_RENDERER looks for
    "marketplace.apps.OwnStaticFilesConfig",
    "channels",
    "csp",
    "django_htmx",
    "rest_framework",
    "drf_spectacular",
    "marketplace.languages",
    "marketplace.accounts",
    "data_collections",
    "billing",
    "runners",
    "algorithms",
    "projects",
    "marketplace.catalog",
    "marketplace.staff",
    "marketplace.reference",
]

MIDDLEWARE = [
    "marketplace.request_ids.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "marketplace.compressing.PageCompression",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "marketplace.languages.middleware.LanguageMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "marketplace.accounts.middleware.ActorMiddleware",
]

ROOT_URLCONF = "marketplace.urls"
ASGI_APPLICATION = "marketplace.asgi.application"
APPEND_SLASH = False  # a redirect of a POST would lose its body; both forms are routed

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
                "marketplace.catalog.context.site",
                "marketplace.accounts.context.person",
            ],
        },
    },
]

FORM_RENDERER = "django.forms.renderers.TemplatesSetting"  # fields as templates/django/forms says

# Database

DATABASES = {
    "default": env.db_url("DATABASE_URL", default=f"sqlite:///{DATA_DIR / 'site.sqlite3'}")
}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
else:
    DATABASES["default"]["OPTIONS"] = {
        "pool": {"min_size": 1, "max_size": 20},
        "options": "-c pg_trgm.word_similarity_threshold=0.5",  # two letters swapped are alike
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Files: bytes of collections rest under their hash, on disk or in anything that speaks S3

STORAGE_DIR = DATA_DIR / "blobs"
_S3 = {
    "bucket_name": env.str("S3_BUCKET", default=""),
    "endpoint_url": env.str("S3_ENDPOINT_URL", default="") or None,
    "region_name": env.str("S3_REGION", default="") or None,
    "access_key": env.str("S3_ACCESS_KEY", default="") or None,
    "secret_key": env.str("S3_SECRET_KEY", default="") or None,
}
STORAGES = {
    "default": blob_storage.in_s3(_S3) if _S3["bucket_name"] else blob_storage.on_disk(STORAGE_DIR),
    "staticfiles": {"BACKEND": "marketplace.static_files.ModuleStorage"},
}
_UPLOADS = DATA_DIR / "uploads"  # beside the blobs, so that a finished upload is only renamed
_UPLOADS.mkdir(parents=True, exist_ok=True)
FILE_UPLOAD_TEMP_DIR = str(_UPLOADS)
FILE_UPLOAD_HANDLERS = ["marketplace.accounts.uploads.UploadsOfPeople"]
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = 16 * 1024 * 1024
MAX_FILE_BYTES = env.int("MAX_FILE_BYTES", default=20 * 1024**3)
OWNER_QUOTA_BYTES = env.int("OWNER_QUOTA_BYTES", default=50 * 1024**3)

STATIC_URL = "static/"
STATIC_ROOT = Path(env.str("STATIC_ROOT", default=str(BASE_DIR / "staticfiles")))
STATICFILES_DIRS = [BASE_DIR / "static"]

# People

AUTH_USER_MODEL = "accounts.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "accounts:sign_in"
LOGIN_REDIRECT_URL = "algorithms:dashboard"
LOGOUT_REDIRECT_URL = "catalog:home"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SITE_URL.startswith("https://")
SIGN_UPS_PER_HOUR = env.int("SIGN_UPS_PER_HOUR", default=20)
"""New accounts from one address; more are refused with 429."""

JWT_ISSUER = env.str("JWT_ISSUER", default="")
"""The identity provider whose tokens are taken instead of API keys; none if empty."""

JWT_AUDIENCE = env.str("JWT_AUDIENCE", default="")
JWT_JWKS_URL = env.str("JWT_JWKS_URL", default="")
JWT_TAGS = token_tags.read(env.str("JWT_TAGS", default=""))
JWT_NAME_CLAIM = env.str("JWT_NAME_CLAIM", default="sub")
JWT_TAGS_CLAIM = env.str("JWT_TAGS_CLAIM", default="")
"""The claims that hold the name of the account and its permission tags; empty: tags are not read."""

vars().update(env.email_url("EMAIL_URL", default="consolemail://"))
DEFAULT_FROM_EMAIL = env.str("EMAIL_FROM", default="") or f"no-reply@{urlsplit(SITE_URL).hostname}"

# Language and time

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "Deutsch"), ("zh-hans", "简体中文")]
if env.bool("PSEUDO_RTL", default=False):
    LANGUAGES.append(("ar", "English, right to left"))
    """To look at the pages from right to left; there are no texts, so they stay English."""

LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = ["marketplace.languages.formats"]
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True

# Background work and sockets

CELERY_BROKER_URL = "memory://embedded" if IS_EMBEDDED else env.str("REDIS_URL")
CELERY_BROKER_TRANSPORT_OPTIONS = {"polling_interval": 0.05} if IS_EMBEDDED else {}
CELERY_WORKER_ENABLE_REMOTE_CONTROL = not IS_EMBEDDED
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_ROUTES = QUEUES
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BEAT_SCHEDULE = TIMETABLE

_REDIS = None if IS_EMBEDDED else env.str("REDIS_URL")
CACHES = {"default": in_common.cache(_REDIS)}
"""What several processes count together lies here: runs of visitors, sign-ups, comments."""

CHANNEL_LAYERS = {"default": in_common.channel_layer(_REDIS)}

BUILDS_KEPT_DAYS = env.int("BUILDS_KEPT_DAYS", default=90)
"""A build that no version came from is kept so long; the last ones of an algorithm always."""

# Calls

CALL_CACHE_SECONDS = env.float("CALL_CACHE_SECONDS", default=2.0)
"""How long a key, a version and a permission are remembered without asking the database."""

CALL_TIMEOUT_DEFAULT = 300
CALL_TIMEOUT_MAX = 3000
CALL_INPUT_BYTES = 10 * 1024 * 1024
CALL_OUTPUT_BYTES = 15 * 1024 * 1024
CALLS_PER_ACCOUNT = env.int("CALLS_PER_ACCOUNT", default=80)
"""Calls of one account at the same time; more are refused with 429. Staff can set others."""

BUILDS_PER_ACCOUNT = env.int("BUILDS_PER_ACCOUNT", default=20)
"""Builds of one account waiting or running. Staff can set others."""

SERVICES_PER_ACCOUNT = env.int("SERVICES_PER_ACCOUNT", default=2)
RESERVED_SLOTS_PER_ACCOUNT = env.int("RESERVED_SLOTS_PER_ACCOUNT", default=2)
WAITING_CALLS_PER_ACCOUNT = env.int("WAITING_CALLS_PER_ACCOUNT", default=200)
"""Calls of one account that nobody waits for, accepted and not ended; more are refused with 429."""

CALL_TREE_LIMIT = 24
"""How deep calls of algorithms by algorithms may go, and how many one may have open at once."""

VISITOR_CALLS_PER_DAY = env.int("VISITOR_CALLS_PER_DAY", default=20)
"""Runs of free public algorithms from their pages without an account, per address."""

REQUEST_KEEP_DAYS = env.int("REQUEST_KEEP_DAYS", default=7)

# Money: amounts in micro-units (1 USD is 1,000,000), rates in 1e-10 USD as the predecessor's

CURRENCY = env.str("CURRENCY", default="usd").lower()
"""The one currency of the books; never change it once there are any."""

CPU_RATE = env.int("CPU_RATE", default=1_000_000)
"""What a second of running costs, in 1e-10 USD: 1,000,000 is one credit, 0.0001 USD."""

GPU_RATE = env.int("GPU_RATE", default=5_000_000)
MINIMUM_BILLED_MS = env.int("MINIMUM_BILLED_MS", default=10)
"""A call that is billed is billed for at least this long."""

AUTHOR_SHARE_BPS = env.int("AUTHOR_SHARE_BPS", default=7000)
"""The author's part of a royalty, in hundredths of a percent."""

CHARGE_TIMEOUTS = env.bool("CHARGE_TIMEOUTS", default=True)
"""Whether the time is billed when a call runs out of it; its royalty never is."""

FREE_FAILING_SECONDS = env.int("FREE_FAILING_SECONDS", default=600)
"""Failed runs an account has free each day, besides as much as it pays for; -1 is without end."""

HOLD_SLICE_SECONDS = env.int("HOLD_SLICE_SECONDS", default=60)
"""Credit for a long call is set aside for this long at a time."""

FREE_CREDITS_PER_MONTH = env.int("FREE_CREDITS_PER_MONTH", default=10_000 if IS_EMBEDDED else 0)
"""Given to every account each month, and gone at its end; 10,000 credits are one dollar."""

RECEIPT_KEY = env.str("RECEIPT_KEY", default="") or secret_file.read_or_make(
    DATA_DIR / "receipt_key"
)
"""A long random text that the key which signs receipts is made from. Keep it: it is the site's word."""

# Payments: a site with Stripe's keys takes real money, one without them none; an embedded one
# without keys pays at a stand-in of its own, so that everything can be tried

STRIPE_SECRET_KEY = env.str("STRIPE_SECRET_KEY", default="")
STRIPE_WEBHOOK_SECRETS = env.list("STRIPE_WEBHOOK_SECRETS", default=[])
STRIPE_API_URL = env.str("STRIPE_API_URL", default="")
"""Another address than Stripe's own, for trying a stand-in."""

_IS_LOCAL = urlsplit(SITE_URL).hostname in ("127.0.0.1", "::1", "localhost")
STRIPE_DOUBLE = env.bool(
    "STRIPE_DOUBLE", default=IS_EMBEDDED and _IS_LOCAL and not STRIPE_SECRET_KEY
)
"""A stand-in that takes test cards. Never by itself where strangers come: its credit is free."""

STRIPE_DOUBLE_DIR = DATA_DIR / "stripe_double"
STRIPE_TAX = env.bool("STRIPE_TAX", default=False)
"""Whether Stripe reckons the tax of what is bought, and asks for tax ids."""

TOP_UP_MINIMUM = env.int("TOP_UP_MINIMUM", default=10)
"""In whole units of the currency; Stripe takes about 0.30 and 3 % of each payment."""

TOP_UP_MAXIMUM = env.int("TOP_UP_MAXIMUM", default=5000)
CREDIT_DAYS = env.int("CREDIT_DAYS", default=0)
"""How long bought credit lasts; 0 is for ever."""

HOLDING_DAYS = env.int("HOLDING_DAYS", default=30)
"""How long a royalty waits before it can be paid out: disputes come late."""

PAYOUT_MINIMUM = env.int("PAYOUT_MINIMUM", default=50)
PAYOUT_RESERVE_BPS = env.int("PAYOUT_RESERVE_BPS", default=1000)
"""Of what a new author has earned in the last days, so much stays back, in hundredths of a percent."""

PAYOUT_RESERVE_DAYS = env.int("PAYOUT_RESERVE_DAYS", default=90)
PAYOUT_COUNTRIES = env.list("PAYOUT_COUNTRIES", default=["US"])
"""Where authors can be paid: Stripe transfers within a region only."""

# Runners and sandboxes

RUNNER_BACKEND = env.str("RUNNER_BACKEND", default="auto")
"""docker, bubblewrap, or auto: Docker Engine if one answers, else bubblewrap."""

RUNNER_SLOTS = env.int("RUNNER_SLOTS", default=8)
"""Sandboxes one runner keeps at the same time."""

RUNNER_SLOTS_PER_VERSION = env.int("RUNNER_SLOTS_PER_VERSION", default=4)
RUNNER_SLOTS_PER_PAYER = env.int("RUNNER_SLOTS_PER_PAYER", default=RUNNER_SLOTS - RUNNER_SLOTS // 4)
"""Of them, those that calls of one account may hold, so that there is always one for others."""

RUNNER_QUEUE_LENGTH = env.int("RUNNER_QUEUE_LENGTH", default=200)
RUNNER_QUEUE_SECONDS = env.float("RUNNER_QUEUE_SECONDS", default=60.0)
RUNNER_IDLE_SECONDS = env.float("RUNNER_IDLE_SECONDS", default=300.0)
RUNNER_ADDRESS = env.str("RUNNER_ADDRESS", default="")
"""Where a runner process of its own listens (unix:/path or host:port); empty when embedded."""

SANDBOX_MEMORY_MB = env.int("SANDBOX_MEMORY_MB", default=2048)
SANDBOX_CPUS = env.float("SANDBOX_CPUS", default=1.0)
SANDBOX_PROCESSES = env.int("SANDBOX_PROCESSES", default=256)
SANDBOX_DISK_MB = env.int("SANDBOX_DISK_MB", default=512)
DOCKER_HOST = env.str("DOCKER_HOST", default="")
DOCKER_RUNTIME = env.str("DOCKER_RUNTIME", default="")
EGRESS_ALLOWED_HOSTS = env.list("EGRESS_ALLOWED_HOSTS", default=[])
BUILD_TIMEOUT_SECONDS = env.int("BUILD_TIMEOUT_SECONDS", default=1800)
BUILD_CONSTRAINTS = env.str("BUILD_CONSTRAINTS", default="")
"""A requirements file that narrows every build, e.g. torch==2.13.0+cpu."""

LOCK_LIFETIME_SECONDS = env.int("LOCK_LIFETIME_SECONDS", default=86400)
"""How long the same requirements mean the same versions; then newer releases are looked for."""

BUILD_SOURCE_DISTRIBUTIONS = env.bool("BUILD_SOURCE_DISTRIBUTIONS", default=True)
"""Whether packages without a wheel may be built from source, which runs their authors' code."""

BUILD_MEMORY_MB = env.int("BUILD_MEMORY_MB", default=4096)
BUILD_DISK_MB = env.int("BUILD_DISK_MB", default=20480)
"""How large the dependencies of one build may be, installed."""

GIT_PUSH_MB = env.int("GIT_PUSH_MB", default=250)
GIT_REPOSITORY_MB = env.int("GIT_REPOSITORY_MB", default=2048)
"""How much one push by git may bring, packed, and a repository hold with all its history."""

PYENV_ROOT = env.str("PYENV_ROOT", default="~/.pyenv")
ENVIRONMENTS_FILE = env.str("ENVIRONMENTS_FILE", default="")
RUNNER_MACHINES = env.list("RUNNER_MACHINES", default=["auto"])
GPU_DEVICES = env.list("GPU_DEVICES", default=["all"])
GPU_SANDBOXES = env.int("GPU_SANDBOXES", default=1)
"""The GPUs of this machine, as nvidia-smi names them, and how many sandboxes may share one."""

PACKAGE_INDEX_VARIABLES = {
    name: env.ENVIRON[name]
    for name in env.ENVIRON
    if name.startswith(("PIP_", "UV_")) or name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")
}
"""What this machine says of its package index; pip's configuration files are read as well."""

PACKAGE_INDEX_HOSTS = env.list("PACKAGE_INDEX_HOSTS", default=[])  # that an index redirects to
NPM_REGISTRY, CRAN_MIRROR = env.str("NPM_REGISTRY", default=""), env.str("CRAN_MIRROR", default="")

# What browsers are told

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "strict-origin-when-cross-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = browser_policy.content(takes_payments=bool(STRIPE_SECRET_KEY))

# REST

REST_FRAMEWORK: dict[str, object] = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": [],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {"TITLE": f"{SITE_NAME} API", "VERSION": "1"}

LOGGING = logs.to_console(env.str("LOG_LEVEL", default="WARNING"))
