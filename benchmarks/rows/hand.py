"""Hand tracking: a skinned model posed by 26 numbers, and where its vertices are beside measured points.

After ADBench (Šrajer, Kukelova and Fitzgibbon 2018), ``src/cpp/shared/hand_light_matrix.h``, the simple problem, whose
Jacobian is dense. The model is generated, in the shape of ADBench's small one: 22 bones (the wrist, five fingers of
four, the forearm) and 544 vertices, and 100 points. The 26 numbers are the global rotation (an axis times an angle),
the global translation, and four angles a finger.
"""

from __future__ import annotations

import numpy as np

BONES, VERTICES, POINTS = 22, 544, 100
PARENTS = (-1, *(bone - 1 if bone % 4 != 1 else 0 for bone in range(1, 21)), 0)


def joint(xp, x, z):
    """Rz(z) Rx(x) as a 4 by 4 matrix: the joints have no third angle."""
    zero, one = xp.zeros_like(x), xp.ones_like(x)
    cx, sx, cz, sz = xp.cos(x), xp.sin(x), xp.cos(z), xp.sin(z)
    rows = [[cz, -sz * cx, sz * sx, zero], [sz, cz * cx, -cz * sx, zero], [zero, sx, cx, zero], [zero, zero, zero, one]]
    return xp.stack([xp.stack(row) for row in rows])


def rotation(xp, turn):
    """The matrix that turns around an axis, by an angle."""
    angle = xp.sqrt(xp.sum(turn * turn))
    x, y, z = turn[0] / angle, turn[1] / angle, turn[2] / angle
    s, c = xp.sin(angle), xp.cos(angle)
    rows = [
        [x * x + (1 - x * x) * c, x * y * (1 - c) - z * s, x * z * (1 - c) + y * s],
        [x * y * (1 - c) + z * s, y * y + (1 - y * y) * c, y * z * (1 - c) - x * s],
        [x * z * (1 - c) - y * s, z * y * (1 - c) + x * s, z * z + (1 - z * z) * c],
    ]
    return xp.stack([xp.stack(row) for row in rows])


def angles(theta, bone):
    """Of a finger's second bone, two; of the third and fourth, one; of all others, none."""
    finger, part = divmod(bone - 1, 4)
    if not 1 <= bone <= 20 or part == 0:
        return None
    first = 6 + 4 * finger
    return (theta[first], theta[first + 1]) if part == 1 else (theta[first + part], 0.0 * theta[first])


def hand(xp, scan):
    def f(theta, relatives, inverses, positions, weights, points, chosen):
        absolutes = []
        for bone, parent in enumerate(PARENTS):
            turned = angles(theta, bone)
            posed = relatives[bone] if turned is None else relatives[bone] @ joint(xp, *turned)
            absolutes.append(posed if parent < 0 else absolutes[parent] @ posed)
        transforms = xp.stack(absolutes) @ inverses
        vertices = xp.sum((transforms[:, :3] @ positions) * weights[:, None], axis=0)
        placed = rotation(xp, theta[:3]) @ vertices + theta[3:6, None]
        return points - placed.T[chosen]

    return f


def hands(rng):
    """A model, a pose, and points near vertices; a vertex hangs on one to four bones."""
    relatives = np.tile(np.eye(4), (BONES, 1, 1))
    relatives[:, :3, :3] = np.linalg.qr(rng.standard_normal((BONES, 3, 3)))[0]
    relatives[:, :3, 3] = rng.standard_normal((BONES, 3))
    inverses = np.tile(np.eye(4), (BONES, 1, 1))
    inverses[:, :3] += 0.1 * rng.standard_normal((BONES, 3, 4))
    positions = np.vstack([rng.standard_normal((3, VERTICES)), np.ones((1, VERTICES))])
    weights = np.zeros((BONES, VERTICES))
    for vertex in range(VERTICES):
        bones = rng.choice(BONES, rng.integers(1, 5), replace=False)
        weights[bones, vertex] = rng.dirichlet(np.ones(bones.size))
    chosen = rng.choice(VERTICES, POINTS, replace=False)
    return rng.uniform(-0.5, 0.5, 26), relatives, inverses, positions, weights, rng.standard_normal((POINTS, 3)), chosen
