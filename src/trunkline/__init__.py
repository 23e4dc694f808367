"""Trunkline: a self-hosted integration platform. Versions, installs and upgrades over one core."""

__version__ = "0.1.0"
