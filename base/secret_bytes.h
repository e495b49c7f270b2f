// SecretBytes is the only type that may hold a secret value: locked, not dumped, guarded, wiped
// (base/secret_heap.h). Move-only, no ==, no <<. Expose() is the one door, so that `grep Expose`
// shows every place that touches plaintext. A value is written once, by the function that makes it,
// and const from then on; const use is thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <memory>

#include "base/bytes.h"
#include "base/result.h"

namespace secretfs {

class SecretBytes {
 public:
  /// Writes into the span and returns how many bytes of it are the value.
  using Fill = std::function<Result<size_t>(ByteSpan)>;

  SecretBytes() noexcept = default;  // empty
  /// A value of at most `capacity` bytes, written by `fill`. Errors: fill's own; kResource.
  static Result<SecretBytes> Make(size_t capacity, const Fill& fill);
  /// A copy of bytes that live elsewhere; the caller wipes the original if it was secret.
  static Result<SecretBytes> CopyOf(ByteView bytes);

  SecretBytes(SecretBytes&& other) noexcept;
  SecretBytes& operator=(SecretBytes&& other) noexcept;
  SecretBytes(const SecretBytes&) = delete;
  SecretBytes& operator=(const SecretBytes&) = delete;
  ~SecretBytes();

  [[nodiscard]] size_t size() const noexcept { return size_; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  [[nodiscard]] ByteView Expose() const noexcept { return {data_, size_}; }

  bool operator==(const SecretBytes&) const = delete;  // use ConstantTimeEqual

 private:
  SecretBytes(std::byte* data, size_t size) noexcept : data_(data), size_(size) {}
  std::byte* data_ = nullptr;
  size_t size_ = 0;
};

std::ostream& operator<<(std::ostream&, const SecretBytes&) = delete;

using SecretPtr = std::shared_ptr<const SecretBytes>;

/// Compares without a data-dependent branch; the lengths are not hidden.
bool ConstantTimeEqual(ByteView a, ByteView b) noexcept;

/// Overwrites memory that held a secret; the compiler may not drop it.
void Wipe(ByteSpan bytes) noexcept;

/// Appends into secret memory; growing copies and wipes. The first failure is kept and returned by
/// Finish().
class SecretBuilder {
 public:
  /// `limit`: appending beyond it fails with kTooLarge.
  explicit SecretBuilder(size_t expected_size = 0, size_t limit = SIZE_MAX) noexcept
      : capacity_hint_(expected_size), limit_(limit) {}
  SecretBuilder(const SecretBuilder&) = delete;
  SecretBuilder& operator=(const SecretBuilder&) = delete;
  ~SecretBuilder();

  SecretBuilder& Append(ByteView bytes) noexcept;
  SecretBuilder& Append(std::string_view text) noexcept { return Append(AsBytes(text)); }
  SecretBuilder& Append(char c) noexcept { return Append(std::string_view(&c, 1)); }
  [[nodiscard]] size_t size() const noexcept { return size_; }
  /// What was appended; the builder is empty afterwards. Errors: kResource, kTooLarge.
  Result<SecretBytes> Finish();

 private:
  bool Grow(size_t need) noexcept;
  std::byte* data_ = nullptr;
  size_t size_ = 0;
  size_t capacity_ = 0;
  size_t capacity_hint_;
  size_t limit_;
  bool failed_ = false;
  Error error_;
};

}  // namespace secretfs
