/* The sine by its series, until a term is small: value and derivative, forwards. */
#include <math.h>
#include <stdint.h>

int64_t kernel(void **table)
{
    double x = *(double *)table[0];
    double sum = x, term = x, dsum = 1, dterm = 1;
    for (int i = 0; fabs(term) > 1e-3; i++) {
        double over = (2 * i + 3) * (2 * i + 2);
        dterm = -(dterm * x * x + term * 2 * x) / over;
        term = -term * x * x / over;
        sum += term;
        dsum += dterm;
    }
    *(double *)table[1] = sum;
    *(double *)table[2] = dsum;
    return 0;
}
