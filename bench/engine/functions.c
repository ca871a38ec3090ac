/* functions.c: suites/functions.py in C; see there for the sources. test_engine.py compares them.
 */
#include "functions.h"

#include <math.h>
#include <string.h>

#define PI 3.14159265358979323846

static double dot(const double *z, size_t d)
{
    double sum = 0.0;
    for (size_t i = 0; i < d; i++)
        sum += z[i] * z[i];
    return sum;
}

/* i / (d - 1): where an axis stands between the widest and the narrowest. */
static double place(size_t i, size_t d)
{
    return (double)i / (d > 1 ? (double)(d - 1) : 1.0);
}

static double sphere(const double *z, size_t d)
{
    return dot(z, d);
}

static double ellipsoid(const double *z, size_t d)
{
    double sum = 0.0;
    for (size_t i = 0; i < d; i++)
        sum += pow(10.0, 3.0 * place(i, d)) * z[i] * z[i];
    return sum;
}

static double rastrigin(const double *z, size_t d)
{
    double sum = 0.0;
    for (size_t i = 0; i < d; i++)
        sum += cos(2.0 * PI * z[i] / 2.0);
    return 10.0 * ((double)d - sum) + dot(z, d);
}

static double attractive_sector(const double *z, size_t d)
{
    double sum = 0.0;
    for (size_t i = 0; i < d; i++) {
        double x = (z[i] > 0.0 ? 10.0 : 1.0) * z[i];
        sum += x * x;
    }
    return pow(sum, 0.9);
}

static double step_ellipsoid(const double *z, size_t d)
{
    double sum = 0.0;
    for (size_t i = 0; i < d; i++) {
        double x = fabs(z[i]) > 0.5 ? floor(0.5 + z[i]) : floor(0.5 + 4.0 * z[i]) / 4.0;
        sum += pow(10.0, 2.0 * place(i, d)) * x * x;
    }
    return 0.1 * fmax(fabs(z[0]) / 1e2, sum) + 1e-3 * dot(z, d);
}

static double griewank_rosenbrock(const double *z, size_t d)
{
    if (d < 2)
        return dot(z, d);
    double sum = 0.0;
    for (size_t i = 0; i + 1 < d; i++) {
        double x = z[i] + 1.0, next = z[i + 1] + 1.0, bend = x * x - next;
        double s = 100.0 * bend * bend + (x - 1.0) * (x - 1.0);
        sum += s / 4000.0 - cos(s);
    }
    return 10.0 / (double)(d - 1) * sum + 10.0;
}

static double weierstrass(const double *z, size_t d)
{
    double sum = 0.0, least = 0.0;
    for (size_t i = 0; i < d; i++)
        for (int k = 0; k < 12; k++)
            sum += pow(0.5, k) * cos(2.0 * PI * pow(3.0, k) * (z[i] / 10.0 + 0.5));
    for (int k = 0; k < 12; k++)
        least += pow(0.5, k) * cos(PI * pow(3.0, k));
    return 10.0 * pow(fmax(0.0, sum / (double)d - least), 3.0) + 0.05 * dot(z, d);
}

static double plateau_valley(const double *z, size_t d)
{
    return 1.0 - exp(-0.15 * dot(z, d) / (double)d) + 0.02 * sqrt(dot(z, d));
}

static double branin(const double *u, size_t d)
{
    (void)d;
    double x = 15.0 * u[0] - 5.0, y = 15.0 * u[1];
    double a = y - 5.1 / (4.0 * PI * PI) * x * x + 5.0 / PI * x - 6.0;
    return a * a + 10.0 * (1.0 - 1.0 / (8.0 * PI)) * cos(x) + 10.0;
}

static double mean_from_second(const double *x, size_t d)
{
    double sum = 0.0;
    for (size_t i = 1; i < d; i++)
        sum += x[i];
    return sum / (double)(d - 1);
}

static void zdt1(const double *u, const double *away, size_t d, double *values)
{
    double g = 1.0 + 9.0 * mean_from_second(away, d);
    values[0] = u[0];
    values[1] = g * (1.0 - sqrt(u[0] / g));
}

static void zdt3(const double *u, const double *away, size_t d, double *values)
{
    double g = 1.0 + 9.0 * mean_from_second(away, d);
    values[0] = u[0];
    values[1] = g * (1.0 - sqrt(u[0] / g) - u[0] / g * sin(10.0 * PI * u[0]));
}

static void dtlz2(const double *u, const double *away, size_t d, double *values)
{
    double g = dot(away + 2, d - 2), a0 = cos(u[0] * PI / 2.0), a1 = cos(u[1] * PI / 2.0);
    values[0] = (1.0 + g) * a0 * a1;
    values[1] = (1.0 + g) * a0 * sin(u[1] * PI / 2.0);
    values[2] = (1.0 + g) * sin(u[0] * PI / 2.0);
}

static void accuracy_cost(const double *u, const double *away, size_t d, double *values)
{
    double g = 3.0 * dot(away + 1, d - 1) / (double)(d - 1);
    values[0] = 0.05 + 0.9 * exp(-3.0 * u[0]) + g;
    values[1] = pow(10.0, 2.0 * u[0] - 2.0) * (1.0 + 0.5 * away[1]);
}

base_function *function_find(const char *name)
{
    static const struct {
        const char *name;
        base_function *function;
    } all[] = {
        {"sphere", sphere},
        {"ellipsoid", ellipsoid},
        {"rastrigin", rastrigin},
        {"attractive_sector", attractive_sector},
        {"step_ellipsoid", step_ellipsoid},
        {"griewank_rosenbrock", griewank_rosenbrock},
        {"weierstrass", weierstrass},
        {"plateau_valley", plateau_valley},
        {"branin", branin},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (strcmp(all[i].name, name) == 0)
            return all[i].function;
    return NULL;
}

multi_function *function_find_multi(const char *name)
{
    static const struct {
        const char *name;
        multi_function *function;
    } all[] = {
        {"zdt1", zdt1},
        {"zdt3", zdt3},
        {"dtlz2", dtlz2},
        {"accuracy_cost", accuracy_cost},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (strcmp(all[i].name, name) == 0)
            return all[i].function;
    return NULL;
}
