#include "near.h"

#include <string.h>

#include "base/mem.h"

static void mem_array_is_zeroed_and_refuses_overflow(void **state)
{
    (void)state;
    unsigned char *block = mem_array(100, 3);
    assert_non_null(block);
    for (size_t i = 0; i < 300; i++)
        assert_int_equal(block[i], 0);
    mem_free(block);
    volatile size_t huge = SIZE_MAX; /* the compiler would warn of a constant */
    assert_null(mem_array(huge / 2, 3));
    assert_null(mem_array(huge, 1));
    void *none = mem_array(0, 8);
    assert_non_null(none);
    mem_free(none);
}

static void mem_resize_keeps_the_block_when_it_fails(void **state)
{
    (void)state;
    char *block = mem_text("hello");
    volatile size_t huge = SIZE_MAX;
    assert_null(mem_resize(block, huge, 2));
    assert_string_equal(block, "hello");
    char *grown = mem_resize(block, 1000, 1);
    assert_non_null(grown);
    assert_string_equal(grown, "hello");
    mem_free(grown);
}

static void mem_fail_at_fails_the_nth_allocation(void **state)
{
    (void)state;
    mem_fail_at(2, 0);
    void *a = mem_array(1, 1), *b = mem_array(1, 1), *c = mem_array(1, 1);
    assert_non_null(a);
    assert_null(b);
    assert_non_null(c);
    mem_fail_at(1, 1);
    assert_null(mem_array(1, 1));
    assert_null(mem_text("x"));
    mem_fail_at(0, 0);
    mem_free(a);
    mem_free(c);
}

static void mem_text_n_copies_a_prefix(void **state)
{
    (void)state;
    char *text = mem_text_n("hello", 2);
    assert_string_equal(text, "he");
    mem_free(text);
}

static void arena_arrays_are_aligned_zeroed_and_apart(void **state)
{
    (void)state;
    struct arena arena = {0};
    for (int pass = 0; pass < 3; pass++) {
        unsigned char *last = NULL;
        for (size_t n = 1; n < 40000; n = 3 * n + 1) {
            unsigned char *block = arena_array(&arena, n, 1);
            assert_non_null(block);
            assert_int_equal((uintptr_t)block % 64, 0);
            for (size_t i = 0; i < n; i++)
                assert_int_equal(block[i], 0);
            memset(block, 0xAA, n);
            assert_true(block != last);
            last = block;
        }
        arena_reset(&arena);
    }
    arena_release(&arena);
    assert_null(arena.first);
}

static void a_reset_arena_allocates_nothing_for_the_same_work(void **state)
{
    (void)state;
    struct arena arena = {0};
    for (int i = 0; i < 10; i++)
        assert_non_null(arena_array(&arena, 10000, 1));
    arena_reset(&arena);
    mem_fail_at(1, 1);
    for (int i = 0; i < 10; i++)
        assert_non_null(arena_array(&arena, 10000, 1));
    mem_fail_at(0, 0);
    arena_release(&arena);
}

static void an_arena_out_of_memory_stays_usable(void **state)
{
    (void)state;
    struct arena arena = {0};
    char *first = arena_array(&arena, 1, 100);
    assert_non_null(first);
    mem_fail_at(1, 1);
    assert_null(arena_array(&arena, 1, 1000000));
    mem_fail_at(0, 0);
    assert_non_null(arena_array(&arena, 1, 100));
    assert_null(arena_array(&arena, SIZE_MAX / 2, 2));
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mem_array_is_zeroed_and_refuses_overflow),
        cmocka_unit_test(mem_resize_keeps_the_block_when_it_fails),
        cmocka_unit_test(mem_fail_at_fails_the_nth_allocation),
        cmocka_unit_test(mem_text_n_copies_a_prefix),
        cmocka_unit_test(arena_arrays_are_aligned_zeroed_and_apart),
        cmocka_unit_test(a_reset_arena_allocates_nothing_for_the_same_work),
        cmocka_unit_test(an_arena_out_of_memory_stays_usable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
