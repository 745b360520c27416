/* A child outlives its parent, which had the directory open and was killed: it does not keep the directory locked. */
#include "judge.h"

int main(int argc, char **argv)
{
    int ready[2], done[2];
    char *segment;
    char byte;
    rvm_t rvm;
    pid_t parent;
    EXPECT(argc == 2 && pipe(ready) == 0 && pipe(done) == 0);
    parent = fork();
    EXPECT(parent != -1);
    if (parent == 0) {
        pid_t child;
        close(done[1]);
        rvm = rvm_init(argv[1]);
        segment = (char *) rvm_map(rvm, "testseg", 100);
        EXPECT(segment != NULL);
        commit_text(rvm, segment, 0, "of the parent");
        child = fork();
        EXPECT(child != -1);
        if (child == 0) {
            EXPECT(write(ready[1], "x", 1) == 1);
            EXPECT(read(done[0], &byte, 1) == 0);
            /* The directory is the grandparent's by now. */
            EXPECT(rvm_map(rvm, "testseg", 100) == NULL);
            EXPECT(write(ready[1], "x", 1) == 1);
            _exit(0);
        }
        pause();
    }
    close(done[0]);
    close(ready[1]);
    EXPECT(read(ready[0], &byte, 1) == 1);
    EXPECT(rvm_init(argv[1]) == NULL);
    EXPECT(kill(parent, SIGKILL) == 0);
    EXPECT(end_of(parent) == KILLED_BY(SIGKILL));
    rvm = rvm_init(argv[1]);
    EXPECT(rvm != NULL);
    segment = (char *) rvm_map(rvm, "testseg", 100);
    EXPECT(segment != NULL);
    EXPECT(strcmp(segment, "of the parent") == 0);
    commit_text(rvm, segment, 0, "of the grandparent");
    /* Now the child may go on, and ends. */
    close(done[1]);
    EXPECT(read(ready[0], &byte, 1) == 1);
    EXPECT(read(ready[0], &byte, 1) == 0);
    commit_text(rvm, segment, 50, "still");
    return 0;
}
