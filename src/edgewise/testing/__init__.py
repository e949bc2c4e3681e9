"""For users: ``check_grads``. For our own tests: the laws every declaration obeys, and their oracles."""

from edgewise.testing.check import check_grads

__all__ = ["check_grads"]
