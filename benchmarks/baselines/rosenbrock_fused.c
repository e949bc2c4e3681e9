/* The same in one loop. */
#include <stdint.h>

int64_t kernel(void **table)
{
    double *restrict x = table[0], *restrict g = table[2];
    double r0 = x[1] - x[0] * x[0], sum = 100 * r0 * r0 + (1 - x[0]) * (1 - x[0]);
    g[0] = -400 * x[0] * r0 - 2 * (1 - x[0]);
#pragma omp simd reduction(+ : sum)
    for (int i = 1; i < N - 1; i++) {
        double r = x[i + 1] - x[i] * x[i], q = 1 - x[i];
        sum += 100 * r * r + q * q;
        g[i] = 200 * (x[i] - x[i - 1] * x[i - 1]) - 400 * x[i] * r - 2 * q;
    }
    g[N - 1] = 200 * (x[N - 1] - x[N - 2] * x[N - 2]);
    *(double *)table[1] = sum;
    return 0;
}
