/* The parent destroys a segment, or maps, commits and unmaps, before it forks; the child has the directory to itself then. */
#include "judge.h"

static void child(rvm_t rvm, const char *expected)
{
    char *segment = (char *) rvm_map(rvm, "testseg", 10000);
    EXPECT(segment != NULL);
    EXPECT(strcmp(segment, expected) == 0);
    commit_text(rvm, segment, 0, "of the child");
    strcpy(segment, "not committed");
    abort();
}

static void judge(const char *path, rvm_t rvm, const char *expected)
{
    char *segment;
    pid_t pid = fork();
    EXPECT(pid != -1);
    if (pid == 0) {
        child(rvm, expected);
    }
    EXPECT(end_of(pid) == KILLED_BY(SIGABRT));
    rvm = rvm_init(path);
    segment = (char *) rvm_map(rvm, "testseg", 10000);
    EXPECT(segment != NULL);
    EXPECT(strcmp(segment, "of the child") == 0);
    commit_text(rvm, segment, 0, "of the parent");
    rvm_unmap(rvm, segment);
}

int main(int argc, char **argv)
{
    char *segment;
    rvm_t rvm;
    EXPECT(argc == 2);
    rvm = rvm_init(argv[1]);
    rvm_destroy(rvm, "testseg");
    judge(argv[1], rvm, "");
    judge(argv[1], rvm, "of the parent");
    rvm_destroy(rvm, "testseg");
    judge(argv[1], rvm, "");
    segment = (char *) rvm_map(rvm, "testseg", 10000);
    commit_text(rvm, segment, 0, "just before the fork");
    rvm_unmap(rvm, segment);
    rvm_truncate_log(rvm);
    judge(argv[1], rvm, "just before the fork");
    return 0;
}
