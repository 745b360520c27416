/*
 * Kills a program at every system call of some commits over two segments, at its beginning and at its end, in whichever of its threads,
 * and judges what is there afterwards: of each commit both changes or neither, and both if it had returned.
 *
 * kill_at_each_call DIR    prints how many kills there were, and after how many of them the commit under way was there.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rvm.h"

#define SIZE 8192
#define RANGE 64

#define COMMITS 3

/* What the tracee tells the tracer: commits begin, and one of them has returned. */
#define BEGIN SIGUSR1
#define HAS_RETURNED SIGUSR2

/* A run in which all commits returned before its call was met is one too many; threads make some runs shorter than others. */
#define MISSES_MAX 5

static void die(const char *what)
{
    fprintf(stderr, "%s: %s\n", what, strerror(errno));
    exit(1);
}

static void commit(rvm_t rvm, void **bases, int value)
{
    trans_t tid = rvm_begin_trans(rvm, 2, bases);
    int i;
    for (i = 0; i < 2; i++) {
        rvm_about_to_modify(tid, bases[i], 100, RANGE);
        memset((char *) bases[i] + 100, value, RANGE);
        rvm_about_to_modify(tid, bases[i], SIZE - RANGE, RANGE);
        memset((char *) bases[i] + SIZE - RANGE, value, RANGE);
    }
    rvm_commit_trans(tid);
}

static void map_both(const char *directory, rvm_t *rvm, void **bases)
{
    *rvm = rvm_init(directory);
    bases[0] = rvm_map(*rvm, "a", SIZE);
    bases[1] = rvm_map(*rvm, "b", SIZE);
    if (!bases[0] || !bases[1])
        _exit(2);
}

/* Commits 1, 2 and so on. The first of them has more to do: it takes the clean marks off the logs. */
static void be_traced(const char *directory, int start)
{
    rvm_t rvm;
    void *bases[2];
    char go;
    int value;
    if (read(start, &go, 1) != 1)
        _exit(2);
    map_both(directory, &rvm, bases);
    raise(BEGIN);
    for (value = 1; value <= COMMITS; value++) {
        commit(rvm, bases, value);
        raise(HAS_RETURNED);
    }
    _exit(0);
}

/* What both segments hold, or -1 if they differ. */
static int judged(const char *directory)
{
    pid_t pid = fork();
    int status;
    if (pid == 0) {
        rvm_t rvm;
        void *bases[2];
        int i, at;
        char first;
        map_both(directory, &rvm, bases);
        first = *((char *) bases[0] + 100);
        for (i = 0; i < 2; i++) {
            for (at = 0; at < RANGE; at++) {
                if (((char *) bases[i])[100 + at] != first)
                    _exit(100);
                if (((char *) bases[i])[SIZE - RANGE + at] != first)
                    _exit(100);
            }
        }
        _exit(first);
    }
    if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
        return -1;
    return WEXITSTATUS(status) == 100 ? -1 : WEXITSTATUS(status);
}

/* Runs the program and kills it at the stop of this number. Returns how many commits had returned. */
static int killed_at(const char *directory, long number)
{
    long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_EXITKILL;
    int start[2], status, counting = 0, returned = 0, killed = 0;
    long stops = 0;
    pid_t pid, thread;
    if (pipe(start) != 0)
        die("pipe");
    pid = fork();
    if (pid == 0)
        be_traced(directory, start[0]);
    if (ptrace(PTRACE_SEIZE, pid, 0, options) != 0)
        die("ptrace");
    if (ptrace(PTRACE_INTERRUPT, pid, 0, 0) != 0 || write(start[1], "g", 1) != 1)
        die("start");
    close(start[0]);
    close(start[1]);
    while ((thread = waitpid(-1, &status, __WALL)) > 0) {
        int signal = WIFSTOPPED(status) ? WSTOPSIG(status) : 0;
        int is_call = signal == (SIGTRAP | 0x80);
        if (!WIFSTOPPED(status)) {
            if (thread == pid)
                break;
            continue;
        }
        if (signal == BEGIN)
            counting = 1;
        if (signal == HAS_RETURNED && ++returned == COMMITS)
            counting = 0;
        if (is_call && counting && ++stops == number && !killed) {
            kill(pid, SIGKILL);
            killed = 1;
        }
        /* The kill may have come first. */
        ptrace(PTRACE_SYSCALL, thread, 0, 0);
    }
    while (waitpid(-1, &status, __WALL) > 0)
        ;
    if (!killed && returned < COMMITS) {
        fprintf(stderr, "the program ended before its commits returned\n");
        exit(1);
    }
    return returned;
}

static void remove_all(const char *directory)
{
    char command[4096];
    sprintf(command, "rm -rf '%.3000s'", directory);
    if (system(command) != 0)
        die("rm");
}

int main(int argc, char **argv)
{
    long number, kills = 0, under_way = 0, misses = 0;
    if (argc != 2) {
        fprintf(stderr, "usage: %s DIR\n", argv[0]);
        return 2;
    }
    for (number = 1; misses < MISSES_MAX; number++) {
        int returned, found;
        remove_all(argv[1]);
        returned = killed_at(argv[1], number);
        found = judged(argv[1]);
        if (found < returned || found > returned + 1) {
            fprintf(stderr, "killed at stop %ld, when %d commits had returned: found %d (-1: a part)\n", number,
                    returned, found);
            return 1;
        }
        if (returned == COMMITS)
            misses++;
        else
            kills++;
        under_way += found > returned;
    }
    printf("%ld kills, after %ld of them the commit under way was there\n", kills, under_way);
    return under_way == 0 || under_way == kills;
}
