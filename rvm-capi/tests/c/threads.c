/*
 * Threads: transactions in parallel, one transaction in the hands of two threads, and a thread that changes what another one commits.
 *
 * threads DIR
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rvm_ext.h"

#define THREADS 4
#define COMMITS 50
#define RACED 100
#define SIZE 65536

#define CHECK(what) ((what) ? (void) 0 : failed(#what, __LINE__))

static rvm_t rvm;
static char *shared_base;
static char *bases[2];

static void failed(const char *what, int line)
{
    fprintf(stderr, "threads.c:%d: not so: %s (%s)\n", line, what, rvm_last_error());
    exit(1);
}

static void open_store(const char *directory, const char *name, int is_checked)
{
    char path[4096];
    struct rvmx_options options;
    memset(&options, 0, sizeof options);
    options.checked = is_checked;
    /* Nothing is folded into the segments before it is recovered. */
    options.log_capacity_initial = 16 << 20;
    sprintf(path, "%.2000s/%.100s", directory, name);
    CHECK(rvmx_open(path, &options, sizeof options, &rvm) == RVMX_DONE);
}

static char *mapped(const char *name)
{
    void *base = NULL;
    size_t length = 0;
    CHECK(rvmx_map(rvm, name, SIZE, &base, &length) == RVMX_DONE);
    CHECK(length == SIZE);
    return (char *) base;
}

/* Adds one to a number of a segment. */
static void add_one(char *base, int offset, long wait_ms)
{
    void *list[1];
    trans_t tid;
    long number;
    list[0] = base;
    CHECK(rvmx_begin(rvm, 1, list, wait_ms, &tid) == RVMX_DONE);
    CHECK(rvmx_about_to_modify(tid, base, (size_t) offset, sizeof number) == RVMX_DONE);
    memcpy(&number, base + offset, sizeof number);
    number++;
    memcpy(base + offset, &number, sizeof number);
    CHECK(rvmx_commit(tid, RVMX_FORCE) == RVMX_DONE);
}

static void *commit_many(void *argument)
{
    char name[32];
    char *own;
    int i;
    sprintf(name, "own-%ld", (long) argument);
    own = mapped(name);
    for (i = 0; i < COMMITS; i++) {
        add_one(own, 8, 0);
        add_one(shared_base, 16, RVMX_FOREVER);
    }
    return own;
}

/* No commit is lost, and a segment of its own is never busy, whatever other threads do. */
static void transactions_in_parallel(const char *directory)
{
    pthread_t threads[THREADS];
    long number;
    int i;
    open_store(directory, "parallel", 0);
    shared_base = mapped("shared");
    for (i = 0; i < THREADS; i++)
        CHECK(pthread_create(&threads[i], NULL, commit_many, (void *) (long) i) == 0);
    for (i = 0; i < THREADS; i++) {
        void *own;
        CHECK(pthread_join(threads[i], &own) == 0);
        memcpy(&number, (char *) own + 8, sizeof number);
        CHECK(number == COMMITS);
    }
    memcpy(&number, shared_base + 16, sizeof number);
    CHECK(number == (long) THREADS * COMMITS);
}

static trans_t being_committed;
static int told;

static void *use_it_too(void *base)
{
    errno = 0;
    CHECK(rvmx_about_to_modify(being_committed, base, 0, 8) == RVMX_IN_USE);
    CHECK(errno == EBUSY);
    CHECK(strstr(rvm_last_error(), "is being used by another thread") != NULL);
    CHECK(rvmx_abort(being_committed) == RVMX_IN_USE);
    CHECK(rvmx_commit(being_committed, RVMX_FORCE) == RVMX_IN_USE);
    CHECK(rvmx_label(being_committed, "x") == RVMX_IN_USE);
    return NULL;
}

/* Called in the middle of a commit. */
static void in_commit(const struct rvmx_undeclared *change, void *base)
{
    pthread_t other;
    CHECK(change->offset == 100 && change->length == 1);
    CHECK(pthread_create(&other, NULL, use_it_too, base) == 0);
    CHECK(pthread_join(other, NULL) == 0);
    told++;
}

/* A transaction goes from thread to thread, but is in the hands of one at a time. */
static void one_transaction_of_two_threads(const char *directory)
{
    void *list[1];
    char *base;
    open_store(directory, "two", 1);
    base = mapped("s");
    list[0] = base;
    CHECK(rvmx_on_undeclared(rvm, in_commit, base) == RVMX_DONE);
    CHECK(rvmx_begin(rvm, 1, list, 0, &being_committed) == RVMX_DONE);
    CHECK(rvmx_about_to_modify(being_committed, base, 0, 8) == RVMX_DONE);
    base[0] = 'x';
    base[100] = 'y';
    CHECK(rvmx_commit(being_committed, RVMX_FORCE) == RVMX_DONE);
    CHECK(told == 1);
    CHECK(rvmx_commit(being_committed, RVMX_FORCE) == RVMX_NO_TRANSACTION);
}

static volatile int stop;

static void *scribble(void *argument)
{
    unsigned char value = 0;
    (void) argument;
    while (!stop) {
        memset(bases[0] + 64, value, SIZE - 64);
        memset(bases[1] + 64, value, SIZE - 64);
        value++;
        sched_yield();
    }
    return NULL;
}

static void commit_scribbled(const char *directory)
{
    pthread_t other;
    int i, k;
    open_store(directory, "raced", 0);
    bases[0] = mapped("a");
    bases[1] = mapped("b");
    CHECK(pthread_create(&other, NULL, scribble, NULL) == 0);
    for (i = 1; i <= RACED; i++) {
        trans_t tid;
        CHECK(rvmx_begin(rvm, 2, (void *const *) bases, 0, &tid) == RVMX_DONE);
        for (k = 0; k < 2; k++) {
            CHECK(rvmx_about_to_modify(tid, bases[k], 0, SIZE) == RVMX_DONE);
            memset(bases[k], i, 64);
        }
        CHECK(rvmx_commit(tid, RVMX_FORCE) == RVMX_DONE);
    }
    /* The scribbler writes to the last. */
    _exit(0);
}

/* Whatever a thread does to declared bytes while another one commits them: commits are whole, and the store opens. */
static void memory_that_changes_in_a_commit(const char *directory)
{
    int status, k;
    pid_t pid = fork();
    if (pid == 0)
        commit_scribbled(directory);
    CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0);
    open_store(directory, "raced", 0);
    for (k = 0; k < 2; k++) {
        char *base = mapped(k == 0 ? "a" : "b");
        CHECK(base[0] == RACED && base[63] == RACED);
    }
}

int main(int argc, char **argv)
{
    CHECK(argc == 2);
    transactions_in_parallel(argv[1]);
    one_transaction_of_two_threads(argv[1]);
    memory_that_changes_in_a_commit(argv[1]);
    puts("as it should be");
    return 0;
}
