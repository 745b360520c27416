/* What rvm.hpp promises, asserted. */
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "rvm.hpp"

#define CHECK(condition) \
    do { \
        if (!(condition)) { \
            std::fprintf(stderr, "line %d: %s\n", __LINE__, #condition); \
            std::exit(1); \
        } \
    } while (0)

static_assert(!std::is_copy_constructible<rvmx::store>::value, "");
static_assert(!std::is_copy_constructible<rvmx::segment>::value, "");
static_assert(!std::is_copy_constructible<rvmx::transaction>::value, "");
static_assert(!std::is_copy_assignable<rvmx::transaction>::value, "");
static_assert(std::is_nothrow_move_constructible<rvmx::store>::value, "");
static_assert(std::is_nothrow_move_constructible<rvmx::segment>::value, "");
static_assert(std::is_nothrow_move_assignable<rvmx::transaction>::value, "");

static int code_of(const std::function<void()> &work)
{
    try {
        work();
    } catch (const rvmx::error &thrown) {
        CHECK(std::string(thrown.what()).rfind("rvm: ", 0) == 0);
        return thrown.code();
    }
    return RVMX_DONE;
}

struct pair {
    int first;
    int second;
};

/* Each owner is gone at the end of its block, whatever it was moved from or to. */
static void owners(const std::string &path)
{
    rvmx::store store(path);
    {
        auto segment = store.map("a", 100);
        CHECK(segment.size() == 100 && segment.bytes().size() == 100);
        CHECK(code_of([&] { store.map("a"); }) == RVMX_MISUSE);
        {
            auto txn = store.begin({segment});
            txn.modify(segment, segment.as<pair>()).first = 7;
            auto moved = std::move(txn);
            CHECK(code_of([&] { store.begin({segment}, 0); }) == RVMX_BUSY);
        }
        CHECK(segment.as<pair>().first == 0);
        auto txn = store.begin({segment}, 0);
        txn.modify(segment, segment.array<int>().at(1)) = 5;
        txn.commit();
        CHECK(code_of([&] { txn.commit(); }) == RVMX_NO_TRANSACTION);
        txn = store.begin({segment}, 0);
        txn.modify(segment, segment.as<pair>().second) = 6;
        txn.abort();
        CHECK(segment.as<pair>().second == 5);
        /* A transaction that is assigned to is undone. */
        txn = store.begin({segment}, 0);
        txn.modify(segment, segment.as<pair>().second) = 8;
        auto other = store.map("other", 8);
        txn = store.begin({other}, 0);
        CHECK(segment.as<pair>().second == 5);
    }
    CHECK(store.map("a").size() == 100);
    CHECK(store.destroy("other") && !store.destroy("other"));
}

/* A segment that goes first stays mapped for its transaction, a store that goes first stays open for its segments. */
static void any_order(const std::string &path)
{
    auto store = std::make_unique<rvmx::store>(path);
    auto segment = std::make_unique<rvmx::segment>(store->map("a"));
    auto txn = std::make_unique<rvmx::transaction>(store->begin({*segment}));
    auto &second = txn->modify(*segment, segment->as<pair>().second);
    second = 9;
    store.reset();
    segment.reset();
    CHECK(second == 9);
    txn->commit(RVMX_LAZY);
    txn.reset();
    store = std::make_unique<rvmx::store>(path);
    CHECK(store->map("a").as<pair>().second == 9);
    CHECK(store->recovered().recovered == 0);
}

static void misuse(const std::string &path)
{
    rvmx::store store(path);
    const auto segment = store.map("a");
    int elsewhere = 0;
    struct large {
        char bytes[101];
    };
    CHECK(code_of([&] { segment.as<large>(); }) == RVMX_MISUSE);
    CHECK(segment.array<large>().size() == 0);
    auto txn = store.begin({segment});
    CHECK(code_of([&] { txn.modify(segment, elsewhere); }) == RVMX_MISUSE);
    CHECK(code_of([&] { txn.about_to_modify(segment, 97, 4); }) == RVMX_MISUSE);
    CHECK(code_of([&] { txn.label(std::string(256, 'x')); }) == RVMX_MISUSE);
    CHECK(code_of([&] { txn.commit(7); }) == RVMX_MISUSE);
    CHECK(code_of([&] { store.begin({segment}); }) == RVMX_DEADLOCK);
    CHECK(code_of([&] { rvmx::store("/dev/null"); }) == RVMX_IO);
    CHECK(code_of([&] { rvmx::store another(path); }) == RVMX_MISUSE);
    CHECK(code_of([&] { store.begin({}); }) != RVMX_DONE);
    txn.label(std::string(255, 'x'));
    txn.commit();
}

static void figures(const std::string &path)
{
    rvmx_options options{};
    options.checked = 1;
    rvmx::store store(path, options);
    std::string told;
    store.on_undeclared([&](const rvmx_undeclared &change) {
        told += change.segname + (" " + std::to_string(change.offset));
    });
    auto segment = store.map("a");
    auto txn = store.begin({segment});
    segment.bytes()[50] = 1;
    txn.commit();
    CHECK(told == "a 50");
    store.on_undeclared(nullptr);
    store.flush();
    store.truncate_log();
    CHECK(store.statistics().commits_forced == 1);
    const auto all = store.segments();
    CHECK(all.size() == 1 && all[0].name == "a" && all[0].length == 100 && all[0].is_mapped);
}

int main(int, char **argv)
{
    owners(argv[1]);
    any_order(argv[1]);
    misuse(argv[1]);
    figures(argv[1]);
    return 0;
}
