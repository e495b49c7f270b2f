#include "crypto/openssl_heap.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>

#include "base/secret_heap.h"

namespace secretfs::crypto {
namespace {

thread_local uint64_t unlocked_allocations = 0;
thread_local bool may_be_had_later = true;

/// The blocks that are not of the secret heap, with their sizes.
class UnlockedBlocks {
 public:
  void* Allocate(size_t size) {
    void* block = std::calloc(1, size);
    if (block == nullptr) return nullptr;
    const std::lock_guard lock(mutex_);
    sizes_.emplace(block, size);
    count_.store(sizes_.size());
    return block;
  }

  /// 0 for a block of the secret heap.
  size_t SizeOf(void* block) {
    if (count_.load() == 0) return 0;  // always, while memory can be locked
    const std::lock_guard lock(mutex_);
    const auto at = sizes_.find(block);
    return at == sizes_.end() ? 0 : at->second;
  }

  void Free(void* block, size_t size) {
    explicit_bzero(block, size);
    {
      const std::lock_guard lock(mutex_);
      sizes_.erase(block);
      count_.store(sizes_.size());
    }
    std::free(block);
  }

 private:
  std::mutex mutex_;
  std::map<void*, size_t> sizes_;
  std::atomic<size_t> count_ = 0;
};

UnlockedBlocks& Unlocked() {
  static UnlockedBlocks& blocks = *new UnlockedBlocks;  // never destroyed, like the secret heap
  return blocks;
}

void* Malloc(size_t size, const char* /*file*/, int /*line*/) noexcept {
  if (size == 0) return nullptr;  // as OpenSSL's own
  const auto block = secret_heap::Allocate(size);
  if (block) return *block;
  ++unlocked_allocations;
  may_be_had_later = block.error().may_come;
  return Unlocked().Allocate(size);
}

void Free(void* block, const char* /*file*/, int /*line*/) noexcept {
  if (block == nullptr) return;
  if (const size_t size = Unlocked().SizeOf(block)) {
    Unlocked().Free(block, size);
  } else {
    secret_heap::Free(block);
  }
}

void* Realloc(void* block, size_t size, const char* file, int line) noexcept {
  if (block == nullptr) return Malloc(size, file, line);
  if (size == 0) {
    Free(block, file, line);
    return nullptr;
  }
  const size_t unlocked = Unlocked().SizeOf(block);
  const size_t usable = unlocked > 0 ? unlocked : secret_heap::UsableSize(block);
  if (unlocked == 0 && usable == secret_heap::RoundedSize(size)) return block;
  void* moved = Malloc(size, file, line);
  if (moved == nullptr) return nullptr;
  std::memcpy(moved, block, std::min(usable, size));
  Free(block, file, line);
  return moved;
}

}  // namespace

bool InstallOpenSslHeap() noexcept { return CRYPTO_set_mem_functions(Malloc, Realloc, Free) == 1; }

uint64_t UnlockedAllocations() noexcept { return unlocked_allocations; }

bool MayBeHadLater() noexcept { return may_be_had_later; }

}  // namespace secretfs::crypto
