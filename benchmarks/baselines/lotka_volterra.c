/* N steps of Runge and Kutta for prey and predator: the last sum, and its gradient in the start and four rates. */
#include <stdint.h>

static const double h = 0.01;

static inline void rate(const double *p, double u, double v, double *du, double *dv)
{
    *du = u * (p[0] - p[1] * v);
    *dv = v * (p[2] * u - p[3]);
}

/* The cotangent (gu, gv) of a rate goes to the state and to the rates. */
static inline void back(const double *p, double *gp, double u, double v, double gu, double gv, double *au, double *av)
{
    *au += gu * (p[0] - p[1] * v) + gv * v * p[2];
    *av += gv * (p[2] * u - p[3]) - gu * u * p[1];
    gp[0] += gu * u;
    gp[1] -= gu * u * v;
    gp[2] += gv * u * v;
    gp[3] -= gv * v;
}

int64_t kernel(void **table)
{
    static double us[N], vs[N];
    double *start = table[0], *p = table[1], *gs = table[3], *gp = table[4];
    double u = start[0], v = start[1], k1, l1, k2, l2, k3, l3, k4, l4;
    for (int i = 0; i < N; i++) {
        us[i] = u, vs[i] = v;
        rate(p, u, v, &k1, &l1);
        rate(p, u + h / 2 * k1, v + h / 2 * l1, &k2, &l2);
        rate(p, u + h / 2 * k2, v + h / 2 * l2, &k3, &l3);
        rate(p, u + h * k3, v + h * l3, &k4, &l4);
        u += h / 6 * (k1 + 2 * k2 + 2 * k3 + k4);
        v += h / 6 * (l1 + 2 * l2 + 2 * l3 + l4);
    }
    double gu = 1, gv = 1, g[4] = {0, 0, 0, 0};
    for (int i = N - 1; i >= 0; i--) {
        double a = us[i], b = vs[i], au, av, mu = gu * h / 6, mv = gv * h / 6;
        rate(p, a, b, &k1, &l1);
        rate(p, a + h / 2 * k1, b + h / 2 * l1, &k2, &l2);
        rate(p, a + h / 2 * k2, b + h / 2 * l2, &k3, &l3);
        au = av = 0;
        back(p, g, a + h * k3, b + h * l3, mu, mv, &au, &av);
        gu += au, gv += av;
        double nu = 2 * mu + h * au, nv = 2 * mv + h * av;
        au = av = 0;
        back(p, g, a + h / 2 * k2, b + h / 2 * l2, nu, nv, &au, &av);
        gu += au, gv += av;
        nu = 2 * mu + h / 2 * au, nv = 2 * mv + h / 2 * av;
        au = av = 0;
        back(p, g, a + h / 2 * k1, b + h / 2 * l1, nu, nv, &au, &av);
        gu += au, gv += av;
        nu = mu + h / 2 * au, nv = mv + h / 2 * av;
        au = av = 0;
        back(p, g, a, b, nu, nv, &au, &av);
        gu += au, gv += av;
    }
    *(double *)table[2] = u + v;
    gs[0] = gu, gs[1] = gv;
    for (int j = 0; j < 4; j++)
        gp[j] = g[j];
    return 0;
}
