"""A group of hosts: `compose/production/refresh`, and `ship`, which calls it after the first host's deploy."""

from pathlib import Path

import pytest

from tests.ops.delivery.account import Account
from tests.ops.delivery.standin import run


@pytest.fixture
def account(tmp_path: Path) -> Account:
    return Account(tmp_path)


def refresh(account: Account, image: str, **environment: str) -> "tuple[int, str]":
    done = run("compose/production/refresh", "bikerental", image, environment=account.variables | environment)
    return done.returncode, done.stdout + done.stderr


def ship(account: Account, what: str) -> "tuple[int, str]":
    variables = account.variables | {"DEPLOY_GROUP": "bikerental"}
    done = run("compose/production/ship", "admin@first.example", what, environment=variables)
    return done.returncode, done.stdout + done.stderr


def test_the_image_is_named_before_the_hosts_are_replaced(account: Account) -> None:
    assert refresh(account, "bikerental:two") == (0, "Every host of bikerental runs bikerental:two.\n")
    assert account.calls == [
        "image = bikerental:two",
        "replace bikerental-web: two",
        "replace bikerental-worker: two",
        "healthy-image = bikerental:two",
    ]


def test_hosts_that_stay_unhealthy_bring_the_last_image_back(account: Account) -> None:
    code, said = refresh(account, "bikerental:broken")

    assert code == 1
    assert said == ("bikerental-web: the replacement ended as Failed. Hosts stay unhealthy.\nBack to bikerental:one.\n")
    assert account.running() == {"bikerental:one"}
    assert account.parameters == {"image": "bikerental:one", "healthy-image": "bikerental:one"}


def test_a_replacement_that_hangs_is_cancelled_and_undone(account: Account) -> None:
    code, said = refresh(account, "bikerental:slow", REFRESH_SECONDS="-1")

    assert code == 1
    assert "bikerental-web: the replacement takes too long; it is InProgress. Waiting for a host." in said
    assert account.calls[2:4] == ["image = bikerental:one", "cancel bikerental-web"]
    assert account.running() == {"bikerental:one"}


def test_after_a_killed_job_a_second_try_knows_the_good_image(account: Account) -> None:
    account.begin(
        parameters={"image": "bikerental:broken", "healthy-image": "bikerental:one"},
        replacements={"bikerental-web": ("InProgress", "", "bikerental:broken")},
    )

    assert refresh(account, "bikerental:broken")[0] == 1
    assert account.calls[1:3] == ["cancel bikerental-web", "replace bikerental-web: broken"]
    assert account.running() == {"bikerental:one"}


def test_without_a_group_nothing_is_named(account: Account) -> None:
    account.begin(groups=[])

    assert refresh(account, "bikerental:two") == (
        1,
        "There is no group bikerental-web. Terraform's variable web_hosts makes it.\n",
    )
    assert account.calls == []


def test_the_pipeline_deploys_the_first_host_and_then_the_group(account: Account) -> None:
    for _ in range(2):  # a job that is started again changes nothing more
        assert ship(account, "bikerental:two")[0] == 0
        assert account.deployed[-2:] == ["bikerental:one", "bikerental:two"]
        assert account.running() == {"bikerental:two"}


def test_a_rollback_includes_the_first_host(account: Account) -> None:
    code, said = ship(account, "bikerental:broken")

    assert code == 1
    assert "Back to bikerental:one.\nThis host follows the group." in said
    assert account.deployed == ["bikerental:zero", "bikerental:one"]


def test_a_rollback_returns_the_group_to_the_last_image(account: Account) -> None:
    assert ship(account, "--last")[0] == 0
    assert account.deployed == ["bikerental:zero"]
    assert account.running() == {"bikerental:zero"}


def test_a_first_host_that_fails_leaves_the_group_alone(account: Account) -> None:
    assert ship(account, "bikerental:unfit")[0] == 1
    assert account.calls == []
