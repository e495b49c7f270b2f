// Content: what a value has that is too large to be held in memory. It is read by offset when
// somebody asks for a part, and then only that part is in memory.
#pragma once

#include <cstdint>
#include <memory>

#include "base/bytes.h"
#include "base/result.h"

namespace secretfs {

/// One version, as long as it lives: when its source changes, reading fails. Thread-safe.
class Content {
 public:
  Content() = default;
  Content(const Content&) = delete;
  Content& operator=(const Content&) = delete;
  virtual ~Content() = default;

  [[nodiscard]] virtual uint64_t size() const noexcept = 0;
  /// Fills `into`, which is in locked memory, from `offset`; all of it must lie below size(). May
  /// block; called on workers. Errors: kPayload or kInvalid when the source is not, or no longer,
  /// what it was; kResource; kIo. After one, `into` holds nothing to be used.
  virtual Status ReadAt(uint64_t offset, ByteSpan into) const = 0;
  /// What two contents with the same bytes have in common and others not, also in another process;
  /// not secret, and empty when that cannot be told. May block, as ReadAt().
  [[nodiscard]] virtual Result<Bytes> Identify() const { return Bytes{}; }
};
using ContentPtr = std::shared_ptr<const Content>;

}  // namespace secretfs
