/* The loss of a logistic regression, N rows of D: value and gradient, each row read once. */
#include <math.h>
#include <stdint.h>

int64_t kernel(void **table)
{
    double *w = table[0], *X = table[1], *signs = table[2], *g = table[4];
    double loss = 0;
    for (int j = 0; j < D; j++) {
        g[j] = w[j];
        loss += 0.5 * w[j] * w[j];
    }
    for (int i = 0; i < N; i++) {
        double *row = X + (int64_t)i * D, m = 0;
#pragma omp simd reduction(+ : m)
        for (int j = 0; j < D; j++)
            m += row[j] * w[j];
        m *= signs[i];
        double e = exp(-fabs(m)), p = (m > 0 ? e : 1) / (1 + e) * signs[i];
        loss += log1p(e) + (m < 0 ? -m : 0);
#pragma omp simd
        for (int j = 0; j < D; j++)
            g[j] -= p * row[j];
    }
    *(double *)table[3] = loss;
    return 0;
}
