// A loader that keeps those who wait until a test answers them. Not thread-safe.
#pragma once

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
  };
  void Want(const EntryPtr& entry, SteadyTime deadline, Done done) override {
    if (ValuePtr value = entry->value()) return done(value);
    wishes.push_back({entry, deadline, std::move(done)});
  }
  struct PartWish {
    Part part;
    PartDone done;
  };
  void Read(Part part, PartDone done) override {
    parts.push_back({std::move(part), std::move(done)});
  }
  /// Answers everybody who waits for a value.
  void Answer(const Result<ValuePtr>& value) {
    for (const Wish& wish : std::exchange(wishes, {})) wish.done(value);
  }

  std::vector<Wish> wishes;
  std::vector<PartWish> parts;
};

}  // namespace secretfs::testkit
