/* A transaction that is larger than the largest log is not committed: the process ends, and says why. */
#include "judge.h"

#include "rvm_ext.h"

#define SIZE 100000
#define LARGEST_LOG 65536

int main(int argc, char **argv)
{
    char *segment;
    rvm_t rvm;
    pid_t pid;
    EXPECT(argc == 2);
    pid = fork();
    EXPECT(pid != -1);
    if (pid == 0) {
        void *list;
        trans_t tid;
        struct rvmx_options options;
        memset(&options, 0, sizeof options);
        options.log_capacity_max = LARGEST_LOG;
        EXPECT(rvmx_open(argv[1], &options, sizeof options, &rvm) == RVMX_DONE);
        list = segment = (char *) rvm_map(rvm, "testseg", SIZE);
        EXPECT(segment != NULL);
        commit_text(rvm, segment, 0, "small");
        tid = rvm_begin_trans(rvm, 1, &list);
        rvm_about_to_modify(tid, segment, 0, SIZE);
        memset(segment, 'x', SIZE);
        rvm_commit_trans(tid);
        _exit(0);
    }
    EXPECT(end_of(pid) == KILLED_BY(SIGABRT));
    rvm = rvm_init(argv[1]);
    segment = (char *) rvm_map(rvm, "testseg", SIZE);
    EXPECT(segment != NULL);
    EXPECT(strcmp(segment, "small") == 0);
    EXPECT(segment[SIZE - 1] == 0);
    return 0;
}
