/* The dense Jacobian of x[i]^2 - x[i - 1] x[i + 1], and of x[i]^2 at both ends, N variables. */
#include <stdint.h>
#include <string.h>

int64_t kernel(void **table)
{
    double *x = table[0], *J = table[1];
    memset(J, 0, sizeof(double) * N * N);
    J[0] = 2 * x[0];
    for (int i = 1; i < N - 1; i++) {
        J[i * N + i - 1] = -x[i + 1];
        J[i * N + i] = 2 * x[i];
        J[i * N + i + 1] = -x[i - 1];
    }
    J[N * N - 1] = 2 * x[N - 1];
    return 0;
}
