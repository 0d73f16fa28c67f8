"""The texts that the code marks for translation."""

import ast
from pathlib import Path

MARKERS = {"_", "gettext", "gettext_lazy", "gettext_noop", "ngettext", "ngettext_lazy"}


def marked(path: Path) -> set[str]:
    """The texts of a module that are marked for translation."""
    calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    return {
        str(call.args[0].value)
        for call in calls
        if isinstance(call.func, ast.Name) and call.func.id in MARKERS and isinstance(call.args[0], ast.Constant)
    }
