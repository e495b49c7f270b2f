#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/inotify.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <thread>

#include "tests/testkit/sanitizer.h"
#include "tests/unit/daemon/path_watcher_fixture.h"

namespace secretfs {
namespace {

namespace fs = std::filesystem;

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
