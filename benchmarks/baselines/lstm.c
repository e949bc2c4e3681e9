/* The recurrent network of ADBench, L layers of B entries, N characters: the loss, and its gradient in all weights.
 * Rows are padded to whole vectors. */
#include <math.h>
#include <stdint.h>
#include <string.h>

enum { W = (B + 7) / 8 * 8 };
enum { FORGET, KEEP, OUT, CHANGE, FROM, CELL, TANH, X };

static void padded(int rows, double *to, const double *from)
{
    for (int r = 0; r < rows; r++)
        for (int i = 0; i < W; i++)
            to[r * W + i] = i < B ? from[r * B + i] : 0;
}

static void cut(int rows, double *to, const double *from)
{
    for (int r = 0; r < rows; r++)
        memcpy(to + r * B, from + r * W, sizeof(double) * B);
}

int64_t kernel(void **table)
{
    static double kept[N][L][8][W], shares[N][W], shown[N][W], text[N][W]; /* a step's gates, and what made them */
    static double w[L][2][4][W], gw[L][2][4][W], extra[3][W], ge[3][W], state[L][2][W];
    double total = 0, gh[L][W] = {0}, gc[L][W] = {0};
    const double scale = -1.0 / ((N - 1) * B), spare = W - B;
    padded(L * 8, w[0][0][0], table[0]);
    padded(3, extra[0], table[1]);
    padded(2 * L, state[0][0], table[2]);
    padded(N, text[0], table[3]);
    memset(gw, 0, sizeof gw);
    memset(ge, 0, sizeof ge);
    for (int t = 0; t < N - 1; t++) {
        double x[W], sum = 2 - spare, gold = 0, right = 0, *wanted = text[t + 1]; /* a spare entry's exponential is 1 */
        for (int i = 0; i < W; i++)
            x[i] = text[t][i] * extra[0][i];
        for (int l = 0; l < L; l++) {
            double (*k)[W] = kept[t][l], (*a)[W] = w[l][0], (*b)[W] = w[l][1], *hidden = state[l][0], *cell = state[l][1];
#pragma omp simd
            for (int i = 0; i < W; i++) {
                k[X][i] = x[i], k[FROM][i] = hidden[i], k[CELL][i] = cell[i];
                k[FORGET][i] = 1 / (1 + exp(-(x[i] * a[0][i] + b[0][i])));
                k[KEEP][i] = 1 / (1 + exp(-(hidden[i] * a[1][i] + b[1][i])));
                k[OUT][i] = 1 / (1 + exp(-(x[i] * a[2][i] + b[2][i])));
                k[CHANGE][i] = tanh(hidden[i] * a[3][i] + b[3][i]);
                cell[i] = cell[i] * k[FORGET][i] + k[KEEP][i] * k[CHANGE][i];
                k[TANH][i] = tanh(cell[i]);
                x[i] = hidden[i] = k[OUT][i] * k[TANH][i];
            }
        }
#pragma omp simd reduction(+ : sum, gold, right)
        for (int i = 0; i < W; i++) {
            double foretold = x[i] * extra[1][i] + extra[2][i];
            shown[t][i] = x[i];
            shares[t][i] = exp(foretold);
            sum += shares[t][i];
            gold += wanted[i];
            right += wanted[i] * foretold;
        }
        total += right - gold * log(sum);
        double share = gold / sum;
        for (int i = 0; i < W; i++)
            shares[t][i] = scale * (wanted[i] - share * shares[t][i]);
    }
    for (int t = N - 2; t >= 0; t--) {
        double g[W];
#pragma omp simd
        for (int i = 0; i < W; i++) {
            ge[1][i] += shares[t][i] * shown[t][i];
            ge[2][i] += shares[t][i];
            g[i] = shares[t][i] * extra[1][i];
        }
        for (int l = L - 1; l >= 0; l--) {
            double (*k)[W] = kept[t][l], (*a)[W] = w[l][0], (*ga)[W] = gw[l][0], (*gb)[W] = gw[l][1];
#pragma omp simd
            for (int i = 0; i < W; i++) {
                double f = k[FORGET][i], in = k[KEEP][i], out = k[OUT][i], change = k[CHANGE][i], h = k[TANH][i];
                double gx = g[i] + gh[l][i], c = gc[l][i] + gx * out * (1 - h * h);
                double df = c * k[CELL][i] * f * (1 - f), di = c * change * in * (1 - in);
                double dout = gx * h * out * (1 - out), dc = c * in * (1 - change * change);
                ga[0][i] += df * k[X][i], gb[0][i] += df;
                ga[1][i] += di * k[FROM][i], gb[1][i] += di;
                ga[2][i] += dout * k[X][i], gb[2][i] += dout;
                ga[3][i] += dc * k[FROM][i], gb[3][i] += dc;
                g[i] = df * a[0][i] + dout * a[2][i];
                gh[l][i] = di * a[1][i] + dc * a[3][i];
                gc[l][i] = c * f;
            }
        }
        for (int i = 0; i < W; i++)
            ge[0][i] += g[i] * text[t][i];
    }
    *(double *)table[4] = scale * total;
    cut(L * 8, table[5], gw[0][0][0]);
    cut(3, table[6], ge[0]);
    return 0;
}
