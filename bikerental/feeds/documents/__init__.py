"""The texts of public documents."""
