"""A recurrent network of two layers that foretells the next character of a text, and its loss.

After ADBench (Šrajer, Kukelova and Fitzgibbon 2018), ``src/cpp/shared/lstm.h``: gates weigh entry by entry, 14 inputs
(a character's bits), 1024 characters. All weights and biases are differentiated.
"""

from __future__ import annotations

LAYERS, BITS, CHARACTERS = 2, 14, 1024


def sigmoid(xp, x):
    return 1.0 / (1.0 + xp.exp(-x))


def layer(xp, weight, bias, hidden, cell, x):
    forget = sigmoid(xp, x * weight[0] + bias[0])
    keep = sigmoid(xp, hidden * weight[1] + bias[1])
    out = sigmoid(xp, x * weight[2] + bias[2])
    change = xp.tanh(hidden * weight[3] + bias[3])
    cell = cell * forget + keep * change
    return out * xp.tanh(cell), cell


def step(xp, main, extra, state, x, wanted):
    """The next state, and the logarithm of the probability of the character that came."""
    x = x * extra[0]
    new = []
    for number in range(LAYERS):
        x, cell = layer(xp, main[number, 0], main[number, 1], *state[number], x)
        new.append((x, cell))
    foretold = x * extra[1] + extra[2]
    return tuple(new), xp.sum(wanted * (foretold - xp.log(2.0 + xp.sum(xp.exp(foretold)))))


def first(state):
    return tuple((state[number, 0], state[number, 1]) for number in range(LAYERS))


def by_scan(xp, scan):
    def f(main, extra, state, text):
        def body(carry, pair):
            return step(xp, main, extra, carry, *pair)

        _, terms = scan(body, first(state), (text[:-1], text[1:]))
        return -xp.sum(terms) / ((CHARACTERS - 1) * BITS)

    return f


def by_for(xp, scan):
    def f(main, extra, state, text):
        carry, total = first(state), 0.0
        for t in range(CHARACTERS - 1):
            carry, term = step(xp, main, extra, carry, text[t], text[t + 1])
            total = total + term
        return -total / ((CHARACTERS - 1) * BITS)

    return f


def texts(rng):
    """As ADBench draws them: all uniform; the text, of bits."""
    return (
        rng.random((LAYERS, 2, 4, BITS)),
        rng.random((3, BITS)),
        rng.random((LAYERS, 2, BITS)),
        rng.integers(0, 2, (CHARACTERS, BITS)).astype(float),
    )
