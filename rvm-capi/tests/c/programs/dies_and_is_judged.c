/* The child commits, writes more and dies; the parent judges. Who inits, and when, and how the child dies varies. */
#include "judge.h"

enum { BEFORE_ONLY, IN_BOTH, AGAIN_IN_BOTH, VARIANTS };

static void child(rvm_t rvm, int how)
{
    char *segment = (char *) rvm_map(rvm, "testseg", 10000);
    void *list = segment;
    trans_t tid;
    EXPECT(segment != NULL);
    commit_text(rvm, segment, 0, "hello, world");
    commit_text(rvm, segment, 1000, "hello, world");
    tid = rvm_begin_trans(rvm, 1, &list);
    rvm_about_to_modify(tid, segment, 0, 100);
    strcpy(segment, "goodbye, world");
    rvm_about_to_modify(tid, segment, 1000, 100);
    strcpy(segment + 1000, "goodbye, world");
    switch (how) {
    case 0:
        abort();
    case 1:
        exit(0);
    case 2:
        _exit(0);
    default:
        raise(SIGKILL);
    }
}

static void run(const char *path, int variant, int how)
{
    static const int ends[] = {KILLED_BY(SIGABRT), 0, 0, KILLED_BY(SIGKILL)};
    rvm_t rvm = NULL;
    char *segment;
    pid_t pid;
    if (variant != IN_BOTH) {
        rvm = rvm_init(path);
        EXPECT(rvm != NULL);
    }
    pid = fork();
    EXPECT(pid != -1);
    if (pid == 0) {
        if (variant != BEFORE_ONLY) {
            rvm = rvm_init(path);
            EXPECT(rvm != NULL);
        }
        child(rvm, how);
    }
    EXPECT(end_of(pid) == ends[how]);
    if (variant != BEFORE_ONLY) {
        rvm = rvm_init(path);
        EXPECT(rvm != NULL);
    }
    segment = (char *) rvm_map(rvm, "testseg", 10000);
    EXPECT(segment != NULL);
    EXPECT(strcmp(segment, "hello, world") == 0);
    EXPECT(strcmp(segment + 1000, "hello, world") == 0);
    rvm_unmap(rvm, segment);
}

int main(int argc, char **argv)
{
    int variant, how;
    EXPECT(argc == 2 && mkdir(argv[1], 0700) == 0 && chdir(argv[1]) == 0);
    for (variant = 0; variant < VARIANTS; variant++) {
        for (how = 0; how < 4; how++) {
            char path[32];
            sprintf(path, "%d-%d", variant, how);
            run(path, variant, how);
        }
    }
    return 0;
}
