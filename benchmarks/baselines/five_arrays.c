/* sum((a b + c)^2 d + e) of five arrays of N entries: value and five gradients. */
#include <stdint.h>

int64_t kernel(void **table)
{
    double *a = table[0], *b = table[1], *c = table[2], *d = table[3], *e = table[4];
    double *ga = table[6], *gb = table[7], *gc = table[8], *gd = table[9], *ge = table[10];
    double sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int i = 0; i < N; i++) {
        double s = a[i] * b[i] + c[i], g = 2 * s * d[i];
        sum += s * s * d[i] + e[i];
        ga[i] = g * b[i];
        gb[i] = g * a[i];
        gc[i] = g;
        gd[i] = s * s;
        ge[i] = 1;
    }
    *(double *)table[5] = sum;
    return 0;
}
