"""A stand-in for the Hugging Face Hub on loopback, for tests that must not reach the internet."""

from .handler import Request
from .server import StandInHub

__all__ = ["Request", "StandInHub"]
