"""The contraction, from which every product of arrays is composed (``compositions.products``), and the convolution."""

from __future__ import annotations

from edgewise.core.contract import contract
from edgewise.core.convolution import convolution
from edgewise.families.convolution import CONVOLUTION
from edgewise.families.samples import case, grid
from edgewise.families.structure import CONTRACTION, declare
from edgewise.maps import Convolve

contract_of = declare(
    contract,
    CONTRACTION,
    [
        case(grid(2, 3), grid(3, 4, seed=1), spec="ij,jk->ik"),
        case(grid(2, 3), grid(3, seed=1), spec="ij,j->i"),
        case(grid(3), grid(3, seed=1), spec="i,i->"),
        case(grid(2), grid(3, seed=1), spec="i,j->ji"),
        case(grid(2, 3, 4), grid(4, 2, seed=1), spec="ijk,ki->ij"),
        case(grid(2, 3, 4), grid(4, 3, 5, seed=1), spec="ijk,kjl->li"),
        case(grid(2, 3), grid(2, 3, seed=1), spec="ij,ij->ij"),
    ],
    None,
    operands=("x1", "x2"),
)
convolution_of = declare(
    convolution,
    CONVOLUTION,
    [
        case(grid(5), grid(3, seed=1), mode="full"),
        case(grid(2), grid(3, seed=1), mode="full"),
        case(grid(5), grid(3, seed=1), mode="valid"),
        case(grid(3), grid(3, seed=1), mode="valid"),
        case(grid(2, 5), grid(3, seed=1), mode="full"),
        case(grid(5), grid(2, 1, 3, seed=1), mode="valid"),
        case(grid(2, 1, 5), grid(3, 2, seed=1), mode="valid"),
    ],
    None,
    lambda x2, mode: Convolve(x2, mode),
    lambda x1, mode: Convolve(x1, mode, second=True),
    operands=("x1", "x2"),
)
