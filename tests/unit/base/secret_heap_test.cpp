#include "base/secret_heap.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <random>
#include <set>
#include <sstream>
#include <thread>
#include <vector>

#include "base/bytes.h"
#include "tests/testkit/sanitizer.h"

namespace secretfs {
namespace {

using secret_heap::Allocate;
using secret_heap::Free;
using secret_heap::GetStats;
using secret_heap::RoundedSize;
using secret_heap::UsableSize;

std::byte* Get(size_t size) {
  auto block = Allocate(size);
  EXPECT_TRUE(block) << block.error().Text();
  return static_cast<std::byte*>(*block);
}

/// Blocks that are given back at the end of the test.
class Blocks {
 public:
  Blocks() = default;
  Blocks(const Blocks&) = delete;
  Blocks& operator=(const Blocks&) = delete;
  ~Blocks() {
    for (std::byte* block : all_) Free(block);
  }
  std::byte* Add(size_t size) { return all_.emplace_back(Get(size)); }

 private:
  std::vector<std::byte*> all_;
};

size_t LockedKb() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmLck:")) return std::stoul(line.substr(6));
  }
  return 0;
}

size_t CountMappings() {
  std::ifstream maps("/proc/self/maps");
  size_t count = 0;
  for (std::string line; std::getline(maps, line);) ++count;
  return count;
}

struct Mapping {
  uintptr_t begin = 0;
  uintptr_t end = 0;
  std::string permissions;
  std::set<std::string> flags;
};

/// The mapping that `address` is in, as the kernel tells it.
Mapping MappingOf(const void* address) {
  const auto wanted = reinterpret_cast<uintptr_t>(address);
  std::ifstream smaps("/proc/self/smaps");
  Mapping current;
  for (std::string line; std::getline(smaps, line);) {
    std::istringstream words(line);
    std::string first;
    words >> first;
    if (const size_t dash = first.find('-'); dash != std::string::npos && first.back() != ':') {
      current = {
          std::stoul(first, nullptr, 16), std::stoul(first.substr(dash + 1), nullptr, 16), "", {}};
      words >> current.permissions;
    }
    if (first == "VmFlags:" && current.begin <= wanted && wanted < current.end) {
      for (std::string flag; words >> flag;) current.flags.insert(flag);
      return current;
    }
  }
  return {};
}

bool AllZero(const volatile std::byte* bytes, size_t size) {
  for (size_t i = 0; i < size; ++i) {
    if (bytes[i] != std::byte{0}) return false;
  }
  return true;
}

/// Death tests run in a new process, so that the heap in it is fresh (this one's pages are not
/// inherited).
class SecretHeapDeath : public testing::Test {
 protected:
  SecretHeapDeath() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};

TEST(SecretHeap, GivesZeroedAlignedBlocksOfAtLeastTheSize) {
  Blocks blocks;
  for (size_t size : {0, 1, 15, 16, 17, 31, 32, 33, 100, 112, 113, 4080, 4081, 16368, 16369, 16384,
                      65536, 1'000'000}) {
    std::byte* block = blocks.Add(size);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(block) % 16, 0U) << size;
    const size_t usable = UsableSize(block);
    EXPECT_GE(usable, size);
    EXPECT_EQ(usable, RoundedSize(size));
    EXPECT_TRUE(AllZero(block, usable)) << size;
    std::memset(block, 0xa5, usable);  // all of it is ours: Free checks that nothing else was hit
  }
}

TEST(SecretHeap, WastesAtMostAThirdOfASlotBeyondSmallSizes) {
  for (size_t size = 16; size <= 16368; ++size) {
    ASSERT_LE(RoundedSize(size) + 16, (size + 16) * 3 / 2 + 1) << size;
  }
}

TEST(SecretHeap, ReusedBlockIsZeroedAgain) {
  Blocks keep_the_slab;
  keep_the_slab.Add(200);
  std::byte* first = Get(200);
  std::memset(first, 0xa5, UsableSize(first));
  Free(first);
  std::byte* second = Get(200);
  EXPECT_EQ(second, first) << "the slot is expected to be used again";
  EXPECT_TRUE(AllZero(second, UsableSize(second)));
  Free(second);
}

TEST(SecretHeap, FreedBlockIsWipedInPlace) {
  if (testkit::kAddressSanitizer) GTEST_SKIP() << "asan poisons freed blocks: cannot look at them";
  Blocks blocks;
  const std::byte* neighbour = blocks.Add(200);
  std::byte* block = Get(200);
  ASSERT_EQ(MappingOf(block).begin, MappingOf(neighbour).begin) << "not in one slab";
  const size_t usable = UsableSize(block);
  std::memset(block, 0xa5, usable);
  Free(block);
  EXPECT_TRUE(AllZero(block, usable + 16)) << "value or canary left behind";
}

TEST(SecretHeap, PagesAreLockedNotDumpedNotForked) {
  Blocks blocks;
  for (size_t size : {size_t{100}, size_t{8000}, size_t{100'000}}) {
    const std::byte* block = blocks.Add(size);
    for (const std::byte* at : {block, block + size - 1}) {
      const Mapping mapping = MappingOf(at);
      EXPECT_EQ(mapping.permissions, "rw-p");
      EXPECT_TRUE(testkit::kSanitized || mapping.flags.contains("lo")) << "not locked: " << size;
      EXPECT_TRUE(mapping.flags.contains("dd")) << "would be dumped: " << size;
      EXPECT_TRUE(mapping.flags.contains("dc")) << "would be inherited: " << size;
    }
  }
}

TEST(SecretHeap, EveryRegionHasAGuardPageOnBothSides) {
  Blocks blocks;
  for (size_t size : {size_t{100}, size_t{100'000}}) {
    const Mapping mapping = MappingOf(blocks.Add(size));
    for (const uintptr_t outside : {mapping.begin - 1, mapping.end}) {
      const Mapping guard = MappingOf(reinterpret_cast<const void*>(outside));
      EXPECT_EQ(guard.permissions, "---p") << size;
      EXPECT_GE(guard.end - guard.begin, 4096U);
    }
  }
}

TEST(SecretHeap, LocksWhatItTellsInStats) {
  const size_t locked_before = LockedKb();
  const auto before = GetStats();
  std::byte* block = Get(1'000'000);
  const auto during = GetStats();
  EXPECT_EQ(during.blocks, before.blocks + 1);
  EXPECT_EQ(during.mappings, before.mappings + 1);
  EXPECT_EQ(during.locked_bytes - before.locked_bytes, RoundedSize(1'000'000) + 16);
  const size_t locked_kb = LockedKb() - locked_before;
  EXPECT_TRUE(testkit::kSanitized ||
              locked_kb == (during.locked_bytes - before.locked_bytes) / 1024)
      << locked_kb;
  Free(block);
  EXPECT_EQ(LockedKb(), locked_before);
  EXPECT_EQ(GetStats().locked_bytes, before.locked_bytes);
  EXPECT_EQ(GetStats().blocks, before.blocks);
}

TEST(SecretHeap, TenThousandSmallValuesTakeFewMappings) {
  const size_t maps_before = CountMappings();
  const auto before = GetStats();
  {
    Blocks blocks;
    for (int i = 0; i < 10'000; ++i) blocks.Add(100);
    EXPECT_LE(GetStats().mappings - before.mappings, 20U);
    EXPECT_LE(CountMappings() - maps_before, 100U);
    EXPECT_LE(GetStats().locked_bytes - before.locked_bytes, size_t{10'000} * 128 + 65536);
  }
  EXPECT_LE(GetStats().mappings, before.mappings + 1) << "one empty slab may stay";
}

TEST(SecretHeap, KeepsOneEmptySlabSoThatAlternatingNeedsNoNewMapping) {
  std::byte* block = Get(5000);
  const size_t with_block = GetStats().mappings;
  for (int i = 0; i < 100; ++i) {
    Free(block);
    ASSERT_EQ(GetStats().mappings, with_block) << "the empty slab was given back";
    block = Get(5000);
    ASSERT_EQ(GetStats().mappings, with_block);
  }
  Free(block);
}

TEST(SecretHeap, FreeingALargeBlockGivesItsGuardPagesBackToo) {
  const auto pages = [] {
    size_t count = 0;
    std::ifstream("/proc/self/statm") >> count;
    return count;
  };
  Free(Get(100'000));
  const size_t before = pages();
  for (int i = 0; i < 500; ++i) Free(Get(100'000));
  EXPECT_LT(pages(), before + 500) << "two guard pages stay for each block";
}

TEST(SecretHeap, NullIsNothingToFree) {
  const auto before = GetStats();
  Free(nullptr);
  EXPECT_EQ(GetStats().blocks, before.blocks);
}

TEST(SecretHeap, AbsurdSizesAreRefusedNotRoundedToSmallOnes) {
  for (const size_t size : {SIZE_MAX, SIZE_MAX - 15, SIZE_MAX - 4096, SIZE_MAX / 2, SIZE_MAX / 4}) {
    const auto block = Allocate(size);
    ASSERT_FALSE(block) << size;
    EXPECT_EQ(block.error().code, Code::kResource);
  }
}

TEST(SecretHeap, BlocksNeverOverlapAndKeepTheirContentOverAnyOrderOfUse) {
  std::mt19937 random(42);
  struct Live {
    std::byte* block;
    size_t size;
    std::byte mark;
  };
  std::vector<Live> live;
  const auto intact = [](const Live& one) {
    return std::all_of(one.block, one.block + one.size, [&](std::byte b) { return b == one.mark; });
  };
  const auto start = GetStats();
  for (int round = 0; round < 20'000; ++round) {
    if (live.empty() || random() % 5 < 3) {
      const size_t size = random() % 10 == 0 ? random() % 40'000 : random() % 600;
      Live one{Get(size), size, static_cast<std::byte>(random() % 255 + 1)};
      std::fill_n(one.block, size, one.mark);
      live.push_back(one);
    } else {
      std::swap(live[random() % live.size()], live.back());
      ASSERT_TRUE(intact(live.back()));
      Free(live.back().block);
      live.pop_back();
    }
    if (live.size() > 400) {
      for (size_t i = 0; i < 200; ++i, live.pop_back()) {
        ASSERT_TRUE(intact(live.back()));
        Free(live.back().block);
      }
    }
  }
  for (const Live& one : live) {
    EXPECT_TRUE(intact(one));
    Free(one.block);
  }
  EXPECT_EQ(GetStats().blocks, start.blocks);
}

TEST(SecretHeap, ThreadsMayAllocateAndFreeEachOthersBlocks) {
  constexpr int kThreads = 4;
  constexpr int kRounds = 2000;
  const auto before = GetStats();
  std::array<std::vector<std::byte*>, kThreads> made;
  {
    std::vector<std::jthread> threads;
    for (auto& mine : made) {
      threads.emplace_back([&mine] {
        for (size_t i = 0; i < kRounds; ++i) {
          auto* block = static_cast<std::byte*>(*Allocate(i % 700));
          std::memset(block, 0x5a, i % 700);
          if (i % 3 == 0) {
            mine.push_back(block);
          } else {
            Free(block);
          }
        }
      });
    }
  }
  {
    std::vector<std::jthread> threads;
    for (size_t i = 0; i < kThreads; ++i) {
      threads.emplace_back([&others = made[(i + 1) % kThreads]] {
        for (std::byte* block : others) Free(block);
      });
    }
  }
  EXPECT_EQ(GetStats().blocks, before.blocks);
}

TEST(SecretHeap, AForkedChildDoesNotHaveThePages) {
  Blocks blocks;
  const std::byte* block = blocks.Add(100);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    // msync tells without a fault whether anything is mapped there.
    const auto page = reinterpret_cast<uintptr_t>(block) / 4096 * 4096;
    const bool there = msync(reinterpret_cast<void*>(page), 4096, MS_ASYNC) == 0;
    _exit(there ? 1 : errno == ENOMEM ? 0 : 2);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0) << "the child inherits the secret pages";
}

// --- Misuse must stop the process -------------------------------------------------------------

/// A touch outside a region ends in SIGSEGV; a sanitizer reports it in its own way.
bool Faulted(int status) {
  if (testkit::kSanitized) return WIFEXITED(status) && WEXITSTATUS(status) != 0;
  return WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV;
}
const char* const kFault = testkit::kSanitized ? "Sanitizer" : "";

TEST_F(SecretHeapDeath, ReadingBeforeARegionFaults) {
  EXPECT_EXIT(
      {
        const volatile std::byte* block = Get(100'000);
        (void)block[-1];
      },
      Faulted, kFault);
}

TEST_F(SecretHeapDeath, WritingBehindARegionFaults) {
  EXPECT_EXIT(
      {
        volatile std::byte* block = Get(100'000);
        block[RoundedSize(100'000) + 16] = std::byte{1};
      },
      Faulted, kFault);
}

TEST_F(SecretHeapDeath, ASmallOverrunIsFoundWhenTheBlockIsFreed) {
  EXPECT_DEATH(
      {
        std::byte* block = Get(100);
        block[UsableSize(block)] ^= std::byte{1};
        Free(block);
      },
      "a block of secret memory was overrun");
}

TEST_F(SecretHeapDeath, TheLastCanaryByteCounts) {
  EXPECT_DEATH(
      {
        std::byte* block = Get(100'000);
        block[UsableSize(block) + 15] ^= std::byte{0x80};
        Free(block);
      },
      "a block of secret memory was overrun");
}

TEST_F(SecretHeapDeath, FreeingTwiceAborts) {
  EXPECT_DEATH(
      {
        Blocks keep_the_slab;
        keep_the_slab.Add(100);
        std::byte* block = Get(100);
        Free(block);
        Free(block);
      },
      testkit::kAddressSanitizer ? "poison" : "secretfs: bug: ");
}

TEST_F(SecretHeapDeath, FreeingALargeBlockTwiceAborts) {
  EXPECT_DEATH(
      {
        std::byte* block = Get(100'000);
        Free(block);
        Free(block);
      },
      "not a block of secret memory");
}

TEST_F(SecretHeapDeath, FreeingWhatIsNoBlockAborts) {
  EXPECT_DEATH({ Free(Get(100) + 16); }, "not a block of secret memory");
  EXPECT_DEATH(
      {
        int local = 0;
        Free(&local);
      },
      "not a block of secret memory");
}

TEST_F(SecretHeapDeath, UseAfterFreeOfALargeBlockFaults) {
  EXPECT_EXIT(
      {
        volatile std::byte* block = Get(100'000);
        Free(const_cast<std::byte*>(block));
        (void)block[0];
      },
      Faulted, kFault);
}

// --- The limit on locked memory ---------------------------------------------------------------

/// Root may lock beyond the limit, so the limit counts only once we are somebody else.
void LimitLockedMemory(size_t bytes) {
  const rlimit limit{bytes, bytes};
  if (setrlimit(RLIMIT_MEMLOCK, &limit) != 0) _exit(90);
  if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0)) _exit(91);
}

TEST_F(SecretHeapDeath, TooLowLockLimitIsAnErrorWithAHint) {
  if (testkit::kSanitized) GTEST_SKIP() << "the sanitizer's mlock does nothing";
  EXPECT_EXIT(
      {
        LimitLockedMemory(size_t{32} * 1024);
        const auto block = Allocate(100);
        if (block) _exit(1);
        std::fprintf(stderr, "%d %s / %s\n", static_cast<int>(block.error().code),
                     block.error().Text().c_str(), block.error().hint.c_str());
        _exit(block.error().code == Code::kResource && !block.error().may_come ? 0 : 2);
      },
      testing::ExitedWithCode(0),
      "memory for secrets cannot be locked / raise the limit on locked memory: LimitMEMLOCK=");
}

TEST_F(SecretHeapDeath, MemoryThatOthersHaveMayComeBack) {
  if (testkit::kSanitized) GTEST_SKIP() << "the sanitizer needs the memory itself";
  EXPECT_EXIT(
      {
        rlimit limit{};
        limit.rlim_cur = limit.rlim_max = size_t{1} << 20;
        if (setrlimit(RLIMIT_AS, &limit) != 0) _exit(90);
        const auto block = Allocate(size_t{4} << 20);
        if (block) _exit(1);
        std::fprintf(stderr, "%s /%s/\n", block.error().Text().c_str(), block.error().hint.c_str());
        _exit(block.error().code == Code::kResource && block.error().may_come ? 0 : 2);
      },
      testing::ExitedWithCode(0), "no memory for secrets //");
}

TEST_F(SecretHeapDeath, AFailedAllocationLeavesNothingMapped) {
  if (testkit::kSanitized) GTEST_SKIP() << "the sanitizer's mlock does nothing";
  EXPECT_EXIT(
      {
        LimitLockedMemory(size_t{256} * 1024);
        std::vector<void*> blocks;
        for (;;) {
          const auto block = Allocate(10'000);
          if (!block) break;
          blocks.push_back(*block);
        }
        const auto full = GetStats();
        const size_t maps = CountMappings();
        for (int i = 0; i < 50; ++i) {
          if (Allocate(10'000)) _exit(1);
        }
        if (CountMappings() != maps) _exit(2);
        if (GetStats().mappings != full.mappings || GetStats().blocks != full.blocks) _exit(3);
        Free(blocks.back());
        if (!Allocate(10'000)) _exit(4);  // what is freed can be had again
        _exit(0);
      },
      testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace secretfs
