/*
 * A bank that loses no money.
 *
 *   bank DIR deposit ACCOUNT AMOUNT
 *   bank DIR transfer FROM TO AMOUNT
 *   bank DIR show
 *
 * It ends with 0; with 1 if the money is not there; with 2 if something else went wrong.
 */
#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>
#include <vector>

#include "rvm.hpp"

namespace {

constexpr std::size_t account_count = 1000;

struct ledger {
    long entries;
    long total;
};

struct not_enough : std::runtime_error {
    using std::runtime_error::runtime_error;
};

class bank {
public:
    explicit bank(const std::string &directory)
        : store_(directory), accounts_(store_.map("accounts", account_count * sizeof(long))),
          ledger_(store_.map("ledger", sizeof(ledger))) {}

    void deposit(std::size_t account, long amount)
    {
        auto txn = store_.begin({accounts_, ledger_});
        add(txn, account, amount);
        auto &book = txn.modify(ledger_, ledger_.as<ledger>());
        book.entries += 1;
        book.total += amount;
        txn.commit();
    }

    void transfer(std::size_t from, std::size_t to, long amount)
    {
        auto txn = store_.begin({accounts_, ledger_});
        txn.label("transfer");
        add(txn, to, amount);
        add(txn, from, -amount);
        /* Whoever throws leaves the transaction, which undoes what was done so far. */
        if (accounts_.array<long>()[from] < 0)
            throw not_enough("there is not enough money");
        txn.modify(ledger_, ledger_.as<ledger>().entries) += 1;
        txn.commit();
    }

    /** Prints all accounts that are not empty; returns whether they add up to what the ledger says. */
    bool show() const
    {
        long total = 0;
        const auto balances = accounts_.array<long>();
        for (std::size_t account = 0; account < balances.size(); account++) {
            total += balances[account];
            if (balances[account] != 0)
                std::cout << account << ' ' << balances[account] << '\n';
        }
        const auto &book = ledger_.as<ledger>();
        std::cout << book.entries << " entries, " << book.total << " in all\n";
        return total == book.total;
    }

private:
    void add(rvmx::transaction &txn, std::size_t account, long amount)
    {
        txn.modify(accounts_, accounts_.array<long>().at(account)) += amount;
    }

    rvmx::store store_;
    rvmx::segment accounts_;
    rvmx::segment ledger_;
};

int run(const std::vector<std::string> &words)
{
    const std::string verb = words.size() > 1 ? words[1] : "";
    if (verb == "deposit" && words.size() == 4) {
        bank(words[0]).deposit(std::stoul(words[2]), std::stol(words[3]));
    } else if (verb == "transfer" && words.size() == 5) {
        bank(words[0]).transfer(std::stoul(words[2]), std::stoul(words[3]), std::stol(words[4]));
    } else if (verb == "show" && words.size() == 2) {
        return bank(words[0]).show() ? 0 : 2;
    } else {
        std::cerr << "usage: bank DIR deposit ACCOUNT AMOUNT | transfer FROM TO AMOUNT | show\n";
        return 2;
    }
    return 0;
}

}  /* namespace */

int main(int argc, char **argv)
{
    try {
        return run({argv + 1, argv + argc});
    } catch (const not_enough &reason) {
        std::cerr << "bank: " << reason.what() << '\n';
        return 1;
    } catch (const std::exception &reason) {
        std::cerr << "bank: " << reason.what() << '\n';
        return 2;
    }
}
