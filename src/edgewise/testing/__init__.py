"""For users: ``check_grads``. For our own tests: the laws every declaration obeys, and the oracles they are held against."""

from edgewise.testing.check import check_grads

__all__ = ["check_grads"]
