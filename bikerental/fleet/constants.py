"""Limits of the fleet app."""

NEAR_RADIUS_MAX_M = 10_000

PHOTO_BYTES_MAX = 5 * 1024 * 1024
