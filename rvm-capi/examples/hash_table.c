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
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rvm.h"

#define MAGIC "hash-01"
#define BUCKETS 256
#define ENTRIES 4096
#define KEY_LEN 28    /* with the null that ends it */
#define VALUE_LEN 32

/* The segment may lie at another address in each run, so an entry is found by its offset. 0 stands for none: the header is there. */
struct entry {
    unsigned next;
    char key[KEY_LEN];
    char value[VALUE_LEN];
};

struct table {
    char magic[8];
    unsigned count;    /* keys */
    unsigned used;     /* entries that were ever in use */
    unsigned unused;   /* the first of those that are not any more */
    unsigned buckets[BUCKETS];
    struct entry entries[ENTRIES];
};

static rvm_t rvm;
static trans_t tid;
static struct table *table;

static void die(const char *reason)
{
    fprintf(stderr, "hash_table: %s\n", reason);
    exit(2);
}

static void begin(void)
{
    void *base = table;
    tid = rvm_begin_trans(rvm, 1, &base);
    if (tid == (trans_t) -1)
        exit(2);   /* the library has printed why */
}

/* Called before every change: what is not declared is neither undone by an abort nor there after a crash. */
static void declare(void *place, size_t size)
{
    rvm_about_to_modify(tid, table, (int) ((char *) place - (char *) table), (int) size);
}

static struct entry *entry_at(unsigned offset)
{
    return (struct entry *) ((char *) table + offset);
}

/* The link that leads to the entry of a key; it is 0 if there is none, and is then where one can be hung. */
static unsigned *find(const char *key)
{
    unsigned hash = 2166136261u, *link;
    const char *c;
    for (c = key; *c != '\0'; c++)
        hash = (hash ^ (unsigned char) *c) * 16777619u;
    link = &table->buckets[hash % BUCKETS];
    while (*link != 0 && strcmp(entry_at(*link)->key, key) != 0)
        link = &entry_at(*link)->next;
    return link;
}

static unsigned take_entry(void)
{
    unsigned offset = table->unused;
    if (offset != 0) {
        declare(&table->unused, sizeof table->unused);
        table->unused = entry_at(offset)->next;
    } else if (table->used < ENTRIES) {
        offset = (unsigned) (offsetof(struct table, entries) + table->used * sizeof(struct entry));
        declare(&table->used, sizeof table->used);
        table->used++;
    }
    return offset;
}

static void put(const char *key, const char *value, int is_buggy)
{
    unsigned *link = find(key), offset = *link;
    struct entry *entry;
    begin();
    if (offset == 0) {
        offset = take_entry();
        if (offset == 0) {
            rvm_abort_trans(tid);
            die("the table is full");
        }
        entry = entry_at(offset);
        declare(entry, offsetof(struct entry, value));
        entry->next = 0;
        strcpy(entry->key, key);
        declare(link, sizeof *link);
        *link = offset;
        declare(&table->count, sizeof table->count);
        table->count++;
    }
    entry = entry_at(offset);
    if (!is_buggy)
        declare(entry->value, VALUE_LEN);
    strcpy(entry->value, value);
    rvm_commit_trans(tid);
}

static int delete_key(const char *key)
{
    unsigned *link = find(key), offset = *link;
    struct entry *entry = entry_at(offset);
    if (offset == 0)
        return 1;
    begin();
    declare(link, sizeof *link);
    *link = entry->next;
    declare(&entry->next, sizeof entry->next);
    entry->next = table->unused;
    declare(&table->unused, sizeof table->unused);
    table->unused = offset;
    declare(&table->count, sizeof table->count);
    table->count--;
    rvm_commit_trans(tid);
    return 0;
}

static int get(const char *key)
{
    unsigned offset = *find(key);
    if (offset == 0)
        return 1;
    puts(entry_at(offset)->value);
    return 0;
}

static void list(void)
{
    unsigned bucket, offset, found = 0;
    for (bucket = 0; bucket < BUCKETS; bucket++) {
        for (offset = table->buckets[bucket]; offset != 0; offset = entry_at(offset)->next) {
            printf("%s %s\n", entry_at(offset)->key, entry_at(offset)->value);
            found++;
        }
    }
    if (found != table->count)
        die("the table is damaged: its count is wrong");
}

static void fill(void)
{
    char key[KEY_LEN], value[VALUE_LEN];
    unsigned number;
    for (number = 0;; number++) {
        sprintf(key, "key-%u", number % ENTRIES);
        sprintf(value, "%u", number);
        put(key, value, 0);
        /* What is printed is on stable storage. */
        printf("%u\n", number);
        fflush(stdout);
    }
}

static void open_table(const char *directory)
{
    rvm = rvm_init(directory);
    if (rvm == NULL)
        exit(2);
    table = (struct table *) rvm_map(rvm, "table", (int) sizeof *table);
    if (table == NULL)
        exit(2);
    if (table->magic[0] == '\0') {   /* new: all zeros, which is an empty table */
        begin();
        declare(table->magic, sizeof table->magic);
        strcpy(table->magic, MAGIC);
        rvm_commit_trans(tid);
    }
    if (memcmp(table->magic, MAGIC, sizeof table->magic) != 0)
        die("the segment is no hash table");
}

int main(int argc, char **argv)
{
    const char *verb = argc > 2 ? argv[2] : "";
    if ((argc > 3 && strlen(argv[3]) >= KEY_LEN) || (argc > 4 && strlen(argv[4]) >= VALUE_LEN))
        die("the key or the value is too long");
    if (argc > 2)
        open_table(argv[1]);
    if (argc == 5 && strcmp(verb, "put") == 0)
        put(argv[3], argv[4], 0);
    else if (argc == 5 && strcmp(verb, "put-buggy") == 0)
        put(argv[3], argv[4], 1);
    else if (argc == 4 && strcmp(verb, "get") == 0)
        return get(argv[3]);
    else if (argc == 4 && strcmp(verb, "delete") == 0)
        return delete_key(argv[3]);
    else if (argc == 3 && strcmp(verb, "list") == 0)
        list();
    else if (argc == 3 && strcmp(verb, "fill") == 0)
        fill();
    else
        die("usage: hash_table DIR put KEY VALUE | get KEY | delete KEY | list | fill");
    return 0;
}
