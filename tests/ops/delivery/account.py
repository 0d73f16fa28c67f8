"""An AWS account with a group of hosts, and the first host, for programs that call `aws` and `ssh`.

The CLI prints what the real one would for the queries of compose/production/refresh. Replacements end at once: with
an image named `broken` as Failed, with one named `slow` never.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

AWS = f"""#!{sys.executable}
import json, os, pathlib, sys

file = pathlib.Path(os.environ["ACCOUNT"], "state")
state = json.loads(file.read_text())
service, action, *words = sys.argv[1:]
given = dict(zip(words, words[1:]))
group = given.get("--auto-scaling-group-name", "")
parameter = given.get("--name", "").removeprefix("/bikerental/")
status, reason, image = state["replacements"].get(group, ("None", "", ""))
if action == "get-parameter":
    print(state["parameters"][parameter])
elif action == "put-parameter":
    state["parameters"][parameter] = given["--value"]
    state["calls"].append(f"{{parameter}} = {{given['--value']}}")
elif action == "describe-auto-scaling-groups":
    print("\\t".join(state["groups"]))
elif action == "describe-instance-refreshes":
    print(status, reason, sep="\\t")
elif action == "cancel-instance-refresh":
    if status != "InProgress":
        sys.exit("ActiveInstanceRefreshNotFound")
    state["replacements"][group] = ("Cancelled", "", image)
    state["calls"].append(f"cancel {{group}}")
elif action == "start-instance-refresh":
    if status == "InProgress":
        sys.exit("InstanceRefreshInProgress")
    image = state["parameters"]["image"]
    kind = image.rpartition(":")[2]
    ends = {{"broken": ("Failed", "Hosts stay unhealthy."), "slow": ("InProgress", "Waiting for a host.")}}
    state["replacements"][group] = (*ends.get(kind, ("Successful", "")), image)
    state["calls"].append(f"replace {{group}}: {{kind}}")
else:
    sys.exit(f"{{service}} {{action}} is not known.")
file.write_text(json.dumps(state))
"""
# The server's side of compose/production/ship: its deploy keeps only the record of images, and refuses `unfit`.
SSH = """#!/bin/bash
command=${*: -1} record=$ACCOUNT/.deployed
case $command in
  *tar*) cat >/dev/null ;;
  *"/deploy bikerental:unfit") exit 1 ;;
  *"/deploy --last") sed -i '$d' "$record" ;;
  *"/deploy "*) [[ $(tail -n 1 "$record") == "${command##* }" ]] || echo "${command##* }" >>"$record" ;;
  *) bash -c "$command" ;;
esac
"""


class Account:
    """The account `bikerental`, where image `one` runs everywhere."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name, program in (("aws", AWS), ("ssh", SSH)):
            (folder / name).write_text(program)
            (folder / name).chmod(0o755)
        (folder / "key").touch()
        (folder / ".deployed").write_text("bikerental:zero\nbikerental:one\n")
        self.begin(
            parameters={"image": "bikerental:one", "healthy-image": "bikerental:one"},
            groups=["bikerental-web", "bikerental-worker"],
            replacements={},
            calls=[],
        )

    @property
    def variables(self) -> dict[str, str]:
        return {
            "ACCOUNT": str(self.folder),
            "PATH": f"{self.folder}:{os.environ['PATH']}",
            "REFRESH_PAUSE": "0",
            "DEPLOY_FOLDER": str(self.folder),
            "DEPLOY_KEY": str(self.folder / "key"),
            "DEPLOY_KNOWN_HOSTS": str(self.folder / "known_hosts"),
        }

    def begin(self, **changes: object) -> None:
        file = self.folder / "state"
        state = json.loads(file.read_text()) if file.exists() else {}
        file.write_text(json.dumps(state | changes))

    @property
    def parameters(self) -> dict[str, str]:
        found: dict[str, str] = self._state("parameters")
        return found

    @property
    def calls(self) -> list[str]:
        """What was changed, in order."""
        found: list[str] = self._state("calls")
        return found

    @property
    def deployed(self) -> list[str]:
        """The images that the first host has run, the running one last."""
        return (self.folder / ".deployed").read_text().split()

    def running(self) -> set[str]:
        """The images with which the groups' hosts were last replaced."""
        return {image for _status, _reason, image in self._state("replacements").values()}

    def _state(self, name: str) -> Any:
        return json.loads((self.folder / "state").read_text())[name]
