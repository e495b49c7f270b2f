// A watcher and what it told, for tests: waits for what must come, and knows when it has caught up.
#pragma once

#include <gtest/gtest.h>

#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "daemon/path_watcher.h"
#include "tests/testkit/temp_dir.h"

namespace secretfs {

using Paths = std::vector<std::string>;

inline constexpr std::chrono::seconds kHung{20};

/// What was told so far.
class Told {
 public:
  void Add(const Paths& paths) {
    const std::lock_guard lock(mutex_);
    EXPECT_EQ(std::set<std::string>(paths.begin(), paths.end()).size(), paths.size());
    for (const std::string& path : paths) told_.insert(path);
    ++calls_;
    moved_.notify_all();
  }
  /// Waits until the path has been told, and forgets that.
  bool Comes(const std::string& path) {
    std::unique_lock lock(mutex_);
    if (!moved_.wait_for(lock, kHung, [&] { return told_.contains(path); })) return false;
    told_.erase(path);
    return true;
  }
  std::multiset<std::string> Take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(told_, {});
  }
  size_t calls() {
    const std::lock_guard lock(mutex_);
    return calls_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable moved_;
  std::multiset<std::string> told_;
  size_t calls_ = 0;
};

class PathWatcherTest : public testing::Test {
 protected:
  PathWatcherTest() : watcher_(Start()) {}
  std::unique_ptr<PathWatcher> Start() {
    auto watcher = PathWatcher::Start([this](const Paths& paths) { told_.Add(paths); });
    EXPECT_TRUE(watcher);
    return std::move(*watcher);
  }
  void Watch(Paths paths) {
    paths.push_back(sentinel_);
    watcher_->Watch(std::move(paths));
  }
  /// Everything told up to now, once the watcher has caught up with what happened.
  std::multiset<std::string> ToldByNow() {
    Swap(sentinel_, "now");
    EXPECT_TRUE(told_.Comes(sentinel_));
    return told_.Take();
  }
  static void Swap(const std::string& file, const std::string& content) {
    std::ofstream(file + ".new") << content;
    std::filesystem::rename(file + ".new", file);
  }
  static void TurnLink(const std::string& link, const std::string& target) {
    std::filesystem::create_symlink(target, link + ".new");
    std::filesystem::rename(link + ".new", link);
  }

  testkit::TempDir dir_;
  std::string sentinel_ = dir_.Write("sentinel", "");
  Told told_;
  std::unique_ptr<PathWatcher> watcher_;
};

}  // namespace secretfs
