/*
 * What the checks of the contract are made of. A cell of the contract's table is a function; its name says what it
 * checks. It begins in a fresh directory, and each of its checks names it when it does not hold.
 */
#ifndef CHECK_H
#define CHECK_H

/* First, since it needs no other. */
#include <rvm.h>

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

/* Runs a cell; each file defines FUNCTION, the row of the table. */
#define CELL(cell) run_cell(FUNCTION, #cell, cell)

#define CHECK(condition) check(__FILE__, __LINE__, #condition, (condition) != 0)

/* Without it the cell cannot go on: the program ends. */
#define NEED(condition) need(__FILE__, __LINE__, #condition, (condition) != 0)

/* The call prints one line, which begins with "rvm: " and the function's name, and sets errno; 0 stands for any. */
#define REFUSED(function, code, call) \
    do { \
        capture(); \
        call; \
        captured(); \
        check_refused(__FILE__, __LINE__, #call, function, code); \
    } while (0)

/* The call prints nothing. */
#define SILENT(call) \
    do { \
        capture(); \
        call; \
        captured(); \
        check_silent(__FILE__, __LINE__, #call); \
    } while (0)

/* A segment that must be mapped, and a transaction of one segment that must begin. */
#define MAP(rvm, name, size) map_segment(__FILE__, __LINE__, rvm, name, size)
#define BEGIN(rvm, base) begin_one(__FILE__, __LINE__, rvm, base)

/* How a process ended that a signal killed; see wait_child. */
#define KILLED_BY(number) (1000 + (number))

/* What rvm_map returns if it does not map. */
#ifdef RVM_MAP_FAILED_IS_MINUS_ONE
#define NOT_MAPPED ((void *) -1)
#else
#define NOT_MAPPED NULL
#endif

#define NO_TRANS ((trans_t) -1)

void run_cell(const char *function, const char *name, void (*cell)(void));
void check(const char *file, int line, const char *text, int holds);
void need(const char *file, int line, const char *text, int holds);
void check_refused(const char *file, int line, const char *call, const char *function, int code);
void check_silent(const char *file, int line, const char *call);
int checks_that_did_not_hold(void);

/* stderr goes to memory until captured(), which also keeps errno; printed() is what it got. */
void capture(void);
void captured(void);
const char *printed(void);
int printed_lines(void);

/* The numbers in handles, whatever their types are. */
int rvm_number(rvm_t rvm);
rvm_t rvm_of(int number);
int is_null(rvm_t rvm);
int trans_number(trans_t tid);
trans_t trans_of(int number);

/* The cell's directory: a new path, which is not there yet; the same with rvm_init; a path inside of it. */
void set_root(const char *path);
const char *fresh(void);
rvm_t store(void);
const char *inside(const char *name);
/* Gives up what store() gave, as the end of a cell does. */
void close_stores(void);

char *map_segment(const char *file, int line, rvm_t rvm, const char *name, int size);
trans_t begin_one(const char *file, int line, rvm_t rvm, void *base);
/* Unmaps it, and maps it again: what is committed. */
char *map_again(rvm_t rvm, void *base, const char *name, int size);
/* Writes a text in a transaction of its own. */
void commit_text(rvm_t rvm, char *base, int offset, const char *text);
int is_text(const char *base, const char *text);
int is_filled(const char *base, int size, int byte);

long size_of_file(const char *path);
/* Whether the file has the text at the offset. */
int file_has(const char *path, long offset, const char *text);

/* A child checks for itself, and ends with end_child. */
pid_t begin_child(void);
void end_child(void);
/* Its exit status, or KILLED_BY a signal. */
int wait_child(pid_t pid);
/* Does work in a child whose stderr is captured, and waits for it. */
int in_child(void (*work)(void));
/* The ways in which such programs end. */
#define DEATHS 5
void die(int how);
int death(int how);

void check_init(void);
void check_map(void);
void check_unmap(void);
void check_destroy(void);
void check_begin_trans(void);
void check_about_to_modify(void);
void check_commit_trans(void);
void check_commit_trans_heavy(void);
void check_abort_trans(void);
void check_truncate_log(void);
void check_verbose(void);
void check_types(void);
void check_errors(void);

#endif
