"""Base functions of the public suites.

FUNCTIONS: z (length d, optimum at 0 with value 0, scale of BBOB's domain [-5, 5]) -> value.
After Hansen et al. 2009, "Real-parameter black-box optimization benchmarking: noiseless
functions definitions"; conditioning is lower (1e3 instead of 1e6), as in tuning problems. RAW:
(u -> value, minimum). MULTI: (u, away) -> objectives, with `away` in [0, 1] the distance from
the place where the g-function is 0 (Zitzler 2000, Deb 2005).
"""

import numpy as np


def sphere(z):
    return z @ z


def ellipsoid(z):
    d = len(z)
    return np.sum(10 ** (3 * np.arange(d) / max(1, d - 1)) * z * z)


def rastrigin(z):
    return 10 * (len(z) - np.sum(np.cos(2 * np.pi * z / 2))) + z @ z


def attractive_sector(z):
    s = np.where(z > 0, 10.0, 1.0)
    return np.sum((s * z) ** 2) ** 0.9


def step_ellipsoid(z):
    """Plateaus of width 0.5 with a small slope that leads to the optimum."""
    zz = np.where(np.abs(z) > 0.5, np.floor(0.5 + z), np.floor(0.5 + 4 * z) / 4)
    d = len(z)
    return 0.1 * max(
        abs(z[0]) / 1e2, np.sum(10 ** (2 * np.arange(d) / max(1, d - 1)) * zz * zz)
    ) + 1e-3 * (z @ z)


def griewank_rosenbrock(z):
    """Multimodal along a bent valley; z + 1 so that the optimum is at 0."""
    x = z + 1
    if len(x) < 2:
        return z @ z
    s = 100 * (x[:-1] ** 2 - x[1:]) ** 2 + (x[:-1] - 1) ** 2
    return 10 / (len(x) - 1) * np.sum(s / 4000 - np.cos(s)) + 10


def weierstrass(z):
    k = np.arange(12)
    a, b = 0.5**k, 3.0**k
    zz = z / 10
    w = np.sum(a * np.cos(2 * np.pi * b * (zz[:, None] + 0.5))) / len(z)
    return 10 * max(0.0, w - np.sum(a * np.cos(np.pi * b))) ** 3 + 0.05 * (z @ z)


def plateau_valley(z):
    """Saturating loss, as of a divergent learning rate: flat far away, steep near the optimum."""
    return 1 - np.exp(-0.15 * (z @ z) / len(z)) + 0.02 * np.sqrt(z @ z)


FUNCTIONS = {
    f.__name__: f
    for f in (
        sphere,
        ellipsoid,
        rastrigin,
        attractive_sector,
        step_ellipsoid,
        griewank_rosenbrock,
        weierstrass,
        plateau_valley,
    )
}


def branin(u):
    x, y = 15 * u[0] - 5, 15 * u[1]
    return (
        (y - 5.1 / (4 * np.pi**2) * x * x + 5 / np.pi * x - 6) ** 2
        + 10 * (1 - 1 / (8 * np.pi)) * np.cos(x)
        + 10
    )


RAW = {"branin": (branin, 0.39788735772973816)}


def zdt1(u, away):
    g = 1 + 9 * np.mean(away[1:])
    return u[0], g * (1 - np.sqrt(u[0] / g))


def zdt3(u, away):
    g = 1 + 9 * np.mean(away[1:])
    return u[0], g * (1 - np.sqrt(u[0] / g) - u[0] / g * np.sin(10 * np.pi * u[0]))


def dtlz2(u, away):
    g = np.sum(away[2:] ** 2)
    a, b = np.cos(u[:2] * np.pi / 2), np.sin(u[:2] * np.pi / 2)
    return (1 + g) * a[0] * a[1], (1 + g) * a[0] * b[1], (1 + g) * b[0]


def accuracy_cost(u, away):
    """Loss falls with model size (u0) with diminishing returns; the others are tuned for it; cost
    grows with size."""
    g = 3 * np.mean(away[1:] ** 2)
    return 0.05 + 0.9 * np.exp(-3 * u[0]) + g, 10 ** (2 * u[0] - 2) * (1 + 0.5 * away[1])


MULTI = {"zdt1": zdt1, "zdt3": zdt3, "dtlz2": dtlz2, "accuracy_cost": accuracy_cost}
