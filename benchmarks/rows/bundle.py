"""Bundle adjustment: the residual of one observation, and its Jacobian at all of them.

After ADBench (Šrajer, Kukelova and Fitzgibbon 2018), ``src/cpp/shared/ba.h``, with the sizes of its second problem.
Parameters of an observation: those of its camera, as an axis times an angle (3), the centre (3), the focal length, the
principal point (2) and the radial distortion (2); then the point (3) and the weight. The Jacobian is 2 by 15.
"""

from __future__ import annotations

import numpy as np

CAMERAS, POINTS, OBSERVATIONS = 21, 11_315, 36_455


def rotated(xp, rotation, point):
    """By Rodrigues' formula, or by its limit where there is no angle."""
    (a, b, c), (x, y, z) = rotation, point
    square = a * a + b * b + c * c
    turns = square > 0.0
    angle = xp.sqrt(xp.where(turns, square, 1.0))
    sine, cosine = xp.where(turns, xp.sin(angle) / angle, 1.0), xp.where(turns, xp.cos(angle), 1.0)
    along = xp.where(turns, (a * x + b * y + c * z) * (1.0 - cosine) / (angle * angle), 0.0)
    return (
        x * cosine + (b * z - c * y) * sine + a * along,
        y * cosine + (c * x - a * z) * sine + b * along,
        z * cosine + (a * y - b * x) * sine + c * along,
    )


def residual(xp, scan):
    def f(parameters, feature):
        focal, middle_x, middle_y, k1, k2 = parameters[6:11]
        x, y, z = rotated(xp, parameters[:3], parameters[11:14] - parameters[3:6])
        x, y = x / z, y / z
        square = x * x + y * y
        stretch = focal * (1.0 + k1 * square + k2 * square * square)
        return parameters[14] * xp.stack([x * stretch + middle_x - feature[0], y * stretch + middle_y - feature[1]])

    return f


def observed(xp, cameras, points, weights, seen):
    """The parameters of each observation, in rows."""
    return xp.concatenate([cameras[seen[:, 0]], points[seen[:, 1]], weights[:, None]], axis=1)


def observations(rng):
    """Cameras around a cloud of points, which each sees in its turn, as in ADBench's own generated problems."""
    cameras = np.zeros((CAMERAS, 11))
    cameras[:, :3] = 0.3 * rng.standard_normal((CAMERAS, 3))
    cameras[:, 3:6] = np.array([0.0, 0.0, -8.0]) + 0.5 * rng.standard_normal((CAMERAS, 3))
    cameras[:, 6] = rng.uniform(400.0, 600.0, CAMERAS)
    cameras[:, 7:9] = rng.uniform(-5.0, 5.0, (CAMERAS, 2))
    cameras[:, 9:] = rng.uniform(-0.1, 0.1, (CAMERAS, 2)) * np.array([1.0, 0.1])
    points = rng.standard_normal((POINTS, 3))
    turn = np.arange(OBSERVATIONS)
    seen = np.stack([turn % CAMERAS, turn % POINTS], axis=1)
    return cameras, points, rng.uniform(0.5, 1.5, OBSERVATIONS), seen, rng.uniform(-50.0, 50.0, (OBSERVATIONS, 2))
