/* (a b + c)^2 of three numbers: value and gradient. */
#include <stdint.h>

int64_t kernel(void **table)
{
    double a = *(double *)table[0], b = *(double *)table[1], c = *(double *)table[2];
    double s = a * b + c;
    *(double *)table[3] = s * s;
    *(double *)table[4] = 2 * s * b;
    *(double *)table[5] = 2 * s * a;
    *(double *)table[6] = 2 * s;
    return 0;
}
