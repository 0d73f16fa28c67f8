"""What the Swagger document says of the whole API. It speaks of all apps, so no app contains it."""

from drf_yasg import openapi

API_INFO = openapi.Info(
    title="bikerental",
    default_version="v1",
    description=(
        "Rent a bike, return it, see what it cost.\n\n"
        "Register, log in with `POST auth/token/`, press **Authorize** and give the access token. "
        "Times are UTC, money is a decimal string beside its currency, lists are cursor pages, "
        "and every error is `application/problem+json` with a stable `code`. "
        "What begins, ends or disputes a ride or reserves a bike takes an `Idempotency-Key`, so that a retry is safe."
    ),
)
