"""Who may open what in the console: every method of every page, and the status for each role.

A new page needs a row in the table below, otherwise `test_console_access.py` fails. Everybody else is the same for all
pages: a stranger and a rider are led to the log-in, an operator without a role is refused. A form is sent empty: an
operator who may send it gets it back with 422.
"""

from collections.abc import Iterator
from typing import NamedTuple

from tests.security.routes import routes_of_code

METHODS = ("get", "post", "put", "patch", "delete")
ROLES = ("viewer", "technician", "support", "manager")
CONSOLE = "/admin/console/"


class Page(NamedTuple):
    operation: str
    viewer: int
    technician: int
    support: int
    manager: int
    stranger: int = 302  # 401 for data, which does not lead to the log-in

    @property
    def method(self) -> str:
        return self.operation.split()[0].lower()

    @property
    def path(self) -> str:
        return CONSOLE + self.operation.partition(" ")[2]


# fmt: off
TABLE = (
    #                                                  viewer technician support manager
    Page("GET ",                                          200, 200, 200, 200),
    Page("GET rides/{state}/",                            403, 403, 200, 200),
    Page("GET reports/",                                  403, 200, 200, 200),
    Page("GET stations/{lack}/",                         200, 200, 200, 200),
    Page("GET idle/",                                     200, 200, 200, 200),
    Page("GET messages/",                                 403, 403, 200, 200),
    Page("GET service/",                                  200, 200, 200, 200),
    Page("GET map/",                                      200, 200, 200, 200),
    Page("GET map/data/",                                 200, 200, 200, 200, 401),
    Page("GET map/bike/",                                 404, 404, 404, 404, 401),  # without a number
    Page("GET map/bike/{bike_id}/",                       200, 200, 200, 200, 401),
    Page("GET map/bike/{bike_id}/out/",                   403, 200, 403, 200),
    Page("POST map/bike/{bike_id}/out/",                  403, 422, 403, 422),
    Page("GET map/bike/{bike_id}/back/",                  403, 200, 403, 200),
    Page("POST map/bike/{bike_id}/back/",                 403, 422, 403, 422),
    Page("GET map/bike/{bike_id}/retire/",                403, 200, 403, 200),
    Page("POST map/bike/{bike_id}/retire/",               403, 422, 403, 422),
    Page("GET map/bike/{bike_id}/move/",                  403, 200, 403, 200),
    Page("POST map/bike/{bike_id}/move/",                 403, 422, 403, 422),
    Page("GET map/station/",                              403, 200, 403, 200),
    Page("POST map/station/",                             403, 422, 403, 422),
    Page("GET map/station/{station_id}/",                 403, 200, 403, 200),
    Page("POST map/station/{station_id}/",                403, 422, 403, 422),
    Page("GET map/zone/",                                 403, 403, 403, 200),
    Page("POST map/zone/",                                403, 403, 403, 422),
    Page("GET map/zone/{zone_id}/",                       403, 403, 403, 200),
    Page("POST map/zone/{zone_id}/",                      403, 403, 403, 422),
    Page("GET fleet/",                                    200, 200, 200, 200),
    Page("GET fleet/bikes.csv",                           200, 200, 200, 200),
    Page("GET fleet/stations.csv",                        200, 200, 200, 200),
    Page("GET fleet/codes/",                              200, 200, 200, 200),
    Page("GET fleet/files/",                              403, 200, 403, 200),
    Page("POST fleet/files/",                             403, 422, 403, 422),
    Page("GET fleet/files/apply/",                        403, 302, 403, 302),  # to the files
    Page("POST fleet/files/apply/",                       403, 422, 403, 422),
    Page("GET riders/",                                   403, 403, 200, 200),
    Page("GET riders/{rider_id}/",                        403, 403, 200, 200),
    Page("GET riders/{rider_id}/block/",                  403, 403, 200, 200),
    Page("POST riders/{rider_id}/block/",                 403, 403, 422, 422),
    Page("GET riders/{rider_id}/unblock/",                403, 403, 200, 200),
    Page("POST riders/{rider_id}/unblock/",               403, 403, 422, 422),
    Page("GET riders/{rider_id}/refund/{currency}/",      403, 403, 403, 200),
    Page("POST riders/{rider_id}/refund/{currency}/",     403, 403, 403, 422),
    Page("GET ride/{rental_id}/",                         403, 403, 200, 200),
    Page("GET ride/{rental_id}/end/",                     403, 403, 302, 302),  # the ride has ended
    Page("POST ride/{rental_id}/end/",                    403, 403, 422, 422),
    Page("GET ride/{rental_id}/correct/",                 403, 403, 200, 200),
    Page("POST ride/{rental_id}/correct/",                403, 403, 422, 422),
    Page("GET bikes/{bike_id}/",                          200, 200, 200, 200),
    Page("GET claims/",                                   403, 403, 200, 200),
    Page("GET claims/{claim_id}/",                        403, 403, 200, 200),
    Page("POST claims/{claim_id}/",                       403, 403, 422, 422),
    Page("GET figures/",                                  200, 200, 200, 200),
    Page("GET figures/{table}/",                          404, 404, 404, 404),  # without days
    Page("GET operators/",                                403, 403, 403, 200),
    Page("GET operators/{user_id}/",                      403, 403, 403, 200),
    Page("POST operators/{user_id}/",                     403, 403, 403, 422),
    Page("GET log/",                                      403, 200, 200, 200),
    Page("GET absent",                                    404, 404, 404, 404),
)
# fmt: on
# Changes nothing but the language of whoever asks.
OPEN = {"POST language/"}


def operations_of_code() -> Iterator[str]:
    for route, pattern in routes_of_code(pages="console"):
        path = route.removeprefix(CONSOLE).replace("^(?P{rest}.*)$", "absent")
        for method in METHODS:
            if hasattr(pattern.callback.view_class, method):
                yield f"{method.upper()} {path}"
