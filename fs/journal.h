// Journal: the requests that are received and not yet answered, where the next server finds them: a
// request lands in the state, and one that has to wait is moved into a slot before the next lands.
// Replies are no part of it. Without a state, requests land in memory of our own. Landing, serving
// and parking are for the thread that receives; the rest is thread-safe.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/bytes.h"
#include "fs/request.h"
#include "fs/state.h"

namespace secretfs::fs {

class Journal {
 public:
  /// `state` may be null, and outlives it.
  explicit Journal(State* state);

  /// Where the next request is to be read to.
  [[nodiscard]] ByteSpan landing() noexcept {
    return landing_.first(kLandingBytes - kBehindRequest);
  }
  /// That one of `size` bytes is there now; it, with zeros behind.
  ByteView Landed(size_t size) noexcept;
  /// The request's turn is over: if it was not answered, it is kept until it is.
  void EndTurn() noexcept;

  /// Whether the request whose turn it is can wait: there may be no room to keep it.
  [[nodiscard]] bool MayWait() const;
  /// It was answered, or need not be any more.
  void Answered(uint64_t unique) noexcept;

  /// What the server before left, once; call before anything lands. The one that was being received
  /// is last, and it is its turn now, while the others have slots already.
  std::vector<Bytes> TakeLeft();
  /// Forgets all of that, as the kernel sends it again.
  void DropLeft() noexcept;
  /// Whether servers keep dying of this request.
  [[nodiscard]] bool IsDeadly(uint64_t unique) const noexcept;

 private:
  void Park(const fuse_in_header& head) noexcept;
  void ClearLanding() noexcept;
  void NoteDeath() noexcept;

  StateLayout* const layout_;
  std::unique_ptr<std::array<std::byte, kLandingBytes>> own_;
  const ByteSpan landing_;
  mutable std::mutex mutex_;    // guards what follows
  uint64_t landed_ = 0;         // the request whose turn it is, until it is answered
  std::vector<uint16_t> free_;  // slots that were used
  size_t used_ = 0;             // slots up to here were used
  std::unordered_map<uint64_t, uint16_t> parked_;  // slots by the numbers of their requests
};

}  // namespace secretfs::fs
