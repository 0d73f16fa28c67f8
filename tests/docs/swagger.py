"""Compares responses with the Swagger document of the same server."""

import re
from typing import Any

import requests
from jsonschema import Draft4Validator  # type: ignore[import-untyped] # brings no types


class Swagger:
    def __init__(self, document: dict[str, Any]) -> None:
        self.document = with_nulls(document)
        self.base = document["basePath"]

    def mismatches(self, answer: requests.Response) -> list[str]:
        """The differences between a response and its declaration. Each operation declares every status that it
        gives."""
        path = str(answer.request.path_url).partition("?")[0].removeprefix(self.base)
        call = f"{answer.request.method} {path} {answer.status_code}"
        operation = self._operation(path, str(answer.request.method))
        if operation is None:
            return []
        declared = operation["responses"].get(str(answer.status_code))
        if declared is None:
            return [f"{call} is not declared"]
        if "schema" not in declared:
            return [f"{call} has a body"] if answer.content else []
        schema = declared["schema"] | {"definitions": self.document["definitions"]}
        return [
            f"{call} {error.json_path}: {error.message}" for error in Draft4Validator(schema).iter_errors(answer.json())
        ]

    def _operation(self, path: str, method: str) -> dict[str, Any] | None:
        for template, operations in self.document["paths"].items():
            if re.fullmatch(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(template)), path) and method.lower() in operations:
                found: dict[str, Any] = operations[method.lower()]
                return found
        return None


def with_nulls(node: Any) -> Any:
    """Replaces `x-nullable` of Swagger 2.0 by JSON Schema's type null."""
    if isinstance(node, list):
        return [with_nulls(inner) for inner in node]
    if not isinstance(node, dict):
        return node
    inner = {key: with_nulls(value) for key, value in node.items()}
    return {"anyOf": [{"type": "null"}, inner]} if node.get("x-nullable") is True else inner
