"""The reads of the figures app. Each docstring states the number of statements."""
