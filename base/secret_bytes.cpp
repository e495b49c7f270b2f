#include "base/secret_bytes.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/secret_heap.h"

namespace secretfs {
namespace {

Result<std::byte*> AllocateBytes(size_t size) {
  return static_cast<std::byte*>(TRY(secret_heap::Allocate(size)));
}

/// Moves a value that is much shorter than its block into a fitting one.
Result<std::byte*> Shrink(std::byte* data, size_t size) {
  if (secret_heap::RoundedSize(size) == secret_heap::UsableSize(data)) return data;
  auto fitting = AllocateBytes(size);
  if (fitting) std::memcpy(*fitting, data, size);
  secret_heap::Free(data);
  return fitting;
}

}  // namespace

Result<SecretBytes> SecretBytes::Make(size_t capacity, const Fill& fill) {
  std::byte* data = TRY(AllocateBytes(capacity));
  auto size = fill(ByteSpan(data, capacity));
  if (!size) {
    secret_heap::Free(data);
    return std::move(size).error();
  }
  if (*size > capacity) std::abort();
  data = TRY(Shrink(data, *size));
  return SecretBytes(data, *size);
}

Result<SecretBytes> SecretBytes::CopyOf(ByteView bytes) {
  return Make(bytes.size(), [&](ByteSpan out) -> Result<size_t> {
    std::copy(bytes.begin(), bytes.end(), out.begin());
    return bytes.size();
  });
}

SecretBytes::SecretBytes(SecretBytes&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

SecretBytes& SecretBytes::operator=(SecretBytes&& other) noexcept {
  if (this != &other) {
    secret_heap::Free(data_);
    data_ = std::exchange(other.data_, nullptr);
    size_ = std::exchange(other.size_, 0);
  }
  return *this;
}

SecretBytes::~SecretBytes() { secret_heap::Free(data_); }

bool ConstantTimeEqual(ByteView a, ByteView b) noexcept {
  if (a.size() != b.size()) return false;
  volatile unsigned char difference = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    difference =
        static_cast<unsigned char>(difference | std::to_integer<unsigned char>(a[i] ^ b[i]));
  }
  return difference == 0;
}

void Wipe(ByteSpan bytes) noexcept {
  if (!bytes.empty()) explicit_bzero(bytes.data(), bytes.size());
}

SecretBuilder::~SecretBuilder() { secret_heap::Free(data_); }

SecretBuilder& SecretBuilder::Append(ByteView bytes) noexcept {
  if (bytes.empty() || failed_) return *this;
  if (size_ + bytes.size() > capacity_ && !Grow(size_ + bytes.size())) return *this;
  std::memcpy(data_ + size_, bytes.data(), bytes.size());
  size_ += bytes.size();
  return *this;
}

bool SecretBuilder::Grow(size_t need) noexcept {
  if (need > limit_) {
    failed_ = true;
    error_ = {Code::kTooLarge, "larger than " + std::to_string(limit_) + " bytes", "", ""};
    return false;
  }
  auto larger = AllocateBytes(std::max({need, 2 * capacity_, capacity_hint_}));
  if (!larger) {
    failed_ = true;
    error_ = std::move(larger).error();
    return false;
  }
  if (size_ > 0) std::memcpy(*larger, data_, size_);
  secret_heap::Free(data_);
  data_ = *larger;
  capacity_ = secret_heap::UsableSize(data_);
  return true;
}

Result<SecretBytes> SecretBuilder::Finish() {
  if (failed_) return error_;
  auto value = SecretBytes::CopyOf({data_, size_});
  secret_heap::Free(data_);
  data_ = nullptr;
  size_ = capacity_ = 0;
  return value;
}

}  // namespace secretfs
