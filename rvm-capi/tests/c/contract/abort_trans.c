/* The row rvm_abort_trans of the contract. */
#include "check.h"

#define FUNCTION "rvm_abort_trans"

static void undoes_all_changes_in_place(void)
{
    rvm_t rvm = store();
    void *bases[2];
    char *a = MAP(rvm, "a", 100);
    char *b = MAP(rvm, "b", 10000);
    trans_t tid;
    commit_text(rvm, a, 0, "in a");
    commit_text(rvm, b, 9000, "in b");
    bases[0] = a;
    bases[1] = b;
    tid = rvm_begin_trans(rvm, 2, bases);
    rvm_about_to_modify(tid, a, 0, 100);
    rvm_about_to_modify(tid, b, 9000, 4);
    rvm_about_to_modify(tid, b, 0, 1);
    memset(a, 'x', 100);
    memset(b + 9000, 'x', 4);
    b[0] = 'x';
    SILENT(rvm_abort_trans(tid));
    CHECK(is_text(a, "in a"));
    CHECK(is_filled(a + 4, 96, 0));
    CHECK(is_text(b + 9000, "in b"));
    CHECK(b[0] == 0);
    SILENT(commit_text(rvm, a, 4, " next"));
    CHECK(is_text(map_again(rvm, a, "a", 100), "in a next"));
    CHECK(is_text(map_again(rvm, b, "b", 100) + 9000, "in b"));
}

static void the_newest_declaration_is_undone_first(void)
{
    rvm_t rvm = store();
    char *base = MAP(rvm, "seg", 100);
    trans_t tid;
    commit_text(rvm, base, 0, "AAAAAAAAAAAAAAAA");
    tid = BEGIN(rvm, base);
    rvm_about_to_modify(tid, base, 0, 8);
    memset(base, 'B', 8);
    rvm_about_to_modify(tid, base, 4, 8);
    memset(base + 4, 'C', 8);
    rvm_about_to_modify(tid, base, 0, 16);
    memset(base, 'D', 16);
    rvm_about_to_modify(tid, base, 0, 8);
    rvm_abort_trans(tid);
    CHECK(is_text(base, "AAAAAAAAAAAAAAAA"));
}

static void a_range_goes_back_to_what_it_was_when_declared(void)
{
    rvm_t rvm = store();
    char *base = MAP(rvm, "seg", 100);
    trans_t tid = BEGIN(rvm, base);
    memcpy(base, "changed before", 14);
    rvm_about_to_modify(tid, base, 0, 7);
    memcpy(base, "during", 6);
    rvm_abort_trans(tid);
    CHECK(is_text(base, "changed before"));
}

static void changes_outside_of_declared_ranges_stay_and_are_never_logged(void)
{
    rvm_t rvm = store();
    char *base = MAP(rvm, "seg", 100);
    trans_t tid = BEGIN(rvm, base);
    rvm_about_to_modify(tid, base, 10, 10);
    memset(base, 'x', 30);
    rvm_abort_trans(tid);
    CHECK(is_filled(base, 10, 'x'));
    CHECK(is_filled(base + 10, 10, 0));
    CHECK(is_filled(base + 20, 10, 'x'));
    commit_text(rvm, base, 50, "other");
    rvm_truncate_log(rvm);
    base = map_again(rvm, base, "seg", 100);
    CHECK(is_filled(base, 50, 0));
    CHECK(is_text(base + 50, "other"));
}

static void the_segments_are_free_again(void)
{
    rvm_t rvm = store();
    char *base = MAP(rvm, "seg", 100);
    SILENT(rvm_abort_trans(BEGIN(rvm, base)));
    SILENT(rvm_abort_trans(BEGIN(rvm, base)));
    SILENT(rvm_unmap(rvm, base));
}

static void unknown_and_finished_ids_have_no_effect(void)
{
    static const int numbers[] = {0, -1, -2, 1000000, INT_MAX, INT_MIN};
    rvm_t rvm = store();
    char *base = MAP(rvm, "seg", 100);
    trans_t done = BEGIN(rvm, base);
    trans_t undone, tid;
    int i;
    rvm_about_to_modify(done, base, 0, 4);
    memcpy(base, "done", 4);
    rvm_commit_trans(done);
    undone = BEGIN(rvm, base);
    rvm_abort_trans(undone);
    tid = BEGIN(rvm, base);
    rvm_about_to_modify(tid, base, 4, 4);
    memcpy(base + 4, "open", 4);
    for (i = 0; i < 6; i++) {
        REFUSED("rvm_abort_trans", EINVAL, rvm_abort_trans(trans_of(numbers[i])));
    }
    REFUSED("rvm_abort_trans", EINVAL, rvm_abort_trans(done));
    REFUSED("rvm_abort_trans", EINVAL, rvm_abort_trans(undone));
    CHECK(is_text(base, "doneopen"));
    SILENT(rvm_commit_trans(tid));
    CHECK(is_text(map_again(rvm, base, "seg", 100), "doneopen"));
}

void check_abort_trans(void)
{
    CELL(undoes_all_changes_in_place);
    CELL(the_newest_declaration_is_undone_first);
    CELL(a_range_goes_back_to_what_it_was_when_declared);
    CELL(changes_outside_of_declared_ranges_stay_and_are_never_logged);
    CELL(the_segments_are_free_again);
    CELL(unknown_and_finished_ids_have_no_effect);
}
