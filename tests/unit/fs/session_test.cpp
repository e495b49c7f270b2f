#include "fs/session.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>
#include <sys/inotify.h>
#include <sys/mount.h>
#include <sys/xattr.h>

#include <array>
#include <cerrno>
#include <functional>

#include "tests/unit/fs/session_fixture.h"

namespace secretfs::fs {
namespace {

using testkit::TextEntry;

/// What a watcher of a file or folder was told, until now. Announce() returns after the kernel has
/// queued it.
class Watcher {
 public:
  explicit Watcher(const std::string& path) {
    EXPECT_GE(::inotify_add_watch(fd_.get(), path.c_str(),
                                  IN_MODIFY | IN_CLOSE_WRITE | IN_ATTRIB | IN_CREATE | IN_DELETE),
              0);
  }
  /// "MODIFY", "CLOSE_WRITE", "ATTRIB"; with the name for a folder's.
  std::vector<std::string> Told() {
    std::vector<std::string> told;
    alignas(inotify_event) std::array<char, 4096> buffer{};
    ssize_t size = 0;
    while ((size = ::read(fd_.get(), buffer.data(), buffer.size())) > 0) {
      for (ssize_t at = 0; at < size;) {
        const auto* event = reinterpret_cast<const inotify_event*>(buffer.data() + at);
        std::string text = (event->mask & IN_MODIFY) != 0        ? "MODIFY"
                           : (event->mask & IN_CLOSE_WRITE) != 0 ? "CLOSE_WRITE"
                           : (event->mask & IN_ATTRIB) != 0      ? "ATTRIB"
                                                                 : "other";
        if (event->len > 0) text += std::string(" ") + event->name;
        told.push_back(std::move(text));
        at += static_cast<ssize_t>(sizeof(inotify_event) + event->len);
      }
    }
    return told;
  }

 private:
  UniqueFd fd_{::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)};
};

TEST_F(SessionTest, WatchersOfFileAndFolderAreToldOfNewContent) {
  Watcher file(Path("dir/a"));
  Watcher folder(Path("dir"));
  Watcher other(Path("dir/beside"));
  Publish(*entry_, "second, longer");
  Announce();
  EXPECT_EQ(file.Told(), (std::vector<std::string>{"ATTRIB", "MODIFY", "CLOSE_WRITE"}));
  EXPECT_EQ(folder.Told(), (std::vector<std::string>{"ATTRIB a", "MODIFY a", "CLOSE_WRITE a"}));
  EXPECT_EQ(other.Told(), std::vector<std::string>{});
  struct stat st {};
  ASSERT_EQ(::stat(Path("dir/a").c_str(), &st), 0);
  EXPECT_EQ(st.st_size, 14) << "the new size, not what was written";
  EXPECT_EQ(testkit::TempDir::Read(Path("dir/a")), "second, longer");
}

TEST_F(SessionTest, ATouchIsNoReadForTheRecord) {
  Publish(*entry_, "second");
  Announce();
  EXPECT_TRUE(audit_.events().empty());
}

TEST_F(SessionTest, AnEmptyFileKeepsItsSize) {
  Publish(*entry_, "");
  Announce();
  struct stat st {};
  ASSERT_EQ(::stat(Path("dir/a").c_str(), &st), 0);
  EXPECT_EQ(st.st_size, 0);
}

TEST_F(SessionTest, OwnerOrModeAloneIsNoModification) {
  Watcher file(Path("dir/a"));
  Announce(false);
  EXPECT_EQ(file.Told(), (std::vector<std::string>{"ATTRIB", "CLOSE_WRITE"}));
}

TEST_F(SessionTest, AFileThatNobodyLookedAtIsNotLookedUp) {
  const Snapshot& tree = *snapshots_.Load();
  Watcher watcher(Path("dir"));
  Changes changes;
  changes.files.push_back({tree.FindPath("dir/a")->inode, "dir/a", true});
  session_->Announce(changes);
  EXPECT_EQ(watcher.Told(), std::vector<std::string>{}) << "that could need the folder's lock";
}

TEST_F(SessionTest, ATouchFetchesNothing) {
  loader_.impatient = true;
  const EntryPtr unread = TextEntry("dir/unread");
  const SnapshotPtr tree = Tree({entry_, beside_, unread});
  snapshots_.Publish(tree);
  Changes changes;
  changes.files.push_back({InodeOf(Path("dir/unread")), "dir/unread", false});
  Watcher watcher(Path("dir"));
  loader_.missed = 0;
  session_->Announce(changes);
  EXPECT_EQ(loader_.missed, 0);
  EXPECT_EQ(watcher.Told(), (std::vector<std::string>{"ATTRIB unread", "CLOSE_WRITE unread"}));
}

TEST_F(SessionTest, AFileThatIsNotThereIsLeftAlone) {
  Changes changes;
  changes.files.push_back({4711, "dir/none", true});
  changes.gone.push_back(4711);
  changes.directories.push_back(4712);
  session_->Announce(changes);
  EXPECT_EQ(testkit::TempDir::Read(Path("dir/a")), "first");
}

TEST_F(SessionTest, WhatIsMountedOverItIsNotWrittenTo) {
  const uint64_t inode = InodeOf(Path("dir/a"));
  ASSERT_EQ(::mount("test", mount_.path.c_str(), "tmpfs", 0, ""), 0);
  ::mkdir(Path("dir").c_str(), 0755);
  ::close(::open(Path("dir/a").c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
  Changes changes;
  changes.files.push_back({inode, "dir/a", true});
  session_->Announce(changes);
  EXPECT_EQ(testkit::TempDir::Read(Path("dir/a")), "");
  EXPECT_EQ(::umount2(mount_.path.c_str(), MNT_DETACH), 0);
}

TEST_F(SessionTest, AttributesAreForgottenWithoutATouchToo) {
  mount_.id = 0;  // as a user's
  struct stat st {};
  ASSERT_EQ(::stat(Path("dir/a").c_str(), &st), 0);
  EXPECT_EQ(st.st_size, 5);
  Publish(*entry_, "second, longer");
  ASSERT_EQ(::stat(Path("dir/a").c_str(), &st), 0);
  EXPECT_EQ(st.st_size, 5) << "the kernel knows it";
  Watcher watcher(Path("dir/a"));
  Changes changes;
  changes.files.push_back({st.st_ino, "dir/a", true});
  session_->Announce(changes);
  ASSERT_EQ(::stat(Path("dir/a").c_str(), &st), 0);
  EXPECT_EQ(st.st_size, 14);
  EXPECT_EQ(watcher.Told(), std::vector<std::string>{});
}

/// Who makes a writable mount of it, as root can, is refused all the same.
TEST_F(SessionTest, NothingIsWritableToOthers) {
  const UniqueFd copy = *WritableCopy(mount_);
  const int at = copy.get();
  const auto refused = [](long result) { return result == -1 && errno == EROFS; };
  for (const int flags : {O_WRONLY, O_RDWR, O_WRONLY | O_TRUNC, O_WRONLY | O_APPEND}) {
    EXPECT_TRUE(refused(::openat(at, "dir/a", flags | O_CLOEXEC))) << flags;
  }
  EXPECT_TRUE(refused(::openat(at, "dir/new", O_WRONLY | O_CREAT | O_CLOEXEC, 0600)));
  EXPECT_TRUE(refused(::mkdirat(at, "dir/new", 0700)));
  EXPECT_TRUE(refused(::mknodat(at, "dir/new", S_IFIFO | 0600, 0)));
  EXPECT_TRUE(refused(::symlinkat("x", at, "dir/new")));
  EXPECT_TRUE(refused(::linkat(at, "dir/a", at, "dir/new", 0)));
  EXPECT_TRUE(refused(::renameat(at, "dir/a", at, "dir/new")));
  EXPECT_TRUE(refused(::unlinkat(at, "dir/a", 0)));
  EXPECT_TRUE(refused(::unlinkat(at, "dir", AT_REMOVEDIR)));
  EXPECT_TRUE(refused(::fchmodat(at, "dir/a", 0777, 0)));
  EXPECT_TRUE(refused(::fchownat(at, "dir/a", 1, 1, 0)));
  EXPECT_TRUE(refused(::utimensat(at, "dir/a", nullptr, 0)));
  EXPECT_TRUE(refused(::faccessat(at, "dir/a", W_OK, 0)));
  const std::string direct = "/proc/self/fd/" + std::to_string(at) + "/dir/a";
  EXPECT_TRUE(refused(::truncate(direct.c_str(), 0)));
  EXPECT_TRUE(refused(::setxattr(direct.c_str(), "user.x", "1", 1, 0)));
  EXPECT_TRUE(refused(::removexattr(direct.c_str(), "user.x")));
}

TEST_F(SessionTest, AnOpenFileKeepsItsVersionWhateverIsAnnounced) {
  const UniqueFd before(::open(Path("dir/a").c_str(), O_RDONLY | O_CLOEXEC));
  Publish(*entry_, "second, longer");
  Announce();
  snapshots_.Publish(Tree({beside_}));
  std::array<char, 100> said{};
  EXPECT_EQ(::pread(before.get(), said.data(), said.size(), 0), 5);
  EXPECT_EQ(std::string(said.data()), "first");
}

/// Whether `call`, on a thread that gets signals all the time, ends although nobody answers it.
bool EndsBySignal(const std::string& mount, const std::function<void()>& call) {
  struct sigaction action {};
  action.sa_handler = [](int) {};
  ::sigaction(SIGUSR1, &action, nullptr);
  std::atomic<bool> ended = false;
  std::jthread caller([&] {
    call();
    ended = true;
  });
  for (int waited = 0; waited < kPatience && !ended; waited += 10) {
    ::pthread_kill(caller.native_handle(), SIGUSR1);
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  if (ended) return true;
  ::umount2(mount.c_str(), MNT_FORCE);  // or the caller would stay for ever
  return false;
}

TEST_F(SessionTest, ASignalEndsAnOpenThatWaits) {
  snapshots_.Publish(Tree({entry_, TextEntry("dir/never")}));
  int error = 0;
  EXPECT_TRUE(EndsBySignal(mount_.path, [&] {
    error = ::open(Path("dir/never").c_str(), O_RDONLY | O_CLOEXEC) < 0 ? errno : 0;
  }));
  EXPECT_EQ(error, EINTR);
  EXPECT_EQ(testkit::TempDir::Read(Path("dir/a")), "first") << "and nothing else";
}

TEST_F(SessionTest, ASignalEndsALookThatWaits) {
  snapshots_.Publish(Tree({entry_, TextEntry("dir/never")}));
  struct stat st {};
  st.st_size = 77;
  EXPECT_TRUE(EndsBySignal(mount_.path, [&] { (void)::stat(Path("dir/never").c_str(), &st); }));
  EXPECT_EQ(st.st_size, 0);
}

TEST_F(SessionTest, ASignalEndsAReadThatWaits) {
  entry_->Publish(testkit::ValueWithContent(std::make_shared<testkit::TextContent>("large")),
                  clock_.Steady(), clock_.Wall());
  const UniqueFd file(::open(Path("dir/a").c_str(), O_RDONLY | O_CLOEXEC));
  int error = 0;
  EXPECT_TRUE(EndsBySignal(mount_.path, [&] {
    std::array<char, 10> said{};
    error = ::read(file.get(), said.data(), said.size()) < 0 ? errno : 0;
  }));
  EXPECT_EQ(error, EINTR);
}

}  // namespace
}  // namespace secretfs::fs
