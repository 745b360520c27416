/*
 * What a process does beside its calls: signals that it waits for, forks while a thread waits, the environment, a disk that fails, options that
 * come while another thread opens the directory, and transactions that declare much.
 *
 * surroundings DIR
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rvm_ext.h"

#define SIZE 4096

#define CHECK(what) ((what) ? (void) 0 : failed(#what, __LINE__))

static rvm_t rvm;
static char *base;
static char path[4096];

static void failed(const char *what, int line)
{
    fprintf(stderr, "surroundings.c:%d: not so: %s (%s)\n", line, what, rvm_last_error());
    exit(1);
}

static void open_store(const char *directory, const char *name)
{
    sprintf(path, "%.2000s/%.100s", directory, name);
    rvm = rvm_init(path);
    CHECK(rvm != NULL);
    base = (char *) rvm_map(rvm, "s", SIZE);
    CHECK(base != NULL);
}

static trans_t begin(void)
{
    void *list[1];
    trans_t tid;
    list[0] = base;
    tid = rvm_begin_trans(rvm, 1, list);
    CHECK(tid != (trans_t) -1);
    return tid;
}

/* The library's own threads take no signal that the program waits for: its default action would end the process. */
static void a_signal_that_is_waited_for(const char *directory)
{
    sigset_t waited_for;
    int got = 0;
    open_store(directory, "signals");
    sigemptyset(&waited_for);
    sigaddset(&waited_for, SIGUSR1);
    CHECK(sigprocmask(SIG_BLOCK, &waited_for, NULL) == 0);
    CHECK(kill(getpid(), SIGUSR1) == 0);
    CHECK(sigwait(&waited_for, &got) == 0 && got == SIGUSR1);
}

static void *wait_for_ever(void *unused)
{
    void *list[1];
    trans_t tid;
    list[0] = base;
    (void) unused;
    rvmx_begin(rvm, 1, list, RVMX_FOREVER, &tid);
    return NULL;
}

/* A child maps what its parent had, once the parent is gone, though a thread of the parent's was in a call at the fork. */
static void a_child_that_outlives_its_parent(const char *directory)
{
    int result[2], gone[2];
    char said = 0;
    pid_t parent;
    CHECK(pipe(result) == 0 && pipe(gone) == 0);
    parent = fork();
    if (parent == 0) {
        pthread_t thread;
        open_store(directory, "outlived");
        begin();
        CHECK(pthread_create(&thread, NULL, wait_for_ever, NULL) == 0);
        usleep(50000);
        if (fork() != 0)
            _exit(0);
        close(gone[1]);
        CHECK(read(gone[0], &said, 1) == 1);
        said = rvm_map(rvm, "s", SIZE) != NULL ? 'y' : 'n';
        CHECK(write(result[1], &said, 1) == 1);
        _exit(0);
    }
    CHECK(waitpid(parent, NULL, 0) == parent);
    CHECK(write(gone[1], "g", 1) == 1);
    CHECK(read(result[0], &said, 1) == 1 && said == 'y');
}

/* Whether a directory is checked is decided when it is opened, for all of its segments. */
static void an_environment_that_changes(const char *directory)
{
    struct rvmx_options options;
    void *list[2];
    trans_t tid;
    sprintf(path, "%.2000s/environment", directory);
    memset(&options, 0, sizeof options);
    options.log_capacity_initial = options.log_capacity_max = 32768;
    CHECK(rvmx_open(path, &options, sizeof options, &rvm) == RVMX_DONE);
    CHECK(rvmx_map(rvm, "a", 1 << 20, &list[0], NULL) == RVMX_DONE);
    CHECK(setenv("RVM_CHECKED", "1", 1) == 0);
    CHECK(rvmx_map(rvm, "b", 1 << 20, &list[1], NULL) == RVMX_DONE);
    CHECK(unsetenv("RVM_CHECKED") == 0);
    CHECK(rvmx_begin(rvm, 2, list, 0, &tid) == RVMX_DONE);
    CHECK(rvmx_about_to_modify(tid, list[0], 0, 100) == RVMX_DONE);
    CHECK(rvmx_about_to_modify(tid, list[1], 0, 1 << 20) == RVMX_DONE);
    CHECK(rvmx_commit(tid, RVMX_FORCE) == RVMX_TOO_LARGE);
    CHECK(rvmx_commit(tid, RVMX_FORCE) == RVMX_NO_TRANSACTION);
}

/* A lazy commit that could not be forced is told of by the next flush, also if a fork came between. */
static void a_disk_that_fails(const char *directory)
{
    struct rlimit before, none;
    pid_t child;
    trans_t tid;
    open_store(directory, "fails");
    tid = begin();
    rvm_about_to_modify(tid, base, 0, 8);
    base[0] = 1;
    rvm_commit_trans(tid);
    signal(SIGXFSZ, SIG_IGN);
    CHECK(getrlimit(RLIMIT_FSIZE, &before) == 0);
    none = before;
    none.rlim_cur = 1;
    CHECK(setrlimit(RLIMIT_FSIZE, &none) == 0);
    tid = begin();
    rvm_about_to_modify(tid, base, 0, 8);
    base[0] = 2;
    CHECK(rvmx_commit(tid, RVMX_LAZY) == RVMX_DONE);
    CHECK(rvmx_flush(rvm) == RVMX_POISONED);
    CHECK(rvmx_unmap(rvm, base) == RVMX_DONE);
    CHECK(setrlimit(RLIMIT_FSIZE, &before) == 0);
    child = fork();
    if (child == 0)
        _exit(0);
    CHECK(waitpid(child, NULL, 0) == child);
    CHECK(rvmx_flush(rvm) == RVMX_POISONED);
    /* Closed by the program, it can be opened again. */
    CHECK(rvmx_close(rvm) == RVMX_POISONED);
    base = (char *) rvm_map(rvm, "s", SIZE);
    CHECK(base != NULL && base[0] == 1);
}

static pthread_barrier_t together;

static void *map_it(void *unused)
{
    (void) unused;
    pthread_barrier_wait(&together);
    return rvm_map(rvm, "s", SIZE);
}

/* Whoever comes first, what is mapped stays mapped. */
static void options_that_come_while_it_is_opened(const char *directory)
{
    int round;
    CHECK(pthread_barrier_init(&together, NULL, 2) == 0);
    for (round = 0; round < 20; round++) {
        struct rvmx_options options;
        pthread_t thread;
        void *mapped;
        rvm_t same;
        int code;
        sprintf(path, "%.2000s/options-%d", directory, round);
        memset(&options, 0, sizeof options);
        options.coalesce = 1;
        rvm = rvm_init(path);
        CHECK(pthread_create(&thread, NULL, map_it, NULL) == 0);
        pthread_barrier_wait(&together);
        code = rvmx_open(path, &options, sizeof options, &same);
        CHECK(pthread_join(thread, &mapped) == 0);
        CHECK(code == RVMX_DONE || code == RVMX_MISUSE);
        CHECK(mapped != NULL);
        base = (char *) mapped;
        base[0] = 1;
        rvm_abort_trans(begin());
    }
}

/* A program may declare the same bytes again and again, and any segment as a whole. */
static void much_is_declared(const char *directory)
{
    int size = 65 << 20, i;
    trans_t tid;
    open_store(directory, "much");
    base = (char *) rvm_map(rvm, "large", size);
    CHECK(base != NULL);
    tid = begin();
    for (i = 0; i < 3; i++)
        rvm_about_to_modify(tid, base, 0, size);
    base[size - 1] = 1;
    rvm_commit_trans(tid);
}

int main(int argc, char **argv)
{
    CHECK(argc == 2);
    a_signal_that_is_waited_for(argv[1]);
    a_child_that_outlives_its_parent(argv[1]);
    an_environment_that_changes(argv[1]);
    a_disk_that_fails(argv[1]);
    options_that_come_while_it_is_opened(argv[1]);
    much_is_declared(argv[1]);
    return 0;
}
