#include "base/secret_heap.h"

#include <sanitizer/asan_interface.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

namespace secretfs::secret_heap {
namespace {

constexpr size_t kSlabBytes = size_t{64} * 1024;
constexpr size_t kCanaryBytes = 16;
// Slot sizes, canary included: at most a third of a slot is waste.
constexpr std::array<size_t, 19> kSlotSizes{32,   48,   64,   96,    128,  192,  256,
                                            384,  512,  768,  1024,  1536, 2048, 3072,
                                            4096, 6144, 8192, 12288, 16384};

size_t PageSize() {
  static const auto size = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  return size;
}

size_t RoundUp(size_t size, size_t unit) { return (size + unit - 1) / unit * unit; }

/// Index of the smallest slot that holds `size` bytes and a canary; kSlotSizes.size() when none
/// does.
size_t ClassOf(size_t size) {
  const auto* at = std::lower_bound(kSlotSizes.begin(), kSlotSizes.end(), size + kCanaryBytes);
  return static_cast<size_t>(at - kSlotSizes.begin());
}

/// One mapping: a slab of equal slots, or a single large block (then one slot fills it).
struct Region {
  std::byte* data = nullptr;
  size_t bytes = 0;
  size_t slot = 0;
  size_t size_class = kSlotSizes.size();
  std::vector<uint16_t> free_slots;
  size_t used = 0;

  [[nodiscard]] size_t slots() const { return bytes / slot; }
  [[nodiscard]] size_t usable() const { return slot - kCanaryBytes; }
};

Error OverLimit(const char* what) {
  return {Code::kResource, what, "",
          "raise the limit on locked memory: LimitMEMLOCK= in the unit, or `ulimit -l`"};
}

/// Others use it, and may give it back.
Error NoMemory() { return {Code::kResource, "no memory for secrets", "", "", true}; }

Result<std::byte*> Map(size_t bytes) {
  const size_t guard = PageSize();
  void* base = mmap(nullptr, bytes + 2 * guard, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (base == MAP_FAILED) return NoMemory();
  auto* data = static_cast<std::byte*>(base) + guard;
  const bool mapped = mprotect(data, bytes, PROT_READ | PROT_WRITE) == 0 &&
                      madvise(data, bytes, MADV_DONTDUMP) == 0 &&
                      madvise(data, bytes, MADV_DONTFORK) == 0;
  if (mapped && mlock(data, bytes) == 0) return data;
  const bool limited = mapped && errno != EAGAIN;  // which is for pages that cannot be had
  munmap(base, bytes + 2 * guard);
  return limited ? OverLimit("memory for secrets cannot be locked") : NoMemory();
}

void Unmap(std::byte* data, size_t bytes) {
  const size_t guard = PageSize();
  munmap(data - guard, bytes + 2 * guard);
}

class Heap {
 public:
  Heap() {
    if (getrandom(canary_.data(), canary_.size(), 0) != static_cast<ssize_t>(canary_.size())) {
      std::abort();
    }
  }

  Result<void*> Allocate(size_t size) {
    if (size > SIZE_MAX / 4) return OverLimit("no memory for secrets");
    const std::lock_guard lock(mutex_);
    const size_t size_class = ClassOf(size);
    Region* region = nullptr;
    if (size_class == kSlotSizes.size()) {
      region = TRY(AddRegion(RoundUp(size + kCanaryBytes, PageSize()), 0, size_class));
    } else if (partial_[size_class].empty()) {
      region = TRY(AddRegion(kSlabBytes, kSlotSizes[size_class], size_class));
      partial_[size_class].push_back(region);
    } else {
      region = partial_[size_class].back();
    }
    const uint16_t index = region->free_slots.back();
    region->free_slots.pop_back();
    if (region->free_slots.empty() && size_class < kSlotSizes.size()) {
      partial_[size_class].pop_back();
    }
    ++region->used;
    ++blocks_;
    std::byte* block = region->data + index * region->slot;
    ASAN_UNPOISON_MEMORY_REGION(block, region->slot);
    std::memcpy(block + region->usable(), canary_.data(), kCanaryBytes);
    return static_cast<void*>(block);
  }

  void Free(void* pointer) noexcept {
    const std::lock_guard lock(mutex_);
    auto* block = static_cast<std::byte*>(pointer);
    Region& region = Find(block);
    if (std::memcmp(block + region.usable(), canary_.data(), kCanaryBytes) != 0) {
      std::fputs("secretfs: bug: a block of secret memory was overrun\n", stderr);
      std::abort();
    }
    explicit_bzero(block, region.slot);
    ASAN_POISON_MEMORY_REGION(block, region.slot);
    --blocks_;
    --region.used;
    const auto index = static_cast<size_t>(block - region.data) / region.slot;
    if (region.size_class == kSlotSizes.size()) {
      Remove(region);
      return;
    }
    auto& partial = partial_[region.size_class];
    if (region.free_slots.empty()) partial.push_back(&region);
    region.free_slots.push_back(static_cast<uint16_t>(index));
    if (region.used == 0 && partial.size() > 1) {  // one empty slab of a class is kept for the next
      std::erase(partial, &region);
      Remove(region);
    }
  }

  size_t UsableSize(const void* block) noexcept {
    const std::lock_guard lock(mutex_);
    return Find(static_cast<const std::byte*>(block)).usable();
  }

  Stats GetStats() noexcept {
    const std::lock_guard lock(mutex_);
    return {blocks_, locked_bytes_, regions_.size()};
  }

 private:
  /// slot 0: the region is one block.
  Result<Region*> AddRegion(size_t bytes, size_t slot, size_t size_class) {
    std::byte* data = TRY(Map(bytes));
    auto region = std::make_unique<Region>();
    region->data = data;
    region->bytes = bytes;
    region->slot = slot == 0 ? bytes : slot;
    region->size_class = size_class;
    for (size_t i = region->slots(); i > 0; --i) {
      region->free_slots.push_back(static_cast<uint16_t>(i - 1));
    }
    ASAN_POISON_MEMORY_REGION(data, bytes);
    locked_bytes_ += bytes;
    return regions_.emplace(data, std::move(region)).first->second.get();
  }

  void Remove(Region& region) {
    std::byte* data = region.data;
    const size_t bytes = region.bytes;
    locked_bytes_ -= bytes;
    regions_.erase(data);
    ASAN_UNPOISON_MEMORY_REGION(data, bytes);
    Unmap(data, bytes);
  }

  Region& Find(const std::byte* block) {
    auto after = regions_.upper_bound(block);
    if (after != regions_.begin()) {
      Region& region = *std::prev(after)->second;
      const auto offset = static_cast<size_t>(block - region.data);
      if (offset < region.bytes && offset % region.slot == 0) return region;
    }
    std::fputs("secretfs: bug: not a block of secret memory\n", stderr);
    std::abort();
  }

  std::mutex mutex_;
  std::array<unsigned char, kCanaryBytes> canary_{};
  std::map<const std::byte*, std::unique_ptr<Region>> regions_;
  std::array<std::vector<Region*>, kSlotSizes.size()> partial_;  // slabs with a free slot
  size_t blocks_ = 0;
  size_t locked_bytes_ = 0;
};

Heap& TheHeap() {
  // Never destroyed: values may outlive static destruction. The header says why it is global.
  static Heap& heap = *new Heap;  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)
  return heap;
}

}  // namespace

Result<void*> Allocate(size_t size) { return TheHeap().Allocate(size); }
void Free(void* block) noexcept {
  if (block != nullptr) TheHeap().Free(block);
}
size_t UsableSize(const void* block) noexcept { return TheHeap().UsableSize(block); }
size_t RoundedSize(size_t size) noexcept {
  const size_t size_class = ClassOf(size);
  const size_t slot = size_class == kSlotSizes.size() ? RoundUp(size + kCanaryBytes, PageSize())
                                                      : kSlotSizes[size_class];
  return slot - kCanaryBytes;
}
bool CanLock(size_t bytes) noexcept {
  void* probe = mmap(nullptr, bytes, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (probe == MAP_FAILED) return false;
  const bool can = mlock2(probe, bytes, MLOCK_ONFAULT) == 0;
  munmap(probe, bytes);
  return can;
}

Stats GetStats() noexcept { return TheHeap().GetStats(); }

}  // namespace secretfs::secret_heap
