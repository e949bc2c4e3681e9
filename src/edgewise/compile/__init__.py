"""From a traced function to machine code, floor by floor.

jit             the border: arguments, specialisations, what a function finds around itself
recording       one run of the function makes a program (modes.staged, core.program)
paths           the ways through the function, as a tree that branches at guards
passes          what a program does not have to do
numpy_run       a program run by NumPy: what machine code is compared with
"""
