"""The programs of `make bench`. Their tests are in tests/ops/, the test under load in tests/observe/."""
