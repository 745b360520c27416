/* A transaction over several segments is committed, another one aborted, a third one left open; then it dies. */
#include "judge.h"

#define SEGMENTS 4

static void map_all(rvm_t rvm, void **segments)
{
    int i;
    for (i = 0; i < SEGMENTS; i++) {
        char name[16];
        sprintf(name, "seg%d", i);
        segments[i] = rvm_map(rvm, name, 100 + i * 5000);
        EXPECT(segments[i] != NULL);
    }
}

static trans_t write_all(rvm_t rvm, void **segments, const char *text)
{
    trans_t tid = rvm_begin_trans(rvm, SEGMENTS, segments);
    int i;
    EXPECT(tid != (trans_t) -1);
    for (i = 0; i < SEGMENTS; i++) {
        rvm_about_to_modify(tid, segments[i], 10, 50);
        strcpy((char *) segments[i] + 10, text);
    }
    return tid;
}

static void check_all(void **segments, const char *text)
{
    int i;
    for (i = 0; i < SEGMENTS; i++) {
        EXPECT(strcmp((char *) segments[i] + 10, text) == 0);
    }
}

int main(int argc, char **argv)
{
    void *segments[SEGMENTS];
    rvm_t rvm;
    pid_t pid;
    EXPECT(argc == 2);
    pid = fork();
    EXPECT(pid != -1);
    if (pid == 0) {
        rvm = rvm_init(argv[1]);
        map_all(rvm, segments);
        rvm_commit_trans(write_all(rvm, segments, "committed"));
        rvm_abort_trans(write_all(rvm, segments, "a longer text that is aborted"));
        check_all(segments, "committed");
        write_all(rvm, segments, "open");
        abort();
    }
    EXPECT(end_of(pid) == KILLED_BY(SIGABRT));
    rvm = rvm_init(argv[1]);
    map_all(rvm, segments);
    check_all(segments, "committed");
    return 0;
}
