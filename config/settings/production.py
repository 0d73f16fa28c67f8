"""The service in production: TLS only, secrets from the environment or files, no defaults."""

from .base import *  # noqa: F403 - the environment adds to the shared settings
from .base import JWT_SIGNING_KEY, SECRET_KEY, env

DEBUG = False
ENVIRONMENT = env.str("ENVIRONMENT", default="production")
MINIMUM_KEY_LENGTH = 50
EXAMPLE_MARK = "change-me"
EXAMPLE_DOMAIN = "bikerental.example"

ALLOWED_HOSTS = env.list("DJANGO_ALLOWED_HOSTS")


def _require_secret(name: str, value: str) -> None:
    advice = 'Make one with: python -c "import secrets; print(secrets.token_urlsafe(50))"'
    if not value or EXAMPLE_MARK in value:
        env.fault(f"{name} is missing or still the committed example. {advice}")
    elif len(value) < MINIMUM_KEY_LENGTH:
        env.fault(f"{name} is shorter than {MINIMUM_KEY_LENGTH} characters. {advice}")


_require_secret("DJANGO_SECRET_KEY", SECRET_KEY)
_require_secret("JWT_SIGNING_KEY", JWT_SIGNING_KEY)
if SECRET_KEY and SECRET_KEY == JWT_SIGNING_KEY:
    env.fault("JWT_SIGNING_KEY must differ from DJANGO_SECRET_KEY, or one leak exposes both.")

# Without these nothing would fail visibly: a link would be dead, and mail would be lost or written into the log.
for _name in ("PASSWORD_RESET_URL", "EMAIL_URL", "DEFAULT_FROM_EMAIL", "OPERATOR_EMAILS"):
    if EXAMPLE_DOMAIN in env.str(_name, default=EXAMPLE_DOMAIN):
        env.fault(f"{_name} is missing or still the committed example: see docs/operations/mail.md.")

SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_SSL_REDIRECT = env.bool("DJANGO_SECURE_SSL_REDIRECT", default=True)
# The probes inside the network use plain HTTP.
SECURE_REDIRECT_EXEMPT = [r"^health/", r"^metrics$"]
SECURE_HSTS_SECONDS = env.int("DJANGO_SECURE_HSTS_SECONDS", default=31_536_000)
SECURE_HSTS_INCLUDE_SUBDOMAINS = env.bool("DJANGO_SECURE_HSTS_INCLUDE_SUBDOMAINS", default=True)
SECURE_HSTS_PRELOAD = env.bool("DJANGO_SECURE_HSTS_PRELOAD", default=True)
ADMIN_SECOND_FACTOR = True
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
SESSION_COOKIE_NAME = "__Secure-sessionid"
CSRF_COOKIE_NAME = "__Secure-csrftoken"

env.require_no_fault()
