/* test_gpus.c: which GPUs there are, and how trials share them. */
#include "near.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "exec/gpus.h"
#include "exec/slots.h"

#define MACHINE                                                                                    \
    "0, GPU-aa00, 81920\n"                                                                         \
    "1, GPU-bb11, 81920\r\n"                                                                       \
    "2, GPU-cc22, 40960"

/* "GPU-aa00,GPU-cc22": what CUDA_VISIBLE_DEVICES = visible leaves of an inventory. */
static const char *left(const char *inventory, const char *visible)
{
    static char text[1024];
    struct gpu gpus[GPUS_MAX];
    size_t n = gpus_visible(inventory, visible, gpus), len = 0;
    text[0] = '\0';
    for (size_t i = 0; i < n; i++)
        len +=
            (size_t)snprintf(text + len, sizeof text - len, "%s%s", i > 0 ? "," : "", gpus[i].name);
    return text;
}

static void the_driver_lists_and_the_environment_narrows(void **state)
{
    (void)state;
    assert_string_equal(left(MACHINE, NULL), "GPU-aa00,GPU-bb11,GPU-cc22");
    assert_string_equal(left(MACHINE, "2,0"), "GPU-cc22,GPU-aa00");
    assert_string_equal(left(MACHINE, " GPU-bb"), "GPU-bb11");
    assert_string_equal(left(MACHINE, ""), "");
    assert_string_equal(left(MACHINE, "-1"), "");
    assert_string_equal(left(MACHINE, "1,7,0"), "GPU-bb11"); /* as CUDA does */
    assert_string_equal(left("", NULL), "");
    assert_string_equal(left("", "0,3"), "0,3"); /* no driver, but an allocation */
    assert_string_equal(left("5\n6, , 1\n\n", NULL), "5,6");
}

/* A book of its own, and two GPUs. The inventory is read once a process. */
static int setup(void **state)
{
    static char folder[] = "/tmp/hone-gpus-XXXXXX";
    static char path[64];
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(path, sizeof path, "%s/inventory", folder);
    FILE *f = fopen(path, "w");
    if (f == NULL || fputs("0, GPU-one, 1\n1, GPU-two, 1\n", f) < 0 || fclose(f) != 0)
        return -1;
    setenv("HONE_GPU_INVENTORY", path, 1);
    unsetenv("CUDA_VISIBLE_DEVICES");
    snprintf(path, sizeof path, "%s/inventory", folder);
    setenv("HONE_TEST_SLOTS", folder, 1);
    *state = folder;
    return 0;
}

static hone_status take(size_t gpus, size_t per_gpu, struct slots_taken *out)
{
    return slots_take(&(struct slots){.gpus = gpus, .per_gpu = per_gpu}, out, NULL);
}

static void whole_gpus_are_given_once(void **state)
{
    (void)state;
    struct slots_taken a, b, c;
    assert_int_equal(take(1, 0, &a), HONE_OK);
    assert_int_equal(take(2, 0, &c), HONE_ESTATE);
    assert_int_equal(take(1, 0, &b), HONE_OK);
    assert_string_not_equal(a.gpus[0].name, b.gpus[0].name);
    assert_int_equal(take(1, 0, &c), HONE_ESTATE);
    slots_close(&a);
    assert_int_equal(take(1, 0, &c), HONE_OK);
    assert_string_equal(c.gpus[0].name, a.gpus[0].name);
    slots_close(&b);
    slots_close(&c);
    assert_int_equal(take(2, 0, &a), HONE_OK);
    assert_int_equal(a.n_gpus, 2);
    slots_close(&a);
    assert_int_equal(take(3, 0, &a), HONE_EINVAL);
}

static void shares_of_every_size_fill_a_gpu_exactly(void **state)
{
    (void)state;
    struct slots_taken got[2 * SLOTS_PER_GPU_MAX + 1];
    for (size_t share = 1; share <= SLOTS_PER_GPU_MAX; share++) {
        size_t n = 0, on_first = 0;
        while (n <= 2 * share && take(1, share, &got[n]) == HONE_OK)
            n++;
        assert_int_equal(n, 2 * share);
        for (size_t i = 0; i < n; i++) {
            on_first += strcmp(got[i].gpus[0].name, "GPU-one") == 0;
            /* The emptier one comes next. */
            assert_true(on_first <= i / 2 + 1);
            slots_close(&got[i]);
        }
        assert_int_equal(on_first, share);
    }
}

static hone_status take_job(size_t cpus, uint64_t memory_mib, struct slots_taken *out,
                            hone_error *err)
{
    return slots_take(&(struct slots){.cpus = cpus, .memory_bytes = memory_mib << 20}, out, err);
}

static void inside_a_slurm_job_its_share_is_what_there_is(void **state)
{
    static struct slots_taken a, b;
    hone_error err = {0};
    (void)state;
    setenv("SLURM_JOB_ID", "4711", 1);
    setenv("SLURM_CPUS_ON_NODE", "1", 1);
    setenv("SLURM_MEM_PER_NODE", "64", 1);
    assert_int_equal(slots_total_cpus(), 1);
    assert_int_equal(take_job(2, 0, &a, &err), HONE_EINVAL);
    assert_non_null(strstr(err.text, "this Slurm job has 1"));
    assert_int_equal(take_job(0, 65, &a, NULL), HONE_EINVAL);
    assert_int_equal(take_job(1, 32, &a, NULL), HONE_OK);
    assert_int_equal(take_job(1, 1, &b, NULL), HONE_ESTATE);  /* its CPU is taken */
    assert_int_equal(take_job(0, 33, &b, NULL), HONE_ESTATE); /* half of its memory is */
    assert_int_equal(take_job(0, 32, &b, NULL), HONE_OK);
    slots_close(&b);
    setenv("SLURM_JOB_ID", "4712", 1); /* another job on this machine has a share of its own */
    assert_int_equal(take_job(0, 64, &b, NULL), HONE_OK);
    slots_close(&b);
    slots_close(&a);
    unsetenv("SLURM_JOB_ID");
    unsetenv("SLURM_CPUS_ON_NODE");
    unsetenv("SLURM_MEM_PER_NODE");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_driver_lists_and_the_environment_narrows),
        cmocka_unit_test(whole_gpus_are_given_once),
        cmocka_unit_test(shares_of_every_size_fill_a_gpu_exactly),
        cmocka_unit_test(inside_a_slurm_job_its_share_is_what_there_is),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
