/* The dense Hessian of the chained Rosenbrock function of N variables. */
#include <stdint.h>
#include <string.h>

int64_t kernel(void **table)
{
    double *x = table[0], *H = table[1];
    memset(H, 0, sizeof(double) * N * N);
    for (int i = 0; i < N; i++) {
        H[i * N + i] = (i < N - 1 ? 1200 * x[i] * x[i] - 400 * x[i + 1] + 2 : 0) + (i > 0 ? 200 : 0);
        if (i < N - 1)
            H[i * N + i + 1] = H[(i + 1) * N + i] = -400 * x[i];
    }
    return 0;
}
