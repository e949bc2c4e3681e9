/* N rounds of y <- sin(1.01 y + x) x - 0.3: value and derivative, backwards over what was kept. */
#include <math.h>
#include <stdint.h>

int64_t kernel(void **table)
{
    double x = *(double *)table[0], y = x, kept[N], sines[N];
    for (int i = 0; i < N; i++) {
        kept[i] = y * 1.01 + x;
        sines[i] = sin(kept[i]);
        y = sines[i] * x - 0.3;
    }
    double g = 1, gx = 0;
    for (int i = N - 1; i >= 0; i--) {
        gx += g * sines[i];
        double inside = g * x * cos(kept[i]);
        gx += inside;
        g = inside * 1.01;
    }
    *(double *)table[1] = y;
    *(double *)table[2] = gx + g;
    return 0;
}
