"""Replacements for EC2 and a registry: a container with sshd and Docker, and registry:2."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from compose.bare.processes import free_port

ROOT = Path(__file__).resolve().parents[3]
HOST_IMAGE = """
FROM docker:26
RUN if command -v apk >/dev/null; then apk add --no-cache bash openssh-server util-linux; else \
    apt-get update && apt-get install -y --no-install-recommends openssh-server && rm -rf /var/lib/apt/lists/*; fi \
 && mkdir -p /run/sshd
"""
DEPLOY_SECONDS = 1500
READY_SECONDS = "600"  # long, because a slow machine must not look like a broken image


def run(
    *command: str, environment: Mapping[str, str] | None = None, text: str = "", seconds: float = 120, at: Path = ROOT
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command,
        cwd=at,
        env=os.environ | dict(environment or {}),
        input=text,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )


def must(*command: str, text: str = "", seconds: float = 120, at: Path = ROOT) -> str:
    done = run(*command, text=text, seconds=seconds, at=at)
    assert done.returncode == 0, f"{command}: {done.stdout[-2000:]}{done.stderr[-3000:]}"
    return done.stdout.strip()


@dataclass
class Host:
    """A server as the pipeline knows it: an address, a key, and the host key that an operator has checked."""

    folder: Path
    registry: str
    project: str
    ssh_port: int = field(default_factory=free_port)
    https_port: int = field(default_factory=free_port)

    @property
    def address(self) -> str:
        return f"ssh://root@localhost:{self.ssh_port}"

    @property
    def url(self) -> str:
        return f"https://localhost:{self.https_port}"

    @property
    def app(self) -> Path:
        """The path is the same in the container and outside, because the engine mounts the stack's files from it."""
        return self.folder / "bikerental"

    @property
    def variables(self) -> dict[str, str]:
        return {
            "READY_SECONDS": READY_SECONDS,
            "DEPLOY_HOST": self.address,
            "DEPLOY_URL": self.url,
            "DEPLOY_FOLDER": str(self.app),
            "DEPLOY_KEY": str(self.folder / "key"),
            "DEPLOY_KNOWN_HOSTS": str(self.folder / "known_hosts"),
            "CURL_CA_BUNDLE": str(self.folder / "root.crt"),
        }

    def ship(self, *what: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        return run(
            "compose/production/ship",
            self.address,
            *what,
            environment=self.variables | environment,
            seconds=DEPLOY_SECONDS,
        )

    def verify(self, **environment: str) -> "subprocess.CompletedProcess[str]":
        return run("compose/production/verify", self.url, environment=self.variables | environment)

    def apply(self, **environment: str) -> "subprocess.CompletedProcess[str]":
        """`make apply`, typed on the server."""
        variables = {"READY_SECONDS": READY_SECONDS} | environment
        options = [part for name, value in variables.items() for part in ("--env", f"{name}={value}")]
        command = ("docker", "exec", *options, "--workdir", str(self.app), self.project)
        return run(*command, "compose/production/deploy", "--apply", seconds=DEPLOY_SECONDS)

    @contextmanager
    def setting(self, file: str, name: str, value: str) -> Iterator[None]:
        """A line of .envs/.production, changed or added for a while."""
        path = self.app / ".envs/.production" / file
        before = path.read_text()
        kept = [line for line in before.splitlines() if not line.startswith(f"{name}=")]
        path.write_text("\n".join([*kept, f"{name}={value}", ""]))
        try:
            yield
        finally:
            path.write_text(before)

    def there(self, command: str) -> str:
        return must("docker", "exec", self.project, "bash", "-c", f"cd {self.app} && {command}")

    def trust(self) -> None:
        """Trust the authority that Caddy made for localhost."""
        certificate = "/data/caddy/pki/authorities/local/root.crt"
        (self.folder / "root.crt").write_text(
            must("docker", "compose", "-p", self.project, "exec", "-T", "proxy", "cat", certificate, at=self.app)
        )

    def running(self) -> dict[str, str]:
        """The image of each running container of the application, by service."""
        label = f"label=com.docker.compose.project={self.project}"
        shape = '{{.Label "com.docker.compose.service"}} {{.Image}}'
        lines = must("docker", "ps", "--filter", label, "--format", shape).splitlines()
        return {service: image for service, image in map(str.split, lines) if "/bikerental:" in image}

    def configured(self) -> set[str]:
        """The images that an operator's own `docker compose` on the server uses."""
        images = must("docker", "compose", "-f", "production.yml", "config", "--images", at=self.app)
        return {image for image in images.split() if "bikerental" in image}

    def container(self, service: str) -> str:
        filters = [f"label=com.docker.compose.{key}" for key in (f"project={self.project}", f"service={service}")]
        return must("docker", "ps", "--quiet", "--filter", filters[0], "--filter", filters[1])

    def publish(self, name: str, base: str, *lines: str) -> str:
        """Push an image made from another one and some lines, so that a deploy really pulls it."""
        image = f"{self.registry}/bikerental:{name}"
        dockerfile = "\n".join([f"FROM {base}", "USER 0", f"LABEL trial={name}", *lines, "USER 10001:10001"])
        must("docker", "build", "--quiet", "--tag", image, "-", text=dockerfile, seconds=300)
        must("docker", "push", "--quiet", image, seconds=300)
        must("docker", "image", "rm", image)
        return image


@contextmanager
def standing(folder: Path, name: str) -> Iterator[Host]:
    registry, host_image = f"{name}-registry", f"{name}-host"
    port = free_port()
    host = Host(folder, f"localhost:{port}", name)
    try:
        must("docker", "run", "--detach", "--name", registry, "--publish", f"127.0.0.1:{port}:5000", "registry:2")
        must("docker", "build", "--quiet", "--tag", host_image, "-", text=HOST_IMAGE, seconds=300)
        for key in ("key", "host_key"):
            must("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / key))
        public = (folder / "host_key.pub").read_text()
        (folder / "known_hosts").write_text(f"[localhost]:{host.ssh_port} {public}")
        host.app.mkdir()
        must(
            "docker", "run", "--detach", "--name", name, "--publish", f"127.0.0.1:{host.ssh_port}:22",
            "--volume", "/var/run/docker.sock:/var/run/docker.sock", "--volume", f"{folder}:{folder}",
            host_image, "/usr/sbin/sshd", "-D", "-e", "-h", str(folder / "host_key"),
            "-o", f"AuthorizedKeysFile={folder / 'key.pub'}", "-o", "StrictModes=no",
        )  # fmt: skip
        yield host
    finally:
        if (host.app / "production.yml").exists():
            environment = {"IMAGE": "none", "COMPOSE_PROJECT_NAME": name}
            down = (
                "docker",
                "compose",
                "-f",
                "production.yml",
                "--profile",
                "deploy",
                "down",
                "--volumes",
                "--timeout",
                "5",
            )
            run(*down, environment=environment, at=host.app)
        run("docker", "rm", "--force", "--volumes", name, registry)
        images = run("docker", "images", "--quiet", "--no-trunc", f"{host.registry}/bikerental").stdout.split()
        run("docker", "image", "rm", "--force", host_image, *images)


def missing() -> str:
    """Why no stand-in can run here, or an empty text."""
    wanted = [program for program in ("docker", "ssh", "ssh-keygen", "curl") if not shutil.which(program)]
    if wanted:
        return f"{', '.join(wanted)} not on this machine."
    for image in ("docker:26", "registry:2"):
        if run("docker", "image", "inspect", image).returncode and run("docker", "pull", "-q", image).returncode:
            return f"{image} is not among the engine's images and cannot be pulled."
    return ""
