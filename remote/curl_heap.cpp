#include "remote/curl_heap.h"

#include <curl/curl.h>

#include <algorithm>
#include <cstring>

#include "base/secret_heap.h"
#include "crypto/init.h"

namespace secretfs::remote {
namespace {

void* Malloc(size_t size) noexcept {
  auto block = secret_heap::Allocate(size);
  return block ? *block : nullptr;
}

void Free(void* block) noexcept { secret_heap::Free(block); }

void* Realloc(void* block, size_t size) noexcept {
  if (block == nullptr) return Malloc(size);
  const size_t usable = secret_heap::UsableSize(block);
  if (size > 0 && usable == secret_heap::RoundedSize(size)) return block;
  void* moved = Malloc(size);
  if (moved == nullptr) return nullptr;
  std::memcpy(moved, block, std::min(usable, size));
  secret_heap::Free(block);
  return moved;
}

char* Strdup(const char* text) noexcept {
  const size_t size = std::strlen(text) + 1;
  void* copy = Malloc(size);
  if (copy != nullptr) std::memcpy(copy, text, size);
  return static_cast<char*>(copy);
}

void* Calloc(size_t count, size_t size) noexcept {
  if (size != 0 && count > SIZE_MAX / size) return nullptr;
  return Malloc(count * size);  // zeroed
}

Status Initialize() {
  TRY(InitCrypto());
  if (curl_global_init_mem(CURL_GLOBAL_DEFAULT, Malloc, Free, Realloc, Strdup, Calloc) !=
      CURLE_OK) {
    return Error{Code::kResource, "libcurl cannot start", "", ""};
  }
  return Ok{};
}

}  // namespace

Status InitCurl() {
  static const Status status = Initialize();
  return status;
}

}  // namespace secretfs::remote
