/* Hand tracking of ADBench: N points beside vertices that hang on 22 bones; the dense Jacobian in 26 numbers. A number
 * moves at most three bones, and only the vertices that have a point are posed. */
#include <math.h>
#include <stdint.h>
#include <string.h>

enum { BONES = 22, T = 26 };
typedef double Affine[3][4]; /* the last row, (0, 0, 0, 1), is not kept */

static void times(Affine out, double a[3][4], const double *b, int whole)
{
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 4; j++)
            out[i][j] = a[i][0] * b[j] + a[i][1] * b[4 + j] + a[i][2] * b[8 + j] + (whole && j == 3 ? a[i][3] : 0);
}

/* Rz(z) Rx(x), or its derivative by x (which = 1) or z (which = 2), as the first three rows of a 4 by 4 matrix. */
static void joint(double out[12], double x, double z, int which)
{
    double a = which == 1 ? -sin(x) : cos(x), b = which == 1 ? cos(x) : sin(x), by_x = which == 1 ? 0 : 1;
    double c = which == 2 ? -sin(z) : cos(z), d = which == 2 ? cos(z) : sin(z), by_z = which == 2 ? 0 : 1;
    double rows[12] = {c * by_x, -d * a, d * b, 0, d * by_x, c * a, -c * b, 0, 0, b * by_z, a * by_z, 0};
    memcpy(out, rows, sizeof rows);
}

/* The rotation by r and its three derivatives. */
static void turned(const double *r, double R[4][3][3])
{
    double angle = sqrt(r[0] * r[0] + r[1] * r[1] + r[2] * r[2]), s = sin(angle), c = cos(angle), v = 1 - c;
    double w[3] = {r[0] / angle, r[1] / angle, r[2] / angle};
    double K[3][3] = {{0, -w[2], w[1]}, {w[2], 0, -w[0]}, {-w[1], w[0], 0}};
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++)
            R[0][i][j] = (i == j ? c : 0) + v * w[i] * w[j] + s * K[i][j];
    for (int k = 0; k < 3; k++) {
        double d[3], D[3][3];
        for (int i = 0; i < 3; i++)
            d[i] = ((i == k) - w[i] * w[k]) / angle;
        double E[3][3] = {{0, -d[2], d[1]}, {d[2], 0, -d[0]}, {-d[1], d[0], 0}};
        for (int i = 0; i < 3; i++)
            for (int j = 0; j < 3; j++)
                D[i][j] = w[k] * ((i == j ? -s : 0) + s * w[i] * w[j] + c * K[i][j]) + v * (d[i] * w[j] + w[i] * d[j]) +
                          s * E[i][j];
        memcpy(R[k + 1], D, sizeof D);
    }
}

static void rotate(double R[3][3], Affine a)
{
    for (int j = 0; j < 4; j++) {
        double x = a[0][j], y = a[1][j], z = a[2][j];
        for (int i = 0; i < 3; i++)
            a[i][j] = R[i][0] * x + R[i][1] * y + R[i][2] * z;
    }
}

int64_t kernel(void **table)
{
    double *theta = table[0], *relatives = table[1], *inverses = table[2], *positions = table[3], *weights = table[4];
    int64_t *chosen = table[6];
    double *J = table[7];
    static double posed[BONES][16], at[4][N], weight[BONES][N], sum[3][N], out[3][T][N];
    static Affine absolute[BONES], poses[BONES], moved[T][3];
    double R[4][3][3], m[12];
    int first[T], count[T];
    turned(theta, R);
    for (int b = 0; b < BONES; b++) {
        int finger = (b - 1) / 4, part = (b - 1) % 4, angles = b > 0 && b <= 20 && part > 0;
        int at_x = 6 + 4 * finger + (part == 1 ? 0 : part), parent = b == 0 ? -1 : b == 21 || part == 0 ? 0 : b - 1;
        Affine relative;
        memcpy(relative, relatives + 16 * b, sizeof relative);
        if (angles) {
            joint(m, theta[at_x], part == 1 ? theta[at_x + 1] : 0, 0);
            times((double(*)[4])posed[b], relative, m, 1);
        } else
            memcpy(posed[b], relative, sizeof relative);
        if (parent < 0)
            memcpy(absolute[b], posed[b], sizeof relative);
        else
            times(absolute[b], absolute[parent], posed[b], 1);
        for (int which = 1; angles && which <= (part == 1 ? 2 : 1); which++) {
            int k = at_x + which - 1;
            Affine d;
            joint(m, theta[at_x], part == 1 ? theta[at_x + 1] : 0, which);
            times(d, relative, m, 0);
            double flat[12];
            memcpy(flat, d, sizeof flat);
            times(moved[k][0], absolute[parent], flat, 0);
            first[k] = b, count[k] = 4 - part;
        }
    }
    for (int k = 6; k < T; k++)
        for (int i = 1; i < count[k]; i++)
            times(moved[k][i], moved[k][i - 1], posed[first[k] + i], 1);
    for (int b = 0; b < BONES; b++)
        times(poses[b], absolute[b], inverses + 16 * b, 1);
    for (int k = 6; k < T; k++)
        for (int i = 0; i < count[k]; i++) {
            Affine all;
            times(all, moved[k][i], inverses + 16 * (first[k] + i), 1);
            memcpy(moved[k][i], all, sizeof all);
            rotate(R[0], moved[k][i]);
        }
    for (int n = 0; n < N; n++) {
        for (int i = 0; i < 4; i++)
            at[i][n] = positions[i * V + chosen[n]];
        for (int b = 0; b < BONES; b++)
            weight[b][n] = weights[b * V + chosen[n]];
    }
    memset(sum, 0, sizeof sum);
    for (int b = 0; b < BONES; b++)
        for (int i = 0; i < 3; i++) {
            double *p = poses[b][i];
#pragma omp simd
            for (int n = 0; n < N; n++)
                sum[i][n] += weight[b][n] * (p[0] * at[0][n] + p[1] * at[1][n] + p[2] * at[2][n] + p[3] * at[3][n]);
        }
    for (int i = 0; i < 3; i++) {
        for (int k = 0; k < 3; k++) {
            double *r = R[k + 1][i];
#pragma omp simd
            for (int n = 0; n < N; n++) {
                out[i][k][n] = -(r[0] * sum[0][n] + r[1] * sum[1][n] + r[2] * sum[2][n]);
                out[i][3 + k][n] = i == k ? -1 : 0;
            }
        }
        for (int k = 6; k < T; k++) {
            double *to = out[i][k];
            for (int j = 0; j < count[k]; j++) {
                double *p = moved[k][j][i], *w = weight[first[k] + j];
#pragma omp simd
                for (int n = 0; n < N; n++)
                    to[n] = (j ? to[n] : 0) - w[n] * (p[0] * at[0][n] + p[1] * at[1][n] + p[2] * at[2][n] + p[3] * at[3][n]);
            }
        }
    }
    for (int n = 0; n < N; n++)
        for (int i = 0; i < 3; i++)
            for (int k = 0; k < T; k++)
                J[(n * 3 + i) * T + k] = out[i][k][n];
    return 0;
}
