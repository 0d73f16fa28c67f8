"""MDS's own schemas, where their folder lies beside the checkout."""

import re
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urldefrag, urljoin

import pytest
import yaml
from jsonschema import Draft202012Validator  # type: ignore[import-untyped] # brings no types
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "mds"
needs_schemas = pytest.mark.skipif(
    not FOLDER.is_dir(), reason=f"MDS's schemas are not beside the checkout: there is no {FOLDER}"
)
# Defined by `mutable-stop.yaml`, to which `stop.yaml` refers, and which may be missing in the folder.
STOP = {
    "type": "object",
    "required": ["stop_id", "last_updated", "status", "num_vehicles_available", "num_vehicles_disabled"],
    "properties": {
        "stop_id": {"type": "string", "format": "uuid"},
        "last_updated": {"type": "integer"},
        "status": {
            "type": "object",
            "required": ["is_installed", "is_renting", "is_returning"],
            "additionalProperties": {"type": "boolean"},
        },
        "num_vehicles_available": {"additionalProperties": {"type": "integer", "minimum": 0}},
        "num_vehicles_disabled": {"additionalProperties": {"type": "integer", "minimum": 0}},
        "num_places_available": {"additionalProperties": {"type": "integer", "minimum": 0}},
    },
}


def faults(path: str, document: Any) -> list[str]:
    """The errors that the schema of this path, such as `/trips`, finds in the answer."""
    return [f"{list(error.absolute_path)}: {error.message}"[:300] for error in _validator(path).iter_errors(document)]


@cache
def _validator(path: str) -> Draft202012Validator:
    contract = FOLDER / "reference" / "provider.yaml"
    answers = yaml.safe_load(contract.read_text())["paths"][path]["get"]["responses"]["200"]["content"]
    [answer] = answers.values()
    schema = _resolved(_mended(answer["schema"]), contract.as_uri())
    return Draft202012Validator(
        schema,
        registry=Registry(retrieve=_retrieve),  # type: ignore[call-arg] # attrs gives it the name without the underscore
        format_checker=Draft202012Validator.FORMAT_CHECKER,
    )


def _retrieve(uri: str) -> Resource[Any]:
    path = Path(urldefrag(uri).url.removeprefix("file://"))
    if path.name == "mutable-stop.yaml" and not path.exists():
        return DRAFT202012.create_resource(STOP)
    return DRAFT202012.create_resource(_resolved(_mended(yaml.safe_load(path.read_text())), uri))


def _resolved(schema: Any, base: str) -> Any:
    """With whole addresses: the references are relative to files, which have no id."""
    if isinstance(schema, dict):
        return {
            key: urljoin(base, value) if key == "$ref" else _resolved(value, base)
            for key, value in schema.items()
            if key != "$schema"
        }
    return [_resolved(item, base) for item in schema] if isinstance(schema, list) else schema


def _mended(schema: Any) -> Any:
    """`contains` has a list of values in the mode's events, where a schema belongs. And jsonschema takes the empty
    pattern, which matches everything, for none."""
    if isinstance(schema, list):
        return [_mended(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key or ".*": {"enum": value} if key == "contains" and isinstance(value, list) else _mended(value)
        for key, value in schema.items()
    }


def report_pattern() -> re.Pattern[str]:
    return re.compile(yaml.safe_load((FOLDER / "models" / "report.yaml").read_text())["pattern"])
