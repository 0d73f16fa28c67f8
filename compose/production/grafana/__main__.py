"""The dashboards, as code: `python -m compose.production.grafana` writes them as JSON, which Grafana reads.

A test holds the JSON equal to this, and evaluates each expression against the running stack.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from string import ascii_uppercase
from typing import Any, NamedTuple

from grafana_foundation_sdk.builders.dashboard import Dashboard, Row
from grafana_foundation_sdk.builders.prometheus import Dataquery
from grafana_foundation_sdk.builders.timeseries import Panel
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import DataSourceRef

FOLDER = Path(__file__).parent / "dashboards"
SOURCE = DataSourceRef(type_val="prometheus", uid="prometheus")
REQUESTS = "bikerental_http_request_seconds"
TASKS = "bikerental_task_seconds"
DISK = 'mountpoint=~"/disk/.+"'


class Graph(NamedTuple):
    title: str
    unit: str  # of Grafana: https://grafana.com/docs/grafana/latest/panels-visualizations/configure-standard-options/
    lines: Mapping[str, str]  # the expression by its legend


SERVICE = {
    "Requests": (
        Graph("Requests a second", "reqps", {"{{status}}": f"sum by (status) (rate({REQUESTS}_count[5m]))"}),
        Graph(
            "Time of the API's requests",
            "s",
            {
                f"{share:.0%}": f"histogram_quantile({share}, sum by (le) "
                f'(rate({REQUESTS}_bucket{{route=~"api/v1/.*"}}[5m])))'
                for share in (0.5, 0.95, 0.99)
            },
        ),
        Graph("Refused for overload, a second", "reqps", {"refused": "sum(rate(bikerental_http_shed_total[5m]))"}),
        Graph(
            "Time by route, 95 of 100",
            "s",
            {"{{route}}": f"histogram_quantile(0.95, sum by (le, route) (rate({REQUESTS}_bucket[5m])))"},
        ),
    ),
    "Rides": (
        Graph(
            "Rides",
            "short",
            {name: f"bikerental_rentals_{name}" for name in ("open", "overdue", "unsettled")},
        ),
        Graph("Messages that wait to be sent", "short", {"messages": "bikerental_notifications_unsent"}),
    ),
    "Tasks": (
        Graph("Runs a minute", "short", {"{{task}}": f"60 * sum by (task) (rate({TASKS}_count[5m]))"}),
        Graph(
            "Failures in a quarter of an hour",
            "short",
            {"{{task}}": f'sum by (task) (increase({TASKS}_count{{state="failure"}}[15m]))'},
        ),
        Graph("Waiting in queues", "short", {"{{queue}}": "bikerental_queue_messages"}),
        Graph("Oldest message in a queue", "s", {"{{queue}}": "bikerental_queue_age_seconds"}),
    ),
}
STORES = {
    "PostgreSQL": (
        Graph("Connections", "short", {"{{state}}": "sum by (state) (pg_stat_activity_count)"}),
        Graph("Size", "bytes", {"{{datname}}": 'pg_database_size_bytes{datname!~"template.*"}'}),
        Graph(
            "Transactions a second",
            "ops",
            {
                "committed": "sum(rate(pg_stat_database_xact_commit[5m]))",
                "rolled back": "sum(rate(pg_stat_database_xact_rollback[5m]))",
            },
        ),
    ),
    "Redis": (
        Graph("Memory", "bytes", {"{{instance}}": "redis_memory_used_bytes"}),
        Graph("Commands a second", "ops", {"{{instance}}": "rate(redis_commands_processed_total[5m])"}),
    ),
    "Machine": (
        Graph(
            "Disk that is free",
            "percentunit",
            {
                "{{device}}": f"min by (device) (node_filesystem_avail_bytes{{{DISK}}} "
                f"/ node_filesystem_size_bytes{{{DISK}}})"
            },
        ),
        Graph("Memory that is free", "bytes", {"free": "node_memory_MemAvailable_bytes"}),
        Graph("Processor", "percentunit", {"busy": '1 - avg(rate(node_cpu_seconds_total{mode="idle"}[5m]))'}),
        Graph("Memory of our processes", "bytes", {"{{job}}": "sum by (job) (bikerental_processes_resident_bytes)"}),
    ),
    "Proxy": (
        Graph("Requests a second", "reqps", {"{{server}}": "sum by (server) (rate(caddy_http_requests_total[5m]))"}),
    ),
}
DASHBOARDS = {"service": ("Bike rental: service", SERVICE), "stores": ("Bike rental: stores and machine", STORES)}


def expressions() -> Iterator[str]:
    for _title, rows in DASHBOARDS.values():
        for graphs in rows.values():
            for graph in graphs:
                yield from graph.lines.values()


def texts() -> dict[str, str]:
    """The JSON of each dashboard, by the name of its file."""
    return {f"{name}.json": _json(name, title, rows) for name, (title, rows) in DASHBOARDS.items()}


def _json(name: str, title: str, rows: Mapping[str, tuple[Graph, ...]]) -> str:
    board = Dashboard(title).uid(f"bikerental-{name}").tags(["bikerental"]).refresh("1m").time("now-6h", "now")
    for row, graphs in rows.items():
        board = board.with_row(Row(row))
        for graph in graphs:
            board = board.with_panel(_panel(graph))
    return JSONEncoder(sort_keys=True, indent=2).encode(board.build()) + "\n"


def _panel(graph: Graph) -> Any:
    panel = Panel().title(graph.title).datasource(SOURCE).unit(graph.unit).min(0).span(12).height(8)
    for letter, (legend, expression) in zip(ascii_uppercase, graph.lines.items(), strict=False):
        panel = panel.with_target(Dataquery().expr(expression).legend_format(legend).ref_id(letter))
    return panel


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for file, text in texts().items():
        (FOLDER / file).write_text(text)
