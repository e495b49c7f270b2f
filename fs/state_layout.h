// The bytes of a State (fs/state.h): what a server writes down so that the next one can go on. They
// hold requests and numbers, never what a reader gets. Read by servers of other versions too:
// whoever changes anything here changes kLayout. Nothing of it may be trusted by who adopts it.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace secretfs::fs {

constexpr uint64_t kLayout = 0x5345435245540003;  // "SECRET", 3

constexpr size_t kPage = 4096;
constexpr size_t kLandingBytes = 132 * size_t{1024};  // the largest request, a WRITE of 128 KiB
constexpr size_t kSlotCount = 4096;
constexpr size_t kRecordCount = 65'536;
constexpr size_t kInitBytes = 256;
constexpr size_t kDeadlyCount = 16;

/// A request that is being waited for.
struct Slot {
  std::atomic<uint64_t> unique;   // 0: free
  std::atomic<int64_t> deadline;  // CLOCK_BOOTTIME, milliseconds; 0: none
  std::array<std::byte, 496> request;
};
static_assert(sizeof(Slot) == 512);

/// A request that servers died of.
struct Deadly {
  uint64_t unique;  // without the mark of what is sent again; 0: free
  uint64_t deaths;
};

/// An open file.
struct OpenRecord {
  std::atomic<uint64_t> handle;  // 0: free
  uint64_t unique;               // of its OPEN, without the mark of what is sent again
  uint64_t inode;
  std::atomic<uint64_t> poll;  // the kernel's handle of who polls it, 0 for nobody
  std::array<std::byte, 16> fingerprint;
  uint32_t user;
  uint32_t unused;
  uint64_t unused_too;
};
static_assert(sizeof(OpenRecord) == 64);

/// What the servers did, for the metrics.
struct Counters {
  std::atomic<uint64_t> generations;  // servers that served this connection
  std::atomic<uint64_t> resent;       // requests that the kernel gave a second time
  std::atomic<uint64_t> replayed;     // requests served from here
  std::atomic<uint64_t> refused;      // EAGAIN, since there was no room to write them down
  std::atomic<uint64_t> restored;     // open files that went on in a later server
  std::atomic<uint64_t> stale;        // open files that could not
  std::atomic<uint64_t> stalls;       // servers that were ended since they did not beat
  std::atomic<uint64_t> longest_gap;  // in milliseconds, between two of them
};

/// What the kernel and the first server agreed on.
struct Agreement {
  std::atomic<uint32_t> begun;
  uint32_t request_size;
  uint32_t reply_size;
  uint32_t unused;
  std::array<std::byte, kInitBytes> request;
  std::array<std::byte, kInitBytes> reply;
};

struct StateLayout {
  uint64_t layout;
  uint64_t size;
  std::array<std::byte, 32> key;
  std::atomic<int64_t> beat;          // CLOCK_BOOTTIME, milliseconds
  std::atomic<uint64_t> last_serial;  // of a handle
  std::atomic<uint64_t> slots_used;   // up to which some were used
  std::atomic<uint64_t> records_used;
  std::atomic<uint64_t> suspect;  // the request that is being served; 0 for none
  std::atomic<uint64_t> starts;   // servers that took over since one stayed, or left in order
  std::array<Deadly, kDeadlyCount> deadly;
  Counters counters;
  Agreement agreement;
  /// Open files that a server could not go on with, by ReopenFailure::Reason. What is new has its
  /// place here, behind all else of the page, where servers of this layout from before left zeros.
  std::array<std::atomic<uint64_t>, 8> not_reopened;
  alignas(kPage) std::array<std::byte, kLandingBytes> landing;
  alignas(kPage) std::array<Slot, kSlotCount> slots;
  alignas(kPage) std::array<OpenRecord, kRecordCount> records;
};
static_assert(offsetof(StateLayout, landing) == kPage);
static_assert(std::atomic<uint64_t>::is_always_lock_free);

}  // namespace secretfs::fs
