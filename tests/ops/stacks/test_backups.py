"""Backup, restore and drill in the running stack as an operator runs them, with an S3 beside it."""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import requests

from tests.ops.stacks.engine import ROOT
from tests.ops.stacks.stack import PASSWORD, Stack, direct, register, ride

pytestmark = [pytest.mark.docker, pytest.mark.slow]

WRITE = "INSERT INTO django_session VALUES (gen_random_uuid()::text, 'backup-load', now());"
QUOTED = WRITE.replace("'", "''")
SPOILT = "bikerental-20000101T000000Z"


@contextmanager
def writers(production: Stack) -> Iterator[None]:
    """Rows are written all the time, one in each transaction."""
    script = f'yes "{WRITE}" | psql -qX -U bikerental -d bikerental'
    process = subprocess.Popen(
        ("docker", "compose", "exec", "-T", "postgres", "bash", "-c", script),
        cwd=ROOT,
        env=os.environ | production.environment,
        stdin=subprocess.DEVNULL,
    )
    try:
        yield
        assert process.poll() is None, "the load ended before the backup did"
    finally:
        production.sql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = '{QUOTED}'")
        process.wait(30)
        production.sql("DELETE FROM django_session WHERE session_data = 'backup-load'")


def backups(production: Stack) -> list[str]:
    listed = production.make("backups")
    assert listed.returncode == 0, listed.stderr
    return listed.stdout.split()


def databases(production: Stack) -> set[str]:
    return set(production.sql("SELECT datname FROM pg_database WHERE NOT datistemplate").split())


def in_backup(production: Stack, script: str) -> "subprocess.CompletedProcess[str]":
    return production.compose("exec", "-T", "backup", "python", "-c", script)


def in_s3(production: Stack, script: str) -> str:
    prelude = "import boto3; s3 = boto3.client('s3', region_name='eu-central-1'); bucket = 'bikerental-backups'\n"
    answer = in_backup(production, prelude + script)
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


def test_a_backup_made_under_load_is_encrypted_sent_and_proven(production: Stack) -> None:
    before = production.sql("SELECT count(*) FROM django_session")
    with writers(production):
        made = production.make("backup")
    assert made.returncode == 0, made.stderr
    newest = backups(production)[-1]

    body = "s3.get_object(Bucket=bucket, Key='database/{}')['Body'].read()"
    sent = in_s3(production, f"print({body.format(newest + '.dump.gpg')}[:1].hex())")
    manifest = json.loads(in_s3(production, f"print({body.format(newest + '.json')}.decode())"))
    drill = production.make("drill")

    # OpenPGP: a symmetric-key packet comes first. An unencrypted dump would begin with PGDMP.
    assert sent.strip() in {"8c", "c3"}
    assert manifest["counts"]["django_session"] > int(before)
    assert drill.returncode == 0, drill.stderr
    assert f"Proven: {newest} in bikerental_restored_" in drill.stderr
    assert {name for name in databases(production) if "restored" in name} == set()


def test_a_restore_from_s3_goes_back_and_keeps_what_was(
    production: Stack, rider: requests.Session, base: str, authority: str
) -> None:
    assert production.make("backup").returncode == 0
    newest = backups(production)[-1]
    production.compose("exec", "-T", "backup", "bash", "-c", f"rm /backups/{newest}.*")
    later = direct()
    later.verify = authority
    register(later, base, "rider-after-the-backup@trial.example")
    before = databases(production)

    restored = production.make("restore", f"BACKUP={newest}", seconds=400)

    assert restored.returncode == 0, restored.stderr
    assert "Ready." in restored.stderr
    [kept] = databases(production) - before
    assert kept.startswith("bikerental_before_")
    assert production.sql("SELECT count(*) FROM users_user WHERE email LIKE 'rider-after-%'", database=kept) == "1"
    forgotten = {"email": "rider-after-the-backup@trial.example", "password": PASSWORD}
    later.headers.clear()
    assert later.post(f"{base}/auth/token/", json=forgotten, timeout=15).status_code == 401
    ride(rider, base)
    production.sql(f"DROP DATABASE {kept}", database="postgres")


SPOIL = f"""
import hashlib, json, sys
from pathlib import Path
folder = Path("/backups")
newest = sorted(path for path in folder.glob("*.json") if "20000101" not in path.name)[-1]
manifest = json.loads(newest.read_text()) | {{"name": "{SPOILT}"}}
content = (folder / (newest.stem + ".dump.gpg")).read_bytes()
CHANGE
(folder / "{SPOILT}.dump.gpg").write_bytes(content)
(folder / "{SPOILT}.json").write_text(json.dumps(manifest))
"""
DAMAGES = {
    "a byte too many": ("content += b'x'", "is not what was written: its SHA-256 is another."),
    "cut short, with a checksum that fits": (
        "content = content[:-1000]; manifest['sha256'] = hashlib.sha256(content).hexdigest()",
        "gpg ended with",
    ),
    "rows missing": ("manifest['counts']['users_user'] += 1", "Not as many rows as were dumped: users_user."),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_backup_leaves_the_database_in_use_alone(production: Stack, damage: str) -> None:
    change, word = DAMAGES[damage]
    assert in_backup(production, SPOIL.replace("CHANGE", change)).returncode == 0
    before, identity = databases(production), production.sql("SELECT oid FROM pg_database WHERE datname = 'bikerental'")
    since = production.compose("ps", "--format", "{{.Service}} {{.State}}").stdout

    refused = production.make("restore", f"BACKUP={SPOILT}")
    in_backup(production, "from pathlib import Path; [path.unlink() for path in Path('/backups').glob('*20000101*')]")

    assert refused.returncode != 0
    assert word in refused.stdout + refused.stderr
    assert databases(production) == before
    assert production.sql("SELECT oid FROM pg_database WHERE datname = 'bikerental'") == identity
    assert production.compose("ps", "--format", "{{.Service}} {{.State}}").stdout == since


def test_another_passphrase_opens_nothing(production: Stack) -> None:
    refused = production.compose(
        *("exec", "-T", "-e", "BACKUP_PASSPHRASE=another", "backup"),
        *("compose/production/django/start/entrypoint", "backups", "drill"),
    )

    assert refused.returncode != 0
    assert {name for name in databases(production) if "restored" in name} == set()


def test_a_name_that_is_none_gets_the_list(production: Stack) -> None:
    refused = production.make("drill", "BACKUP=yesterday")

    assert refused.returncode != 0
    assert f"There is no backup yesterday. There are: {', '.join(backups(production))}." in refused.stderr


PLANT = """
from pathlib import Path
for name in "bikerental-20200101T010000Z", "bikerental-20200101T020000Z":
    for end in "json", "dump.gpg":
        Path(f"/backups/{name}.{end}").write_text("{}")
        s3.put_object(Bucket=bucket, Key=f"database/{name}.{end}", Body=b"{}")
"""
CLEAR = """
from pathlib import Path
for end in "json", "dump.gpg":
    Path(f"/backups/bikerental-20200101T020000Z.{end}").unlink()
    s3.delete_object(Bucket=bucket, Key=f"database/bikerental-20200101T020000Z.{end}")
"""
LIST = """
found = s3.list_objects_v2(Bucket=bucket, Prefix="database/bikerental-2020")
print([item["Key"] for item in found["Contents"]])
"""


def test_old_backups_are_deleted_from_disk_and_s3(production: Stack) -> None:
    """Two of the same day long ago: the newer one stays as the month's."""
    in_s3(production, PLANT)

    assert production.make("backup").returncode == 0
    kept, sent = backups(production), in_s3(production, LIST)
    in_s3(production, CLEAR)

    assert [name for name in kept if "2020" in name] == ["bikerental-20200101T020000Z"]
    assert ("T010000Z" in sent, "T020000Z" in sent) == (False, True)


def test_a_backup_past_its_day_is_unhealthy(production: Stack) -> None:
    probe = ("python", "compose/production/django/probe.py", "backup")
    production.compose("exec", "-T", "backup", "touch", "-d", "27 hours ago", "/backups/last")
    old = production.compose("exec", "-T", "backup", *probe)
    production.compose("exec", "-T", "backup", "touch", "/backups/last")

    assert old.returncode == 1
    assert re.fullmatch(r"the last backup is 97[2-9]\d\d s old\n", old.stderr)
    assert production.compose("exec", "-T", "backup", *probe).returncode == 0
