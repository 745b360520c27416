/*
 * The transactions of rvm-tpca through the C interface, timed: reads how many, opens the store, commits them, closes it, and prints the
 * nanoseconds that the commits took. Ends with its input.
 *
 * commits DIR LEN
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "rvm_ext.h"

#define RECORD_LEN 128
#define AUDIT_LEN 64
/* As large as that of the store which Rust uses. */
#define LOG_CAPACITY (16 << 20)

struct bank {
    unsigned long records, audits, number, dice;
};

static unsigned long roll(struct bank *bank)
{
    bank->dice ^= bank->dice << 13;
    bank->dice ^= bank->dice >> 7;
    bank->dice ^= bank->dice << 17;
    return bank->dice;
}

static struct bank bank_over(unsigned long len)
{
    struct bank bank;
    bank.records = (len - len / 8) / RECORD_LEN;
    bank.audits = (len - bank.records * RECORD_LEN) / AUDIT_LEN;
    bank.number = 0;
    bank.dice = 0x9e3779b97f4a7c15UL;
    return bank;
}

static void store(trans_t tid, char *base, unsigned long at, const void *bytes, int len)
{
    rvm_about_to_modify(tid, base, (int) at, len);
    memcpy(base + at, bytes, (size_t) len);
}

static void commit_one(struct bank *bank, rvm_t rvm, char *base)
{
    void *bases[1];
    unsigned long at[4], note[AUDIT_LEN / 8], number = bank->number++;
    trans_t tid;
    int i;
    for (i = 0; i < 3; i++)
        at[i] = roll(bank) % bank->records * RECORD_LEN;
    at[3] = bank->records * RECORD_LEN + number % bank->audits * AUDIT_LEN;
    memset(note, 0, sizeof note);
    note[0] = number;
    memcpy(note + 1, at, 3 * sizeof at[0]);
    bases[0] = base;
    tid = rvm_begin_trans(rvm, 1, bases);
    for (i = 0; i < 3; i++)
        store(tid, base, at[i], &number, (int) sizeof number);
    store(tid, base, at[3], note, AUDIT_LEN);
    rvm_commit_trans(tid);
}

static double nanoseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double) now.tv_sec * 1e9 + (double) now.tv_nsec;
}

/* Opens the store, has its log as it is in every round, commits, and gives it up. */
static double timed(const char *directory, unsigned long len, struct bank *bank, unsigned long commits)
{
    struct rvmx_options options;
    void *base = NULL;
    double started, taken;
    unsigned long i;
    rvm_t rvm;
    memset(&options, 0, sizeof options);
    options.no_background = 1;
    options.log_capacity_initial = LOG_CAPACITY;
    if (rvmx_open(directory, &options, sizeof options, &rvm) != RVMX_DONE
        || rvmx_map(rvm, "bank", len, &base, NULL) != RVMX_DONE) {
        fprintf(stderr, "%s\n", rvm_last_error());
        exit(1);
    }
    started = nanoseconds();
    for (i = 0; i < commits; i++)
        commit_one(bank, rvm, (char *) base);
    taken = nanoseconds() - started;
    if (rvmx_close(rvm) != RVMX_DONE)
        exit(1);
    return taken;
}

int main(int argc, char **argv)
{
    struct bank bank;
    unsigned long len, commits;
    if (argc != 3)
        return 2;
    len = strtoul(argv[2], NULL, 10);
    bank = bank_over(len);
    while (scanf("%lu", &commits) == 1) {
        printf("%.0f\n", timed(argv[1], len, &bank, commits));
        fflush(stdout);
    }
    return 0;
}
