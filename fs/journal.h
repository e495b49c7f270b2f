// Journal: the requests that are received and not yet answered, where the next server finds them: a
// request lands in the state, and one that has to wait is moved into a slot before the next lands.
// Replies are no part of it. Without a state, requests land in memory of our own. Landing, serving
// and parking are for the thread that receives; the rest is thread-safe.
#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/bytes.h"
#include "fs/request.h"
#include "fs/shares.h"
#include "fs/state.h"

namespace secretfs::fs {

/// The most slots for one user, but for root.
constexpr size_t kSlotShare = kSlotCount / 4;

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

  /// The kernel can send again what is not answered. So all may wait, with a slot or without.
  void TrustKernel() noexcept { resent_ = true; }
  /// How long the request whose turn it is may wait, if it may: what is left of `wait`, which began
  /// in the first server that had it, and is a little longer if there were more
  /// (milliseconds::max(): no limit). Nothing when there is no room to keep it.
  [[nodiscard]] std::optional<std::chrono::milliseconds> MayWait(uint64_t unique,
                                                                 std::chrono::milliseconds wait);
  /// It was answered, or need not be any more.
  void Answered(uint64_t unique) noexcept;
  /// Whether it is there, and not yet answered.
  [[nodiscard]] bool Keeps(uint64_t unique) const;

  /// What the server before left, once; call before anything lands. The one that was being received
  /// is last, and it is its turn now, while the others have slots already.
  std::vector<Bytes> TakeLeft();
  /// Forgets all of that, as the kernel sends it again.
  void DropLeft() noexcept;

  /// The server is at this request: if it dies now, it is of that.
  void Begin(uint64_t unique) noexcept;
  void End() noexcept;
  /// Whether servers keep dying of it.
  [[nodiscard]] bool IsDeadly(uint64_t unique) const noexcept;

 private:
  /// What is in a slot.
  struct Parked {
    uint16_t index = 0;
    uid_t user = 0;
  };
  [[nodiscard]] bool HasRoom(const fuse_in_header& head) const;
  void Park(const fuse_in_header& head) noexcept;
  void ClearLanding() noexcept;
  void NoteDeath() noexcept;

  StateLayout* const layout_;
  std::unique_ptr<std::array<std::byte, kLandingBytes>> own_;
  const ByteSpan landing_;
  std::atomic<bool> resent_{false};
  mutable std::mutex mutex_;    // guards what follows
  uint64_t landed_ = 0;         // the request whose turn it is, until it is answered
  int64_t deadline_ = 0;        // its own
  std::vector<uint16_t> free_;  // slots that were used
  size_t used_ = 0;             // slots up to here were used
  std::unordered_map<uint64_t, Parked> parked_;  // by the numbers of the requests
  Shares shares_{kSlotShare};
  std::unordered_map<uint64_t, int64_t> deadlines_;  // of what the kernel sends again
};

}  // namespace secretfs::fs
