#include "base/child_secrets.h"

#include <sys/mman.h>

#include <algorithm>
#include <utility>

namespace secretfs {
namespace {

Status Check(const SecretVariable& variable) {
  const ByteView value = variable.value->Expose();
  if (variable.name.empty() ||
      variable.name.find_first_of(std::string_view("=\0", 2)) != std::string::npos) {
    return Error{Code::kInvalid, "is no name of an environment variable", variable.name, ""};
  }
  if (std::ranges::find(value, std::byte{0}) != value.end()) {
    return Error{Code::kInvalid, "the secret for it has a NUL byte, which no environment can hold",
                 variable.name, ""};
  }
  return Ok{};
}

Error NoMemory() {
  return {Code::kResource, "memory for a program's secrets cannot be locked", "",
          "raise the limit on locked memory: LimitMEMLOCK= in the unit, or `ulimit -l`"};
}

}  // namespace

Result<ChildSecrets> ChildSecrets::Make(std::span<const SecretVariable> variables) {
  size_t size = 0;
  for (const SecretVariable& variable : variables) {
    TRY(Check(variable));
    size += variable.name.size() + 1 + variable.value->size() + 1;
  }
  if (size == 0) return ChildSecrets(ByteSpan{});
  // Shared, since a copy-on-write page would keep the secret in a child of another thread that has
  // not come to its own exec yet.
  void* const start =
      ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (start == MAP_FAILED) return NoMemory();
  ChildSecrets secrets(ByteSpan(static_cast<std::byte*>(start), size));
  if (::mlock(start, size) != 0 || ::madvise(start, size, MADV_DONTDUMP) != 0) return NoMemory();
  std::byte* at = secrets.pages_.data();
  for (const SecretVariable& variable : variables) {
    secrets.strings_.push_back(reinterpret_cast<char*>(at));
    at = std::ranges::copy(AsBytes(variable.name), at).out;
    *at++ = std::byte{'='};
    at = std::ranges::copy(variable.value->Expose(), at).out;
    *at++ = std::byte{0};
  }
  return secrets;
}

ChildSecrets::ChildSecrets(ChildSecrets&& other) noexcept
    : pages_(std::exchange(other.pages_, {})), strings_(std::move(other.strings_)) {}

ChildSecrets::~ChildSecrets() {
  if (pages_.empty()) return;
  Wipe(pages_);
  ::munmap(pages_.data(), pages_.size());
}

}  // namespace secretfs
