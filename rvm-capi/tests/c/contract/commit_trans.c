/* The row rvm_commit_trans of the contract. */
#include "check.h"

#include <rvm_ext.h>

#define FUNCTION "rvm_commit_trans"

static int how_to_die;

static void commit_and_die(void)
{
    rvm_t rvm = rvm_init(inside("."));
    void *bases[2];
    trans_t tid;
    bases[0] = MAP(rvm, "a", 100);
    bases[1] = MAP(rvm, "b", 20000);
    tid = rvm_begin_trans(rvm, 2, bases);
    rvm_about_to_modify(tid, bases[0], 0, 4);
    rvm_about_to_modify(tid, bases[1], 15000, 4);
    memcpy(bases[0], "all,", 4);
    memcpy((char *) bases[1] + 15000, "all.", 4);
    rvm_commit_trans(tid);
    die(how_to_die);
}

static void changes_survive_whatever_the_process_does_next(void)
{
    for (how_to_die = 0; how_to_die < DEATHS; how_to_die++) {
        rvm_t rvm = store();
        CHECK(in_child(commit_and_die) == death(how_to_die));
        CHECK(printed_lines() == 0);
        CHECK(is_text(MAP(rvm, "a", 100), "all,"));
        CHECK(is_text(MAP(rvm, "b", 100) + 15000, "all."));
        close_stores();
    }
}

static void ranges_are_logged_as_they_are_at_commit(void)
{
    rvm_t rvm = store();
    char *base = MAP(rvm, "seg", 100);
    trans_t tid = BEGIN(rvm, base);
    rvm_about_to_modify(tid, base, 0, 6);
    rvm_about_to_modify(tid, base, 3, 6);
    memcpy(base, "aaaaaaaaa", 9);
    memcpy(base + 2, "at end", 6);
    rvm_commit_trans(tid);
    memset(base, 'x', 9);
    CHECK(is_text(map_again(rvm, base, "seg", 100), "aaat enda"));
}

static void a_range_that_was_not_modified_is_committed_as_it_is(void)
{
    rvm_t rvm = store();
    char *base = MAP(rvm, "seg", 100);
    trans_t tid;
    memcpy(base, "undeclared", 10);
    tid = BEGIN(rvm, base);
    rvm_about_to_modify(tid, base, 0, 2);
    rvm_commit_trans(tid);
    base = map_again(rvm, base, "seg", 100);
    CHECK(is_text(base, "un"));
    CHECK(is_filled(base + 2, 98, 0));
}

static void a_transaction_without_changes_is_committed(void)
{
    rvm_t rvm = store();
    char *base = MAP(rvm, "seg", 100);
    SILENT(rvm_commit_trans(BEGIN(rvm, base)));
    SILENT(commit_text(rvm, base, 0, "next"));
    CHECK(is_text(base, "next"));
}

static void what_is_not_declared_is_not_logged(void)
{
    rvm_t rvm = store();
    char *base = MAP(rvm, "seg", 100);
    trans_t tid = BEGIN(rvm, base);
    rvm_about_to_modify(tid, base, 10, 10);
    memset(base, 'x', 30);
    rvm_commit_trans(tid);
    CHECK(is_filled(base, 30, 'x'));
    base = map_again(rvm, base, "seg", 100);
    CHECK(is_filled(base, 10, 0));
    CHECK(is_filled(base + 10, 10, 'x'));
    CHECK(is_filled(base + 20, 80, 0));
}

static void it_is_a_force_of_the_log(void)
{
    rvm_t rvm = store();
    struct rvmx_stats before, after;
    char *base = MAP(rvm, "seg", 100);
    NEED(rvmx_statistics(rvm, &before, sizeof before) == RVMX_DONE);
    commit_text(rvm, base, 0, "forced");
    NEED(rvmx_statistics(rvm, &after, sizeof after) == RVMX_DONE);
    CHECK(after.commits_forced == before.commits_forced + 1);
    CHECK(after.commits_lazy == before.commits_lazy);
    CHECK(after.log_forces > before.log_forces);
    CHECK(after.force_bytes > before.force_bytes);
}

static void more_than_a_log_holds_at_first_is_committed(void)
{
    rvm_t rvm = store();
    int size = 300000;
    char *base = MAP(rvm, "seg", size);
    trans_t tid = BEGIN(rvm, base);
    rvm_about_to_modify(tid, base, 0, size);
    memset(base, 'x', (size_t) size);
    SILENT(rvm_commit_trans(tid));
    CHECK(is_filled(map_again(rvm, base, "seg", 1), size, 'x'));
}

static void unknown_and_finished_ids_have_no_effect(void)
{
    static const int numbers[] = {0, -1, -2, 1000000, INT_MAX, INT_MIN};
    rvm_t rvm = store();
    char *base = MAP(rvm, "seg", 100);
    trans_t done = BEGIN(rvm, base);
    trans_t undone, tid;
    int i;
    rvm_commit_trans(done);
    undone = BEGIN(rvm, base);
    rvm_abort_trans(undone);
    tid = BEGIN(rvm, base);
    rvm_about_to_modify(tid, base, 0, 4);
    memcpy(base, "open", 4);
    for (i = 0; i < 6; i++) {
        REFUSED("rvm_commit_trans", EINVAL, rvm_commit_trans(trans_of(numbers[i])));
    }
    REFUSED("rvm_commit_trans", EINVAL, rvm_commit_trans(done));
    REFUSED("rvm_commit_trans", EINVAL, rvm_commit_trans(undone));
    SILENT(rvm_abort_trans(tid));
    CHECK(is_filled(map_again(rvm, base, "seg", 100), 100, 0));
}

static void commit_more_than_fits(void)
{
    struct rvmx_options options;
    rvm_t rvm;
    char *base;
    trans_t tid;
    memset(&options, 0, sizeof options);
    options.log_capacity_initial = options.log_capacity_max = 32768;
    NEED(rvmx_open(inside("."), &options, sizeof options, &rvm) == RVMX_DONE);
    base = MAP(rvm, "seg", 100000);
    commit_text(rvm, base, 0, "earlier");
    tid = BEGIN(rvm, base);
    rvm_about_to_modify(tid, base, 0, 100000);
    memset(base, 'x', 100000);
    rvm_commit_trans(tid);
    _exit(0);
}

static void commit_where_nothing_can_be_written(void)
{
    rvm_t rvm = rvm_init(inside("."));
    char *base = MAP(rvm, "seg", 100000);
    struct rlimit none;
    trans_t tid;
    commit_text(rvm, base, 0, "earlier");
    tid = BEGIN(rvm, base);
    rvm_about_to_modify(tid, base, 0, 100);
    memset(base, 'x', 100);
    none.rlim_cur = none.rlim_max = 0;
    signal(SIGXFSZ, SIG_IGN);
    NEED(setrlimit(RLIMIT_FSIZE, &none) == 0);
    rvm_commit_trans(tid);
    _exit(0);
}

static void what_cannot_be_durable_aborts_the_process(void)
{
    void (*const attempts[2])(void) = {
        commit_more_than_fits, commit_where_nothing_can_be_written
    };
    int i;
    for (i = 0; i < 2; i++) {
        rvm_t rvm = store();
        char *base;
        CHECK(in_child(attempts[i]) == KILLED_BY(SIGABRT));
        CHECK(printed_lines() == 1 && is_text(printed(), "rvm: rvm_commit_trans: "));
        CHECK(strstr(printed(), "; the process is aborted\n") != NULL);
        base = MAP(rvm, "seg", 100000);
        CHECK(is_text(base, "earlier"));
        CHECK(is_filled(base + 7, 100000 - 7, 0));
        close_stores();
    }
}

void check_commit_trans(void)
{
    CELL(changes_survive_whatever_the_process_does_next);
    CELL(ranges_are_logged_as_they_are_at_commit);
    CELL(a_range_that_was_not_modified_is_committed_as_it_is);
    CELL(a_transaction_without_changes_is_committed);
    CELL(what_is_not_declared_is_not_logged);
    CELL(it_is_a_force_of_the_log);
    CELL(more_than_a_log_holds_at_first_is_committed);
    CELL(unknown_and_finished_ids_have_no_effect);
    CELL(what_cannot_be_durable_aborts_the_process);
}
