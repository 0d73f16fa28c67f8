"""Riders who live through the public API, and know nothing else of the service."""
