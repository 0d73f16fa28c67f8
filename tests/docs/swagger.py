"""Compares responses with the Swagger document of the same server."""

import json
import re
from dataclasses import dataclass
from typing import Any

from jsonschema import Draft4Validator  # type: ignore[import-untyped] # brings no types


@dataclass
class Answer:
    method: str
    path: str
    status: int
    body: str


class Swagger:
    def __init__(self, document: dict[str, Any]) -> None:
        self.document = with_nulls(document)
        self.base = document["basePath"]

    def mismatches(self, answer: Answer) -> list[str]:
        """The differences between an answer and its declaration. Each operation declares every status that it
        gives."""
        path = answer.path.removeprefix(self.base)
        call = f"{answer.method} {path} {answer.status}"
        operation = self._operation(path, answer.method)
        if operation is None:
            return []
        declared = operation["responses"].get(str(answer.status))
        if declared is None:
            return [f"{call} is not declared"]
        if "schema" not in declared:
            return [f"{call} has a body"] if answer.body else []
        schema = declared["schema"] | {"definitions": self.document["definitions"]}
        errors = Draft4Validator(schema).iter_errors(json.loads(answer.body))
        return [f"{call} {error.json_path}: {error.message}" for error in errors]

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
