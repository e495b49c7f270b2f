// OpenRecords: what the kernel's file handles stand for, where the next server finds it. A handle
// is a number that is never used again on this connection, so one that is stale or invented finds
// nothing. One that has no record is as good until this server ends: there is no state, or no room
// in it, or a user has his share, or nothing would tell the next server whether it has the same
// value. Folders need none. Thread-safe.
#pragma once

#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

#include "core/entry.h"
#include "fs/shares.h"
#include "fs/state.h"

namespace secretfs::fs {

/// The OPEN, or OPENDIR, that something is opened by.
struct Opening {
  uint64_t unique = 0;
  uint64_t inode = 0;
  bool again = false;  // it may have been answered by the server before
  uid_t user = 0;
};

/// What a server before wrote down.
struct Opened {
  uint64_t inode = 0;
  Fingerprint fingerprint{};
};

/// The most records for one user, but for root.
constexpr size_t kRecordShare = kRecordCount / 4;

class OpenRecords {
 public:
  /// `state` may be null, and outlives it. Writes nothing.
  explicit OpenRecords(State* state) noexcept;
  /// Reads what the servers before left; call before the others, once nobody else writes.
  void Adopt();

  /// A handle for what is being opened; on record before that is answered, if it has a fingerprint.
  uint64_t Add(const Opening& opening, const std::optional<Fingerprint>& fingerprint);
  /// The kernel took the handle: so it never had one for the same opening from a server before.
  void Delivered(const Opening& opening, uint64_t handle);
  /// It was closed, or its opening could not be answered.
  void Remove(uint64_t handle);

  [[nodiscard]] std::optional<Opened> Find(uint64_t handle) const;
  /// The kernel is to be told by `poll` when the file changes.
  void NotePoll(uint64_t file, uint64_t poll) noexcept;
  /// All of those.
  [[nodiscard]] std::vector<uint64_t> polls() const;

 private:
  [[nodiscard]] OpenRecord* RecordOf(uint64_t handle) const noexcept;
  [[nodiscard]] std::optional<size_t> FreeFor(uid_t user);

  StateLayout* const layout_;
  mutable std::mutex mutex_;  // guards what follows, and which records are in use
  uint64_t last_serial_ = 0;  // without a state
  size_t used_ = 0;           // records up to here were used
  std::vector<uint32_t> free_;
  Shares shares_{kRecordShare};
  std::unordered_multimap<uint64_t, uint64_t> before_;  // handles of the servers before, by OPEN
};

}  // namespace secretfs::fs
