"""Random programs, held against other modes, against NumPy, and against derivatives that owe nothing to edgewise.

A ``Program`` (``program``) is a few lines of plain NumPy, as text: what is run is what is printed. ``grammar`` makes
them, out of a vocabulary of idioms and out of the samples of the whole registry. ``checks`` says what must hold,
``minimise`` makes a failing program small, ``arguments`` asks whether bad arguments are refused as NumPy refuses them,
and ``campaign`` runs any number. ``scripts/fuzz.py`` is the command.
"""
