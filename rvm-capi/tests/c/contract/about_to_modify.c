/* The row rvm_about_to_modify of the contract. */
#include "check.h"

#define FUNCTION "rvm_about_to_modify"

static void saves_the_old_bytes_for_abort(void)
{
    rvm_t rvm = store();
    char *base = MAP(rvm, "seg", 10000);
    trans_t tid;
    commit_text(rvm, base, 5000, "before");
    tid = BEGIN(rvm, base);
    SILENT(rvm_about_to_modify(tid, base, 5000, 6));
    memcpy(base + 5000, "during", 6);
    rvm_abort_trans(tid);
    CHECK(is_text(base + 5000, "before"));
}

static void several_times_on_the_same_area_is_legal(void)
{
    rvm_t rvm = store();
    char *base = MAP(rvm, "seg", 100);
    trans_t tid = BEGIN(rvm, base);
    int i;
    for (i = 0; i < 10; i++) {
        SILENT(rvm_about_to_modify(tid, base, 0, 10));
        SILENT(rvm_about_to_modify(tid, base, i, 10));
        memset(base + i, 'a' + i, 10);
    }
    SILENT(rvm_commit_trans(tid));
    base = map_again(rvm, base, "seg", 100);
    CHECK(is_text(base, "abcdefghijjjjjjjjjj"));
    CHECK(is_filled(base + 19, 81, 0));
}

static void ranges_stay_declared_to_the_end(void)
{
    rvm_t rvm = store();
    char *base = MAP(rvm, "seg", 100);
    trans_t tid = BEGIN(rvm, base);
    rvm_about_to_modify(tid, base, 0, 20);
    rvm_about_to_modify(tid, base, 50, 20);
    memcpy(base, "first", 5);
    rvm_about_to_modify(tid, base, 0, 5);
    memcpy(base, "later", 5);
    memcpy(base + 10, "more", 4);
    memcpy(base + 66, "last", 4);
    rvm_commit_trans(tid);
    base = map_again(rvm, base, "seg", 100);
    CHECK(is_text(base, "later"));
    CHECK(is_text(base + 10, "more"));
    CHECK(is_text(base + 66, "last"));
}

static void bounds_are_the_real_length(void)
{
    rvm_t rvm = store();
    char *base = MAP(rvm, "seg", 6000);
    trans_t tid;
    base = map_again(rvm, base, "seg", 100);
    tid = BEGIN(rvm, base);
    SILENT(rvm_about_to_modify(tid, base, 5990, 10));
    memcpy(base + 5990, "in bounds!", 10);
    SILENT(rvm_about_to_modify(tid, base, 0, 6000));
    REFUSED("rvm_about_to_modify", EINVAL, rvm_about_to_modify(tid, base, 5990, 11));
    REFUSED("rvm_about_to_modify", EINVAL, rvm_about_to_modify(tid, base, 6000, 1));
    rvm_commit_trans(tid);
    base = map_again(rvm, base, "seg", 7000);
    CHECK(is_text(base + 5990, "in bounds!"));
    SILENT(commit_text(rvm, base, 6990, "also here!"));
}

static void size_0_is_accepted(void)
{
    rvm_t rvm = store();
    char *base = MAP(rvm, "seg", 100);
    trans_t tid = BEGIN(rvm, base);
    SILENT(rvm_about_to_modify(tid, base, 0, 0));
    SILENT(rvm_about_to_modify(tid, base, 50, 0));
    SILENT(rvm_about_to_modify(tid, base, 100, 0));
    base[50] = 1;
    SILENT(rvm_commit_trans(tid));
    CHECK(is_filled(map_again(rvm, base, "seg", 100), 100, 0));
}

static void refuses_unknown_and_finished_ids(void)
{
    static const int numbers[] = {0, -1, -2, 1000000, INT_MAX, INT_MIN};
    rvm_t rvm = store();
    char *base = MAP(rvm, "seg", 100);
    trans_t committed = BEGIN(rvm, base);
    trans_t aborted, tid;
    int i;
    for (i = 0; i < 6; i++) {
        REFUSED("rvm_about_to_modify", EINVAL,
                rvm_about_to_modify(trans_of(numbers[i]), base, 0, 10));
    }
    rvm_commit_trans(committed);
    REFUSED("rvm_about_to_modify", EINVAL, rvm_about_to_modify(committed, base, 0, 10));
    aborted = BEGIN(rvm, base);
    rvm_abort_trans(aborted);
    REFUSED("rvm_about_to_modify", EINVAL, rvm_about_to_modify(aborted, base, 0, 10));
    /* Also while another transaction has the segment, which they declare nothing for. */
    tid = BEGIN(rvm, base);
    REFUSED("rvm_about_to_modify", EINVAL, rvm_about_to_modify(committed, base, 0, 10));
    REFUSED("rvm_about_to_modify", EINVAL, rvm_about_to_modify(aborted, base, 0, 10));
    memset(base, 'x', 10);
    rvm_commit_trans(tid);
    CHECK(is_filled(map_again(rvm, base, "seg", 100), 100, 0));
}

static void refuses_segments_outside_the_transaction(void)
{
    rvm_t rvm = store();
    rvm_t other = store();
    char *base = MAP(rvm, "seg", 10000);
    char *outside = MAP(rvm, "outside", 100);
    char *elsewhere = MAP(other, "seg", 100);
    char *unmapped = MAP(rvm, "unmapped", 100);
    trans_t tid = BEGIN(rvm, base);
    rvm_unmap(rvm, unmapped);
    REFUSED("rvm_about_to_modify", EINVAL, rvm_about_to_modify(tid, outside, 0, 10));
    REFUSED("rvm_about_to_modify", EINVAL, rvm_about_to_modify(tid, elsewhere, 0, 10));
    REFUSED("rvm_about_to_modify", EINVAL, rvm_about_to_modify(tid, unmapped, 0, 10));
    REFUSED("rvm_about_to_modify", EINVAL, rvm_about_to_modify(tid, NULL, 0, 10));
    REFUSED("rvm_about_to_modify", EINVAL, rvm_about_to_modify(tid, (void *) -1, 0, 10));
    REFUSED("rvm_about_to_modify", EINVAL, rvm_about_to_modify(tid, base + 10, 0, 10));
    REFUSED("rvm_about_to_modify", EINVAL, rvm_about_to_modify(tid, &tid, 0, 4));
    memset(base, 'x', 20);
    memset(outside, 'x', 10);
    memset(elsewhere, 'x', 10);
    rvm_commit_trans(tid);
    CHECK(is_filled(map_again(rvm, base, "seg", 100), 10000, 0));
    CHECK(is_filled(map_again(rvm, outside, "outside", 100), 100, 0));
    CHECK(is_filled(map_again(other, elsewhere, "seg", 100), 100, 0));
}

/* Ranges that are not in a segment of 100 bytes, but of which a part may be. */
static const int outside[][2] = {
    {-1, 1}, {-1, 10}, {-10, 100}, {INT_MIN, 1}, {INT_MIN, INT_MIN}, {0, -1}, {50, -10},
    {0, INT_MIN}, {0, 101}, {99, 2}, {50, 51}, {100, 1}, {101, 0}, {101, 1}, {1000, 1},
    {0, INT_MAX}, {1, INT_MAX}, {INT_MAX, 1}, {INT_MAX, INT_MAX}, {50, INT_MAX - 49}, {-5, -5}
};

#define OUTSIDE_COUNT ((int) (sizeof outside / sizeof outside[0]))

static void refuses_ranges_outside_the_segment(void)
{
    rvm_t rvm = store();
    char *base = MAP(rvm, "seg", 100);
    trans_t tid = BEGIN(rvm, base);
    int i;
    for (i = 0; i < OUTSIDE_COUNT; i++) {
        REFUSED("rvm_about_to_modify", EINVAL,
                rvm_about_to_modify(tid, base, outside[i][0], outside[i][1]));
    }
    rvm_abort_trans(tid);
}

static void a_refused_range_has_no_effect_at_all(void)
{
    rvm_t rvm = store();
    char *base = MAP(rvm, "seg", 100);
    int i;
    for (i = 0; i < OUTSIDE_COUNT; i++) {
        trans_t tid = BEGIN(rvm, base);
        SILENT(rvm_about_to_modify(tid, base, 0, 4));
        REFUSED("rvm_about_to_modify", EINVAL,
                rvm_about_to_modify(tid, base, outside[i][0], outside[i][1]));
        memset(base + 50, 'x', 50);
        memcpy(base, "fine", 4);
        /* Its part inside was neither saved nor declared; the transaction goes on. */
        if (i % 2 == 0) {
            rvm_abort_trans(tid);
            CHECK(is_filled(base, 4, 0));
            CHECK(is_filled(base + 50, 50, 'x'));
        } else {
            rvm_commit_trans(tid);
            base = map_again(rvm, base, "seg", 100);
            CHECK(is_text(base, "fine"));
            CHECK(is_filled(base + 4, 96, 0));
            rvm_unmap(rvm, base);
            rvm_destroy(rvm, "seg");
            base = MAP(rvm, "seg", 100);
        }
    }
}

void check_about_to_modify(void)
{
    CELL(saves_the_old_bytes_for_abort);
    CELL(several_times_on_the_same_area_is_legal);
    CELL(ranges_stay_declared_to_the_end);
    CELL(bounds_are_the_real_length);
    CELL(size_0_is_accepted);
    CELL(refuses_unknown_and_finished_ids);
    CELL(refuses_segments_outside_the_transaction);
    CELL(refuses_ranges_outside_the_segment);
    CELL(a_refused_range_has_no_effect_at_all);
}
