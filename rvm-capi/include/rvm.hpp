#ifndef RVM_HPP
#define RVM_HPP

/*
 * Recoverable virtual memory for C++17: what rvm_ext.h has, with owners in place of handles and exceptions in place of codes.
 * All of it is in this file; link with -lrvm.
 *
 * A store closes its directory, a segment unmaps itself, and a transaction aborts when it goes out of scope, unless it was
 * committed. They may go in any order: a transaction keeps its segments mapped, a segment keeps its store open. They can be moved
 * and not copied; one that was moved from can only be assigned to or destroyed. Destructors throw nothing. Threads are as in
 * rvm_ext.h: different transactions at the same time, one transaction by one thread at a time.
 */

#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "rvm_ext.h"

namespace rvmx {

/** A call returned another code than RVMX_DONE. */
class error : public std::runtime_error {
public:
    error(int code, const std::string &text) : std::runtime_error(text), code_(code) {}

    /** One of the codes of rvm_ext.h. */
    int code() const noexcept { return code_; }

private:
    int code_;
};

namespace detail {

inline void check(int code)
{
    if (code != RVMX_DONE)
        throw error(code, rvm_last_error());
}

struct directory {
    rvm_t handle{};
    bool is_open = false;
    std::function<void(const rvmx_undeclared &)> tell;

    directory() = default;
    directory(const directory &) = delete;
    directory &operator=(const directory &) = delete;
    ~directory()
    {
        if (is_open) {
            rvmx_on_undeclared(handle, nullptr, nullptr);
            rvmx_close(handle);
        }
    }
};

struct mapping {
    std::shared_ptr<directory> owner;
    void *base = nullptr;
    std::size_t length = 0;

    explicit mapping(std::shared_ptr<directory> opened) : owner(std::move(opened)) {}
    mapping(const mapping &) = delete;
    mapping &operator=(const mapping &) = delete;
    ~mapping()
    {
        if (base != nullptr)
            rvmx_unmap(owner->handle, base);
    }
};

/* These are called by the library, which no exception may pass through. */

inline void tell(const rvmx_undeclared *change, void *context) noexcept
{
    static_cast<directory *>(context)->tell(*change);
}

}  /* namespace detail */

/** Objects in a row, in memory that another owns. */
template <typename T>
class span {
public:
    span(T *first, std::size_t count) noexcept : first_(first), count_(count) {}

    T *data() const noexcept { return first_; }
    std::size_t size() const noexcept { return count_; }
    T *begin() const noexcept { return first_; }
    T *end() const noexcept { return first_ + count_; }
    T &operator[](std::size_t index) const noexcept { return first_[index]; }

    T &at(std::size_t index) const
    {
        if (index >= count_)
            throw std::out_of_range("rvmx::span::at");
        return first_[index];
    }

private:
    T *first_;
    std::size_t count_;
};

/** A mapped segment. */
class segment {
public:
    segment(segment &&) noexcept = default;
    segment &operator=(segment &&) noexcept = default;

    std::size_t size() const noexcept { return mapping_->length; }

    /** All of its bytes. */
    span<unsigned char> bytes() const noexcept
    {
        return {static_cast<unsigned char *>(mapping_->base), mapping_->length};
    }

    /**
     * What it begins with, as a T. Throws RVMX_MISUSE if it is shorter than that. Its memory can lie elsewhere the next time, so a T
     * should hold offsets and no pointers.
     */
    template <typename T>
    T &as() const
    {
        if (mapping_->length < sizeof(T))
            throw error(RVMX_MISUSE, "rvm: segment::as: the segment is shorter than the type");
        return *array<T>().data();
    }

    /** As many T as it has room for. */
    template <typename T>
    span<T> array() const noexcept
    {
        static_assert(std::is_trivially_copyable<T>::value, "a crash keeps bytes, and calls no constructor");
        static_assert(alignof(T) <= 4096, "segments begin at a page");
        return {static_cast<T *>(mapping_->base), mapping_->length / sizeof(T)};
    }

private:
    friend class store;
    friend class transaction;

    explicit segment(std::shared_ptr<detail::mapping> mapping) noexcept : mapping_(std::move(mapping)) {}

    std::shared_ptr<detail::mapping> mapping_;
};

/** Changes that happen all or not at all. Aborts in its destructor, unless it was committed. */
class transaction {
public:
    transaction(transaction &&other) noexcept
        : segments_(std::move(other.segments_)), tid_(other.tid_), is_open_(std::exchange(other.is_open_, false)) {}

    transaction &operator=(transaction &&other) noexcept
    {
        transaction taken(std::move(other));
        std::swap(segments_, taken.segments_);
        std::swap(tid_, taken.tid_);
        std::swap(is_open_, taken.is_open_);
        return *this;
    }

    ~transaction()
    {
        if (is_open_)
            rvmx_abort(tid_);
    }

    /** Declares size bytes at an offset of a segment, before they are changed. */
    void about_to_modify(const segment &segment, std::size_t offset, std::size_t size)
    {
        detail::check(rvmx_about_to_modify(tid_, segment.mapping_->base, offset, size));
    }

    /** Declares an object that lies in a segment, and returns it to be changed. Throws RVMX_MISUSE if it lies elsewhere. */
    template <typename T>
    T &modify(const segment &segment, T &object)
    {
        static_assert(std::is_trivially_copyable<T>::value, "a crash keeps bytes, and calls no constructor");
        const auto base = reinterpret_cast<std::uintptr_t>(segment.mapping_->base);
        const auto place = reinterpret_cast<std::uintptr_t>(std::addressof(object));
        if (place < base || place - base >= segment.size())
            throw error(RVMX_MISUSE, "rvm: transaction::modify: the object does not lie in the segment");
        about_to_modify(segment, place - base, sizeof(T));
        return object;
    }

    /** As rvmx_label. */
    void label(const std::string &text) { detail::check(rvmx_label(tid_, text.c_str())); }

    /**
     * Commits. When it throws, the code says what became of it: RVMX_INDETERMINATE, RVMX_BUG: a crash may find it or not; RVMX_MISUSE,
     * RVMX_IN_USE: it is still open; any other: it is undone.
     */
    void commit(int durability = RVMX_FORCE) { end(rvmx_commit(tid_, durability)); }

    /** Undoes all that was declared. */
    void abort() { end(rvmx_abort(tid_)); }

private:
    friend class store;

    transaction() = default;

    void end(int code)
    {
        is_open_ = is_open_ && (code == RVMX_MISUSE || code == RVMX_IN_USE);
        detail::check(code);
    }

    std::vector<std::shared_ptr<detail::mapping>> segments_;
    trans_t tid_{};
    bool is_open_ = false;
};

/** What a store knows of a segment, mapped or not. */
struct segment_info {
    std::string name;
    std::size_t length;
    bool is_mapped;
    std::size_t log_used;
    std::size_t log_capacity;
};

/** A directory with segments, open until this and all that came from it is gone. A process has one of them for a directory. */
class store {
public:
    /** Opens a directory: makes it if it is missing, locks it, recovers it. */
    explicit store(const std::string &path) : store(path, rvmx_options{}) {}

    /** The same with options other than the defaults, which are all 0. */
    store(const std::string &path, const rvmx_options &options) : directory_(std::make_shared<detail::directory>())
    {
        detail::check(rvmx_open(path.c_str(), &options, sizeof options, &directory_->handle));
        directory_->is_open = true;
    }

    store(store &&) noexcept = default;
    store &operator=(store &&) noexcept = default;

    /** Maps a segment of at least size bytes; with 0 one that is there. */
    segment map(const std::string &name, std::size_t size = 0)
    {
        auto made = std::make_shared<detail::mapping>(directory_);
        detail::check(rvmx_map(directory_->handle, name.c_str(), size, &made->base, &made->length));
        return segment(std::move(made));
    }

    /** Erases a segment that is not mapped. Returns whether there was one. */
    bool destroy(const std::string &name)
    {
        const int code = rvmx_destroy(directory_->handle, name.c_str());
        if (code != RVMX_NOT_FOUND)
            detail::check(code);
        return code == RVMX_DONE;
    }

    /** Begins a transaction over segments: store.begin({a, b}). Waits as rvmx_begin does. */
    transaction begin(const std::vector<std::reference_wrapper<const segment>> &segments, long wait_ms = RVMX_FOREVER)
    {
        transaction begun;
        std::vector<void *> bases;
        for (const segment &one : segments) {
            bases.push_back(one.mapping_->base);
            begun.segments_.push_back(one.mapping_);
        }
        detail::check(rvmx_begin(directory_->handle, bases.size(), bases.data(), wait_ms, &begun.tid_));
        begun.is_open_ = true;
        return begun;
    }

    /** Makes every lazy commit durable. The destructor does so too, but cannot tell whether it succeeded. */
    void flush() { detail::check(rvmx_flush(directory_->handle)); }

    /** As rvm_truncate_log. */
    void truncate_log() { detail::check(rvmx_truncate_log(directory_->handle)); }

    /** What opening the directory found and did. */
    rvmx_recovery recovered() const
    {
        rvmx_recovery report{};
        detail::check(rvmx_recovered(directory_->handle, &report, sizeof report));
        return report;
    }

    /** What was done since it was opened. */
    rvmx_stats statistics() const
    {
        rvmx_stats stats{};
        detail::check(rvmx_statistics(directory_->handle, &stats, sizeof stats));
        return stats;
    }

    /** All segments, in the order of their names. */
    std::vector<segment_info> segments() const
    {
        visit visited;
        detail::check(rvmx_segments(directory_->handle, add, &visited));
        if (visited.thrown)
            std::rethrow_exception(visited.thrown);
        return std::move(visited.found);
    }

    /**
     * In checked mode, what is told of undeclared changes; an empty function brings the lines on stderr back. It is called by every
     * thread that ends a transaction, or declares a change too late, and must not throw. Set it while no transaction is open.
     */
    void on_undeclared(std::function<void(const rvmx_undeclared &)> tell)
    {
        detail::check(rvmx_on_undeclared(directory_->handle, nullptr, nullptr));
        directory_->tell = std::move(tell);
        if (directory_->tell)
            detail::check(rvmx_on_undeclared(directory_->handle, detail::tell, directory_.get()));
    }

private:
    struct visit {
        std::vector<segment_info> found;
        std::exception_ptr thrown;
    };

    static void add(const rvmx_segment *one, void *context) noexcept
    {
        auto &visited = *static_cast<visit *>(context);
        try {
            visited.found.push_back({one->segname, one->length, one->mapped != 0, one->log_used, one->log_capacity});
        } catch (...) {
            visited.thrown = std::current_exception();
        }
    }

    std::shared_ptr<detail::directory> directory_;
};

}  /* namespace rvmx */

#endif  /* RVM_HPP */
