"""The contraction, from which every product of arrays is composed (``compositions.products``)."""

from __future__ import annotations

from edgewise.core.contract import contract
from edgewise.families.samples import case, grid
from edgewise.families.structure import CONTRACTION, declare

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
