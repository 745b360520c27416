/* What the programs here share: they fork, and judge what is left. Each takes a path of its own, which is not there yet. */
#ifndef JUDGE_H
#define JUDGE_H

#include <rvm.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#define EXPECT(condition) \
    do { \
        if (!(condition)) { \
            printf("%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition); \
            fflush(stdout); \
            _exit(1); \
        } \
    } while (0)

#define KILLED_BY(number) (1000 + (number))

/* The exit status of a child, or KILLED_BY a signal. */
int end_of(pid_t pid);
/* Writes a text in a transaction. */
void commit_text(rvm_t rvm, char *segment, int offset, const char *text);

#endif
