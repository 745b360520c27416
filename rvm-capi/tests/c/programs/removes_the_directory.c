/* Removes the directory as rm -rf does, also while it has it open, and inits it again. */
#include "judge.h"

static void remove_all(const char *path)
{
    char command[4096];
    sprintf(command, "rm -rf '%s'", path);
    EXPECT(system(command) == 0);
}

static rvm_t begin_anew(const char *path)
{
    rvm_t rvm = rvm_init(path);
    char *segment = (char *) rvm_map(rvm, "testseg", 1000);
    EXPECT(segment != NULL);
    EXPECT(strcmp(segment, "") == 0);
    commit_text(rvm, segment, 0, "old");
    rvm_unmap(rvm, segment);
    segment = (char *) rvm_map(rvm, "testseg", 1000);
    EXPECT(segment != NULL && strcmp(segment, "old") == 0);
    return rvm;
}

int main(int argc, char **argv)
{
    char *segment;
    rvm_t rvm;
    EXPECT(argc == 2);
    begin_anew(argv[1]);
    remove_all(argv[1]);
    begin_anew(argv[1]);
    remove_all(argv[1]);
    begin_anew(argv[1]);
    /* Somebody else makes it again. */
    remove_all(argv[1]);
    EXPECT(mkdir(argv[1], 0700) == 0);
    rvm = begin_anew(argv[1]);
    rvm_truncate_log(rvm);
    segment = (char *) rvm_map(rvm, "another", 100);
    EXPECT(segment != NULL);
    commit_text(rvm, segment, 0, "fine");
    return 0;
}
