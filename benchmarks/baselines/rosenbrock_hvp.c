/* The Hessian of the chained Rosenbrock function of N variables, times a vector. */
#include <stdint.h>

int64_t kernel(void **table)
{
    double *restrict x = table[0], *restrict t = table[1], *restrict y = table[2];
    y[0] = (1200 * x[0] * x[0] - 400 * x[1] + 2) * t[0] - 400 * x[0] * t[1];
#pragma omp simd
    for (int i = 1; i < N - 1; i++)
        y[i] = (1200 * x[i] * x[i] - 400 * x[i + 1] + 202) * t[i] - 400 * (x[i] * t[i + 1] + x[i - 1] * t[i - 1]);
    y[N - 1] = 200 * t[N - 1] - 400 * x[N - 2] * t[N - 2];
    return 0;
}
