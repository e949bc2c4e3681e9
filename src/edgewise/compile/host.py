"""The processor this process runs on, as code generation needs to know it."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from edgewise.errors import MissingExtraError

__all__ = ["Host", "host", "llvmlite"]


@functools.cache
def llvmlite() -> Any:
    """The module ``llvmlite.binding``, with LLVM ready for this processor.

    Raises:
        MissingExtraError: llvmlite is not installed, or cannot be loaded.
    """
    try:
        llvm = import_module("llvmlite.binding")
    except (ImportError, OSError) as error:
        raise MissingExtraError(
            "llvmlite cannot be loaded" if isinstance(error, OSError) else "llvmlite is not installed",
            "machine code is made by LLVM, which llvmlite brings",
            'pip install "edgewise[jit]", or call the function without compiling it',
        ) from error
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm


@dataclass(frozen=True, slots=True)
class Host:
    """What code is made for. Two hosts that are equal can run each other's objects.

    Attributes:
        triple: LLVM's name for architecture, system and object format.
        cpu: LLVM's name for the processor.
        features: what it can do, as LLVM writes it: ``+avx2,+fma,-avx512f``.
        version: of llvmlite and of the LLVM in it.
    """

    triple: str
    cpu: str
    features: str
    version: str

    def has(self, feature: str) -> bool:
        """Whether the processor can do something, by LLVM's name for it: ``fma``."""
        return f"+{feature}" in self.features.split(",")

    @property
    def width(self) -> int:
        """How many float64 a vector register holds: 8, 4 or 2."""
        return 8 if self.has("avx512f") else 4 if self.has("avx2") else 2

    @property
    def fused(self) -> bool:
        """Whether it multiplies and adds in one rounding."""
        return self.has("fma") or self.triple.startswith("aarch64")

    @property
    def attributes(self) -> str:
        """What every emitted function says of itself, so that LLVM does not halve the registers that we chose.

        Compilers prefer 256 bits on many processors that have 512; text that holds vectors of ``width`` means them.
        """
        bits = 64 * self.width
        return f'nounwind "prefer-vector-width"="{bits}" "min-legal-vector-width"="{bits}"'

    def key(self) -> tuple[str, ...]:
        """What an object depends on beside its text and level."""
        return (self.triple, self.cpu, self.features, self.version)


@functools.cache
def host() -> Host:
    """This processor.

    Raises:
        MissingExtraError: llvmlite is not installed.
    """
    llvm = llvmlite()
    try:
        features = llvm.get_host_cpu_features().flatten()
    except RuntimeError:  # LLVM cannot tell on this architecture: its baseline is right everywhere
        features = ""
    version = f"{import_module('llvmlite').__version__} {'.'.join(map(str, llvm.llvm_version_info))}"
    return Host(llvm.get_process_triple(), llvm.get_host_cpu_name(), features, version)
