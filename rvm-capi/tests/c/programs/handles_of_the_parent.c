/*
 * The parent has segments mapped and a transaction open when it forks. The child uses all of it, is refused, and harms
 * nothing.
 */
#include "judge.h"

static void child(const char *path, rvm_t rvm, char *segment, char *other, trans_t tid)
{
    void *list = other;
    errno = 0;
    rvm_about_to_modify(tid, segment, 50, 10);
    EXPECT(errno != 0);
    strcpy(segment, "by the child");
    errno = 0;
    rvm_commit_trans(tid);
    EXPECT(errno != 0);
    errno = 0;
    rvm_abort_trans(tid);
    EXPECT(errno != 0);
    EXPECT(strcmp(segment, "by the child") == 0);
    EXPECT(rvm_begin_trans(rvm, 1, &list) == (trans_t) -1);
    errno = 0;
    rvm_unmap(rvm, other);
    EXPECT(errno != 0);
    errno = 0;
    rvm_truncate_log(rvm);
    EXPECT(errno != 0);
    errno = 0;
    rvm_destroy(rvm, "idle");
    EXPECT(errno != 0);
    EXPECT(rvm_map(rvm, "third", 100) == NULL);
    EXPECT(rvm_init(path) == NULL);
    /* What it may do is use another directory. */
    EXPECT(chdir(path) == 0);
    rvm = rvm_init("inner");
    segment = (char *) rvm_map(rvm, "testseg", 100);
    EXPECT(segment != NULL);
    commit_text(rvm, segment, 0, "of the child");
}

static void fork_and_check(const char *path, int how)
{
    rvm_t rvm = rvm_init(path);
    char *segment = (char *) rvm_map(rvm, "testseg", 100);
    char *other = (char *) rvm_map(rvm, "other", 100);
    char *idle = (char *) rvm_map(rvm, "idle", 100);
    void *list = segment;
    trans_t tid;
    pid_t pid;
    EXPECT(segment != NULL && other != NULL && idle != NULL);
    commit_text(rvm, idle, 0, "idle");
    rvm_unmap(rvm, idle);
    tid = rvm_begin_trans(rvm, 1, &list);
    rvm_about_to_modify(tid, segment, 0, 40);
    strcpy(segment, "by the parent, ");
    fflush(stdout);
    pid = fork();
    EXPECT(pid != -1);
    if (pid == 0) {
        child(path, rvm, segment, other, tid);
        if (how == 0) {
            exit(0);
        }
        abort();
    }
    EXPECT(end_of(pid) == (how == 0 ? 0 : KILLED_BY(SIGABRT)));
    EXPECT(strcmp(segment, "by the parent, ") == 0);
    strcat(segment, "and on");
    rvm_commit_trans(tid);
    commit_text(rvm, other, 0, "free");
    rvm_unmap(rvm, segment);
    rvm_unmap(rvm, other);
    segment = (char *) rvm_map(rvm, "testseg", 100);
    other = (char *) rvm_map(rvm, "other", 100);
    idle = (char *) rvm_map(rvm, "idle", 100);
    EXPECT(segment != NULL && strcmp(segment, "by the parent, and on") == 0);
    EXPECT(other != NULL && strcmp(other, "free") == 0);
    EXPECT(idle != NULL && strcmp(idle, "idle") == 0);
    rvm_unmap(rvm, segment);
    rvm_unmap(rvm, other);
    rvm_unmap(rvm, idle);
}

int main(int argc, char **argv)
{
    EXPECT(argc == 2);
    fork_and_check(argv[1], 0);
    fork_and_check(argv[1], 1);
    return 0;
}
