/* The paragraph Errors of the contract. Each REFUSED in the other files checks the line, errno, and rvm_last_error. */
#include "check.h"

#include <pthread.h>
#include <rvm_ext.h>

#define FUNCTION "Errors"

static void one_line_errno_and_the_text(void)
{
    rvm_t rvm = store();
    MAP(rvm, "x", 100);
    REFUSED("rvm_map", EEXIST, rvm_map(rvm, "x", 100));
    CHECK(strcmp(printed(), "rvm: rvm_map: segment \"x\" is already mapped\n") == 0);
    CHECK(strcmp(rvm_last_error(), "rvm: rvm_map: segment \"x\" is already mapped") == 0);
}

static void the_text_is_kept_until_the_next_error(void)
{
    rvm_t rvm = store();
    char *base = MAP(rvm, "x", 100);
    REFUSED("rvm_map", EEXIST, rvm_map(rvm, "x", 100));
    commit_text(rvm, base, 0, "fine");
    rvm_truncate_log(rvm);
    CHECK(is_text(rvm_last_error(), "rvm: rvm_map: "));
    REFUSED("rvm_unmap", EINVAL, rvm_unmap(rvm, NULL));
    CHECK(is_text(rvm_last_error(), "rvm: rvm_unmap: "));
}

static void *last_error_of_a_thread(void *unused)
{
    (void) unused;
    CHECK(strcmp(rvm_last_error(), "") == 0);
    rvm_commit_trans(trans_of(0));
    CHECK(is_text(rvm_last_error(), "rvm: rvm_commit_trans: "));
    return NULL;
}

static void each_thread_has_its_own_text(void)
{
    pthread_t thread;
    REFUSED("rvm_abort_trans", EINVAL, rvm_abort_trans(trans_of(0)));
    capture();
    NEED(pthread_create(&thread, NULL, last_error_of_a_thread, NULL) == 0);
    NEED(pthread_join(thread, NULL) == 0);
    captured();
    CHECK(printed_lines() == 1);
    CHECK(is_text(rvm_last_error(), "rvm: rvm_abort_trans: "));
}

static void a_path_with_a_line_break_makes_one_line(void)
{
    rvm_t rvm;
    fresh();
    REFUSED("rvm_init", ENOENT, rvm = rvm_init(inside("a\nb/c\nd")));
    CHECK(is_null(rvm));
}

static const char *variable;

static void misuse(void)
{
    setenv("RVM_ABORT_ON_ERROR", variable, 1);
    rvm_commit_trans(trans_of(0));
}

static void misuse_map(void)
{
    rvm_t rvm = rvm_init(inside("."));
    setenv("RVM_ABORT_ON_ERROR", "1", 1);
    MAP(rvm, "x", 100);
    rvm_map(rvm, "x", 100);
}

static void aborts_instead_if_the_environment_says_so(void)
{
    variable = "1";
    CHECK(in_child(misuse) == KILLED_BY(SIGABRT));
    CHECK(printed_lines() == 1 && is_text(printed(), "rvm: rvm_commit_trans: "));
    variable = "0";
    CHECK(in_child(misuse) == 0);
    CHECK(printed_lines() == 1);
    variable = "";
    CHECK(in_child(misuse) == 0);
    CHECK(printed_lines() == 1);
    store();
    CHECK(in_child(misuse_map) == KILLED_BY(SIGABRT));
    CHECK(strcmp(printed(), "rvm: rvm_map: segment \"x\" is already mapped\n") == 0);
}

static void extended_calls_print_nothing(void)
{
    rvm_t rvm = store();
    void *base = MAP(rvm, "x", 100);
    int code, after;
    SILENT(code = rvmx_map(rvm, "x", 100, &base, NULL); after = errno);
    CHECK(code == RVMX_MISUSE);
    CHECK(after == EEXIST);
    CHECK(is_text(rvm_last_error(), "rvm: rvmx_map: "));
    SILENT(code = rvmx_commit(trans_of(0), RVMX_FORCE));
    CHECK(code == RVMX_NO_TRANSACTION);
}

void check_errors(void)
{
    CELL(one_line_errno_and_the_text);
    CELL(the_text_is_kept_until_the_next_error);
    CELL(each_thread_has_its_own_text);
    CELL(a_path_with_a_line_break_makes_one_line);
    CELL(aborts_instead_if_the_environment_says_so);
    CELL(extended_calls_print_nothing);
}
