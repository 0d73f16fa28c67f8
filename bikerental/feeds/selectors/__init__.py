"""The reads of the feeds app. Each docstring states the number of statements."""
