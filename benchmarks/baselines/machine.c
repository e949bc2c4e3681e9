/* What the machine can do, one measurement a call: which, and of how many numbers or bytes, stands in the table. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

typedef double Vector __attribute__((vector_size(64), aligned(8)));

static double reading(double *memory, int64_t count)
{
    Vector a = {0}, b = {0}, c = {0}, d = {0};
    for (int64_t i = 0; i + 32 <= count; i += 32) {
        a += *(Vector *)(memory + i);
        b += *(Vector *)(memory + i + 8);
        c += *(Vector *)(memory + i + 16);
        d += *(Vector *)(memory + i + 24);
    }
    a += b + c + d;
    return a[0] + a[1] + a[2] + a[3] + a[4] + a[5] + a[6] + a[7];
}

static void writing(double *memory, int64_t count, double x)
{
    Vector a = x - (Vector){0};
    for (int64_t i = 0; i + 8 <= count; i += 8) {
        *(Vector *)(memory + i) = a;
        __asm__ volatile("" ::: "memory"); /* a loop, and no call of memset */
    }
}

static double multiplying(int64_t count, double x)
{
    Vector a = x - (Vector){0}, b = a, c = a, d = a, e = a, f = a, g = a, h = a, y = a, z = 0.3 * a;
    for (int64_t i = 0; i < count; i += 64) {
        a = a * y + z, b = b * y + z, c = c * y + z, d = d * y + z;
        e = e * y + z, f = f * y + z, g = g * y + z, h = h * y + z;
    }
    a += b + c + d + e + f + g + h;
    return a[0] + a[1] + a[2] + a[3] + a[4] + a[5] + a[6] + a[7];
}

static void exponentials(double *restrict memory, int64_t count)
{
    for (int64_t i = 0; i < count; i += 1024)
#pragma omp simd
        for (int k = 0; k < 1024; k++)
            memory[k] = exp(memory[k] * 1e-9);
}

static void divisions(double *restrict memory, int64_t count)
{
    for (int64_t i = 0; i < count; i += 1024)
#pragma omp simd
        for (int k = 0; k < 1024; k++)
            memory[k] = 1.0 / (memory[k] + 1.5);
}

int64_t kernel(void **table)
{
    double *memory = table[0], *told = table[3], x = *told;
    int64_t what = *(int64_t *)table[1], count = *(int64_t *)table[2];
    switch (what) {
    case 0:
        *told = reading(memory, count);
        break;
    case 1:
        writing(memory, count, x);
        break;
    case 2:
        *told = multiplying(count, x);
        break;
    case 3:
        exponentials(memory, count);
        break;
    case 4:
        divisions(memory, count);
        break;
    case 5: /* sums and products, each of the one before */
        for (int64_t i = 0; i < count; i++)
            x = fma(x, 0.999, 1e-3);
        *told = x;
        break;
    case 6: /* sines, each of the one before */
        for (int64_t i = 0; i < count; i++)
            x = sin(x + 0.5);
        *told = x;
        break;
    case 7: { /* pages that were not there */
        volatile char *fresh = malloc(count);
        for (int64_t i = 0; i < count; i += 4096)
            fresh[i] = 1;
        free((void *)fresh);
    }
    }
    return 0;
}
