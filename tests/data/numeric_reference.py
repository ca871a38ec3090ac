#!/usr/bin/env python3
"""Reference values of test_numeric.c: elementary functions at 50 digits, as C rows {x, value}."""
from mpmath import mp, mpf, cos, erfc, exp, expm1, log, log1p, npdf, sin, sqrt

mp.dps = 50


def normal_cdf(z):
    return erfc(-z / sqrt(2)) / 2


def erfcx(x):
    with mp.workdps(400):
        return exp(x * x) * erfc(x)


CASES = {
    "exp": (exp, [
        -745.0, -708.3, -300.25, -20.0, -1.0, -0.35, -1e-10, 1e-17, 0.1, 0.34, 0.36, 1.0,
        2.718281828, 33.3, 709.7
    ]),
    "expm1": (expm1, [
        -39.0, -5.0, -0.5, -0.3466, -0.34, -1e-3, -1e-12, 1e-300, 1e-5, 0.2, 0.35, 0.7, 3.0, 39.5,
        41.0, 700.0
    ]),
    "log": (log, [
        5e-324, 1e-310, 1e-300, 1e-5, 0.1, 0.5, 0.7, 0.7072, 0.99, 0.9999999, 1.0000001, 1.01,
        1.41, 1.42, 2.0, 3.0, 1e10, 1.7e308
    ]),
    "log1p": (log1p, [
        -0.9999999, -0.9, -0.5, -0.1, -1e-5, -1e-16, 1e-300, 1e-16, 1e-8, 0.01, 0.4, 1.0, 3.5,
        1e10, 1e200
    ]),
    "sin": (sin, [
        1e-8, 0.1, 0.785, 0.786, 1.0, 1.5707, 2.0, 3.14159, 4.0, 6.28, 10.5, 100.0, 12345.678,
        999999.5, -0.3, -2.5
    ]),
    "cos": (cos, [
        1e-8, 0.1, 0.785, 0.786, 1.0, 1.5707, 2.0, 3.14159, 4.0, 6.28, 10.5, 100.0, 12345.678,
        999999.5, -0.3, -2.5
    ]),
    "erfc": (erfc, [
        -6.0, -2.0, -0.5, -1e-3, 1e-20, 0.1, 0.46, 0.5, 1.0, 2.0, 4.9, 5.1, 10.0, 20.0, 26.0
    ]),
    "erfcx": (erfcx, [
        -26.0, -5.0, -1.0, -0.1, 1e-20, 0.01, 0.3, 1.0, 3.75, 4.9, 5.1, 10.0, 100.0, 1e5, 1e8,
        1e150
    ]),
    "normal_pdf": (npdf, [-38.0, -10.3, -2.0, 0.0, 0.5, 5.0, 37.5]),
    "normal_cdf": (normal_cdf, [-37.5, -30.0, -10.1, -5.0, -1.0, -1e-9, 0.3, 1.0, 4.0, 8.0]),
    "normal_log_cdf": (lambda z: log(normal_cdf(z)), [
        -1e8, -1e4, -60.5, -38.0, -10.0, -5.1, -1.01, -0.99, -0.1, 0.5, 3.0, 9.0, 35.0
    ]),
}
for name, (f, xs) in CASES.items():
    print(f"static const struct row {name}_rows[] = {{")
    for x in xs:
        with mp.workdps(400):         # ln(1 - tiny) needs the digits
            y = log(normal_cdf(mpf(x))) if name == "normal_log_cdf" and abs(x) < 1e3 else None
        if name == "normal_log_cdf" and y is None:
            z = mpf(x)                   # asymptotic: exact to far beyond double here
            y = -z * z / 2 - log(-z * sqrt(2 * mp.pi)) + log1p(-1 / z**2 + 3 / z**4 - 15 / z**6)
        elif name == "erfcx" and abs(x) > 30:
            z = mpf(x)
            w = 1 / (2 * z**2)
            y = 1 / (z * sqrt(mp.pi)) * (1 - w + 3 * w**2 - 15 * w**3 + 105 * w**4)
        elif y is None:
            y = f(mpf(x))
        print(f"    {{{x!r}, {mp.nstr(y, 20)}}},")
    print("};")
