"""From a program to machine code: the floor of ``edgewise[jit]``.

From the bottom up: ``host`` says what this processor can do, ``cache`` keeps objects on disk, ``engine`` makes LLVM
text into code at an address, and ``gate`` makes such an address into a function that Python calls with arrays. Nothing
here loads llvmlite before it is needed.
"""
