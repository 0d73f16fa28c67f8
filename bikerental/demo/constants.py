"""Who may log in to the demo."""

from datetime import timedelta

from bikerental.users.constants import EXAMPLE_EMAIL, EXAMPLE_PASSWORD

DEMO_EMAIL_DOMAIN = "demo.example"
# The examples of the Swagger document log in to the demo as they are.
DEMO_RIDER_EMAIL = EXAMPLE_EMAIL
DEMO_PASSWORD = EXAMPLE_PASSWORD  # known to all, guards made-up people
DEMO_ADMIN_EMAIL = f"operator@{DEMO_EMAIL_DOMAIN}"
DEMO_TOKEN_LIFETIME_MAX = timedelta(hours=24)
