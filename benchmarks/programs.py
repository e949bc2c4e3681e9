"""The programs that are timed, written once for every library: ``np`` is whatever speaks NumPy."""

from __future__ import annotations


def scalar_chain(np):
    """125 operations on one number."""

    def f(x):
        y = x
        for _ in range(25):
            y = y * 1.01 + x
            y = np.sin(y)
            y = y * x - 0.3
        return y

    return f


def mixed_vector(np):
    """12 operations on a vector: exp, sin, tanh, sqrt, log1p among them."""

    def f(x):
        a = np.exp(-x * x)
        b = np.sin(x) + np.tanh(x * a)
        c = np.sqrt(1.0 + b * b)
        return np.sum(np.log1p(c) * a)

    return f


def logistic(np, X, signs):
    """The stable loss of a logistic regression, with an L2 penalty."""

    def f(w):
        return np.sum(np.logaddexp(0.0, -signs * (X @ w))) + 0.5 * np.sum(w**2)

    return f


def logistic_by_hand(np, X, signs):
    """Value and gradient of ``logistic`` on paper, sharing what can be shared."""

    def f(w):
        margins = signs * (X @ w)
        losses = np.logaddexp(0.0, -margins)
        weights = -signs * np.exp(-margins - losses)
        return np.sum(losses) + 0.5 * np.sum(w**2), X.T @ weights + w

    return f


def tridiagonal(np):
    """Each result depends on three neighbours."""

    def f(x):
        inner = x[1:-1] ** 2 - x[:-2] * x[2:]
        return np.concatenate([x[:1] ** 2, inner, x[-1:] ** 2])

    return f


def rosenbrock(np):
    """The chained Rosenbrock function."""

    def f(x):
        return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)

    return f


def all_of_an_svd(np):
    """A function of U, s and V together."""

    def f(A):
        U, s, Vh = np.linalg.svd(A, full_matrices=False)
        return np.sum(U * A) + np.sum(s * s) + np.sum(Vh * A)

    return f


def gaussian(np, b):
    """Minus the logarithm of a Gaussian density, as a function of the covariance: Cholesky, solve, logarithms."""

    def f(A):
        L = np.linalg.cholesky(A)
        z = np.linalg.solve(L, b)
        return 0.5 * np.sum(z * z) + np.sum(np.log(np.diag(L)))

    return f


def inverse(np):
    """A function of the inverse and of the determinant."""

    def f(A):
        return np.sum(np.linalg.inv(A) ** 2) + np.linalg.slogdet(A)[1]

    return f


def spectrum(np):
    """A function of the eigenvalues and eigenvectors of a symmetric matrix."""

    def f(A):
        w, V = np.linalg.eigh(A)
        return np.sum(w**3) + np.sum(V[:, 0] ** 4)

    return f


def filtered(np, response):
    """The energy of a signal that went through a filter: two real Fourier transforms, complex between them."""

    def f(x):
        return np.sum(np.fft.irfft(response * np.fft.rfft(x)) ** 2)

    return f


def power_spectrum(np):
    """The logarithms of the powers at all frequencies."""

    def f(x):
        return np.sum(np.log(1.0 + np.abs(np.fft.fft(x)) ** 2))

    return f
