"""The words: linear maps as small values, and the algebra that makes sentences of them.

A map is a kind, its weights and its static parameters; never a closure, so that it can be printed, composed, batched,
compiled. Start with ``base``: the verbs every map has, and ``@``, ``+`` and ``.H``.
"""

from edgewise.maps.base import Adjoint, Compose, Map, Plus, as_mask
from edgewise.maps.contraction import Contract
from edgewise.maps.convolution import Convolve
from edgewise.maps.diagonal import Conjugate, Diagonal, Identity, Mask
from edgewise.maps.fourier import Fourier, RealFourier
from edgewise.maps.index import Clear, Index
from edgewise.maps.matrix import (
    Averaged,
    ConjugateTranspose,
    Dense,
    DiagonalPart,
    Form,
    RealPart,
    Solve,
    Symmetrise,
    congruence,
    left,
    on_vectors,
    right,
)
from edgewise.maps.movement import Broadcast, Reshape, Sum, Transpose
from edgewise.maps.outputs import Determined, Outputs, PhaseFree
from edgewise.maps.scan import CumulativeSum, Recurrence

__all__ = [
    "Adjoint",
    "Averaged",
    "Broadcast",
    "Clear",
    "Compose",
    "Conjugate",
    "ConjugateTranspose",
    "Contract",
    "Convolve",
    "CumulativeSum",
    "Dense",
    "Determined",
    "Diagonal",
    "DiagonalPart",
    "Form",
    "Fourier",
    "Identity",
    "Index",
    "Map",
    "Mask",
    "Outputs",
    "PhaseFree",
    "Plus",
    "RealFourier",
    "RealPart",
    "Recurrence",
    "Reshape",
    "Solve",
    "Sum",
    "Symmetrise",
    "Transpose",
    "as_mask",
    "congruence",
    "left",
    "on_vectors",
    "right",
]
