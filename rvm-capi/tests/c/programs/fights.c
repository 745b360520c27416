/* Many processes want one directory. Whoever gets it adds one to a counter; in the end it is the number of those. */
#include "judge.h"

#define PROCESSES 6
#define ROUNDS 3

static int *counter_of(rvm_t rvm)
{
    return (int *) rvm_map(rvm, "counter", (int) sizeof(int));
}

/* One process, as often as it takes. */
static void increment(const char *path)
{
    rvm_t rvm;
    int *counter = NULL;
    void *list;
    trans_t tid;
    while (counter == NULL) {
        rvm = rvm_init(path);
        counter = rvm == NULL ? NULL : counter_of(rvm);
        if (counter == NULL) {
            usleep(5000);
        }
    }
    list = counter;
    tid = rvm_begin_trans(rvm, 1, &list);
    EXPECT(tid != (trans_t) -1);
    rvm_about_to_modify(tid, counter, 0, (int) sizeof *counter);
    ++*counter;
    rvm_commit_trans(tid);
    /* Without unmapping, and some of them hard. */
    if (getpid() % 3 == 0) {
        raise(SIGKILL);
    }
    exit(0);
}

int main(int argc, char **argv)
{
    int i, round, *counter;
    EXPECT(argc == 2);
    /* That the directory is open in another process is printed very often. */
    EXPECT(freopen("/dev/null", "w", stderr) != NULL);
    for (round = 0; round < ROUNDS; round++) {
        pid_t pids[PROCESSES];
        for (i = 0; i < PROCESSES; i++) {
            pids[i] = fork();
            EXPECT(pids[i] != -1);
            if (pids[i] == 0) {
                increment(argv[1]);
            }
        }
        for (i = 0; i < PROCESSES; i++) {
            int end = end_of(pids[i]);
            EXPECT(end == 0 || end == KILLED_BY(SIGKILL));
        }
    }
    counter = counter_of(rvm_init(argv[1]));
    EXPECT(counter != NULL);
    EXPECT(*counter == PROCESSES * ROUNDS);
    return 0;
}
