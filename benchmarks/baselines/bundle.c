/* Bundle adjustment: N residuals of two rows, each differentiated by the 15 parameters it depends on. Blocks of
 * observations: what a SIMD loop finds of all of them lies column by column, and is then written out by rows. */
#include <math.h>
#include <stdint.h>

enum { BLOCK = 32, P = 15 };

/* One row of a block, into out[0][o], out[1][o], ... */
#define ROW(out, flat, mine, other, middle, feature)                                                                    \
    {                                                                                                                  \
        double mx = scale * (flat * dL * fx + mine * L), my = scale * (flat * dL * fy + other * L);                    \
        double gx = mx * deep, gy = my * deep, gz = -(mx * fx + my * fy) * deep; /* by the seen point */               \
        double gw = gx * x + gy * y + gz * z, gt = gx * tx + gy * ty + gz * tz;                                        \
        double hx = s * (py * gz - pz * gy) + v * (dot * gx + gw * px);                                                \
        double hy = s * (pz * gx - px * gz) + v * (dot * gy + gw * py);                                                \
        double hz = s * (px * gy - py * gx) + v * (dot * gz + gw * pz);                                                \
        double hw = hx * x + hy * y + hz * z;                                                                          \
        double ax = c * gx + s * (gy * z - gz * y) + v * gw * x; /* by the point: turned back */                       \
        double ay = c * gy + s * (gz * x - gx * z) + v * gw * y;                                                       \
        double az = c * gz + s * (gx * y - gy * x) + v * gw * z;                                                       \
        out[0][o] = gt * x + (hx - x * hw) * over + still * (py * gz - pz * gy);                                       \
        out[1][o] = gt * y + (hy - y * hw) * over + still * (pz * gx - px * gz);                                       \
        out[2][o] = gt * z + (hz - z * hw) * over + still * (px * gy - py * gx);                                       \
        out[3][o] = -ax, out[4][o] = -ay, out[5][o] = -az;                                                             \
        out[6][o] = weight * flat * L;                                                                                 \
        out[7][o] = mine * weight, out[8][o] = other * weight;                                                         \
        out[9][o] = scale * flat * q, out[10][o] = scale * flat * q * q;                                               \
        out[11][o] = ax, out[12][o] = ay, out[13][o] = az;                                                             \
        out[14][o] = flat * L * focal + middle - feature;                                                              \
    }

int64_t kernel(void **table)
{
    double *cameras = table[0], *points = table[1], *weights = table[2], *features = table[4], *J = table[5];
    int64_t *seen = table[3];
    double in[P][BLOCK], upper[P][BLOCK], lower[P][BLOCK], angles[BLOCK], cosines[BLOCK], sines[BLOCK];
    for (int64_t start = 0; start < N; start += BLOCK) {
        int count = N - start < BLOCK ? N - start : BLOCK;
        for (int o = 0; o < count; o++) {
            double *camera = cameras + 11 * seen[2 * (start + o)], *point = points + 3 * seen[2 * (start + o) + 1];
            for (int i = 0; i < 11; i++)
                in[i][o] = camera[i];
            for (int i = 0; i < 3; i++)
                in[11 + i][o] = point[i];
        }
        for (int o = 0; o < count; o++)
            angles[o] = sqrt(in[0][o] * in[0][o] + in[1][o] * in[1][o] + in[2][o] * in[2][o]);
        for (int o = 0; o < count; o++) /* apart from the sines, since gcc has no SIMD function for both at once */
            cosines[o] = cos(angles[o]);
        for (int o = 0; o < count; o++)
            sines[o] = sin(angles[o]);
#pragma omp simd
        for (int o = 0; o < count; o++) {
            double rx = in[0][o], ry = in[1][o], rz = in[2][o], focal = in[6][o], k1 = in[9][o], k2 = in[10][o];
            double px = in[11][o] - in[3][o], py = in[12][o] - in[4][o], pz = in[13][o] - in[5][o];
            double angle = angles[o], over = angle > 0 ? 1 / angle : 0, c = cosines[o], s = sines[o], v = 1 - c;
            double still = angle > 0 ? 0 : 1; /* not turned: the limit of Rodrigues' formula */
            double x = rx * over, y = ry * over, z = rz * over;
            double dot = x * px + y * py + z * pz, along = dot * v;
            double cx = y * pz - z * py, cy = z * px - x * pz, cz = x * py - y * px;
            double sx = px * c + cx * s + x * along, sy = py * c + cy * s + y * along, sz = pz * c + cz * s + z * along;
            double tx = cx * c - px * s + x * dot * s, ty = cy * c - py * s + y * dot * s;
            double tz = cz * c - pz * s + z * dot * s; /* the derivative by the angle */
            double deep = 1 / sz, fx = sx * deep, fy = sy * deep, q = fx * fx + fy * fy;
            double L = 1 + k1 * q + k2 * q * q, dL = 2 * (k1 + 2 * k2 * q);
            double weight = weights[start + o], scale = weight * focal;
            ROW(upper, fx, 1, 0, in[7][o], features[2 * (start + o)])
            ROW(lower, fy, 0, 1, in[8][o], features[2 * (start + o) + 1])
        }
        double *rows = J + 2 * P * start;
        for (int o = 0; o < count; o++)
            for (int i = 0; i < P; i++) {
                rows[2 * P * o + i] = upper[i][o];
                rows[2 * P * o + P + i] = lower[i][o];
            }
    }
    return 0;
}
