/* The row rvm_unmap of the contract. */
#include "check.h"

#define FUNCTION "rvm_unmap"

static void unmaps(void)
{
    rvm_t rvm = store();
    void *base = MAP(rvm, "seg", 100);
    trans_t tid;
    SILENT(rvm_unmap(rvm, base));
    REFUSED("rvm_begin_trans", EINVAL, tid = rvm_begin_trans(rvm, 1, &base));
    CHECK(tid == NO_TRANS);
    SILENT(rvm_destroy(rvm, "seg"));
    SILENT(base = MAP(rvm, "seg", 100));
    SILENT(rvm_unmap(rvm, base));
}

static void what_is_no_base_is_reported_and_ignored(void)
{
    rvm_t rvm = store();
    rvm_t other = store();
    char *base = MAP(rvm, "seg", 10000);
    char *elsewhere = MAP(other, "seg", 10000);
    commit_text(rvm, base, 0, "mine");
    REFUSED("rvm_unmap", EINVAL, rvm_unmap(rvm, NULL));
    REFUSED("rvm_unmap", EINVAL, rvm_unmap(rvm, (void *) -1));
    REFUSED("rvm_unmap", EINVAL, rvm_unmap(rvm, (void *) 1));
    REFUSED("rvm_unmap", EINVAL, rvm_unmap(rvm, &rvm));
    REFUSED("rvm_unmap", EINVAL, rvm_unmap(rvm, base + 1));
    CHECK(strstr(printed(), "byte 1 of segment \"seg\"") != NULL);
    REFUSED("rvm_unmap", EINVAL, rvm_unmap(rvm, base + 4096));
    REFUSED("rvm_unmap", EINVAL, rvm_unmap(rvm, base - 1));
    REFUSED("rvm_unmap", EINVAL, rvm_unmap(rvm, elsewhere));
    SILENT(commit_text(rvm, base, 4, " still"));
    SILENT(commit_text(other, elsewhere, 0, "theirs"));
    CHECK(is_text(map_again(rvm, base, "seg", 1), "mine still"));
    CHECK(is_text(map_again(other, elsewhere, "seg", 1), "theirs"));
}

static void unmapped_already_is_reported_and_ignored(void)
{
    rvm_t rvm = store();
    char *base = MAP(rvm, "seg", 100);
    char *other = MAP(rvm, "other", 100);
    rvm_unmap(rvm, base);
    REFUSED("rvm_unmap", EINVAL, rvm_unmap(rvm, base));
    REFUSED("rvm_unmap", EINVAL, rvm_unmap(rvm, base));
    SILENT(commit_text(rvm, other, 0, "untouched"));
    CHECK(is_text(other, "untouched"));
}

static void a_foreign_handle_is_reported_and_ignored(void)
{
    rvm_t rvm = store();
    char *base = MAP(rvm, "seg", 100);
    REFUSED("rvm_unmap", EINVAL, rvm_unmap(rvm_of(0), base));
    REFUSED("rvm_unmap", EINVAL, rvm_unmap(rvm_of(-1), base));
    REFUSED("rvm_unmap", EINVAL, rvm_unmap(rvm_of(12345), base));
    SILENT(commit_text(rvm, base, 0, "untouched"));
    CHECK(is_text(base, "untouched"));
}

static void a_segment_in_an_open_transaction_is_refused(void)
{
    rvm_t rvm = store();
    char *base = MAP(rvm, "seg", 100);
    trans_t tid = BEGIN(rvm, base);
    rvm_about_to_modify(tid, base, 0, 4);
    memcpy(base, "open", 4);
    REFUSED("rvm_unmap", EBUSY, rvm_unmap(rvm, base));
    CHECK(is_text(base, "open"));
    REFUSED("rvm_map", EEXIST, rvm_map(rvm, "seg", 100));
    SILENT(rvm_about_to_modify(tid, base, 4, 4));
    memcpy(base + 4, "more", 4);
    SILENT(rvm_commit_trans(tid));
    SILENT(base = map_again(rvm, base, "seg", 100));
    CHECK(is_text(base, "openmore"));
}

static int how_to_die;

static void die_with_segments_mapped(void)
{
    rvm_t rvm = rvm_init(inside("."));
    char *base = MAP(rvm, "seg", 100);
    MAP(rvm, "other", 100);
    commit_text(rvm, base, 0, "kept");
    die(how_to_die);
}

static void not_unmapping_before_exit_is_fine(void)
{
    for (how_to_die = 0; how_to_die < 2; how_to_die++) {
        rvm_t rvm = store();
        CHECK(in_child(die_with_segments_mapped) == death(how_to_die));
        CHECK(printed_lines() == 0);
        SILENT(CHECK(is_text(MAP(rvm, "seg", 100), "kept")));
        close_stores();
    }
}

void check_unmap(void)
{
    CELL(unmaps);
    CELL(what_is_no_base_is_reported_and_ignored);
    CELL(unmapped_already_is_reported_and_ignored);
    CELL(a_foreign_handle_is_reported_and_ignored);
    CELL(a_segment_in_an_open_transaction_is_refused);
    CELL(not_unmapping_before_exit_is_fine);
}
