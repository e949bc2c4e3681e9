/* The Gaussian mixture of ADBench, N points of D coordinates, C components: value and three gradients. What is below
 * the diagonal of a component's root comes by columns. */
#include <math.h>
#include <stdint.h>
#include <string.h>

enum { L = D * (D - 1) / 2, I = D + L };

/* Where row j, column l < j is among a component's numbers. */
#define BELOW(j, l) (D + (l) * D - (l) * ((l) + 1) / 2 + (j) - (l) - 1)

static double constant(double gamma, double m)
{
    double n = D + m + 1, prior = n * D * (log(gamma) - 0.5 * log(2)) - 0.25 * D * (D - 1) * log(M_PI);
    for (int j = 0; j < D; j++)
        prior -= lgamma(0.5 * n - 0.5 * j);
    return -0.5 * N * D * log(2 * M_PI) - C * prior;
}

int64_t kernel(void **table)
{
    double *alphas = table[0], *means = table[1], *icf = table[2], *points = table[3];
    double *ga = table[5], *gm = table[6], *gi = table[7];
    static double Q[C][D][D], gQ[C][D][D], inner[C], Qx[C][D], xc[C][D];
    double sums[C], most, all;
    const double gamma = 1.0, m = 0.0;
    double total = constant(gamma, m);
    memset(gQ, 0, sizeof gQ);
    memset(gm, 0, sizeof(double) * C * D);
    for (int k = 0; k < C; k++) {
        double *f = icf + k * I;
        sums[k] = 0;
        for (int j = 0; j < D; j++) {
            sums[k] += f[j];
            for (int l = 0; l < D; l++)
                Q[k][j][l] = l < j ? f[BELOW(j, l)] : l == j ? exp(f[j]) : 0;
        }
        ga[k] = 0;
    }
    for (int i = 0; i < N; i++) {
        double *x = points + i * D;
        most = -INFINITY;
        for (int k = 0; k < C; k++) {
            double square = 0;
            for (int j = 0; j < D; j++)
                xc[k][j] = x[j] - means[k * D + j];
            for (int j = 0; j < D; j++) {
                double s = 0;
                for (int l = 0; l <= j; l++)
                    s += Q[k][j][l] * xc[k][l];
                Qx[k][j] = s;
                square += s * s;
            }
            inner[k] = alphas[k] + sums[k] - 0.5 * square;
            most = inner[k] > most ? inner[k] : most;
        }
        all = 0;
        for (int k = 0; k < C; k++)
            all += inner[k] = exp(inner[k] - most);
        total += log(all) + most;
        for (int k = 0; k < C; k++) {
            double weight = inner[k] / all;
            ga[k] += weight;
            for (int j = 0; j < D; j++) {
                double g = weight * Qx[k][j];
                for (int l = 0; l <= j; l++) {
                    gQ[k][j][l] -= g * xc[k][l];
                    gm[k * D + l] += g * Q[k][j][l];
                }
            }
        }
    }
    most = -INFINITY, all = 0;
    for (int k = 0; k < C; k++)
        most = alphas[k] > most ? alphas[k] : most;
    for (int k = 0; k < C; k++)
        all += exp(alphas[k] - most);
    total -= N * (log(all) + most);
    for (int k = 0; k < C; k++) {
        double *g = gi + k * I, squares = 0;
        for (int j = 0; j < D; j++) {
            double q = Q[k][j][j];
            squares += q * q;
            g[j] = gQ[k][j][j] * q + ga[k] + gamma * gamma * q * q - m;
            for (int l = 0; l < j; l++) {
                double e = Q[k][j][l];
                squares += e * e;
                g[BELOW(j, l)] = gQ[k][j][l] + gamma * gamma * e;
            }
        }
        total += 0.5 * gamma * gamma * squares - m * sums[k];
        ga[k] -= N * exp(alphas[k] - most) / all;
    }
    *(double *)table[4] = total;
    return 0;
}
