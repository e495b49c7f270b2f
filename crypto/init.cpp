#include "crypto/init.h"

#include <openssl/crypto.h>
#include <sodium.h>

#include <algorithm>
#include <cstring>

#include "base/secret_heap.h"

namespace secretfs {
namespace {

void* HeapMalloc(size_t size, const char* /*file*/, int /*line*/) noexcept {
  if (size == 0) return nullptr;  // as OpenSSL's own
  auto block = secret_heap::Allocate(size);
  return block ? *block : nullptr;
}

void HeapFree(void* block, const char* /*file*/, int /*line*/) noexcept {
  secret_heap::Free(block);
}

void* HeapRealloc(void* block, size_t size, const char* file, int line) noexcept {
  if (block == nullptr) return HeapMalloc(size, file, line);
  if (size == 0) {
    secret_heap::Free(block);
    return nullptr;
  }
  const size_t usable = secret_heap::UsableSize(block);
  if (usable == secret_heap::RoundedSize(size)) return block;
  void* moved = HeapMalloc(size, file, line);
  if (moved == nullptr) return nullptr;
  std::memcpy(moved, block, std::min(usable, size));
  secret_heap::Free(block);
  return moved;
}

Status Initialize() {
  if (CRYPTO_set_mem_functions(HeapMalloc, HeapRealloc, HeapFree) != 1) {
    return Error{Code::kResource, "OpenSSL was used before its memory could be locked", "",
                 "call InitCrypto() first in main()"};
  }
  // No configuration file: what this process computes does not depend on /etc. No exit handler:
  // threads may still decrypt while the process exits.
  if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT, nullptr) != 1) {
    return Error{Code::kResource, "OpenSSL cannot start", "", ""};
  }
  if (sodium_init() < 0) return Error{Code::kResource, "libsodium cannot start", "", ""};
  return Ok{};
}

}  // namespace

Status InitCrypto() {
  static const Status status = Initialize();
  return status;
}

}  // namespace secretfs
