#include "daemon/watched_paths.h"

#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <thread>

#include "tests/testkit/temp_dir.h"

namespace secretfs {
namespace {

TEST(WatchedPaths, TakesForChangedWhatTheClockOfTheFileSystemCannotTell) {
  const testkit::TempDir dir;
  const std::string file = dir.Write("file", "1");
  auto paths = *WatchedPaths::Make();
  paths.Set({file});
  for (int attempt = 0; attempt < 500; ++attempt) {
    std::ofstream(file) << "1";
    (void)paths.LookAtAll([](auto) { return false; });
    const PathState before = StateAt(file);
    std::ofstream(file) << "2";
    if (before != StateAt(file)) continue;
    EXPECT_EQ(paths.Look(0), WatchedPaths::Found::kChanged);
    return;
  }
  GTEST_SKIP() << "the clock of this file system is too fine";
}

TEST(WatchedPaths, FindsTheSameWhereNothingChanged) {
  const testkit::TempDir dir;
  const std::string file = dir.Write("file", "1");
  auto paths = *WatchedPaths::Make();
  paths.Set({file, dir / "missing"});
  const auto now = [](auto) { return false; };
  EXPECT_TRUE(paths.LookAtAll(now).empty());
  EXPECT_TRUE(paths.LookAtAll(now).empty());
  // Until the clock has moved on.
  for (int look = 0; look < 1000 && paths.Look(0) == WatchedPaths::Found::kChanged; ++look)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_EQ(paths.Look(0), WatchedPaths::Found::kSame);
  EXPECT_EQ(paths.Look(1), WatchedPaths::Found::kSame);
  EXPECT_TRUE(paths.LookAtAll(now).empty());
  EXPECT_FALSE(paths.LookEvery());
  EXPECT_TRUE(paths.Problems().empty());
}

}  // namespace
}  // namespace secretfs
