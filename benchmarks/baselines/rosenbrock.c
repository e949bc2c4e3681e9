/* The chained Rosenbrock function of N variables: value and gradient. */
#include <stdint.h>

int64_t kernel(void **table)
{
    double *x = table[0], *g = table[2], sum = 0;
    g[0] = -400 * x[0] * (x[1] - x[0] * x[0]) - 2 * (1 - x[0]);
    g[N - 1] = 200 * (x[N - 1] - x[N - 2] * x[N - 2]);
#pragma omp simd reduction(+ : sum)
    for (int i = 0; i < N - 1; i++) {
        double r = x[i + 1] - x[i] * x[i], q = 1 - x[i];
        sum += 100 * r * r + q * q;
    }
#pragma omp simd
    for (int i = 1; i < N - 1; i++)
        g[i] = 200 * (x[i] - x[i - 1] * x[i - 1]) - 400 * x[i] * (x[i + 1] - x[i] * x[i]) - 2 * (1 - x[i]);
    *(double *)table[1] = sum;
    return 0;
}
