// A loader that keeps those who wait until a test answers them. Not thread-safe.
#pragma once

#include <algorithm>
#include <utility>
#include <vector>

#include "core/entry.h"

namespace secretfs::testkit {

class FakeLoader final : public Loader {
 public:
  struct Wish {
    EntryPtr entry;
    SteadyTime deadline;
    Done done;
    Ticket ticket;
    Patience patience;
  };
  Ticket Want(const EntryPtr& entry, SteadyTime deadline, Patience patience, Done done) override {
    if (ValuePtr value = entry->value()) {
      done(value);
      return 0;
    }
    wishes.push_back({entry, deadline, std::move(done), ++last_, patience});
    return last_;
  }
  void Cancel(Ticket ticket) override {
    const Error interrupted{Code::kInterrupted, "interrupted", "", ""};
    if (const auto at = std::ranges::find(wishes, ticket, &Wish::ticket); at != wishes.end()) {
      const Done done = std::move(at->done);
      wishes.erase(at);
      done(interrupted);
    }
    if (const auto at = std::ranges::find(parts, ticket, &PartWish::ticket); at != parts.end()) {
      const PartDone done = std::move(at->done);
      parts.erase(at);
      done(interrupted);
    }
  }
  struct PartWish {
    Part part;
    PartDone done;
    Ticket ticket;
  };
  Ticket Read(Part part, PartDone done) override {
    parts.push_back({std::move(part), std::move(done), ++last_});
    return last_;
  }
  /// Answers everybody who waits for a value.
  void Answer(const Result<ValuePtr>& value) {
    for (const Wish& wish : std::exchange(wishes, {})) wish.done(value);
  }

  std::vector<Wish> wishes;
  std::vector<PartWish> parts;

 private:
  Ticket last_ = 0;
};

}  // namespace secretfs::testkit
