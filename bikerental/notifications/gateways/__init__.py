"""The outside world of messages: who carries mail, and who reports what became of it."""
