/* 2,000 segments mapped at once under the default limit of 1,024 open files; and again in another process. */
#include "judge.h"

#include <sys/resource.h>

#define SEGMENTS 2000

static void *segments[SEGMENTS];

static void map_all(rvm_t rvm)
{
    int i;
    for (i = 0; i < SEGMENTS; i++) {
        char name[16];
        sprintf(name, "seg%d", i);
        segments[i] = rvm_map(rvm, name, 100);
        EXPECT(segments[i] != NULL);
    }
}

static void child(const char *path)
{
    rvm_t rvm = rvm_init(path);
    trans_t tid;
    int i;
    map_all(rvm);
    tid = rvm_begin_trans(rvm, SEGMENTS / 10, segments);
    EXPECT(tid != (trans_t) -1);
    for (i = 0; i < SEGMENTS / 10; i++) {
        rvm_about_to_modify(tid, segments[i], 0, (int) sizeof i);
        memcpy(segments[i], &i, sizeof i);
    }
    rvm_commit_trans(tid);
    for (; i < SEGMENTS; i++) {
        tid = rvm_begin_trans(rvm, 1, &segments[i]);
        rvm_about_to_modify(tid, segments[i], 0, (int) sizeof i);
        memcpy(segments[i], &i, sizeof i);
        rvm_commit_trans(tid);
    }
    abort();
}

int main(int argc, char **argv)
{
    struct rlimit limit;
    rvm_t rvm;
    pid_t pid;
    int i;
    EXPECT(argc == 2 && getrlimit(RLIMIT_NOFILE, &limit) == 0);
    limit.rlim_cur = 1024;
    EXPECT(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    pid = fork();
    EXPECT(pid != -1);
    if (pid == 0) {
        child(argv[1]);
    }
    EXPECT(end_of(pid) == KILLED_BY(SIGABRT));
    rvm = rvm_init(argv[1]);
    map_all(rvm);
    for (i = 0; i < SEGMENTS; i++) {
        EXPECT(memcmp(segments[i], &i, sizeof i) == 0);
    }
    rvm_truncate_log(rvm);
    for (i = 0; i < SEGMENTS; i++) {
        rvm_unmap(rvm, segments[i]);
    }
    return 0;
}
