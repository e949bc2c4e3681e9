/* The same, points in the lanes. Backwards a component takes the sums of w, of w x and of w x x' alone, x the distance
 * of a point from its mean: with S the last of them and Q the root, -Q S is the gradient by Q, and Q'Q times the
 * second that by the mean. */
#include <math.h>
#include <stdint.h>
#include <string.h>

enum { L = D * (D - 1) / 2, I = D + L, LANES = 8, VECTORS = 8, BLOCK = LANES * VECTORS };
typedef double Vector __attribute__((vector_size(8 * LANES)));

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
    static double Q[C][D][D], inner[C][BLOCK], coordinates[D][BLOCK], firsts[C];
    static Vector second[C][D][D], first[C][D], zeroth[C];
    const double gamma = 1.0, m = 0.0;
    double sums[C], most, all, total = constant(gamma, m);
    memset(second, 0, sizeof second);
    memset(first, 0, sizeof first);
    memset(zeroth, 0, sizeof zeroth);
    for (int k = 0; k < C; k++) {
        double *f = icf + k * I;
        sums[k] = 0;
        for (int j = 0; j < D; j++) {
            sums[k] += f[j];
            for (int l = 0; l < D; l++)
                Q[k][j][l] = l < j ? f[BELOW(j, l)] : l == j ? exp(f[j]) : 0;
        }
        firsts[k] = alphas[k] + sums[k];
    }
    for (int start = 0; start < N; start += BLOCK) {
        int count = N - start < BLOCK ? N - start : BLOCK;
        double tops[BLOCK], over[BLOCK];
        for (int b = 0; b < count; b++)
            for (int j = 0; j < D; j++)
                coordinates[j][b] = points[(start + b) * D + j];
        for (int b = 0; b < BLOCK; b++)
            tops[b] = -INFINITY, over[b] = 0;
        for (int k = 0; k < C; k++)
            for (int v = 0; v < VECTORS; v++) {
                Vector x[D], squares = {0};
                for (int j = 0; j < D; j++)
                    x[j] = ((Vector *)coordinates[j])[v] - means[k * D + j];
                for (int j = 0; j < D; j++) {
                    Vector s = {0};
                    for (int l = 0; l <= j; l++)
                        s += Q[k][j][l] * x[l];
                    squares += s * s;
                }
                ((Vector *)inner[k])[v] = firsts[k] - 0.5 * squares;
            }
        for (int k = 0; k < C; k++)
            for (int b = 0; b < BLOCK; b++)
                tops[b] = tops[b] > inner[k][b] ? tops[b] : inner[k][b];
        for (int k = 0; k < C; k++)
            for (int b = 0; b < BLOCK; b++) {
                inner[k][b] = exp(inner[k][b] - tops[b]);
                over[b] += inner[k][b];
            }
        for (int b = 0; b < count; b++)
            total += log(over[b]) + tops[b];
        for (int b = 0; b < BLOCK; b++)
            over[b] = b < count ? 1 / over[b] : 0;
        for (int k = 0; k < C; k++) {
            Vector x[D][VECTORS], w[VECTORS];
            for (int v = 0; v < VECTORS; v++) {
                w[v] = ((Vector *)inner[k])[v] * ((Vector *)over)[v];
                zeroth[k] += w[v];
            }
            for (int j = 0; j < D; j++) {
                Vector wx[VECTORS];
                for (int v = 0; v < VECTORS; v++) {
                    x[j][v] = ((Vector *)coordinates[j])[v] - means[k * D + j];
                    wx[v] = w[v] * x[j][v];
                    first[k][j] += wx[v];
                }
                for (int l = 0; l <= j; l++) {
                    Vector s = second[k][j][l];
                    for (int v = 0; v < VECTORS; v++)
                        s += wx[v] * x[l][v];
                    second[k][j][l] = s;
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
        double *g = gi + k * I, squares = 0, S[D][D], at[D], weight = 0;
        for (int i = 0; i < LANES; i++)
            weight += zeroth[k][i];
        for (int j = 0; j < D; j++) {
            at[j] = 0;
            for (int i = 0; i < LANES; i++)
                at[j] += first[k][j][i];
            for (int l = 0; l <= j; l++) {
                S[j][l] = 0;
                for (int i = 0; i < LANES; i++)
                    S[j][l] += second[k][j][l][i];
                S[l][j] = S[j][l];
            }
        }
        for (int l = 0; l < D; l++)
            gm[k * D + l] = 0;
        for (int j = 0; j < D; j++) {
            double q = Q[k][j][j], mapped = 0, row[D];
            for (int l = 0; l <= j; l++)
                row[l] = 0;
            for (int i = 0; i <= j; i++) {
                mapped += Q[k][j][i] * at[i];
                for (int l = 0; l <= j; l++)
                    row[l] -= Q[k][j][i] * S[i][l];
            }
            for (int l = 0; l <= j; l++)
                gm[k * D + l] += mapped * Q[k][j][l];
            squares += q * q;
            g[j] = row[j] * q + weight + gamma * gamma * q * q - m;
            for (int l = 0; l < j; l++) {
                double e = Q[k][j][l];
                squares += e * e;
                g[BELOW(j, l)] = row[l] + gamma * gamma * e;
            }
        }
        total += 0.5 * gamma * gamma * squares - m * sums[k];
        ga[k] = weight - N * exp(alphas[k] - most) / all;
    }
    *(double *)table[4] = total;
    return 0;
}
