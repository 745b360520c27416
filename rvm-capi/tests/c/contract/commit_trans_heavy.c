/* The row rvm_commit_trans_heavy of the contract. */
#include "check.h"

#define FUNCTION "rvm_commit_trans_heavy"

static void commits_and_applies(void)
{
    rvm_t rvm = store();
    char *base = MAP(rvm, "seg", 300000);
    long smallest = size_of_file(inside("seg.log"));
    trans_t tid = BEGIN(rvm, base);
    rvm_about_to_modify(tid, base, 0, 300000);
    memset(base, 'x', 300000);
    memcpy(base + 5000, "heavy", 5);
    SILENT(rvm_commit_trans_heavy(tid));
    CHECK(file_has(inside("seg.seg"), 5000, "heavy"));
    CHECK(size_of_file(inside("seg.log")) == smallest);
    REFUSED("rvm_commit_trans", EINVAL, rvm_commit_trans(tid));
    CHECK(is_text(map_again(rvm, base, "seg", 1) + 5000, "heavy"));
}

static void commit_and_die(void)
{
    rvm_t rvm = rvm_init(inside("."));
    char *base = MAP(rvm, "seg", 100);
    trans_t tid = BEGIN(rvm, base);
    rvm_about_to_modify(tid, base, 0, 5);
    memcpy(base, "heavy", 5);
    rvm_commit_trans_heavy(tid);
    raise(SIGKILL);
}

static void survives_a_crash(void)
{
    rvm_t rvm = store();
    CHECK(in_child(commit_and_die) == KILLED_BY(SIGKILL));
    CHECK(is_text(MAP(rvm, "seg", 100), "heavy"));
}

static void unknown_and_finished_ids_have_no_effect(void)
{
    rvm_t rvm = store();
    char *base = MAP(rvm, "seg", 100);
    trans_t done = BEGIN(rvm, base);
    rvm_commit_trans_heavy(done);
    REFUSED("rvm_commit_trans_heavy", EINVAL, rvm_commit_trans_heavy(done));
    REFUSED("rvm_commit_trans_heavy", EINVAL, rvm_commit_trans_heavy(trans_of(0)));
    REFUSED("rvm_commit_trans_heavy", EINVAL, rvm_commit_trans_heavy(trans_of(-1)));
    REFUSED("rvm_commit_trans_heavy", EINVAL, rvm_commit_trans_heavy(trans_of(INT_MAX)));
}

void check_commit_trans_heavy(void)
{
    CELL(commits_and_applies);
    CELL(survives_a_crash);
    CELL(unknown_and_finished_ids_have_no_effect);
}
