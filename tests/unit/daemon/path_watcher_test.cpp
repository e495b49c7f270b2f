#include "daemon/path_watcher.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <functional>
#include <mutex>
#include <set>
#include <thread>

#include "tests/testkit/sanitizer.h"
#include "tests/testkit/temp_dir.h"

namespace secretfs {
namespace {

namespace fs = std::filesystem;
using Paths = std::vector<std::string>;

constexpr std::chrono::seconds kHung{20};

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
    fs::rename(file + ".new", file);
  }
  static void TurnLink(const std::string& link, const std::string& target) {
    fs::create_symlink(target, link + ".new");
    fs::rename(link + ".new", link);
  }

  testkit::TempDir dir_;
  std::string sentinel_ = dir_.Write("sentinel", "");
  Told told_;
  std::unique_ptr<PathWatcher> watcher_;
};

TEST_F(PathWatcherTest, TellsOfAFileThatIsReplacedOrWrittenOrRemoved) {
  const std::string file = dir_.Write("file", "one");
  const std::string other = dir_.Write("other", "x");
  Watch({file, other});
  Swap(file, "two");
  EXPECT_TRUE(told_.Comes(file));
  std::ofstream(file) << "owt";
  EXPECT_TRUE(told_.Comes(file));
  fs::remove(file);
  EXPECT_TRUE(told_.Comes(file));
  Swap(file, "back");
  EXPECT_TRUE(told_.Comes(file));
  EXPECT_EQ(ToldByNow().count(other), 0U);
}

TEST_F(PathWatcherTest, TellsOfAFileThatIsKeptOpen) {
  const std::string file = dir_.Write("file", "one");
  Watch({file});
  std::ofstream out(file, std::ios::app);
  out << "two" << std::flush;
  EXPECT_TRUE(told_.Comes(file));
}

TEST_F(PathWatcherTest, DoesNotTellOfAFileThatIsBeingWritten) {
  const std::string file = dir_.Write("file", "one");
  Watch({file});
  std::ofstream writer(file, std::ios::trunc);
  writer << "half" << std::flush;
  EXPECT_EQ(ToldByNow().count(file), 0U);
  EXPECT_EQ(ToldByNow().count(file), 0U);
  writer.close();
  EXPECT_TRUE(told_.Comes(file));
}

TEST_F(PathWatcherTest, TellsOfOwnerAndMode) {
  const std::string file = dir_.Write("file", "one");
  Watch({file});
  ASSERT_EQ(::chmod(file.c_str(), 0600), 0);
  EXPECT_TRUE(told_.Comes(file));
}

TEST_F(PathWatcherTest, TellsOfAFileThatBecomesAFolderAndBack) {
  const std::string file = dir_.Write("file", "one");
  Watch({file});
  fs::remove(file);
  fs::create_directory(file);
  EXPECT_TRUE(told_.Comes(file));
  fs::remove(file);
  std::ofstream(file) << "one";
  EXPECT_TRUE(told_.Comes(file));
}

TEST_F(PathWatcherTest, FollowsAFileThatBecomesASymlink) {
  const std::string file = dir_.Write("file", "one");
  const std::string target = dir_.Write("target", "two");
  Watch({file});
  TurnLink(file, target);
  EXPECT_TRUE(told_.Comes(file));
  Swap(target, "three");
  EXPECT_TRUE(told_.Comes(file));
}

TEST_F(PathWatcherTest, TellsOfFoldersThatAreMadeRemovedAndMadeAgain) {
  const std::string folder = dir_ / "a/b/c";
  const std::string file = folder + "/file";
  Watch({file});
  for (int round = 0; round < 3; ++round) {
    fs::create_directories(folder);
    std::ofstream(file) << "one";
    EXPECT_TRUE(told_.Comes(file)) << round;
    Swap(file, "two");
    EXPECT_TRUE(told_.Comes(file)) << round;
    fs::remove_all(dir_ / "a");
    EXPECT_TRUE(told_.Comes(file)) << round;
  }
}

TEST_F(PathWatcherTest, TellsOfAFolderThatIsMovedAwayAndReplaced) {
  fs::create_directories(dir_ / "live");
  fs::create_directories(dir_ / "next");
  const std::string file = dir_.Write("live/file", "one");
  (void)dir_.Write("next/file", "two");
  Watch({file});
  fs::rename(dir_ / "live", dir_ / "old");
  EXPECT_TRUE(told_.Comes(file));
  (void)ToldByNow();
  (void)dir_.Write("old/file", "nobody asks for this one");
  EXPECT_EQ(ToldByNow().count(file), 0U);
  fs::rename(dir_ / "next", dir_ / "live");
  EXPECT_TRUE(told_.Comes(file));
}

TEST_F(PathWatcherTest, FollowsSymlinksOfFilesAndFoldersOnTheWay) {
  // As Kubernetes lays out its volumes: file -> ..data/file, ..data -> one.
  fs::create_directories(dir_ / "one");
  fs::create_directories(dir_ / "two");
  (void)dir_.Write("one/file", "one");
  const std::string there = dir_.Write("two/file", "two");
  fs::create_symlink("one", dir_ / "..data");
  fs::create_symlink("..data/file", dir_ / "file");
  const std::string file = dir_ / "file";
  std::this_thread::sleep_for(std::chrono::milliseconds(30));  // or it may have changed twice
  Watch({file, there});
  TurnLink(dir_ / "..data", "two");
  EXPECT_TRUE(told_.Comes(file));
  EXPECT_EQ(ToldByNow().count(there), 0U);
  Swap(there, "three");
  EXPECT_TRUE(told_.Comes(file));
  EXPECT_TRUE(told_.Comes(there));
  (void)ToldByNow();
  (void)dir_.Write("one/file", "left behind");
  EXPECT_EQ(ToldByNow().count(file), 0U);
  TurnLink(file, dir_ / "absolute");
  EXPECT_TRUE(told_.Comes(file));
  (void)dir_.Write("absolute", "made later");
  EXPECT_TRUE(told_.Comes(file));
}

TEST_F(PathWatcherTest, FollowsLongChainsOfSymlinksAndGivesUpOnLoops) {
  (void)dir_.Write("link0", "end");
  for (int n = 1; n <= 40; ++n) {
    fs::create_symlink(
        "../" + fs::path(dir_.path()).filename().string() + "/link" + std::to_string(n - 1),
        dir_ / ("link" + std::to_string(n)));
  }
  fs::create_symlink("loop", dir_ / "loop");
  Watch({dir_ / "link40", dir_ / "loop"});
  Swap(dir_ / "link0", "changed");
  EXPECT_TRUE(told_.Comes(dir_ / "link40"));
  TurnLink(dir_ / "loop", "link0");
  EXPECT_TRUE(told_.Comes(dir_ / "loop"));
}

TEST_F(PathWatcherTest, TellsOfNamesThatComeAndGoInAFolder) {
  const std::string folder = dir_ / "listed";
  fs::create_directory(folder);
  fs::create_directory_symlink(folder, dir_ / "link");
  const std::string listing = dir_ / "link/";
  Watch({listing});
  std::ofstream(folder + "/a") << "one";
  EXPECT_TRUE(told_.Comes(listing));
  (void)ToldByNow();
  std::ofstream(folder + "/a") << "two";
  EXPECT_EQ(ToldByNow().count(listing), 0U) << "of names, not of content";
  fs::remove(folder + "/a");
  EXPECT_TRUE(told_.Comes(listing));
  fs::remove(folder);
  EXPECT_TRUE(told_.Comes(listing));
  fs::create_directory(folder);
  EXPECT_TRUE(told_.Comes(listing));
}

TEST_F(PathWatcherTest, DoesNotTellWhatDidNotChange) {
  fs::create_directories(dir_ / "folder");
  const std::string file = dir_.Write("folder/file", "one");
  fs::create_symlink("folder", dir_ / "link");
  const std::string through = dir_ / "link/file";
  Watch({file, through});
  ASSERT_TRUE(ToldByNow().empty());
  EXPECT_EQ(testkit::TempDir::Read(file), "one");
  (void)dir_.Write("folder/neighbour", "x");
  (void)dir_.Write("neighbour", "x");
  fs::rename(file, file + ".away");
  fs::rename(file + ".away", file);  // its ctime moved: may be told
  (void)ToldByNow();
  TurnLink(dir_ / "link", dir_ / "folder");  // leads to the same
  (void)ToldByNow();
  EXPECT_TRUE(ToldByNow().empty());
}

TEST_F(PathWatcherTest, TellsOnlyWhatTheNewestWatchNames) {
  const std::string old = dir_.Write("old", "1");
  const std::string kept = dir_.Write("kept", "1");
  Watch({old, kept});
  Watch({kept});
  Swap(old, "2");
  Swap(kept, "2");
  EXPECT_TRUE(told_.Comes(kept));
  EXPECT_EQ(ToldByNow().count(old), 0U);
}

TEST_F(PathWatcherTest, TellsWhatChangedJustBeforeItsPlaceInTheListMoved) {
  const std::string file = dir_.Write("m", "1");
  for (int round = 0; round < 20; ++round) {
    Watch({file});
    Swap(file, std::to_string(round));
    Watch({dir_ / "a", file});
    EXPECT_TRUE(told_.Comes(file)) << round;
  }
}

TEST_F(PathWatcherTest, SeesASwapThatCameRightAfterTheCall) {
  for (int round = 0; round < 10; ++round) {
    const std::string file = dir_.Write("file" + std::to_string(round), "1");
    Watch({file});
    std::ofstream(file) << "2";  // the same size, and perhaps within one grain of the clock
    EXPECT_TRUE(told_.Comes(file)) << round;
  }
}

TEST_F(PathWatcherTest, TellsAFewTimesOfWhatNeverGetsQuiet) {
  const std::string file = dir_.Write("file", "one");
  Watch({file});
  const size_t before = told_.calls();
  std::atomic<size_t> swaps = 0;
  std::jthread swapper([&](const std::stop_token& stop) {
    for (; !stop.stop_requested(); ++swaps) {
      Swap(file, std::to_string(swaps));
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  });
  for (int round = 0; round < 2; ++round) EXPECT_TRUE(told_.Comes(file)) << round;
  while (swaps < 500) std::this_thread::yield();
  swapper.request_stop();
  swapper.join();
  EXPECT_LT(told_.calls() - before, swaps / 3) << "a busy machine takes many times a millisecond";
}

TEST_F(PathWatcherTest, LooksAtAllWhenEventsWereLost) {
  const std::string blocker = dir_.Write("blocker", "");
  const std::string file = dir_.Write("file", "one");
  std::mutex gate;
  Told told;
  auto watcher = *PathWatcher::Start([&](const Paths& paths) {
    told.Add(paths);
    const std::lock_guard wait(gate);
  });
  watcher->Watch({blocker, file});
  std::unique_lock hold(gate);
  Swap(blocker, "now");
  ASSERT_TRUE(told.Comes(blocker));
  // The thread is in the callback. The kernel keeps 16,384 events.
  std::ifstream limit("/proc/sys/fs/inotify/max_queued_events");
  size_t most = 0;
  limit >> most;
  if (most == 0 || most > 100000) GTEST_SKIP() << "the queue of inotify is too long here: " << most;
  for (size_t n = 0; n < most / 2; ++n) {
    const std::string name = dir_ / ((n % 2) == 0 ? "noise0" : "noise1");
    const int fd = ::open(name.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    ::close(fd);
    ::unlink(name.c_str());
  }
  Swap(file, "two");
  hold.unlock();
  EXPECT_TRUE(told.Comes(file));
}

TEST_F(PathWatcherTest, WatchesTenThousandFilesInAFolder) {
  Paths paths;
  fs::create_directories(dir_ / "many");
  for (int n = 0; n < 10000; ++n) paths.push_back(dir_.Write("many/" + std::to_string(n), "x"));
  Watch(paths);
  Swap(paths[1234], "y");
  EXPECT_TRUE(told_.Comes(paths[1234]));
  fs::rename(dir_ / "many", dir_ / "gone");
  for (const std::string& path : paths) ASSERT_TRUE(told_.Comes(path));
}

TEST_F(PathWatcherTest, MayBeAskedByTheCallback) {
  const std::string first = dir_.Write("first", "");
  const std::string second = dir_.Write("second", "");
  Told told;
  std::unique_ptr<PathWatcher> watcher;
  std::mutex made;
  std::unique_lock lock(made);
  watcher = *PathWatcher::Start([&](const Paths& paths) {
    const std::lock_guard wait(made);
    if (paths == Paths{first}) watcher->Watch({first, second});
    told.Add(paths);
  });
  lock.unlock();
  watcher->Watch({first});
  Swap(first, "1");
  EXPECT_TRUE(told.Comes(first));
  EXPECT_TRUE(told.Comes(second)) << "it may have changed before it was looked at";
  Swap(second, "2");
  EXPECT_TRUE(told.Comes(second));
}

/// Runs in a mount namespace of its own, if that can be had.
bool WithOwnMounts(const std::function<void()>& run) {
  bool done = false;
  std::thread([&] {
    if (::unshare(CLONE_NEWNS) != 0) return;
    if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return;
    run();
    done = true;
  }).join();
  return done;
}

TEST_F(PathWatcherTest, TellsOfDisksThatAreMountedOverAFolderAndUnmounted) {
  fs::create_directories(dir_ / "disk/keys");
  fs::create_directories(dir_ / "other/keys");
  const std::string file = dir_.Write("disk/keys/file", "below");
  const std::string covered = dir_.Write("other/keys/file", "over");
  const bool could = WithOwnMounts([&] {
    const std::string disk = dir_ / "disk";
    watcher_ = Start();
    Watch({file});
    for (int round = 0; round < 2; ++round) {
      ASSERT_EQ(::mount((dir_ / "other").c_str(), disk.c_str(), nullptr, MS_BIND, nullptr), 0);
      EXPECT_TRUE(told_.Comes(file));
      Swap(file, "seen on the disk");
      EXPECT_TRUE(told_.Comes(file));
      ASSERT_EQ(::umount(disk.c_str()), 0);
      EXPECT_TRUE(told_.Comes(file));
      Swap(file, "below again");
      EXPECT_TRUE(told_.Comes(file));
    }
    watcher_.reset();
  });
  if (!could) GTEST_SKIP() << "no mount namespace can be made here";
}

/// Runs in a process whose user may have that many inotify watches more than one for each folder
/// up to here; its exit code is 0 if nothing failed, 77 where that cannot be done.
int WithFewWatches(int watches, const std::function<bool()>& run) {
  const pid_t child = ::fork();
  if (child == 0) {
    if (::unshare(CLONE_NEWUSER) != 0) ::_exit(77);
    std::ofstream limit("/proc/sys/user/max_inotify_watches");
    limit << watches << std::flush;
    if (!limit) ::_exit(77);
    ::_exit(run() ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

TEST_F(PathWatcherTest, LooksNowAndThenWhereTheLimitOfWatchesIsReached) {
  if (testkit::kThreadSanitizer) GTEST_SKIP() << "forks and starts a thread";
  watcher_.reset();
  fs::create_directories(dir_ / "a");
  fs::create_directories(dir_ / "b");
  const std::string a = dir_.Write("a/file", "1");
  const std::string b = dir_.Write("b/file", "1");
  const int code = WithFewWatches(3, [&] {  // for /, /tmp and the folder of the test
    watcher_ = Start();
    watcher_->Watch({a, b});
    const std::vector<Error> problems = watcher_->Problems();
    Swap(b, "22");
    return problems.size() == 1 && problems[0].code == Code::kResource &&
           problems[0].where == dir_ / "a" &&
           problems[0].what.find("nor can 1 more") != std::string::npos &&
           problems[0].hint.find("fs.inotify.max_user_watches") != std::string::npos &&
           told_.Comes(b);
  });
  if (code == 77) GTEST_SKIP() << "no user namespace can be made here";
  EXPECT_EQ(code, 0);
}

TEST(PathWatcher, SaysWhichLimitKeepsItFromStarting) {
  const pid_t child = ::fork();
  if (child == 0) {
    if (::unshare(CLONE_NEWUSER) != 0) ::_exit(77);
    std::ofstream limit("/proc/sys/user/max_inotify_instances");
    limit << 0 << std::flush;
    if (!limit) ::_exit(77);
    const auto watcher = PathWatcher::Start([](const Paths&) {});
    ::_exit(!watcher && watcher.error().code == Code::kResource &&
                    watcher.error().hint.find("max_user_instances") != std::string::npos
                ? 0
                : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 77) GTEST_SKIP() << "no user namespace";
  EXPECT_EQ(status, 0);
}

TEST(PathWatcher, EndsWithoutWaitingForAThreadThatIsStuck) {
  struct State {
    testkit::TempDir dir;
    std::mutex gate;
    Told told;
  };
  const auto state = std::make_shared<State>();
  const std::string file = state->dir.Write("file", "1");
  std::unique_lock hold(state->gate);
  auto watcher = *PathWatcher::Start([state](const Paths& paths) {
    state->told.Add(paths);
    const std::lock_guard wait(state->gate);
  });
  watcher->Watch({file});
  std::ofstream(file) << "2";
  ASSERT_TRUE(state->told.Comes(file));
  watcher.reset();
}

}  // namespace
}  // namespace secretfs
