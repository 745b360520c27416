/* Several directories in one process, with segments of the same names; the child dies, the parent judges all. */
#include "judge.h"

#define DIRECTORIES 5

static void path_of(char *path, const char *root, int i)
{
    sprintf(path, "%s/%d", root, i);
}

static void child(const char *root)
{
    rvm_t rvms[DIRECTORIES];
    char *segments[DIRECTORIES];
    char text[4096];
    void *list;
    int i;
    for (i = 0; i < DIRECTORIES; i++) {
        path_of(text, root, i);
        rvms[i] = rvm_init(text);
        EXPECT(rvms[i] != NULL);
        segments[i] = (char *) rvm_map(rvms[i], "testseg", 100);
        EXPECT(segments[i] != NULL);
    }
    for (i = 0; i < DIRECTORIES; i++) {
        sprintf(text, "directory %d", i);
        commit_text(rvms[i], segments[i], 0, text);
    }
    for (i = 0; i < DIRECTORIES; i++) {
        list = segments[i];
        EXPECT(rvm_begin_trans(rvms[(i + 1) % DIRECTORIES], 1, &list) == (trans_t) -1);
        rvm_about_to_modify(rvm_begin_trans(rvms[i], 1, &list), segments[i], 0, 100);
        strcpy(segments[i], "not committed");
    }
    rvm_truncate_log(rvms[0]);
    abort();
}

int main(int argc, char **argv)
{
    char path[4096], expected[32];
    pid_t pid;
    int i;
    EXPECT(argc == 2 && mkdir(argv[1], 0700) == 0);
    pid = fork();
    EXPECT(pid != -1);
    if (pid == 0) {
        child(argv[1]);
    }
    EXPECT(end_of(pid) == KILLED_BY(SIGABRT));
    for (i = 0; i < DIRECTORIES; i++) {
        char *segment;
        path_of(path, argv[1], i);
        segment = (char *) rvm_map(rvm_init(path), "testseg", 100);
        EXPECT(segment != NULL);
        sprintf(expected, "directory %d", i);
        EXPECT(strcmp(segment, expected) == 0);
    }
    return 0;
}
