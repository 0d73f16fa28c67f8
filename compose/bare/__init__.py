"""The whole stack on a machine without containers: the servers come from wheels, and nothing is installed by hand."""
