"""The infrastructure: valid, applied to moto's AWS API, and destroyed again.

The role's permissions are tested with the role's own credentials, in real calls that moto allows or refuses. moto
evaluates no conditions of these services, so the tests read those from the policy.
"""

import json
import shutil
import subprocess
from base64 import b64decode
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
import requests
from botocore.exceptions import ClientError

from tests.ops.aws.conftest import client
from tests.ops.aws.terraform import GROUP, REGION, Terraform

pytestmark = pytest.mark.slow


def test_the_module_is_formatted_and_valid(checked: Terraform) -> None:
    assert checked.run("fmt", "-check", "-recursive").stdout == ""
    valid = checked.run("validate", "-no-color")
    assert valid.returncode == 0, valid.stderr


def test_a_second_plan_changes_nothing(applied: Terraform) -> None:
    plan = applied.change("plan", "-detailed-exitcode")

    assert plan.returncode == 0, plan.stdout + plan.stderr


def planned(terraform: Terraform, **variables: str) -> dict[str, Any]:
    """What a plan with these variables would make, by address."""
    made = terraform.change("plan", "-refresh=false", "-out=planned", **variables)
    assert made.returncode == 0, made.stderr
    changes = json.loads(terraform.run("show", "-json", "planned").stdout)["resource_changes"]
    return {change["address"]: change["change"]["after"] for change in changes}


@pytest.fixture(scope="module")
def group(applied: Terraform) -> dict[str, Any]:
    return planned(applied, **GROUP)


def test_the_managed_stores_are_private_encrypted_and_kept(applied: Terraform) -> None:
    """Only planned, because moto has no parameter groups of ElastiCache."""
    kept = {"allow_destroy": "false", "snapshots_kept": "14", "monthly_budget_usd": "150"}
    after = planned(applied, managed_stores="true", database_replicas="1", **kept)
    database, broker = after["aws_db_instance.this[0]"], after['aws_elasticache_replication_group.this["broker"]']

    assert (database["storage_encrypted"], database["publicly_accessible"]) == (True, False)
    assert (database["multi_az"], database["deletion_protection"], database["skip_final_snapshot"]) == (
        True,
        True,
        False,
    )
    assert database["manage_master_user_password"] is None  # it would exclude the replica
    assert database["password"] is None
    assert after["aws_db_instance.replica[0]"]["replicate_source_db"] == "bikerental"
    assert broker["transit_encryption_enabled"] is True
    assert broker["at_rest_encryption_enabled"] == "true"
    [schedule] = after["aws_dlm_lifecycle_policy.data[0]"]["policy_details"][0]["schedule"]
    assert schedule["retain_rule"][0]["count"] == 14
    assert after["aws_budgets_budget.month[0]"]["limit_amount"] == "150"


def test_a_second_environment_shares_what_an_account_has_once(applied: Terraform) -> None:
    """It finds the provider that the first one made, and makes neither trail nor budget."""
    after = planned(applied, name="staging", account_wide="false", monthly_budget_usd="150")

    assert after["aws_iam_role.gitlab"]["name"] == "staging-gitlab"
    made = {address for address, values in after.items() if values is not None}
    once = ("aws_iam_openid_connect_provider", "aws_cloudtrail", "aws_budgets_budget")
    assert [address for address in made if address.startswith(once)] == []


def test_variables_that_cannot_work_are_refused(applied: Terraform) -> None:
    """A plan takes seconds, so each has as many faults as it can name at once."""
    first = GROUP | {"web_hosts": "1", "managed_stores": "false", "image": "", "ssh_ranges": '["0.0.0.0/0"]'}
    for variables, said in (
        (first, ["at least 2", "need managed_stores", "image and certificate_arn", "not the whole internet"]),
        (GROUP | {"database_multi_az": "false"}, ["need managed_stores and database_multi_az"]),
    ):
        refused = applied.change("plan", "-refresh=false", **variables)

        assert refused.returncode == 1
        assert [words for words in said if words not in " ".join(refused.stderr.replace("│", " ").split())] == []


@pytest.mark.parametrize("role", ["web", "worker"])
def test_the_first_start_of_a_groups_host_is_a_sound_script(group: dict[str, Any], tmp_path: Path, role: str) -> None:
    script = tmp_path / role
    script.write_bytes(b64decode(group[f'aws_launch_template.this["{role}"]']["user_data"]))

    assert subprocess.run(["bash", "-n", script], check=False).returncode == 0
    if shutil.which("shellcheck"):
        found = subprocess.run(["shellcheck", script], check=False, capture_output=True, text=True)
        assert found.stdout == ""
    assert f"COMPOSE_PROFILES={role}" in script.read_text()


def test_only_the_web_is_open(resources: dict[str, dict[str, Any]]) -> None:
    rules = [rule for address, rule in resources.items() if "ingress_rule" in address]

    assert sorted((rule["from_port"], rule["to_port"], rule["cidr_ipv4"]) for rule in rules) == [
        (80, 80, "0.0.0.0/0"),
        (443, 443, "0.0.0.0/0"),
    ]


def test_the_host_is_encrypted_and_asks_for_metadata_tokens(resources: dict[str, dict[str, Any]], aws: str) -> None:
    host = resources["aws_instance.host"]
    volumes = client("ec2", aws).describe_volumes()["Volumes"]

    assert host["metadata_options"][0]["http_tokens"] == "required"
    assert host["metadata_options"][0]["http_put_response_hop_limit"] == 2
    assert [volume["Encrypted"] for volume in volumes] == [True, True]


@pytest.mark.parametrize("bucket", ["AWS_STORAGE_BUCKET_NAME", "BACKUP_BUCKET"])
def test_a_bucket_is_closed_versioned_and_encrypted(settings: dict[str, str], aws: str, bucket: str) -> None:
    s3, name = client("s3", aws), settings[bucket]

    blocked = s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"]
    [statement] = json.loads(s3.get_bucket_policy(Bucket=name)["Policy"])["Statement"]
    rules = s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"]

    assert set(blocked.values()) == {True}
    assert s3.get_bucket_versioning(Bucket=name)["Status"] == "Enabled"
    assert s3.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"]
    assert (statement["Effect"], statement["Principal"]) == ("Deny", "*")
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert any("NoncurrentVersionExpiration" in rule for rule in rules)


def test_a_page_of_the_domain_may_send_an_upload(settings: dict[str, str], aws: str) -> None:
    [rule] = client("s3", aws).get_bucket_cors(Bucket=settings["AWS_STORAGE_BUCKET_NAME"])["CORSRules"]

    assert rule["AllowedOrigins"] == ["https://api.bikerental.example"]
    assert "POST" in rule["AllowedMethods"]


def test_only_the_protected_branch_takes_the_pipelines_role(resources: dict[str, dict[str, Any]]) -> None:
    role = resources["aws_iam_role.gitlab"]

    [statement] = json.loads(role["assume_role_policy"])["Statement"]

    assert statement["Action"] == "sts:AssumeRoleWithWebIdentity"
    assert statement["Condition"]["StringEquals"] == {
        "gitlab.com:aud": "https://gitlab.com",
        "gitlab.com:sub": "project_path:bikerental/bikerental:ref_type:branch:ref:main",
    }


def test_conditions_that_moto_ignores_are_in_the_policy(resources: dict[str, dict[str, Any]]) -> None:
    policy = json.loads(resources["aws_iam_role_policy.host"]["policy"])
    by_sid = {statement["Sid"]: statement for statement in policy["Statement"]}

    assert by_sid["ListMedia"]["Condition"] == {"StringLike": {"s3:prefix": ["uploads/*", "bikes/*", "reports/*"]}}
    assert by_sid["ListBackups"]["Condition"] == {"StringLike": {"s3:prefix": "database/*"}}
    assert by_sid["Mail"]["Condition"] == {"StringLike": {"ses:FromAddress": "*@bikerental.example"}}
    assert sorted(by_sid["Objects"]["Action"]) == [  # the host may not delete versions of an object
        "s3:AbortMultipartUpload",
        "s3:DeleteObject",
        "s3:GetObject",
        "s3:PutObject",
    ]
    assert [sid for sid, statement in by_sid.items() if statement["Resource"] == "*"] == [
        "HostMetrics",
        "SessionManager",
    ]
    assert by_sid["HostMetrics"]["Condition"] == {"StringEquals": {"cloudwatch:namespace": "bikerental"}}
    assert [action for each in by_sid.values() for action in each["Action"] if "*" in action] == []


@pytest.fixture
def role(resources: dict[str, dict[str, Any]], settings: dict[str, str], aws: str) -> Iterator[Callable[[str], Any]]:
    """Clients with the host's credentials, while moto checks every call against its policies."""
    root = client("s3", aws)
    for name in ("AWS_STORAGE_BUCKET_NAME", "BACKUP_BUCKET"):
        root.delete_bucket_policy(Bucket=settings[name])  # moto treats its condition on TLS as always met
    arn = resources["aws_iam_role.host"]["arn"]
    given = client("sts", aws).assume_role(RoleArn=arn, RoleSessionName="trial")["Credentials"]
    credentials = {
        "aws_access_key_id": given["AccessKeyId"],
        "aws_secret_access_key": given["SecretAccessKey"],
        "aws_session_token": given["SessionToken"],
    }
    enforce(aws, 0)
    try:
        yield lambda service: client(service, aws, **credentials)
    finally:
        enforce(aws, 1_000_000)


def enforce(aws: str, free_calls: int) -> None:
    """After this many calls moto requires permissions."""
    session = requests.Session()
    session.trust_env = False
    assert session.post(f"{aws}/moto-api/reset-auth", data=str(free_calls), timeout=10).ok


def refused(call: Callable[[], Any]) -> str:
    with pytest.raises(ClientError) as caught:
        call()
    code: str = caught.value.response["Error"]["Code"]
    return code


def test_the_role_keeps_to_its_prefixes(settings: dict[str, str], role: Callable[[str], Any]) -> None:
    s3 = role("s3")
    media, backups = settings["AWS_STORAGE_BUCKET_NAME"], settings["BACKUP_BUCKET"]

    for bucket, key in ((media, "uploads/a"), (media, "bikes/a"), (media, "reports/a"), (backups, "database/a")):
        s3.delete_object(Bucket=bucket, Key=key)  # first, because moto cannot remove a bucket with deletion markers
        s3.put_object(Bucket=bucket, Key=key, Body=b"x")
        assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == b"x"
    for bucket, key in ((media, "other/a"), (media, "database/a"), (backups, "a"), (backups, "bikes/a")):
        assert refused(lambda b=bucket, k=key: s3.put_object(Bucket=b, Key=k, Body=b"x")) == "AccessDenied"
        assert refused(lambda b=bucket, k=key: s3.get_object(Bucket=b, Key=k)) == "AccessDenied"
        assert refused(lambda b=bucket, k=key: s3.delete_object(Bucket=b, Key=k)) == "AccessDenied"


def test_the_role_may_not_administer(settings: dict[str, str], role: Callable[[str], Any]) -> None:
    backups = settings["BACKUP_BUCKET"]
    s3, iam, ec2 = role("s3"), role("iam"), role("ec2")

    assert refused(lambda: s3.delete_bucket(Bucket=backups)) == "AccessDenied"
    assert refused(lambda: s3.get_object(Bucket="state", Key="bikerental/terraform.tfstate")) == "AccessDenied"
    assert refused(iam.list_users) == "AccessDenied"
    assert refused(lambda: iam.create_user(UserName="another")) == "AccessDenied"
    assert refused(ec2.describe_instances) in {"AccessDenied", "UnauthorizedOperation"}


def test_the_pipelines_role_reaches_the_host_alone(
    resources: dict[str, dict[str, Any]],
    settings: dict[str, str],
    aws: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With the variables of compose/production/ship, which the AWS CLI and boto3 read in the same way."""
    policy = json.loads(resources["aws_iam_role_policy.gitlab"]["policy"])
    (tmp_path / "token").write_text("signed.by.gitlab")
    monkeypatch.setenv("AWS_ROLE_ARN", resources["aws_iam_role.gitlab"]["arn"])
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(tmp_path / "token"))
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws)
    session = boto3.Session(region_name=REGION)

    who = session.client("sts").get_caller_identity()["Arn"]
    enforce(aws, 0)
    try:
        refusals = {
            refused(session.client("iam").list_users),
            refused(session.client("ec2").describe_instances),
            refused(lambda: session.client("s3").list_objects_v2(Bucket=settings["BACKUP_BUCKET"])),
        }
    finally:
        enforce(aws, 1_000_000)

    assert ":assumed-role/bikerental-gitlab/" in who
    assert refusals <= {"AccessDenied", "UnauthorizedOperation"}
    way, own = policy["Statement"]
    host = resources["aws_instance.host"]["arn"]
    assert way["Action"] == "ssm:StartSession"
    assert set(way["Resource"]) == {host, "arn:aws:ssm:eu-central-1::document/AWS-StartSSHSession"}
    assert sorted(own["Action"]) == ["ssm:ResumeSession", "ssm:TerminateSession"]


def test_a_variable_makes_one_host_a_group(applied: Terraform, aws: str) -> None:
    """ElastiCache is left out, because moto has no parameter groups of it."""
    wanted = (
        "aws_autoscaling_group.this",
        "aws_lb_listener.https",
        "aws_lb_listener.http",
        "aws_vpc_security_group_ingress_rule.from_balancer",
        "aws_vpc_security_group_ingress_rule.figures",
        "aws_vpc_security_group_ingress_rule.web",
        "aws_iam_role_policy.gitlab",
        "aws_db_instance.this",
    )
    certificate = client("acm", aws).request_certificate(DomainName="api.bikerental.example")["CertificateArn"]
    own = GROUP | {"certificate_arn": certificate}
    made = applied.change("apply", "-auto-approve", *(f"-target={each}" for each in wanted), **own)
    assert made.returncode == 0, made.stderr

    groups = client("autoscaling", aws).describe_auto_scaling_groups()["AutoScalingGroups"]
    sizes = {group["AutoScalingGroupName"]: group["DesiredCapacity"] for group in groups}
    assert sizes == {"bikerental-web": 2, "bikerental-worker": 1}
    [web] = [group for group in groups if group["AutoScalingGroupName"] == "bikerental-web"]
    assert (len(web["TargetGroupARNs"]), web["HealthCheckType"]) == (1, "ELB")
    assert len(web["VPCZoneIdentifier"].split(",")) == 2
    [target] = client("elbv2", aws).describe_target_groups()["TargetGroups"]
    assert (target["HealthCheckPath"], target["Matcher"]["HttpCode"]) == ("/health/ready/", "200")
    # The hosts are reached through the balancer alone: nobody else chooses what X-Forwarded-For says.
    resources = applied.resources()
    opened = [each for address, each in resources.items() if address.startswith("aws_vpc_security_group_ingress_rule")]
    host = resources["aws_security_group.host"]["id"]
    allowed = {
        rule["from_port"]: (rule["cidr_ipv4"], rule["referenced_security_group_id"])
        for rule in opened
        if rule["security_group_id"] == host
    }
    assert allowed == {80: (None, resources["aws_security_group.balancer[0]"]["id"]), 9090: (None, host)}
    # The pipeline may do what compose/production/refresh does, to these groups alone.
    policy = json.loads(resources["aws_iam_role_policy.gitlab"]["policy"])
    by_sid = {statement["Sid"]: statement for statement in policy["Statement"]}
    assert sorted(by_sid["ReplaceHosts"]["Action"]) == [
        "autoscaling:CancelInstanceRefresh",
        "autoscaling:StartInstanceRefresh",
    ]
    assert set(by_sid["ReplaceHosts"]["Resource"]) == {group["AutoScalingGroupARN"] for group in groups}
    named = client("ssm", aws).get_parameters(Names=["/bikerental/image", "/bikerental/healthy-image"])["Parameters"]
    assert {parameter["Value"] for parameter in named} == {GROUP["image"]}
    assert set(by_sid["NameTheImage"]["Resource"]) == {parameter["ARN"] for parameter in named}
    # The database has the password of the secret, and the state has neither.
    secret = client("secretsmanager", aws).get_secret_value(SecretId="bikerental/database")["SecretString"]
    assert json.loads(secret)["username"] == "bikerental"
    assert json.loads(secret)["password"] not in applied.run("state", "pull").stdout


def test_everything_is_destroyed_again(applied: Terraform, aws: str) -> None:
    # moto cannot delete this one alone. Deleting its configuration set deletes it, here and at AWS.
    assert applied.run("state", "rm", "aws_ses_event_destination.mail").returncode == 0

    taken = applied.change("destroy", "-auto-approve", "-parallelism=20")

    assert taken.returncode == 0, taken.stderr
    assert applied.resources() == {}
    assert [bucket["Name"] for bucket in client("s3", aws).list_buckets()["Buckets"]] == ["state"]
