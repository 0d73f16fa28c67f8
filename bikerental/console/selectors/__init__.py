"""The console's read models. Each docstring states the number of statements."""
