/* The same, in blocks of rows: products, then weights of the whole block by SIMD functions, then the gradient. */
#include <math.h>
#include <stdint.h>

enum { BLOCK = 64 };

int64_t kernel(void **table)
{
    double *w = table[0], *X = table[1], *signs = table[2], *g = table[4];
    double loss = 0, p[BLOCK];
    for (int j = 0; j < D; j++) {
        g[j] = w[j];
        loss += 0.5 * w[j] * w[j];
    }
    for (int start = 0; start < N; start += BLOCK) {
        int rows = N - start < BLOCK ? N - start : BLOCK;
        double *block = X + (int64_t)start * D;
        for (int i = 0; i < rows; i++) {
            double m = 0;
#pragma omp simd reduction(+ : m)
            for (int j = 0; j < D; j++)
                m += block[i * D + j] * w[j];
            p[i] = m * signs[start + i];
        }
#pragma omp simd reduction(+ : loss)
        for (int i = 0; i < rows; i++) {
            double m = p[i], e = exp(-fabs(m));
            loss += log1p(e) + (m < 0 ? -m : 0);
            p[i] = (m > 0 ? e : 1) / (1 + e) * signs[start + i];
        }
        for (int i = 0; i < rows; i++)
#pragma omp simd
            for (int j = 0; j < D; j++)
                g[j] -= p[i] * block[i * D + j];
    }
    *(double *)table[3] = loss;
    return 0;
}
