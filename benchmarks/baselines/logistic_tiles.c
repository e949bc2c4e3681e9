/* The same, eight rows at a time, with what is summed in registers. A row's last vector reaches into the next row, where
 * the weights are zero; the last rows go one by one. */
#include <math.h>
#include <stdint.h>

enum { LANES = 8, W = (D + LANES - 1) / LANES, BLOCK = 64 };
typedef double Vector __attribute__((vector_size(8 * LANES), aligned(8)));
typedef int64_t Places __attribute__((vector_size(8 * LANES)));

static inline Vector folded(Vector a, Vector b, Places low, Places high)
{
    return __builtin_shuffle(a, b, low) + __builtin_shuffle(a, b, high);
}

/* The sums of eight vectors, as one vector. */
static inline Vector sums(const Vector s[LANES])
{
    const Places low1 = {0, 8, 2, 10, 4, 12, 6, 14}, high1 = {1, 9, 3, 11, 5, 13, 7, 15};
    const Places low2 = {0, 1, 8, 9, 4, 5, 12, 13}, high2 = {2, 3, 10, 11, 6, 7, 14, 15};
    const Places low4 = {0, 1, 2, 3, 8, 9, 10, 11}, high4 = {4, 5, 6, 7, 12, 13, 14, 15};
    Vector a = folded(s[0], s[1], low1, high1), b = folded(s[2], s[3], low1, high1);
    Vector c = folded(s[4], s[5], low1, high1), d = folded(s[6], s[7], low1, high1);
    return folded(folded(a, b, low2, high2), folded(c, d, low2, high2), low4, high4);
}

static double weighed(double *p, const double *signs, int rows)
{
    double loss = 0;
#pragma omp simd reduction(+ : loss)
    for (int i = 0; i < rows; i++) {
        double m = p[i] * signs[i], e = exp(-fabs(m));
        loss += log1p(e) + (m < 0 ? -m : 0);
        p[i] = (m > 0 ? e : 1) / (1 + e) * signs[i];
    }
    return loss;
}

int64_t kernel(void **table)
{
    double *w = table[0], *X = table[1], *signs = table[2], *g = table[4], loss = 0, p[BLOCK];
    Vector weights[W] = {{0}}, total[W] = {{0}};
    for (int j = 0; j < D; j++) {
        ((double *)weights)[j] = w[j];
        loss += 0.5 * w[j] * w[j];
    }
    int start = 0;
    for (; start + BLOCK < N; start += BLOCK) {
        double *block = X + (int64_t)start * D;
        for (int i = 0; i < BLOCK; i += LANES) {
            Vector s[LANES];
            for (int r = 0; r < LANES; r++) {
                double *row = block + (i + r) * D;
                s[r] = *(Vector *)row * weights[0];
                for (int v = 1; v < W; v++)
                    s[r] += *(Vector *)(row + LANES * v) * weights[v];
            }
            *(Vector *)(p + i) = sums(s);
        }
        loss += weighed(p, signs + start, BLOCK);
        for (int v = 0; v < W; v++) {
            Vector t = total[v];
            for (int i = 0; i < BLOCK; i++)
                t -= p[i] * *(Vector *)(block + i * D + LANES * v);
            total[v] = t;
        }
    }
    for (int j = 0; j < D; j++)
        g[j] = w[j] + ((double *)total)[j];
    for (; start < N; start++) {
        double *row = X + (int64_t)start * D, m = 0;
        for (int j = 0; j < D; j++)
            m += row[j] * w[j];
        loss += weighed(&m, signs + start, 1);
        for (int j = 0; j < D; j++)
            g[j] -= m * row[j];
    }
    *(double *)table[3] = loss;
    return 0;
}
