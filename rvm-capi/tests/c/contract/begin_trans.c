/* The row rvm_begin_trans of the contract. */
#include "check.h"

#define FUNCTION "rvm_begin_trans"

static void ids_start_at_1(void)
{
    rvm_t rvm = store();
    void *base = MAP(rvm, "seg", 100);
    trans_t tid;
    SILENT(tid = rvm_begin_trans(rvm, 1, &base));
    CHECK(trans_number(tid) == 1);
    rvm_abort_trans(tid);
}

static void ids_are_not_used_again_at_once(void)
{
    rvm_t rvm = store();
    char *base = MAP(rvm, "seg", 100);
    void *other = MAP(rvm, "other", 100);
    trans_t open = BEGIN(rvm, other);
    int last = trans_number(open);
    int i;
    for (i = 0; i < 200; i++) {
        trans_t tid = BEGIN(rvm, base);
        CHECK(trans_number(tid) != 0 && tid != NO_TRANS);
        CHECK(trans_number(tid) > last);
        last = trans_number(tid);
        if (i % 2 == 0) {
            rvm_abort_trans(tid);
        } else {
            rvm_commit_trans(tid);
        }
    }
    rvm_commit_trans(open);
}

static void modifies_all_segments_listed(void)
{
    rvm_t rvm = store();
    void *bases[3];
    trans_t tid;
    int i;
    bases[0] = MAP(rvm, "a", 100);
    bases[1] = MAP(rvm, "b", 100);
    bases[2] = MAP(rvm, "c", 100);
    SILENT(tid = rvm_begin_trans(rvm, 3, bases));
    NEED(tid != NO_TRANS);
    for (i = 0; i < 3; i++) {
        SILENT(rvm_about_to_modify(tid, bases[i], 0, 4));
        memcpy(bases[i], "text", 4);
    }
    SILENT(rvm_commit_trans(tid));
    CHECK(is_text(map_again(rvm, bases[0], "a", 100), "text"));
    CHECK(is_text(map_again(rvm, bases[1], "b", 100), "text"));
    CHECK(is_text(map_again(rvm, bases[2], "c", 100), "text"));
}

static void takes_as_many_as_numsegs_says(void)
{
    rvm_t rvm = store();
    void *bases[2];
    trans_t tid;
    bases[0] = MAP(rvm, "a", 100);
    bases[1] = MAP(rvm, "b", 100);
    tid = rvm_begin_trans(rvm, 1, bases);
    NEED(tid != NO_TRANS);
    REFUSED("rvm_about_to_modify", EINVAL, rvm_about_to_modify(tid, bases[1], 0, 4));
    SILENT(rvm_abort_trans(BEGIN(rvm, bases[1])));
    rvm_commit_trans(tid);
}

static void a_busy_segment_gives_minus_one(void)
{
    rvm_t rvm = store();
    char *base = MAP(rvm, "seg", 100);
    void *list = base;
    /* Named in it is enough: nothing is declared. */
    trans_t first = BEGIN(rvm, base);
    trans_t second;
    REFUSED("rvm_begin_trans", EBUSY, second = rvm_begin_trans(rvm, 1, &list));
    CHECK(second == (trans_t) -1);
    SILENT(rvm_about_to_modify(first, base, 0, 5));
    memcpy(base, "first", 5);
    REFUSED("rvm_begin_trans", EBUSY, second = rvm_begin_trans(rvm, 1, &list));
    CHECK(second == (trans_t) -1);
    SILENT(rvm_commit_trans(first));
    SILENT(second = BEGIN(rvm, base));
    REFUSED("rvm_begin_trans", EBUSY, first = rvm_begin_trans(rvm, 1, &list));
    SILENT(rvm_abort_trans(second));
    SILENT(rvm_abort_trans(BEGIN(rvm, base)));
    CHECK(is_text(map_again(rvm, base, "seg", 100), "first"));
}

static void all_or_none_are_taken(void)
{
    rvm_t rvm = store();
    void *bases[3];
    trans_t busy, tid;
    bases[0] = MAP(rvm, "a", 100);
    bases[1] = MAP(rvm, "b", 100);
    bases[2] = MAP(rvm, "c", 100);
    busy = BEGIN(rvm, bases[1]);
    REFUSED("rvm_begin_trans", EBUSY, tid = rvm_begin_trans(rvm, 3, bases));
    CHECK(tid == NO_TRANS);
    SILENT(rvm_abort_trans(BEGIN(rvm, bases[0])));
    SILENT(rvm_abort_trans(BEGIN(rvm, bases[2])));
    SILENT(rvm_commit_trans(busy));
    SILENT(tid = rvm_begin_trans(rvm, 3, bases));
    CHECK(tid != NO_TRANS);
    rvm_abort_trans(tid);
}

static void transactions_of_other_segments_are_open_at_once(void)
{
    rvm_t rvm = store();
    char *a = MAP(rvm, "a", 100);
    char *b = MAP(rvm, "b", 100);
    trans_t of_a = BEGIN(rvm, a);
    trans_t of_b = BEGIN(rvm, b);
    CHECK(of_a != of_b);
    rvm_about_to_modify(of_a, a, 0, 1);
    rvm_about_to_modify(of_b, b, 0, 1);
    *a = 'a';
    *b = 'b';
    rvm_abort_trans(of_a);
    rvm_commit_trans(of_b);
    CHECK(*a == 0 && *b == 'b');
}

static void refuses_what_is_no_base(void)
{
    rvm_t rvm = store();
    rvm_t other = store();
    char *base = MAP(rvm, "seg", 10000);
    void *bad[9];
    void *bases[2];
    trans_t tid;
    int i;
    bad[0] = NULL;
    bad[1] = (void *) -1;
    bad[2] = base + 1;
    bad[3] = base + 4096;
    bad[4] = base + 10000;
    bad[5] = &tid;
    bad[6] = MAP(other, "seg", 100);
    bad[7] = MAP(rvm, "unmapped", 100);
    rvm_unmap(rvm, bad[7]);
    bad[8] = (void *) 1;
    for (i = 0; i < 9; i++) {
        REFUSED("rvm_begin_trans", EINVAL, tid = rvm_begin_trans(rvm, 1, &bad[i]));
        CHECK(tid == (trans_t) -1);
        bases[0] = base;
        bases[1] = bad[i];
        REFUSED("rvm_begin_trans", EINVAL, tid = rvm_begin_trans(rvm, 2, bases));
        CHECK(tid == (trans_t) -1);
        /* None was taken. */
        SILENT(rvm_abort_trans(BEGIN(rvm, base)));
    }
}

static void refuses_a_list_that_is_none(void)
{
    static const int numbers[] = {0, -1, -2, INT_MIN};
    rvm_t rvm = store();
    void *base = MAP(rvm, "seg", 100);
    void *null = NULL;
    trans_t tid;
    int i;
    for (i = 0; i < 4; i++) {
        REFUSED("rvm_begin_trans", EINVAL, tid = rvm_begin_trans(rvm, numbers[i], &base));
        CHECK(tid == (trans_t) -1);
    }
    REFUSED("rvm_begin_trans", EINVAL, tid = rvm_begin_trans(rvm, 1, NULL));
    CHECK(tid == (trans_t) -1);
    REFUSED("rvm_begin_trans", EINVAL, tid = rvm_begin_trans(rvm, 0, NULL));
    CHECK(tid == (trans_t) -1);
    REFUSED("rvm_begin_trans", EINVAL, tid = rvm_begin_trans(rvm, 1, (void **) 8));
    CHECK(tid == (trans_t) -1);
    /* Nothing behind the first that is none is looked at. */
    REFUSED("rvm_begin_trans", EINVAL, tid = rvm_begin_trans(rvm, INT_MAX, &null));
    CHECK(tid == (trans_t) -1);
    SILENT(rvm_abort_trans(BEGIN(rvm, base)));
}

static void refuses_foreign_handles(void)
{
    rvm_t rvm = store();
    rvm_t other = store();
    void *base = MAP(rvm, "seg", 100);
    trans_t tid;
    REFUSED("rvm_begin_trans", EINVAL, tid = rvm_begin_trans(rvm_of(0), 1, &base));
    CHECK(tid == (trans_t) -1);
    REFUSED("rvm_begin_trans", EINVAL, tid = rvm_begin_trans(rvm_of(-1), 1, &base));
    CHECK(tid == (trans_t) -1);
    REFUSED("rvm_begin_trans", EINVAL, tid = rvm_begin_trans(rvm_of(12345), 1, &base));
    CHECK(tid == (trans_t) -1);
    REFUSED("rvm_begin_trans", EINVAL, tid = rvm_begin_trans(other, 1, &base));
    CHECK(tid == (trans_t) -1);
    SILENT(rvm_abort_trans(BEGIN(rvm, base)));
}

static void the_same_base_twice_counts_once(void)
{
    rvm_t rvm = store();
    void *bases[3];
    char *base = MAP(rvm, "seg", 100);
    trans_t tid;
    bases[0] = base;
    bases[1] = MAP(rvm, "other", 100);
    bases[2] = base;
    SILENT(tid = rvm_begin_trans(rvm, 3, bases));
    NEED(tid != NO_TRANS);
    SILENT(rvm_about_to_modify(tid, base, 0, 4));
    memcpy(base, "once", 4);
    SILENT(rvm_commit_trans(tid));
    CHECK(is_text(base, "once"));
    SILENT(rvm_abort_trans(BEGIN(rvm, base)));
}

static void the_list_may_change_afterwards(void)
{
    rvm_t rvm = store();
    char *a = MAP(rvm, "a", 100);
    char *b = MAP(rvm, "b", 100);
    void **bases = (void **) malloc(2 * sizeof *bases);
    trans_t tid;
    NEED(bases != NULL);
    bases[0] = a;
    bases[1] = b;
    tid = rvm_begin_trans(rvm, 2, bases);
    bases[0] = bases[1] = NULL;
    free(bases);
    SILENT(rvm_about_to_modify(tid, a, 0, 4));
    SILENT(rvm_about_to_modify(tid, b, 0, 4));
    memcpy(a, "text", 4);
    memcpy(b, "text", 4);
    SILENT(rvm_commit_trans(tid));
    CHECK(is_text(map_again(rvm, a, "a", 100), "text"));
    CHECK(is_text(map_again(rvm, b, "b", 100), "text"));
}

void check_begin_trans(void)
{
    CELL(ids_start_at_1);
    CELL(ids_are_not_used_again_at_once);
    CELL(modifies_all_segments_listed);
    CELL(takes_as_many_as_numsegs_says);
    CELL(a_busy_segment_gives_minus_one);
    CELL(all_or_none_are_taken);
    CELL(transactions_of_other_segments_are_open_at_once);
    CELL(refuses_what_is_no_base);
    CELL(refuses_a_list_that_is_none);
    CELL(refuses_foreign_handles);
    CELL(the_same_base_twice_counts_once);
    CELL(the_list_may_change_afterwards);
}
