"""From operations of a program to LLVM text.

``kinds`` says how numbers lie in registers and in memory; ``scalars`` which operations act number by number, and what
they are written as.
"""
