/*
 * A hash table that survives crashes.
 *
 *   hash_table DIR put KEY VALUE
 *   hash_table DIR get KEY
 *   hash_table DIR delete KEY
 *   hash_table DIR list
 *   hash_table DIR fill                  puts and prints 0, 1, 2, ... until it is killed
 *   hash_table DIR put-buggy KEY VALUE   put, with one declaration forgotten: RVM_CHECKED=1 in the environment finds it
 *
 * It ends with 0; with 1 if there is no such key; with 2 if something went wrong.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rvm.h"

#define SLOTS 8192
#define KEYS_MAX (SLOTS / 4 * 3)
#define KEY_LEN 28     /* with the null that ends it */
#define VALUE_LEN 32

/* All zeros is an empty table. A key that was deleted keeps its slot, so that those behind it are still found. */
struct slot {
    int has_value;
    char key[KEY_LEN];
    char value[VALUE_LEN];
};

struct table {
    unsigned used;     /* slots with a key, deleted ones included */
    unsigned count;    /* keys */
    struct slot slots[SLOTS];
};

static rvm_t rvm;
static trans_t tid;
static struct table *table;

static void die(const char *reason)
{
    fprintf(stderr, "hash_table: %s\n", reason);
    exit(2);
}

/* Before every change: what is not declared is neither undone by an abort nor there after a crash. */
static void declare(void *place, size_t size)
{
    rvm_about_to_modify(tid, table, (int) ((char *) place - (char *) table), (int) size);
}

static void begin(void)
{
    void *base = table;
    tid = rvm_begin_trans(rvm, 1, &base);
    if (tid == (trans_t) -1)
        exit(2);   /* the library has printed why */
    declare(table, sizeof table->used + sizeof table->count);
}

/* The slot of a key, or the empty one where it belongs. */
static struct slot *find(const char *key)
{
    unsigned hash = 2166136261u;
    const char *c;
    for (c = key; *c != '\0'; c++)
        hash = (hash ^ (unsigned char) *c) * 16777619u;
    while (table->slots[hash % SLOTS].key[0] != '\0' && strcmp(table->slots[hash % SLOTS].key, key) != 0)
        hash++;
    return &table->slots[hash % SLOTS];
}

static void put(const char *key, const char *value, int is_buggy)
{
    struct slot *slot = find(key);
    begin();
    if (slot->key[0] == '\0') {
        if (table->used == KEYS_MAX) {
            rvm_abort_trans(tid);
            die("the table is full");
        }
        declare(slot->key, KEY_LEN);
        strcpy(slot->key, key);
        table->used++;
    }
    declare(&slot->has_value, sizeof slot->has_value);
    table->count += !slot->has_value;
    slot->has_value = 1;
    if (!is_buggy)
        declare(slot->value, VALUE_LEN);
    strcpy(slot->value, value);
    rvm_commit_trans(tid);
}

static int delete_key(const char *key)
{
    struct slot *slot = find(key);
    if (!slot->has_value)
        return 1;
    begin();
    declare(&slot->has_value, sizeof slot->has_value);
    slot->has_value = 0;
    table->count--;
    rvm_commit_trans(tid);
    return 0;
}

static int get(const char *key)
{
    struct slot *slot = find(key);
    if (slot->has_value)
        puts(slot->value);
    return !slot->has_value;
}

static void list(void)
{
    unsigned i, found = 0;
    for (i = 0; i < SLOTS; i++) {
        if (table->slots[i].has_value && ++found)
            printf("%s %s\n", table->slots[i].key, table->slots[i].value);
    }
    if (found != table->count)
        die("the table is damaged: its count is wrong");
}

static void fill(void)
{
    char key[KEY_LEN], value[VALUE_LEN];
    unsigned number;
    for (number = 0;; number++) {
        sprintf(key, "key-%u", number % KEYS_MAX);
        sprintf(value, "%u", number);
        put(key, value, 0);
        printf("%u\n", number);   /* it is on stable storage */
        fflush(stdout);
    }
}

int main(int argc, char **argv)
{
    const char *verb = argc > 2 ? argv[2] : "", *key = argc > 3 ? argv[3] : "", *value = argc > 4 ? argv[4] : "";
    if (strlen(key) >= KEY_LEN || strlen(value) >= VALUE_LEN || (argc > 3 && *key == '\0'))
        die("the key or the value is too long, or the key is empty");
    if (argc > 2 && (rvm = rvm_init(argv[1])) == NULL)
        return 2;
    if (argc > 2 && (table = (struct table *) rvm_map(rvm, "table", (int) sizeof *table)) == NULL)
        return 2;
    if (argc == 5 && (strcmp(verb, "put") == 0 || strcmp(verb, "put-buggy") == 0))
        put(key, value, strcmp(verb, "put-buggy") == 0);
    else if (argc == 4 && strcmp(verb, "get") == 0)
        return get(key);
    else if (argc == 4 && strcmp(verb, "delete") == 0)
        return delete_key(key);
    else if (argc == 3 && strcmp(verb, "list") == 0)
        list();
    else if (argc == 3 && strcmp(verb, "fill") == 0)
        fill();
    else
        die("usage: hash_table DIR put KEY VALUE | get KEY | delete KEY | list | fill");
    return 0;
}
