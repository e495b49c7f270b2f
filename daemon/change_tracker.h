// ChangeTracker: finds what differs from what was found last: names that came or went, content,
// owner and mode of files. Compares; tells nobody.
#pragma once

#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "core/changes.h"
#include "core/consumers.h"
#include "core/policy.h"
#include "core/snapshot.h"

namespace secretfs {

/// Used by one thread.
class ChangeTracker {
 public:
  struct Due {
    OnChange what;
    std::string name;  // of the file that changed
    bool operator==(const Due&) const = default;
  };
  struct Found {
    Changes changes;
    std::vector<Due> due;  // in the order of the files, none twice for one unit
  };

  explicit ChangeTracker(const Accounts& accounts) : accounts_(accounts) {}

  /// All of a snapshot. The first time nothing has changed.
  Found Look(const SnapshotPtr& snapshot);
  /// Those files of the newest snapshot whose entries are these.
  Found Look(const std::vector<EntryPtr>& entries);

 private:
  struct Seen {
    uint64_t version = 0;
    bool failed = false;  // has no value, and the newest try failed
    Ownership ownership;
    mode_t mode = 0;
  };
  [[nodiscard]] Seen See(const Node& node) const;
  void Compare(const Node& node, Found& found);
  void CompareNames(const Snapshot& before, const Snapshot& now, Found& found);

  const Accounts& accounts_;
  SnapshotPtr snapshot_;
  std::unordered_map<uint64_t, Seen> seen_;  // by inode
};

}  // namespace secretfs
