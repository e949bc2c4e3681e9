"""Loops and branches as functions: ``scan``, ``fori_loop``, ``while_loop``, ``cond``, ``switch``.

Plain Python's ``for``, ``while`` and ``if`` need none of them. What these add: the members of a batch (``vmap``) may
disagree about a condition (``branches``, ``loops``), and a long loop may recompute its steps instead of keeping them
(``segments``). Start with ``carry``: what a step may hand to the next.
"""
