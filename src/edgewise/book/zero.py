"""Operations whose derivative is zero wherever it exists: their results are plain numbers again."""

from __future__ import annotations

import operator

import numpy as np

from edgewise.families.elementwise import zero_derivative
from edgewise.families.samples import between, case, pairs

TWO = pairs((-2.3, 2.4), (-2.1, 2.2))
ONE = between(-2.3, 2.4)

less = zero_derivative(np.less, TWO, op="lt", compute=operator.lt)
less_equal = zero_derivative(np.less_equal, TWO, op="le", compute=operator.le)
greater = zero_derivative(np.greater, TWO, op="gt", compute=operator.gt)
greater_equal = zero_derivative(np.greater_equal, TWO, op="ge", compute=operator.ge)
equal = zero_derivative(np.equal, TWO, op="eq", compute=operator.eq)
not_equal = zero_derivative(np.not_equal, TWO, op="ne", compute=operator.ne)
logical_and = zero_derivative(np.logical_and, TWO)
logical_or = zero_derivative(np.logical_or, TWO)
logical_xor = zero_derivative(np.logical_xor, TWO)
logical_not = zero_derivative(np.logical_not, ONE)
floor = zero_derivative(np.floor, ONE, note="0")
ceil = zero_derivative(np.ceil, ONE, note="0")
trunc = zero_derivative(np.trunc, ONE, note="0")
rint = zero_derivative(np.rint, ONE, note="0")
isfinite = zero_derivative(np.isfinite, ONE)
isinf = zero_derivative(np.isinf, ONE)
isnan = zero_derivative(np.isnan, ONE)
signbit = zero_derivative(np.signbit, ONE)
# On the integers and booleans that a batch keeps traced:
MASK, COUNTS = np.array([True, False, False]), np.array([5, 0, 3])
BITS = [
    case(MASK, np.array([[True], [False]]), wrt=(0, 1)),
    case(COUNTS, np.array([6, 2, 1]), wrt=(0, 1)),
    case(COUNTS, 2, wrt=(0,)),
]
bitwise_and = zero_derivative(np.bitwise_and, BITS, op="and", compute=operator.and_)
bitwise_or = zero_derivative(np.bitwise_or, BITS, op="or", compute=operator.or_)
bitwise_xor = zero_derivative(np.bitwise_xor, BITS, op="xor", compute=operator.xor)
invert = zero_derivative(
    np.invert, [case(MASK, wrt=(0,)), case(COUNTS, wrt=(0,))], op="__invert__", compute=operator.invert
)
floor_divide = zero_derivative(
    np.floor_divide, pairs((-5.1, 5.2), (0.4, 2.6)), op="floordiv", compute=operator.floordiv
)
WHOLE = [case(COUNTS, np.array([2, 3, 1]), wrt=(0, 1)), case(COUNTS, 2, wrt=(0,))]
left_shift = zero_derivative(np.left_shift, WHOLE, op="lshift", compute=operator.lshift)
right_shift = zero_derivative(np.right_shift, WHOLE, op="rshift", compute=operator.rshift)
gcd = zero_derivative(np.gcd, WHOLE)
lcm = zero_derivative(np.lcm, WHOLE)
if hasattr(np, "bitwise_count"):  # since NumPy 2.0, for integers
    bitwise_count = zero_derivative(np.bitwise_count, [case(COUNTS, wrt=(0,))])
