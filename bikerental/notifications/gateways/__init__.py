"""The mail server, and SNS, which reports whether mail was delivered."""
