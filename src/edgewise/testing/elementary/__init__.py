"""How exact the elementary functions of ``edgewise.compile.maths`` are.

points      arguments: all exponents, the ranges that matter, and close to where a function is difficult
oracle      the exact value by mpmath, and how many units in the last place a result is away from it
loops       a function compiled into a loop over arrays, by llvmlite
"""
