/* The row rvm_truncate_log of the contract. */
#include "check.h"

#include <rvm_ext.h>

#define FUNCTION "rvm_truncate_log"

static void add_log_used(const struct rvmx_segment *segment, void *context)
{
    *(size_t *) context += segment->log_used;
}

/* How many bytes the records in all logs take. */
static size_t log_used(rvm_t rvm)
{
    size_t used = 0;
    NEED(rvmx_segments(rvm, add_log_used, &used) == RVMX_DONE);
    return used;
}

static void plays_what_is_committed_into_the_segments(void)
{
    rvm_t rvm = store();
    char *a = MAP(rvm, "a", 20000);
    char *b = MAP(rvm, "b", 100);
    commit_text(rvm, a, 0, "overwritten");
    commit_text(rvm, a, 15000, "in a");
    commit_text(rvm, a, 4, "later");
    commit_text(rvm, b, 96, "in b");
    CHECK(log_used(rvm) > 0);
    SILENT(rvm_truncate_log(rvm));
    CHECK(file_has(inside("a.seg"), 0, "overlateren"));
    CHECK(file_has(inside("a.seg"), 15000, "in a"));
    CHECK(file_has(inside("b.seg"), 96, "in b"));
    CHECK(size_of_file(inside("a.seg")) == 20000);
    CHECK(size_of_file(inside("b.seg")) == 100);
    CHECK(log_used(rvm) == 0);
}

static void logs_are_back_at_their_smallest_size(void)
{
    rvm_t rvm = store();
    char *base = MAP(rvm, "seg", 500000);
    long smallest = size_of_file(inside("seg.log"));
    trans_t tid = BEGIN(rvm, base);
    rvm_about_to_modify(tid, base, 0, 500000);
    memset(base, 'x', 500000);
    rvm_commit_trans(tid);
    CHECK(size_of_file(inside("seg.log")) > smallest);
    SILENT(rvm_truncate_log(rvm));
    CHECK(size_of_file(inside("seg.log")) == smallest);
    CHECK(log_used(rvm) == 0);
    CHECK(file_has(inside("seg.seg"), 499990, "xxxxxxxxxx"));
    MAP(rvm, "fresh", 500000);
    CHECK(size_of_file(inside("fresh.log")) == smallest);
}

static void is_legal_at_any_time(void)
{
    rvm_t rvm = store();
    char *base;
    SILENT(rvm_truncate_log(rvm));
    SILENT(rvm_truncate_log(rvm));
    base = MAP(rvm, "seg", 100);
    SILENT(rvm_truncate_log(rvm));
    commit_text(rvm, base, 0, "unmapped");
    rvm_unmap(rvm, base);
    SILENT(rvm_truncate_log(rvm));
    CHECK(file_has(inside("seg.seg"), 0, "unmapped"));
    rvm_destroy(rvm, "seg");
    SILENT(rvm_truncate_log(rvm));
}

static void nothing_of_an_open_transaction_leaks(void)
{
    rvm_t rvm = store();
    char *base = MAP(rvm, "seg", 100);
    trans_t tid;
    commit_text(rvm, base, 0, "committed");
    tid = BEGIN(rvm, base);
    rvm_about_to_modify(tid, base, 0, 9);
    memcpy(base, "open here", 9);
    memcpy(base + 20, "undeclared", 10);
    SILENT(rvm_truncate_log(rvm));
    CHECK(file_has(inside("seg.seg"), 0, "committed"));
    CHECK(!file_has(inside("seg.seg"), 20, "un"));
    CHECK(is_text(base, "open here"));
    CHECK(log_used(rvm) == 0);
    SILENT(rvm_abort_trans(tid));
    CHECK(is_text(base, "committed"));
    tid = BEGIN(rvm, base);
    rvm_about_to_modify(tid, base, 0, 9);
    rvm_truncate_log(rvm);
    memcpy(base, "afterward", 9);
    SILENT(rvm_commit_trans(tid));
    CHECK(is_text(map_again(rvm, base, "seg", 100), "afterward"));
}

static void truncate_commit_and_die(void)
{
    rvm_t rvm = rvm_init(inside("."));
    char *base = MAP(rvm, "seg", 100);
    commit_text(rvm, base, 0, "before");
    rvm_truncate_log(rvm);
    commit_text(rvm, base, 10, "after");
    raise(SIGKILL);
}

static void later_commits_survive(void)
{
    rvm_t rvm = store();
    char *base;
    CHECK(in_child(truncate_commit_and_die) == KILLED_BY(SIGKILL));
    base = MAP(rvm, "seg", 100);
    CHECK(is_text(base, "before"));
    CHECK(is_text(base + 10, "after"));
}

static void truncate_and_die(void)
{
    rvm_t rvm = rvm_init(inside("."));
    commit_text(rvm, MAP(rvm, "seg", 100), 0, "before");
    rvm_truncate_log(rvm);
    raise(SIGKILL);
}

static void a_crash_right_after_it_loses_nothing(void)
{
    rvm_t rvm = store();
    CHECK(in_child(truncate_and_die) == KILLED_BY(SIGKILL));
    CHECK(file_has(inside("seg.seg"), 0, "before"));
    CHECK(is_text(MAP(rvm, "seg", 100), "before"));
}

static void foreign_handles_are_reported(void)
{
    REFUSED("rvm_truncate_log", EINVAL, rvm_truncate_log(rvm_of(0)));
    REFUSED("rvm_truncate_log", EINVAL, rvm_truncate_log(rvm_of(-1)));
    REFUSED("rvm_truncate_log", EINVAL, rvm_truncate_log(rvm_of(12345)));
}

void check_truncate_log(void)
{
    CELL(plays_what_is_committed_into_the_segments);
    CELL(logs_are_back_at_their_smallest_size);
    CELL(is_legal_at_any_time);
    CELL(nothing_of_an_open_transaction_leaks);
    CELL(later_commits_survive);
    CELL(a_crash_right_after_it_loses_nothing);
    CELL(foreign_handles_are_reported);
}
