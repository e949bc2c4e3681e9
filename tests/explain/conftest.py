"""The programs that are explained."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def programs() -> ModuleType:
    """The module beside this file; its functions are looked at by line and by name."""
    spec = importlib.util.spec_from_file_location("programs", Path(__file__).parent / "programs.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
