"""A household counts as one, however its addresses are written."""

import pytest

from bikerental.core.addresses import client_network


@pytest.mark.parametrize(
    ("address", "same"),
    [
        ("2001:db8:0:1::1", "2001:db8:0:1:ffff:ffff:ffff:ffff"),
        ("2001:db8:0:1::1", "2001:0DB8:0000:0001:0:0:0:1"),
        ("fe80::1%eth0", "fe80::2"),
        ("192.0.2.1", "::ffff:192.0.2.1"),
        ("192.0.2.1", "::ffff:c000:201"),
        ("192.0.2.1:4711", "192.0.2.1:4712"),
        ("[2001:db8:0:1::1]:4711", "2001:db8:0:1::2"),
        ("[2001:db8:0:1::1]", "2001:db8:0:1::2"),
    ],
)
def test_addresses_of_a_household_are_equal(address: str, same: str) -> None:
    assert client_network(address) == client_network(same)


@pytest.mark.parametrize(
    ("address", "other"),
    [
        ("2001:db8:0:1::1", "2001:db8:0:2::1"),
        ("192.0.2.1", "192.0.2.2"),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2"),
        ("", "192.0.2.1"),
    ],
)
def test_addresses_of_two_households_differ(address: str, other: str) -> None:
    assert client_network(address) != client_network(other)


@pytest.mark.parametrize("address", ["", "unix:", "not an address"])
def test_a_text_that_is_no_address_stays_as_it_is(address: str) -> None:
    assert client_network(address) == address
