"""Rules that the Swagger document cannot express, and links between operations, for Schemathesis.

Schemathesis loads this module in its own process.
"""

import os
from pathlib import Path
from typing import Any

import schemathesis
from schemathesis.openapi.checks import EnsureResourceAvailability, MissingContentType

# (field, code) of refusals that are correct although the document allows the body or query.
ANYWHERE = {"blank", "null_characters_not_allowed"}
UNSAID: dict[str, set[tuple[str, str]]] = {
    "POST /auth/register/": {
        ("name", "invalid"),  # control characters
        ("email", "invalid"),  # the document does not describe all rules for an e-mail
        ("email", "email_taken"),
        ("password", "password_too_common"),
    },
    "POST /auth/email/confirm/": {("token", "email_token_invalid")},
    "POST /auth/password/reset/confirm/": {
        ("token", "reset_token_invalid"),
        ("new_password", "password_too_common"),
    },
    "POST /me/password/": {("current_password", "password_wrong"), ("new_password", "password_too_common")},
    "PATCH /me/": {("name", "invalid")},
    "DELETE /me/": {("password", "password_wrong")},
    "GET /bikes/": {
        ("cursor", "invalid"),
        ("number", "invalid"),
        ("bbox", "box"),
        ("bbox", "invalid"),  # together with lat and lon
        ("lat", "required"),
        ("lon", "required"),
    },
    # The upload is created without a photo.
    "POST /bikes/{bike_id}/reports/{report_id}/photo/confirm/": {("upload", "missing")},
    "GET /stations/": {("cursor", "invalid"), ("lat", "required"), ("lon", "required")},
    "GET /rentals/": {("cursor", "invalid")},
    "GET /claims/": {("cursor", "invalid")},
    "GET /me/account/entries/": {("cursor", "invalid")},
    "POST /rentals/{rental_id}/claims/": {
        ("ended_at", "out_of_range"),  # before the start, or after now
        ("station", "invalid"),  # together with a position
        ("latitude", "invalid"),
        ("longitude", "invalid"),
    },
    "POST /reservations/": {("bike", "invalid"), ("bike_number", "invalid")},  # as for a rent
    "POST /rentals/": {
        ("bike", "invalid"),  # neither of the two, or both
        ("bike_number", "invalid"),  # without letters and digits, or too long
    },
    "POST /rentals/{rental_id}/return/": {
        ("station", "invalid"),  # together with a position
        ("latitude", "invalid"),  # without the longitude, or the reverse
        ("longitude", "invalid"),
    },
}


@schemathesis.check
def refused_for_a_reason(ctx: schemathesis.CheckContext, response: schemathesis.Response, case: Any) -> None:
    """A request that the document allows is refused only by one of the rules above."""
    if case.meta is None or not case.meta.generation.mode.is_positive or response.status_code != 400:
        return
    problem = response.json()
    reasons = {(error["field"], error["code"]) for error in problem["errors"] if error["code"] not in ANYWHERE}
    unsaid = UNSAID.get(case.operation.label, set())
    assert problem["code"] == "invalid", f"{problem['code']} for what the document allows"
    assert reasons <= unsaid, f"refused for {sorted(reasons - unsaid)}, which the document does not say"


@schemathesis.hook
def filter_failure(
    context: schemathesis.HookContext, failure: Exception, case: Any, response: schemathesis.Response
) -> bool:
    """Whether it is a failure. A 404 of a photo's confirmation refers to the upload, whose id in the body is invented,
    and not to the report in the path, which existed a moment ago."""
    if isinstance(failure, MissingContentType) and response.status_code == 204:
        return False  # it has no body
    is_of_upload = case.operation.label == "POST /bikes/{bike_id}/reports/{report_id}/photo/confirm/"
    return not (is_of_upload and isinstance(failure, EnsureResourceAvailability))


# Links from one response to the next request. Schemathesis finds links by name (bikes, stations) itself.
AS_IT_STANDS = {"merge_body": False}
RETURN = {
    "to": ("/rentals/{rental_id}/return/", "post"),
    "parameters": {"path.rental_id": "$response.body#/id"},
    "requestBody": {},
    "x-schemathesis": AS_IT_STANDS,
}
CANCEL = {
    "to": ("/rentals/{rental_id}/cancel/", "post"),
    "parameters": {"path.rental_id": "$response.body#/id"},
    "requestBody": {"reason": "other"},
    "x-schemathesis": AS_IT_STANDS,
}
CLAIM = {
    "to": ("/rentals/{rental_id}/claims/", "post"),
    "parameters": {"path.rental_id": "$response.body#/id"},
    "requestBody": {"kind": "wrong_charge"},
    "x-schemathesis": AS_IT_STANDS,
}
LINKS: dict[tuple[str, str, str], dict[str, dict[str, Any]]] = {
    ("/auth/register/", "post", "201"): {
        "login": {
            "to": ("/auth/token/", "post"),
            "requestBody": {"email": "$response.body#/email", "password": "$request.body#/password"},
        }
    },
    ("/auth/token/", "post", "200"): {
        "refresh": {"to": ("/auth/token/refresh/", "post"), "requestBody": {"refresh": "$response.body#/refresh"}},
        "verify": {"to": ("/auth/token/verify/", "post"), "requestBody": {"token": "$response.body#/access"}},
        "logout": {"to": ("/auth/logout/", "post"), "requestBody": {"refresh": "$response.body#/refresh"}},
    },
    ("/bikes/", "get", "200"): {
        "rent": {
            "to": ("/rentals/", "post"),
            "requestBody": {"bike": "$response.body#/results/0/id"},
            "x-schemathesis": AS_IT_STANDS,
        },
        "hold": {
            "to": ("/reservations/", "post"),
            "requestBody": {"bike": "$response.body#/results/0/id"},
            "x-schemathesis": AS_IT_STANDS,
        },
        "quote": {
            "to": ("/bikes/{bike_id}/quote/", "get"),
            "parameters": {"path.bike_id": "$response.body#/results/0/id"},
        },
    },
    ("/reservations/", "post", "201"): {
        "rent": {
            "to": ("/rentals/", "post"),
            "requestBody": {"bike": "$response.body#/bike/id"},
            "x-schemathesis": AS_IT_STANDS,
        },
        "give_up": {
            "to": ("/reservations/{reservation_id}/", "delete"),
            "parameters": {"path.reservation_id": "$response.body#/id"},
        },
    },
    ("/rentals/", "post", "201"): {"return": RETURN, "cancel": CANCEL},
    ("/rentals/current/", "get", "200"): {"return": RETURN},
    ("/rentals/{rental_id}/return/", "post", "200"): {
        "claim": CLAIM,
        "again": {
            "to": ("/rentals/", "post"),
            "requestBody": {"bike": "$response.body#/bike/id"},
            "x-schemathesis": AS_IT_STANDS,
        },
    },
}


@schemathesis.hook
def before_load_schema(context: schemathesis.HookContext, raw_schema: dict[str, Any]) -> None:
    for (path, method, status), links in LINKS.items():
        response = raw_schema["paths"][path][method]["responses"][status]
        response["x-links"] = {
            name: {key: value for key, value in link.items() if key != "to"}
            | {"operationId": raw_schema["paths"][link["to"][0]][link["to"][1]]["operationId"]}
            for name, link in links.items()
        }


@schemathesis.hook
def after_call(context: schemathesis.HookContext, case: Any, response: schemathesis.Response) -> None:
    """Record the response for the test, which checks that each operation was reached."""
    with Path(os.environ["FUZZ_ANSWERS"]).open("a") as answers:
        answers.write(f"{case.operation.label} {response.request.method} {response.status_code}\n")
