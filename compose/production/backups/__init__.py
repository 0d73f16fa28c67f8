"""Backups of the database: made, encrypted, checked, kept, sent to S3, and restored beside the database in use."""
