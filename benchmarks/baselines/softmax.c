/* The cross-entropy of a softmax, N rows of D: value and gradient, each row read once. */
#include <math.h>
#include <stdint.h>

int64_t kernel(void **table)
{
    double *Z = table[0], *wanted = table[1], *G = table[3], sum = 0;
    for (int64_t i = 0; i < N; i++) {
        double *z = Z + i * D, *y = wanted + i * D, *g = G + i * D, most = z[0], total = 0, right = 0;
#pragma omp simd reduction(max : most)
        for (int j = 0; j < D; j++)
            most = most > z[j] ? most : z[j];
#pragma omp simd reduction(+ : total, right)
        for (int j = 0; j < D; j++) {
            double e = exp(z[j] - most);
            g[j] = e;
            total += e;
            right += z[j] * y[j];
        }
        sum += log(total) + most - right;
        double over = 1 / total;
#pragma omp simd
        for (int j = 0; j < D; j++)
            g[j] = g[j] * over - y[j];
    }
    *(double *)table[2] = sum;
    return 0;
}
