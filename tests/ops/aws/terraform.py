"""Terraform against moto, for the tests of this folder."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
MODULE = ROOT / "compose" / "production" / "aws"
REGION = "eu-central-1"
PROVIDER = Path("registry.terraform.io", "hashicorp", "aws")
# Common places of downloaded providers. TF_PLUGIN_DIR names another one.
PLUGIN_FOLDERS = ("/opt", "/usr/local/share/terraform", "/usr/share/terraform", "~/.terraform.d")
VARIABLES = {
    "domain": "api.bikerental.example",
    "mail_domain": "bikerental.example",
    "alarm_email": "operators@bikerental.example",
    "gitlab_project": "bikerental/bikerental",
    "ami_id": "ami-12c6146b",  # an image that moto has
    "allow_destroy": "true",
    "snapshots_kept": "0",  # moto has neither snapshot policies nor subscribers of budgets: these are planned only
    "monthly_budget_usd": "0",
}
GROUP = {
    "managed_stores": "true",
    "web_hosts": "2",
    "worker_hosts": "1",
    "image": "registry.bikerental.example/bikerental:one",
    "certificate_arn": "arn:aws:acm:eu-central-1:123456789012:certificate/12345678-1234-1234-1234-123456789012",
}
OVERRIDE = """\
provider "aws" {
  s3_use_path_style = true # moto answers on one name, without a bucket's own in front of it
  max_retries       = 2
}
resource "aws_sns_topic" "mail" {
  lifecycle {
    ignore_changes = [signature_version] # moto does not keep it
  }
}
resource "aws_ebs_volume" "data" {
  lifecycle {
    prevent_destroy = false
  }
}
"""


def plugin_folder() -> Path | None:
    """The folder for `terraform init -plugin-dir`: the one with the registry's name."""
    candidates = [Path(given)] if (given := os.environ.get("TF_PLUGIN_DIR")) else []
    for folder in map(Path, PLUGIN_FOLDERS):
        candidates += [folder.expanduser(), *sorted(folder.expanduser().glob("*"))]
    return next((candidate for candidate in candidates if (candidate / PROVIDER).is_dir()), None)


class Terraform:
    """The module, copied into a folder of its own, so that the repository stays unchanged."""

    def __init__(self, folder: Path, endpoint: str) -> None:
        self.folder = folder / "module"
        shutil.copytree(MODULE, self.folder)
        (self.folder / "trial_override.tf").write_text(OVERRIDE)
        self.environment = {
            name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TF_"))
        } | {
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ENDPOINT_URL": endpoint,
            "NO_PROXY": "127.0.0.1",
            "TF_IN_AUTOMATION": "1",
            "TF_INPUT": "0",
        }

    def run(self, *arguments: str, seconds: float = 60) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            ("terraform", *arguments),
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )

    def init(self, *arguments: str) -> None:
        made = self.run("init", "-no-color", f"-plugin-dir={plugin_folder()}", *arguments)
        assert made.returncode == 0, made.stderr

    def change(self, command: str, *flags: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        given = [f"-var={name}={value}" for name, value in (VARIABLES | variables).items()]
        return self.run(command, "-no-color", *flags, *given, seconds=400)

    def outputs(self) -> dict[str, Any]:
        answer: Mapping[str, Any] = json.loads(self.run("output", "-json").stdout)
        return {name: output["value"] for name, output in answer.items()}

    def resources(self) -> dict[str, dict[str, Any]]:
        """The resources in the state, by address."""
        shown = json.loads(self.run("show", "-json").stdout)
        module = shown.get("values", {}).get("root_module", {})
        return {each["address"]: each["values"] for each in module.get("resources", [])}
