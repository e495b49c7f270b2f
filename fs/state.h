// State: what of a FUSE connection has to outlive the server: a memfd that a holder keeps beside
// the /dev/fuse descriptor. The server writes down what it agreed with the kernel, the requests
// that it has not answered and what is open; whoever serves next reads it. Requests and numbers
// only, never what a reader gets. Whoever holds the descriptor can change all of it, so what is
// read from it is checked. Thread-safe.
#pragma once

#include <memory>

#include "base/bytes.h"
#include "base/result.h"
#include "base/shared_memory.h"
#include "base/unique_fd.h"
#include "fs/reopening.h"
#include "fs/state_layout.h"

namespace secretfs::fs {

class State {
 public:
  /// A new one: some MiB, of which little is used, so that it costs little; its size is sealed.
  static Result<UniqueFd> Make();
  /// Maps it; `fd` stays the caller's, and need not stay open. What holds the key is locked, and
  /// nothing of it dumped or inherited. Errors: kInvalid for another layout; kResource.
  static Result<std::unique_ptr<State>> Open(int fd);
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  /// Whether a server came to terms with the kernel already, so that who serves now adopts.
  [[nodiscard]] bool begun() const noexcept;

  /// That who serves is alive: now, on CLOCK_BOOTTIME.
  void Beat() noexcept;
  /// The newest beat in milliseconds; 0 when there was none.
  [[nodiscard]] int64_t last_beat() const noexcept;
  /// What Beat() would write.
  [[nodiscard]] static int64_t Now() noexcept;

  /// 32 random bytes, for fingerprints (crypto/fingerprint.h): the same in each server of this
  /// connection, and in no other.
  [[nodiscard]] ByteView key() const noexcept;
  [[nodiscard]] Counters& counters() noexcept;
  /// How often an open file could not be gone on with for that reason.
  [[nodiscard]] std::atomic<uint64_t>& not_reopened(ReopenFailure::Reason reason) noexcept;
  /// For this folder.
  [[nodiscard]] StateLayout& layout() noexcept { return *layout_; }

 private:
  explicit State(SharedMemory memory) noexcept;
  const SharedMemory memory_;
  StateLayout* const layout_;
};

}  // namespace secretfs::fs
