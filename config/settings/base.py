"""Settings that all environments share. Each environment sets the differences."""

import re
import sys
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from math import nan
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import django_stubs_ext
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _
from kombu import Queue

from config.environment import Environment

django_stubs_ext.monkeypatch()  # before the first admin class is imported

BASE_DIR = Path(__file__).resolve(strict=True).parents[2]
env = Environment()

DEBUG = env.bool("DJANGO_DEBUG", default=False)
SECRET_KEY: str = env.str("DJANGO_SECRET_KEY", default="")
ALLOWED_HOSTS: list[str] = env.list("DJANGO_ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
RELEASE: str = env.str("RELEASE", default="unreleased")
ENVIRONMENT: str = env.str("ENVIRONMENT", default="local")

# Applications
INSTALLED_APPS = [
    "bikerental.core",
    "bikerental.http",
    "bikerental.observe",
    "bikerental.users",
    "bikerental.media",
    "bikerental.fleet",
    "bikerental.notifications",
    "bikerental.maintenance",
    "bikerental.billing",
    "bikerental.zones",
    "bikerental.rentals",
    "bikerental.claims",
    "bikerental.accounts",
    "bikerental.feeds",
    "bikerental.figures",
    "bikerental.console",
    "bikerental.demo",
    "bikerental.console.apps.OperatorAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django_otp",
    "bikerental.users.apps.SecondFactorConfig",
    "django_celery_beat",
    "rest_framework",
    "drf_yasg",
]
MIDDLEWARE = [
    "bikerental.http.middleware.RequestIdMiddleware",
    # Outside everything that can answer, including refused bodies and hosts.
    "bikerental.observe.middleware.MetricsMiddleware",
    "bikerental.http.middleware.SecurityHeadersMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    # Outside everything that parses a long header.
    "bikerental.http.headers.HeaderLimitsMiddleware",
    "bikerental.observe.shedding.SheddingMiddleware",
    "bikerental.http.middleware.ProblemMiddleware",
    # The middlewares below are for pages. An API request goes from here to its view.
    "bikerental.http.frame.ApiFrame",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "bikerental.http.middleware.PageSessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "bikerental.http.middleware.CityTimeMiddleware",
    "bikerental.http.middleware.SlashMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "bikerental.http.frame.Innermost",
]
# Paths of programs, which skip the middlewares that only pages need.
API_PREFIXES = ("/api/v1/", "/mds/")
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
APPEND_SLASH = False  # a redirect would turn a client's POST into a GET; pages have SlashMiddleware
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

# Database. These timeouts bound every wait of the application. Migrations have their own.
DATABASE_LIMITS: dict[str, str | int] = {
    "statement_timeout": env.int("DATABASE_STATEMENT_TIMEOUT_MS", default=5000),
    "lock_timeout": env.int("DATABASE_LOCK_TIMEOUT_MS", default=2000),
    "idle_in_transaction_session_timeout": 10000,
    # For prepared statements: planning them again each time took longer than running them.
    "plan_cache_mode": "force_generic_plan",
    "timezone": "UTC",
}
# The role in the database that this process connects as: `application` (DATABASE_URL) reads and writes rows, `owner`
# (MIGRATE_DATABASE_URL) migrates and restores, `reader` (BACKUP_DATABASE_URL) makes backups. If a role's URL is not
# set, DATABASE_URL is used. `manage.py database_roles` makes the roles.
_ROLE_URLS = {"owner": "MIGRATE_DATABASE_URL", "reader": "BACKUP_DATABASE_URL"}
DATABASE_ROLES: dict[str, dict[str, Any]] = {
    "application": env.database("DATABASE_URL", default="postgres:///bikerental"),
    **{role: env.database(name, default="") for role, name in _ROLE_URLS.items() if env.str(name, default="")},
}
DATABASE_ROLE: str = env.str("DATABASE_ROLE", default="application")
if DATABASE_ROLE not in {"application", *_ROLE_URLS}:
    env.fault(f"DATABASE_ROLE={DATABASE_ROLE} is none. Set application, owner or reader, or leave it out.")
if DATABASE_ROLE not in DATABASE_ROLES:
    DATABASE_ROLE = "application"
# Set it behind a pooler that gives each transaction a connection, such as PgBouncer: then settings of a session cannot
# be used. `manage.py database_limits` sets the limits for the role instead. The owner and the reader use no pooler.
DATABASE_POOLED: bool = env.bool("DATABASE_POOLED", default=False) and DATABASE_ROLE == "application"
# Whether each connection prepares the statements of the hot paths.
DATABASE_PREPARES: bool = env.bool("DATABASE_PREPARES", default=not DATABASE_POOLED)


def _database(url: dict[str, Any], *, give_up_seconds: int = 10, **limits: str | int) -> dict[str, Any]:
    options: dict[str, Any] = {
        "connect_timeout": min(3, give_up_seconds),
        "application_name": "bikerental",
        # With these the kernel notices a server that stopped answering without closing the connection.
        "keepalives_idle": 5,
        "keepalives_interval": 2,
        "keepalives_count": 3,
        "tcp_user_timeout": give_up_seconds * 1000,
    }
    if not DATABASE_POOLED:
        options["options"] = " ".join(f"-c {name}={value}" for name, value in (DATABASE_LIMITS | limits).items())
    return url | {
        "ENGINE": "bikerental.core.db.backend",
        "ATOMIC_REQUESTS": False,
        "CONN_MAX_AGE": env.int("CONN_MAX_AGE", default=600),
        "CONN_HEALTH_CHECKS": True,
        "DISABLE_SERVER_SIDE_CURSORS": DATABASE_POOLED,
        # The URL's own options, such as `?sslmode=require`, are kept beside these.
        "OPTIONS": url.get("OPTIONS", {}) | options,
    }


# A secret of AWS Secrets Manager with the user and the password, for URLs of the database without a password. It is
# read anew when the server refuses the password, so a rotation needs no restart.
DATABASE_SECRET: str = env.str("DATABASE_SECRET", default="").strip()
if DATABASE_SECRET and not re.fullmatch(r"arn:[a-z-]+:secretsmanager:[a-z0-9-]+:[0-9]+:secret:\S+", DATABASE_SECRET):
    env.fault(f"DATABASE_SECRET={DATABASE_SECRET} is not a secret. Set its ARN, arn:aws:secretsmanager:….")
DATABASES: dict[str, dict[str, Any]] = {"default": _database(DATABASE_ROLES[DATABASE_ROLE])}
# A streaming replica for lists. It is used while it is at most this many seconds behind.
DATABASE_REPLICA_LAG_SECONDS: int = env.number(
    "DATABASE_REPLICA_LAG_SECONDS", default=5, least=1, advice="Set how far behind the replica may be."
)
if env.str("DATABASE_REPLICA_URL", default=""):
    # Short limits, because the primary can answer the same read.
    DATABASES["replica"] = _database(
        env.database("DATABASE_REPLICA_URL", default=""), give_up_seconds=2, statement_timeout=2000
    )
    DATABASES["replica"]["TEST"] = {"MIRROR": "default"}

# The broker and the cache are two databases of one Redis locally, two servers in production.
REDIS_URL: str = env.str("REDIS_URL", default="redis://localhost:6379/0")
CACHE_URL: str = env.str("CACHE_URL", default="")
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": CACHE_URL or REDIS_URL,
        "KEY_PREFIX": "cache",
        "OPTIONS": {"socket_timeout": 0.2, "socket_connect_timeout": 0.2},
    }
}

# Accounts
AUTH_USER_MODEL = "users.User"
AUTHENTICATION_BACKENDS = ["bikerental.users.backends.EmailBackend"]
PASSWORD_HASHERS = ["bikerental.users.hashers.OwaspArgon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "bikerental.users.validators.MinimumLengthValidator", "OPTIONS": {"min_length": 8}},
    {"NAME": "bikerental.users.validators.MaximumLengthValidator", "OPTIONS": {"max_length": 128}},
    {"NAME": "bikerental.users.validators.CommonPasswordValidator"},
    {"NAME": "bikerental.users.validators.SessionsEndWithPassword"},
]
PASSWORD_RESET_TIMEOUT = 600  # seconds for which the link in a mail opens the account
# The client's page for a new password. The token stands after the #, so that no server's log and no Referer contains
# it.
PASSWORD_RESET_URL: str = env.str("PASSWORD_RESET_URL", default="https://bikerental.example/reset-password#{token}")
if "{token}" not in PASSWORD_RESET_URL:
    env.fault("PASSWORD_RESET_URL must contain {token}, which the mail replaces by the token.")
# The client's page that confirms an e-mail. By default it is next to the one for passwords.
EMAIL_CONFIRM_URL: str = env.str("EMAIL_CONFIRM_URL", default="") or urljoin(
    PASSWORD_RESET_URL, "/confirm-email#{token}"
)
if "{token}" not in EMAIL_CONFIRM_URL:
    env.fault("EMAIL_CONFIRM_URL must contain {token}, which the mail replaces by the token.")
EMAIL_CONFIRM_TIMEOUT = 3 * 24 * 3600  # seconds for which the link in a mail confirms an e-mail
UNCONFIRMED_MAY_RENT: bool = env.bool("UNCONFIRMED_MAY_RENT", default=True)


def _debt_limit() -> Decimal | None:
    text: str = env.str("DEBT_LIMIT", default="").strip()
    try:
        limit = Decimal(text) if text else None
    except InvalidOperation:
        limit = Decimal("nan")
    if limit is not None and not (limit.is_finite() and limit >= 0):
        env.fault(
            f"DEBT_LIMIT={text} is not an amount. Set how much a rider may owe and still rent, such as 500.00 (0 for "
            "nothing), or leave it empty for no limit."
        )
    return limit


# A rider who owes more than this in any currency cannot rent; without a limit everybody can. Rides in dispute do not
# count.
DEBT_LIMIT = _debt_limit()
# How long after a ride its rider may dispute it.
CLAIM_DAYS: int = env.number(
    "CLAIM_DAYS", default=30, least=1, most=365, advice="Set for how many days a ride can be disputed."
)
OPERATOR_EMAILS: list[str] = env.list("OPERATOR_EMAILS", default=["operators@bikerental.example"])

# Language and time. All times are UTC; a client shows local time. Mails and the admin, which people read, use the
# city's own time and name its zone.
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("ru", _("Russian"))]
LOCALE_PATHS = [str(BASE_DIR / "bikerental" / "locale")]
TIME_ZONE = "UTC"
USE_TZ = True
CITY_TIME_ZONE: str = env.str("CITY_TIME_ZONE", default="Europe/Moscow")
try:
    ZoneInfo(CITY_TIME_ZONE)
except (ZoneInfoNotFoundError, ValueError, OSError):
    env.fault(
        f"CITY_TIME_ZONE={CITY_TIME_ZONE} is not a time zone. Set a name of the IANA database, such as "
        "Europe/Berlin or UTC."
    )


def _bounds(name: str) -> tuple[float, float, float, float] | None:
    """`west,south,east,north`; None if unset: then the stations decide."""
    text: str = env.str(name, default="").strip()
    if not text:
        return None
    try:
        west, south, east, north = map(float, text.split(","))
    except ValueError:
        west = south = east = north = nan
    if not (-90 <= south < north <= 90 and -180 <= west <= 180 and -180 <= east <= 180 and west != east):
        env.fault(
            f"{name}={text} is not an area. Set west,south,east,north in degrees, such as 29.4,59.6,31.2,60.3 (west is "
            "greater than east if it crosses the 180th meridian), or leave it empty for all stations and 50 km around."
        )
    return west, south, east, north


# A bike cannot be returned outside these.
SERVICE_BOUNDS = _bounds("SERVICE_BOUNDS")


def _tiles(name: str) -> str:
    """A URL with {z}, {x} and {y}; empty if unset."""
    url: str = env.str(name, default="").strip()
    is_plain = re.fullmatch(r"https://[A-Za-z0-9.-]+(:[0-9]+)?/[^\s;,'\"]*", url) is not None
    if url and not (is_plain and all(part in url for part in ("{z}", "{x}", "{y}"))):
        env.fault(
            f"{name}={url} is not an address of map tiles. Set an https:// address with {{z}}, {{x}} and {{y}} behind "
            "the host, such as https://tiles.example/{z}/{x}/{y}.png, or leave it empty for a map without streets."
        )
    return url


# The base map of the operators' map. Their browsers load it from there, so that its owner sees where they look.
MAP_TILES_URL = _tiles("MAP_TILES_URL")
MAP_TILES_ATTRIBUTION: str = env.str("MAP_TILES_ATTRIBUTION", default="")

# Where the documentation is published. The page at / links to it.
DOCUMENTATION_URL: str = env.str("DOCUMENTATION_URL", default="").strip()
if DOCUMENTATION_URL and not re.fullmatch(r"https?://[A-Za-z0-9.-]+(:[0-9]+)?(/\S*)?", DOCUMENTATION_URL):
    env.fault(
        f"DOCUMENTATION_URL={DOCUMENTATION_URL} is not an address. Set one that begins with https://, or leave it "
        "empty: then the page at / has no link to the documentation."
    )


# Where the console's page of the service finds alerts and figures. Empty: it shows what the service knows itself.
PROMETHEUS_URL: str = env.address("PROMETHEUS_URL", example="http://prometheus:9090")

# What the QR code on a bike says: an address with the number in it, which opens the riders' app. Empty: the number.
BIKE_CODE_URL: str = env.str("BIKE_CODE_URL", default="")
if BIKE_CODE_URL and not (BIKE_CODE_URL.startswith("https://") and "{number}" in BIKE_CODE_URL):
    env.fault(
        "BIKE_CODE_URL must begin with https:// and contain {number}, such as https://bikerental.example/b/{number}."
    )

# Files
STATIC_URL = "/static/"
STATIC_ROOT = env.str("STATIC_ROOT", default=str(BASE_DIR / ".run" / "static"))
MEDIA_URL = "/media/"
# Whether this process sends and receives the files of MEDIA_ROOT itself: only on a developer's machine.
MEDIA_SERVED = False
MEDIA_ROOT = env.str("MEDIA_ROOT", default=str(BASE_DIR / ".run" / "media"))
AWS_STORAGE_BUCKET_NAME: str = env.str("AWS_STORAGE_BUCKET_NAME", default="")
STORAGES: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "bikerental.media.folder.FolderStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
if AWS_STORAGE_BUCKET_NAME:
    from botocore.config import Config as BotoConfig  # imported here: it would take memory on a machine without S3

    STORAGES["default"] = {
        "BACKEND": "bikerental.media.s3.MediaStorage",
        "OPTIONS": {
            "bucket_name": AWS_STORAGE_BUCKET_NAME,
            "endpoint_url": env.str("AWS_S3_ENDPOINT_URL", default="") or None,
            "region_name": env.str("AWS_S3_REGION_NAME", default="") or None,
            "default_acl": None,
            "file_overwrite": False,
            "querystring_auth": True,
            "querystring_expire": 3600,
            "client_config": BotoConfig(
                signature_version="s3v4",
                connect_timeout=2,
                read_timeout=5,
                retries={"mode": "standard", "total_max_attempts": 2},
            ),
        },
    }
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024

# Mail: by SMTP, or by SES's API if EMAIL_URL is ses://REGION. boto3 finds its credentials, such as the instance's
# role, and another endpoint (AWS_ENDPOINT_URL_SESV2) in the environment.
EMAIL_TIMEOUT = 10
AWS_CLIENT_OPTIONS = {"connect_timeout": 3, "read_timeout": EMAIL_TIMEOUT, "retries": {"total_max_attempts": 1}}
EMAIL_URL: str = env.str("EMAIL_URL", default="consolemail://")
if EMAIL_URL.startswith("ses://"):
    from botocore.config import Config  # imported here: it would take time and memory in the other processes

    EMAIL_BACKEND = "anymail.backends.amazon_ses.EmailBackend"
    ANYMAIL = {
        "AMAZON_SES_CLIENT_PARAMS": {
            "region_name": urlsplit(EMAIL_URL).hostname,
            "config": Config(**AWS_CLIENT_OPTIONS),  # the message's row retries, not boto3
        },
        # The configuration that reports bounces and complaints to SNS.
        "AMAZON_SES_CONFIGURATION_SET_NAME": env.str("SES_CONFIGURATION_SET", default="") or None,
    }
else:
    try:
        vars().update(env.email_url_config(EMAIL_URL))
    except ImproperlyConfigured as error:  # Django's error names the scheme but not the variable
        env.fault(f"EMAIL_URL: {error}")
# The topics whose reports of bounces and complaints are accepted. None are accepted by default.
SNS_TOPIC_ARNS: list[str] = env.list("SNS_TOPIC_ARNS", default=[])
RECEIPT_FOR_FREE_RIDES: bool = env.bool("RECEIPT_FOR_FREE_RIDES", default=False)
# How many confirmation links, and how many other messages, one address gets in an hour, over all its accounts. Other
# messages wait for the next hour, links are dropped.
MESSAGES_PER_ADDRESS_HOUR: int = env.number(
    "MESSAGES_PER_ADDRESS_HOUR", default=10, least=1, advice="Set how many messages a rider may get."
)
# How many links for a new password one address gets in an hour on request from places where the rider logs in, and as
# many again on request from elsewhere. More than 16, which one household can request in an hour, so that a household
# is told to wait before a link is dropped.
RESETS_PER_ADDRESS_HOUR: int = env.number(
    "RESETS_PER_ADDRESS_HOUR", default=20, least=1, advice="Set how many such links a rider may get."
)
NOTIFICATION_RETENTION_DAYS: int = env.number(
    "NOTIFICATION_RETENTION_DAYS", default=365, least=1, advice="Set how long messages are kept."
)
# Messages refer to the ride and to their recipient: a ride can be anonymised only after its messages are deleted.
RIDE_RETENTION_DAYS: int = env.int("RIDE_RETENTION_DAYS", default=1095)
if RIDE_RETENTION_DAYS < NOTIFICATION_RETENTION_DAYS:
    env.fault("RIDE_RETENTION_DAYS is less than NOTIFICATION_RETENTION_DAYS, but messages refer to rides.")
# How long the log of bikes is kept. The last event of each bike stays.
BIKE_LOG_RETENTION_DAYS: int = env.number(
    "BIKE_LOG_RETENTION_DAYS", default=1095, least=1, advice="Set how long the log of bikes is kept."
)
# How long a bike is reserved, free of charge. 0 switches reservations off.
RESERVATION_MINUTES: int = env.number(
    "RESERVATION_MINUTES",
    default=10,
    least=0,
    most=1440,
    advice="Set how long a bike is reserved; 0 switches reservations off.",
)
# A rider whose reservation was not used must wait this long before reserving the same bike again, and may have this
# many unused reservations in 24 hours.
RESERVATION_COOLDOWN_MINUTES: int = env.number(
    "RESERVATION_COOLDOWN_MINUTES", default=20, least=0, most=1440, advice="Set how long a rider waits."
)
RESERVATIONS_UNUSED_PER_DAY: int = env.number(
    "RESERVATIONS_UNUSED_PER_DAY", default=5, least=1, advice="RESERVATION_MINUTES=0 allows none."
)
# How many seconds after its start a ride can be cancelled, and how many rides in 24 hours; 0 for none.
CANCEL_SECONDS: int = env.number(
    "CANCEL_SECONDS", default=120, least=0, most=3600, advice="Set how long after its start a ride can be cancelled."
)
CANCELS_PER_DAY: int = env.number(
    "CANCELS_PER_DAY", default=3, least=0, advice="Set how many rides a rider may cancel; 0 for none."
)
# Who we are in MDS, which public agencies read: the id under which the Open Mobility Foundation lists the operator.
MDS_PROVIDER_ID: UUID = env.uuid("MDS_PROVIDER_ID", default="1f8b8a5e-6f0e-4d5c-9a57-0b1ce2d3f405")
DEFAULT_FROM_EMAIL: str = env.str("DEFAULT_FROM_EMAIL", default="Bike rental <no-reply@bikerental.example>")


# API
def _rate(name: str) -> str | None:
    """A rate of DRF, or None. A bad rate stops the start with a message for the operator, instead of failing the first
    request."""
    rate: str = env.str(name, default="").strip()
    if rate and not re.fullmatch(r"[0-9]{1,9}/(s|sec|second|m|min|minute|h|hour|d|day)", rate):
        env.fault(
            f"{name}={rate} is not a rate. Set a number and a period, such as 30/minute (s, sec, second, m, min, "
            "minute, h, hour, d or day), or leave it empty for no limit."
        )
    return rate or None


REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["bikerental.users.api.authentication.SessionTokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["bikerental.http.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["bikerental.http.parsers.JSONParser"],
    "DEFAULT_THROTTLE_CLASSES": [
        "bikerental.http.throttles.AnonymousThrottle",
        "bikerental.http.throttles.UserThrottle",
    ],
    "DEFAULT_THROTTLE_RATES": {
        "register": _rate("THROTTLE_REGISTER"),
        "login": _rate("THROTTLE_LOGIN"),
        "anon": _rate("THROTTLE_ANON"),
        "user": _rate("THROTTLE_USER"),
        "agency": _rate("THROTTLE_AGENCY"),
    },
    # How many proxies before us append to X-Forwarded-For. With 0 the header is ignored.
    "NUM_PROXIES": env.int("NUM_PROXIES", default=0),
    "EXCEPTION_HANDLER": "bikerental.http.problems.exception_handler",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
WEB_THREADS: int = env.number(
    "WEB_THREADS", default=8, least=2, advice="Each web process has so many, and a slow reader of a stream holds one."
)
# A request that waited longer than this for a thread is refused if the queue was long; 0 refuses none.
SHED_AFTER_SECONDS: float = env.float("SHED_AFTER_SECONDS", default=0.5)
if SHED_AFTER_SECONDS < 0:
    env.fault("SHED_AFTER_SECONDS must not be negative.")
# For this long a spent refresh token still returns its successor, for phones that lost the answer; 0 switches it off.
REFRESH_GRACE_SECONDS: int = env.number(
    "REFRESH_GRACE_SECONDS", default=60, least=0, advice="0 switches the grace period off."
)
JWT_SIGNING_KEY: str = env.str("JWT_SIGNING_KEY", default="")
SIMPLE_JWT = {
    "ACCESS_TOKEN_LIFETIME": timedelta(minutes=env.int("JWT_ACCESS_MINUTES", default=15)),
    "REFRESH_TOKEN_LIFETIME": timedelta(days=env.int("JWT_REFRESH_DAYS", default=30)),
    "SIGNING_KEY": JWT_SIGNING_KEY,
    "ALGORITHM": "HS256",
    "AUDIENCE": "bikerental-api",
    "ISSUER": "bikerental",
    "USER_ID_CLAIM": "sub",
    "CHECK_USER_IS_ACTIVE": True,
    "UPDATE_LAST_LOGIN": False,
}
SWAGGER_SETTINGS = {
    "DEFAULT_INFO": "config.swagger.API_INFO",
    "DEFAULT_GENERATOR_CLASS": "bikerental.http.schema.SchemaGenerator",
    "DEFAULT_AUTO_SCHEMA_CLASS": "bikerental.http.schema.AutoSchema",
    "SECURITY_DEFINITIONS": {
        "Bearer": {
            "type": "apiKey",
            "name": "Authorization",
            "in": "header",
            "description": (
                "The access token, from `POST /api/v1/auth/token/`. A program sends the header `Authorization: Bearer "
                "<access>`; on this page the word Bearer may be left out."
            ),
        }
    },
    "USE_SESSION_AUTH": False,
    "PERSIST_AUTH": True,
    "VALIDATOR_URL": None,
    "SPEC_URL": "schema-json",
}
SWAGGER_USE_COMPAT_RENDERERS = False  # formats under their old names
REDOC_SETTINGS = {"SPEC_URL": "schema-json"}

# Celery. docs/architecture/decisions/0011-celery-settings.md explains each line.
TASK_TIME_LIMIT = 60
BROKER_VISIBILITY_TIMEOUT = 3600  # longer than the hard limit and the delay of any retry
CELERY_BROKER_URL = REDIS_URL
CELERY_RESULT_BACKEND = REDIS_URL
CELERY_TIMEZONE = "UTC"
CELERY_ENABLE_UTC = True
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_SERIALIZER = "json"
CELERY_RESULT_SERIALIZER = "json"
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_QUEUES = [Queue("default"), Queue("settling"), Queue("messages")]
CELERY_TASK_CREATE_MISSING_QUEUES = False
CELERY_TASK_ROUTES = {
    "bikerental.rentals.tasks.*": {"queue": "settling"},
    "bikerental.notifications.tasks.*": {"queue": "messages"},
}
CELERY_TASK_TIME_LIMIT = TASK_TIME_LIMIT
CELERY_TASK_SOFT_TIME_LIMIT = TASK_TIME_LIMIT - 10
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_STORE_ERRORS_EVEN_IF_IGNORED = True
CELERY_RESULT_EXPIRES = 3600
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 20
CELERY_WORKER_ENABLE_SOFT_SHUTDOWN_ON_IDLE = False
CELERY_WORKER_MAX_TASKS_PER_CHILD = 10_000
CELERY_DB_REUSE_MAX = CELERY_WORKER_MAX_TASKS_PER_CHILD  # `core/work/connections.py` closes the connections
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_SEND_TASK_EVENTS = True
CELERY_TASK_SEND_SENT_EVENT = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": BROKER_VISIBILITY_TIMEOUT,
    "socket_timeout": 5,
    "socket_connect_timeout": 3,
    "socket_keepalive": True,
    "health_check_interval": 25,
}
CELERY_RESULT_BACKEND_TRANSPORT_OPTIONS = {"visibility_timeout": BROKER_VISIBILITY_TIMEOUT}
CELERY_VISIBILITY_TIMEOUT = BROKER_VISIBILITY_TIMEOUT
CELERY_REDIS_SOCKET_TIMEOUT = 5
CELERY_REDIS_SOCKET_CONNECT_TIMEOUT = 3
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0, "interval_step": 0.2, "interval_max": 0.2}
CELERY_BEAT_SCHEDULER = "bikerental.core.work.scheduler:Scheduler"
# The task that beat sends each minute touches this file. The worker's probe reads its age.
HEARTBEAT_FILE: str = env.str("HEARTBEAT_FILE", default="")

# Logs: one JSON object a line, with the ids of request and task: docs/operations/logs.md.
LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {
        "context": {"()": "bikerental.observe.logs.ContextFilter"},
        "provoked": {"()": "bikerental.observe.provoked.ProvokedFilter"},
        "seldom": {"()": "bikerental.observe.logs.SeldomFilter"},
    },
    "formatters": {"json": {"()": "bikerental.observe.logs.JsonFormatter"}},
    "handlers": {
        "console": {"class": "logging.StreamHandler", "filters": ["context"], "formatter": "json"},
        "provoked": {"class": "logging.StreamHandler", "filters": ["context", "provoked"], "formatter": "json"},
    },
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="INFO")},
    "loggers": {
        # Refusals are not incidents. The problem handler logs those that are.
        "django.request": {"level": "CRITICAL"},
        "django.security": {"handlers": ["provoked"], "level": "WARNING", "propagate": False},
        # `observe/access.py` writes one line for each request and each task, so what these say of the same is left out.
        "celery.app.trace": {"level": "WARNING"},
        "celery.worker.strategy": {"level": "WARNING"},
        "django.server": {"level": "CRITICAL"},
        # Celery's pool says here that a worker's process was killed. The library turns `propagate` off.
        "multiprocessing": {"handlers": ["console"], "level": "WARNING", "propagate": False},
        # What a collector that is away makes them write, several lines for each batch.
        "opentelemetry.exporter.otlp.proto.http.trace_exporter": {"filters": ["seldom"]},
        "opentelemetry.sdk._shared_internal": {"filters": ["seldom"]},
    },
}

# OpenTelemetry: no trace is made without the address of a collector that takes OTLP over HTTP.
OTEL_EXPORTER_OTLP_ENDPOINT: str = env.address("OTEL_EXPORTER_OTLP_ENDPOINT", example="http://collector:4318")
OTEL_EXPORTER_OTLP_HEADERS: str = env.str("OTEL_EXPORTER_OTLP_HEADERS", default="").strip()
if not re.fullmatch(r"([\w-]+=[^,\s]+(,\s*|$))*", OTEL_EXPORTER_OTLP_HEADERS, re.ASCII):
    env.fault(
        "OTEL_EXPORTER_OTLP_HEADERS is not a list of headers. Set name=value, several with commas between them, and "
        "write %20 for a space, such as authorization=Bearer%20TOKEN."
    )
OTEL_SERVICE_NAME: str = env.str("OTEL_SERVICE_NAME", default="") or "bikerental"


def _traced_share() -> float:
    """The share of requests that are traced. A task always follows its request, as with `parentbased_`."""
    sampler: str = env.str("OTEL_TRACES_SAMPLER", default="").strip().removeprefix("parentbased_")
    if sampler == "traceidratio":
        return env.share("OTEL_TRACES_SAMPLER_ARG", default=1.0)
    if sampler not in ("", "always_on", "always_off"):
        env.fault(
            f"OTEL_TRACES_SAMPLER={sampler} is none. Set parentbased_always_on, parentbased_always_off, or "
            "parentbased_traceidratio with a share from 0 to 1 in OTEL_TRACES_SAMPLER_ARG."
        )
    return float(sampler != "always_off")


TRACED_SHARE = _traced_share()
if OTEL_EXPORTER_OTLP_ENDPOINT:
    MIDDLEWARE.insert(
        MIDDLEWARE.index("bikerental.http.middleware.RequestIdMiddleware") + 1,
        "bikerental.observe.traces.TraceMiddleware",
    )
elif "redis" not in sys.modules:
    # Where OpenTelemetry is installed, redis imports it: 7 MB and a tenth of a second in each process.
    sys.modules["opentelemetry"] = None  # type: ignore[assignment] # Python's way to forbid an import
    import redis  # noqa: F401

    del sys.modules["opentelemetry"]

# Sentry: nothing is sent without a DSN. The share of requests whose traces are sent is 0 by default.
SENTRY_DSN: str = env.str("SENTRY_DSN", default="")
SENTRY_TRACES_SAMPLE_RATE: float = env.share("SENTRY_TRACES_SAMPLE_RATE", default=0.0)
if SENTRY_DSN:
    from bikerental.observe.sentry import sentry_init

    sentry_init(
        dsn=SENTRY_DSN,
        release=RELEASE,
        environment=ENVIRONMENT,
        traces_sample_rate=SENTRY_TRACES_SAMPLE_RATE,
    )

# Security
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
# The path of the admin, and whether its log-in asks for a code too, as production always does.
ADMIN_PATH_KNOWN = "admin/"  # the landing page names no other path
ADMIN_PATH: str = env.str("DJANGO_ADMIN_PATH", default=ADMIN_PATH_KNOWN).strip("/") + "/"
if ADMIN_PATH.startswith(("api/v1/", "mds/")):
    env.fault("DJANGO_ADMIN_PATH must not begin with api/v1/ or mds/: requests there have no session.")
ADMIN_SECOND_FACTOR = env.bool("DJANGO_ADMIN_SECOND_FACTOR", default=False)
OTP_TOTP_ISSUER = "bikerental"
OTP_ADMIN_HIDE_SENSITIVE_DATA = True
SESSION_COOKIE_PATH = CSRF_COOKIE_PATH = f"/{ADMIN_PATH}"  # only the admin has sessions
SESSION_COOKIE_AGE = 12 * 3600  # a shift
SESSION_COOKIE_HTTPONLY = True
CSRF_COOKIE_HTTPONLY = True
# Origins whose pages may read the API, such as https://app.bikerental.example. None by default.
CORS_ALLOWED_ORIGINS: list[str] = env.list("CORS_ALLOWED_ORIGINS", default=[])
CORS_URLS_REGEX = r"^/api/v1/"
CORS_ALLOW_HEADERS = [
    "accept-language", "authorization", "content-type", "idempotency-key", "if-none-match", "x-request-id",
    # Headers that Sentry, OpenTelemetry and axios add in a browser. The API does not read them.
    "baggage", "sentry-trace", "traceparent", "tracestate", "x-requested-with",
]  # fmt: skip
CORS_EXPOSE_HEADERS = ["ETag", "Idempotent-Replayed", "Location", "Retry-After", "X-Request-ID"]
if CORS_ALLOWED_ORIGINS:
    INSTALLED_APPS += ["corsheaders"]
    MIDDLEWARE.insert(
        MIDDLEWARE.index("bikerental.observe.shedding.SheddingMiddleware"), "corsheaders.middleware.CorsMiddleware"
    )
# auth.W004: the e-mail is unique, but by an index over its lower-cased form, which the check does not see.
SILENCED_SYSTEM_CHECKS: list[str] = ["auth.W004"]
