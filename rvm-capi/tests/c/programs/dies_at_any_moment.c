/*
 * Is killed while it commits to several segments: all of them have the same number afterwards, and no commit that had
 * returned is missing.
 */
#include "judge.h"

#define SEGMENTS 3
#define SIZE 20000
#define KILLS 20

static void map_all(rvm_t rvm, void **segments)
{
    int i;
    for (i = 0; i < SEGMENTS; i++) {
        char name[16];
        sprintf(name, "seg%d", i);
        segments[i] = rvm_map(rvm, name, SIZE);
        EXPECT(segments[i] != NULL);
    }
}

/* Writes the number to both ends of each. */
static void commit_number(rvm_t rvm, void **segments, int number)
{
    trans_t tid = rvm_begin_trans(rvm, SEGMENTS, segments);
    int i;
    for (i = 0; i < SEGMENTS; i++) {
        rvm_about_to_modify(tid, segments[i], 0, SIZE);
        memcpy(segments[i], &number, sizeof number);
        memcpy((char *) segments[i] + SIZE - sizeof number, &number, sizeof number);
    }
    rvm_commit_trans(tid);
}

static void check_all(void **segments, int number)
{
    int i;
    for (i = 0; i < SEGMENTS; i++) {
        EXPECT(memcmp(segments[i], &number, sizeof number) == 0);
        EXPECT(memcmp((char *) segments[i] + SIZE - sizeof number, &number, sizeof number) == 0);
    }
}

static void commit_until_killed(const char *path, int number, int told)
{
    rvm_t rvm = rvm_init(path);
    void *segments[SEGMENTS];
    map_all(rvm, segments);
    check_all(segments, number);
    for (;;) {
        number++;
        commit_number(rvm, segments, number);
        EXPECT(write(told, &number, sizeof number) == sizeof number);
    }
}

int main(int argc, char **argv)
{
    int number = 0;
    int i;
    EXPECT(argc == 2);
    for (i = 0; i < KILLS; i++) {
        void *segments[SEGMENTS];
        int told[2], heard;
        rvm_t rvm;
        pid_t pid;
        EXPECT(pipe(told) == 0);
        pid = fork();
        EXPECT(pid != -1);
        if (pid == 0) {
            commit_until_killed(argv[1], number, told[1]);
        }
        close(told[1]);
        EXPECT(read(told[0], &heard, sizeof heard) == sizeof heard);
        usleep((useconds_t) (i * 777 % 5000));
        EXPECT(kill(pid, SIGKILL) == 0);
        EXPECT(end_of(pid) == KILLED_BY(SIGKILL));
        number = heard;
        while (read(told[0], &heard, sizeof heard) == sizeof heard) {
            number = heard;
        }
        close(told[0]);
        rvm = rvm_init(argv[1]);
        map_all(rvm, segments);
        memcpy(&heard, segments[0], sizeof heard);
        EXPECT(heard == number || heard == number + 1);
        number = heard;
        check_all(segments, number);
        rvm_unmap(rvm, segments[0]);
        rvm_unmap(rvm, segments[1]);
        rvm_unmap(rvm, segments[2]);
    }
    return 0;
}
