// Dependents: which entries follow from which files, and from which other entries.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "daemon/assemble.h"

namespace secretfs {

/// Immutable once made.
class Dependents {
 public:
  Dependents() = default;
  explicit Dependents(const Assembly& assembly);

  /// What is made from the file at `path` directly.
  [[nodiscard]] const std::vector<EntryPtr>& OfFile(const std::string& path) const;
  /// What has `entry` as an input.
  [[nodiscard]] const std::vector<EntryPtr>& OfEntry(const EntryPtr& entry) const;
  /// All files that something is made from.
  [[nodiscard]] std::vector<std::string> Files() const;

 private:
  void Add(const EntryPtr& entry);

  std::unordered_map<std::string, std::vector<EntryPtr>> of_file_;
  std::unordered_map<EntryPtr, std::vector<EntryPtr>> of_entry_;
};

}  // namespace secretfs
