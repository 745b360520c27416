/* See check.h. */
#include "check.h"

#include <rvm_ext.h>

#include <fcntl.h>

#define STORES_MAX 16
#define PRINTED_MAX 65536

static const char *root;
static char directory[PATH_MAX];
static int directories;

static rvm_t stores[STORES_MAX];
static int stores_count;

static char cell_name[256];
static int not_holding;

static char printed_text[PRINTED_MAX];
static int errno_after;
static int stderr_before = -1;
static int capture_file = -1;

void run_cell(const char *function, const char *name, void (*cell)(void))
{
    char *blank;
    sprintf(cell_name, "%s, %s", function, name);
    for (blank = cell_name + strlen(function); *blank != '\0'; blank++) {
        if (*blank == '_') {
            *blank = ' ';
        }
    }
    fresh();
    cell();
    close_stores();
}

void close_stores(void)
{
    while (stores_count > 0) {
        stores_count--;
        CHECK(rvmx_close(stores[stores_count]) == RVMX_DONE);
    }
}

void check(const char *file, int line, const char *text, int holds)
{
    if (!holds) {
        not_holding++;
        printf("%s:%d: %s: does not hold: %s\n", file, line, cell_name, text);
        fflush(stdout);
    }
}

void need(const char *file, int line, const char *text, int holds)
{
    check(file, line, text, holds);
    if (!holds) {
        _exit(1);
    }
}

int checks_that_did_not_hold(void)
{
    return not_holding;
}

static void refusal(const char *file, int line, const char *call, const char *fault)
{
    not_holding++;
    printf("%s:%d: %s: %s: %s; errno %d, printed: %s\n", file, line, cell_name, call, fault,
           errno_after, printed_text);
    fflush(stdout);
}

void check_refused(const char *file, int line, const char *call, const char *function, int code)
{
    char begin[64];
    size_t length = strlen(printed_text);
    sprintf(begin, "rvm: %s: ", function);
    if (length == 0) {
        refusal(file, line, call, "is not refused");
    } else if (printed_lines() != 1 || printed_text[length - 1] != '\n') {
        refusal(file, line, call, "prints something else than one line");
    } else if (strncmp(printed_text, begin, strlen(begin)) != 0 || length < strlen(begin) + 4) {
        refusal(file, line, call, "prints a line that begins otherwise, or has no reason");
    } else if (code == 0 ? errno_after == 0 : errno_after != code) {
        refusal(file, line, call, "sets another errno");
    } else if (strlen(rvm_last_error()) != length - 1
               || strncmp(rvm_last_error(), printed_text, length - 1) != 0) {
        refusal(file, line, call, "rvm_last_error has another text");
    }
}

void check_silent(const char *file, int line, const char *call)
{
    if (printed_text[0] != '\0') {
        refusal(file, line, call, "is not silent");
    }
}

void capture(void)
{
    if (capture_file == -1) {
        char path[PATH_MAX];
        sprintf(path, "%s/stderr", root);
        capture_file = open(path, O_RDWR | O_CREAT | O_TRUNC | O_APPEND, 0600);
        stderr_before = dup(STDERR_FILENO);
    }
    if (ftruncate(capture_file, 0) != 0 || dup2(capture_file, STDERR_FILENO) == -1) {
        perror("capture");
        exit(2);
    }
    errno = 0;
}

void captured(void)
{
    ssize_t length;
    errno_after = errno;
    length = pread(capture_file, printed_text, PRINTED_MAX - 1, 0);
    printed_text[length < 0 ? 0 : length] = '\0';
    dup2(stderr_before, STDERR_FILENO);
}

const char *printed(void)
{
    return printed_text;
}

int printed_lines(void)
{
    int lines = 0;
    const char *end = printed_text;
    while ((end = strchr(end, '\n')) != NULL) {
        lines++;
        end++;
    }
    return lines;
}

#if defined(RVM_T_STRUCT)
int rvm_number(rvm_t rvm)
{
    return rvm.handle;
}

rvm_t rvm_of(int number)
{
    rvm_t rvm;
    rvm.handle = number;
    return rvm;
}
#else
int rvm_number(rvm_t rvm)
{
    return (int) (long) rvm;
}

rvm_t rvm_of(int number)
{
    return (rvm_t) (long) number;
}
#endif

int is_null(rvm_t rvm)
{
#if defined(RVM_T_STRUCT)
    return rvm.handle == 0;
#elif defined(RVM_T_INT)
    return rvm == 0;
#else
    return rvm == NULL;
#endif
}

int trans_number(trans_t tid)
{
    return (int) (long) tid;
}

trans_t trans_of(int number)
{
    return (trans_t) (long) number;
}

void set_root(const char *path)
{
    root = path;
}

const char *fresh(void)
{
    directories++;
    sprintf(directory, "%s/%d", root, directories);
    return directory;
}

rvm_t store(void)
{
    rvm_t rvm = rvm_init(fresh());
    NEED(!is_null(rvm));
    NEED(stores_count < STORES_MAX);
    stores[stores_count] = rvm;
    stores_count++;
    return rvm;
}

const char *inside(const char *name)
{
    /* Two at a time. */
    static char paths[2][PATH_MAX];
    static int next;
    next = !next;
    sprintf(paths[next], "%s/%s", directory, name);
    return paths[next];
}

char *map_segment(const char *file, int line, rvm_t rvm, const char *name, int size)
{
    void *base = rvm_map(rvm, name, size);
    need(file, line, "rvm_map maps", base != NOT_MAPPED);
    return (char *) base;
}

trans_t begin_one(const char *file, int line, rvm_t rvm, void *base)
{
    trans_t tid = rvm_begin_trans(rvm, 1, &base);
    need(file, line, "rvm_begin_trans begins", tid != NO_TRANS);
    return tid;
}

char *map_again(rvm_t rvm, void *base, const char *name, int size)
{
    rvm_unmap(rvm, base);
    return MAP(rvm, name, size);
}

void commit_text(rvm_t rvm, char *base, int offset, const char *text)
{
    trans_t tid = BEGIN(rvm, base);
    rvm_about_to_modify(tid, base, offset, (int) strlen(text));
    memcpy(base + offset, text, strlen(text));
    rvm_commit_trans(tid);
}

int is_text(const char *base, const char *text)
{
    return memcmp(base, text, strlen(text)) == 0;
}

int is_filled(const char *base, int size, int byte)
{
    int i;
    for (i = 0; i < size; i++) {
        if (base[i] != byte) {
            return 0;
        }
    }
    return 1;
}

long size_of_file(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 ? (long) status.st_size : -1;
}

int file_has(const char *path, long offset, const char *text)
{
    char found[256];
    size_t length = strlen(text);
    FILE *file = fopen(path, "rb");
    int has;
    if (file == NULL) {
        return 0;
    }
    has = fseek(file, offset, SEEK_SET) == 0 && fread(found, 1, length, file) == length
          && memcmp(found, text, length) == 0;
    fclose(file);
    return has;
}

pid_t begin_child(void)
{
    pid_t pid;
    fflush(NULL);
    pid = fork();
    NEED(pid != -1);
    if (pid == 0) {
        not_holding = 0;
    }
    return pid;
}

void end_child(void)
{
    _exit(not_holding != 0);
}

int wait_child(pid_t pid)
{
    int status;
    NEED(waitpid(pid, &status, 0) == pid);
    return WIFSIGNALED(status) ? KILLED_BY(WTERMSIG(status)) : WEXITSTATUS(status);
}

int in_child(void (*work)(void))
{
    int ends[2];
    pid_t pid;
    size_t length = 0;
    ssize_t got;
    NEED(pipe(ends) == 0);
    pid = begin_child();
    if (pid == 0) {
        dup2(ends[1], STDERR_FILENO);
        close(ends[0]);
        close(ends[1]);
        work();
        end_child();
    }
    close(ends[1]);
    while ((got = read(ends[0], printed_text + length, PRINTED_MAX - 1 - length)) > 0) {
        length += (size_t) got;
    }
    printed_text[length] = '\0';
    close(ends[0]);
    return wait_child(pid);
}

void die(int how)
{
    switch (how) {
    case 0:
        exit(not_holding != 0);
    case 1:
        _exit(not_holding != 0);
    case 2:
        abort();
    case 3:
        raise(SIGKILL);
        break;
    default:
        raise(SIGSEGV);
    }
}

int death(int how)
{
    static const int deaths[DEATHS] = {
        0, 0, KILLED_BY(SIGABRT), KILLED_BY(SIGKILL), KILLED_BY(SIGSEGV)
    };
    return deaths[how];
}
