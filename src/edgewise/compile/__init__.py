"""From a traced function to machine code, floor by floor.

jit             the border: arguments, specialisations, what a function finds around itself
recording       one run of the function makes a program (modes.staged, core.program)
paths           the ways through the function, as a tree that branches at guards
passes          what a program does not have to do
numpy_run       a program run by NumPy: what machine code is compared with
executable      a program run by machine code, with calls of NumPy where there is none
kernels         from operations to LLVM text
maths           elementary functions as LLVM text, without a C library
ir              writes LLVM text
gate            an address becomes a function that Python calls with arrays
engine          LLVM text becomes code at an address; cache keeps objects on disk
pool            threads for long loops
host            what this processor can do

Nothing here loads llvmlite before it is needed.
"""
