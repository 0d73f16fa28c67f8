"""Simulated riders, who use only the public API."""
