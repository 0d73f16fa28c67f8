"""Backups of the database: made, encrypted, proven, kept, sent to S3, and restored beside the one in use."""
