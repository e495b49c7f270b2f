#include "fs/session.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <functional>
#include <set>
#include <thread>

#include "fs/mount.h"
#include "fs/ops.h"
#include "tests/testkit/entries.h"
#include "tests/testkit/fake_accounts.h"
#include "tests/testkit/fake_clock.h"
#include "tests/testkit/fake_loader.h"
#include "tests/testkit/recording_audit.h"
#include "tests/testkit/temp_dir.h"

namespace secretfs::fs {
namespace {

using testkit::AccessFor;
using testkit::MakeTestValue;
using testkit::TextEntry;

constexpr int kPatience = 60'000;  // milliseconds until a test is taken to hang

/// Keeps nobody waiting once it is `impatient`, so that a test which fails does not hang.
class MountedLoader final : public Loader {
 public:
  Ticket Want(const EntryPtr& entry, SteadyTime deadline, Patience patience, Done done) override {
    if (!impatient || entry->value()) {
      return waiting.Want(entry, deadline, patience, std::move(done));
    }
    ++missed;
    done(Error{Code::kTimeout, "is not there", "", ""});
    return 0;
  }
  void Cancel(Ticket ticket) override { waiting.Cancel(ticket); }
  Ticket Read(Part part, PartDone done) override {
    return waiting.Read(std::move(part), std::move(done));
  }
  std::atomic<bool> impatient = false;
  std::atomic<int> missed = 0;
  testkit::FakeLoader waiting;
};

/// Real mounts, which only root can make.
class SessionTest : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0 || ::access("/dev/fuse", R_OK | W_OK) != 0) {
      GTEST_SKIP() << "needs root and /dev/fuse, to mount";
    }
    Publish(*entry_, "first");
    Publish(*beside_, "beside");
    snapshots_.Publish(Tree({entry_, beside_}));
    auto mount = MountAt(folder_ / "mnt");
    if (!mount && mount.error().code == Code::kPermission) GTEST_SKIP() << "may not mount";
    ASSERT_TRUE(mount) << mount.error().Text();
    mount_ = *std::move(mount);
    session_ = *Session::Create(mount_, ops_, groups_);
    server_ = std::jthread([this] { served_ = session_->Serve().has_value(); });
    struct stat st {};
    ASSERT_EQ(::stat(mount_.path.c_str(), &st), 0);
  }
  void TearDown() override {
    if (!session_) return;
    EXPECT_TRUE(Unmount(mount_.path));
    session_->Stop();
    server_.join();
    loader_.waiting.wishes.clear();  // who was never answered, while there is a session
    loader_.waiting.parts.clear();
    EXPECT_TRUE(served_);
  }

  SnapshotPtr Tree(const std::vector<EntryPtr>& entries) {
    std::vector<File> files;
    for (const EntryPtr& entry : entries) files.push_back({entry, AccessFor(0, 0, 0400)});
    return Snapshot::Build(files, WallTime(std::chrono::seconds(++trees_)));
  }
  void Publish(Entry& entry, std::string_view text) {
    entry.Publish(MakeTestValue(text), clock_.Steady(), clock_.Wall());
  }
  [[nodiscard]] std::string Path(std::string_view below) const {
    return mount_.path + "/" + std::string(below);
  }
  [[nodiscard]] static uint64_t InodeOf(const std::string& path) {
    struct stat st {};
    EXPECT_EQ(::stat(path.c_str(), &st), 0) << path;
    return st.st_ino;
  }
  [[nodiscard]] static std::set<std::string> NamesIn(const std::string& folder) {
    std::set<std::string> names;
    for (const auto& item : std::filesystem::directory_iterator(folder))
      names.insert(item.path().filename());
    return names;
  }
  void Announce(bool content = true) {
    Changes changes;
    changes.files.push_back({InodeOf(Path("dir/a")), "dir/a", content});
    session_->Announce(changes);
  }

  testkit::TempDir folder_;
  testkit::FakeClock clock_;
  testkit::FakeAccounts accounts_;
  MountedLoader loader_;
  testkit::RecordingAudit audit_;
  EntryPtr entry_ = TextEntry("dir/a");
  EntryPtr beside_ = TextEntry("dir/beside");
  SnapshotCell snapshots_{Snapshot::Build({}, WallTime{})};
  Ops ops_{{snapshots_, loader_, accounts_, audit_, clock_}};
  ProcGroups groups_{clock_};
  Mount mount_;
  std::unique_ptr<Session> session_;
  std::jthread server_;
  bool served_ = false;
  int trees_ = 0;
};

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

TEST_F(SessionTest, ListingsAreForgotten) {
  EXPECT_EQ(NamesIn(Path("dir")), (std::set<std::string>{"a", "beside"}));
  const uint64_t directory = InodeOf(Path("dir"));
  const EntryPtr added = TextEntry("dir/added");
  Publish(*added, "new");
  snapshots_.Publish(Tree({entry_, beside_, added}));
  EXPECT_EQ(NamesIn(Path("dir")), (std::set<std::string>{"a", "beside"})) << "the kernel knows it";
  Changes changes;
  changes.directories.push_back(directory);
  session_->Announce(changes);
  EXPECT_EQ(NamesIn(Path("dir")), (std::set<std::string>{"a", "added", "beside"}));
  EXPECT_EQ(testkit::TempDir::Read(Path("dir/added")), "new");
}

/// What stat, open, access and a listing say of a path: the errno.
std::vector<int> Errors(const std::string& path) {
  struct stat st {};
  const auto outcome = [](int result) { return result < 0 ? errno : 0; };
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  const int opened = outcome(file.get());
  const UniqueFd folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const int listed = outcome(folder.get());
  return {outcome(::stat(path.c_str(), &st)), opened, outcome(::access(path.c_str(), R_OK)),
          listed};
}
const std::vector<int> kNothing{ENOENT, ENOENT, ENOENT, ENOENT};
const std::vector<int> kFile{0, 0, 0, ENOTDIR};
const std::vector<int> kFolder{0, 0, 0, 0};

class NamesTest : public SessionTest {
 protected:
  /// As a reload does.
  void Become(const SnapshotPtr& next) {
    const SnapshotPtr before = snapshots_.Publish(next);
    Changes changes;
    for (const auto& [inode, node] : before->nodes()) {
      if (next->Find(inode) == nullptr) changes.gone.push_back(inode);
      changes.directories.push_back(node.parent);
    }
    session_->Announce(changes);
  }
};

TEST_F(NamesTest, AreForgottenAndComeAgain) {
  const UniqueFd kept(::open(Path("dir/a").c_str(), O_RDONLY | O_CLOEXEC));
  EXPECT_EQ(Errors(Path("dir/a")), kFile);
  Become(Tree({beside_}));
  EXPECT_EQ(::open(Path("dir/a").c_str(), O_RDONLY | O_CLOEXEC), -1);
  EXPECT_EQ(errno, ENOENT);
  EXPECT_EQ(Errors(Path("dir/a")), kNothing);
  EXPECT_EQ(NamesIn(Path("dir")), (std::set<std::string>{"beside"}));
  Become(Tree({entry_, beside_}));
  EXPECT_EQ(Errors(Path("dir/a")), kFile);
  EXPECT_EQ(testkit::TempDir::Read(Path("dir/a")), "first");
}

TEST_F(NamesTest, MayGoAndComeWithNobodyLooking) {
  EXPECT_EQ(Errors(Path("dir/a")), kFile);
  Become(Tree({beside_}));
  Become(Tree({entry_, beside_}));
  EXPECT_EQ(testkit::TempDir::Read(Path("dir/a")), "first");
}

TEST_F(NamesTest, GoWithTheirFolder) {
  const EntryPtr other = TextEntry("other");
  Publish(*other, "x");
  EXPECT_EQ(Errors(Path("dir/a")), kFile);
  Become(Tree({other}));
  EXPECT_EQ(Errors(Path("dir/beside")), kNothing) << "which nobody had looked at";
  EXPECT_EQ(Errors(Path("dir/a")), kNothing);
  EXPECT_EQ(Errors(Path("dir")), kNothing);
}

TEST_F(NamesTest, AFileBecomesAFolderAndBack) {
  const EntryPtr file = TextEntry("name");
  const EntryPtr below = TextEntry("name/below");
  Publish(*file, "a file");
  Publish(*below, "below");
  Become(Tree({file}));
  EXPECT_EQ(Errors(Path("name")), kFile);
  Become(Tree({below}));
  EXPECT_EQ(testkit::TempDir::Read(Path("name/below")), "below") << "walked over first";
  EXPECT_EQ(Errors(Path("name")), kFolder);
  Become(Tree({file}));
  EXPECT_EQ(testkit::TempDir::Read(Path("name")), "a file");
  EXPECT_EQ(Errors(Path("name/below")), (std::vector<int>(4, ENOTDIR)));
  Become(Tree({below}));
  EXPECT_EQ(NamesIn(Path("name")), (std::set<std::string>{"below"})) << "opened as a folder";
}

/// Memory that nobody fills: a system call that writes to it stays until this is gone.
class StuckMemory {
 public:
  StuckMemory() : fd_(static_cast<int>(::syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK))) {
    uffdio_api api{};
    api.api = UFFD_API;
    uffdio_register range{};
    range.range = {reinterpret_cast<uintptr_t>(memory_), kSize};
    range.mode = UFFDIO_REGISTER_MODE_MISSING;
    there_ = fd_ && memory_ != MAP_FAILED && ::ioctl(fd_.get(), UFFDIO_API, &api) == 0 &&
             ::ioctl(fd_.get(), UFFDIO_REGISTER, &range) == 0;
  }
  StuckMemory(const StuckMemory&) = delete;
  StuckMemory& operator=(const StuckMemory&) = delete;
  ~StuckMemory() {
    Free();
    ::munmap(memory_, kSize);
  }
  [[nodiscard]] bool there() const { return there_; }
  [[nodiscard]] void* data() const { return memory_; }
  /// Whether somebody is stuck in it by now.
  [[nodiscard]] bool Holds() const { return Ready(fd_.get(), kPatience) == POLLIN; }
  void Free() { fd_.reset(); }
  static constexpr size_t kSize = 4096;

 private:
  static short Ready(int fd, int patience) {
    pollfd wait{fd, POLLIN, 0};
    ::poll(&wait, 1, patience);
    return wait.revents;
  }
  void* memory_ =
      ::mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  UniqueFd fd_;
  bool there_ = false;
};

/// Any user can do so, by memory that is mapped from a file system of his own.
TEST_F(NamesTest, WhoKeepsTheLockOfAFolderKeepsNobodyFromAnnouncing) {
  EXPECT_EQ(NamesIn(Path("dir")), (std::set<std::string>{"a", "beside"})) << "kept by the kernel";
  const uint64_t inode = InodeOf(Path("dir/a"));
  const uint64_t gone = InodeOf(Path("dir/beside"));
  const EntryPtr unseen = TextEntry("dir/unseen");
  Publish(*unseen, "x");
  StuckMemory memory;
  if (!memory.there()) GTEST_SKIP() << "needs userfaultfd";
  std::jthread lists([&] {
    const UniqueFd folder(::open(Path("dir").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    ::syscall(SYS_getdents64, folder.get(), memory.data(), StuckMemory::kSize);
  });
  const bool stuck = memory.Holds();
  EXPECT_TRUE(stuck);
  std::atomic<pid_t> waiter = 0;
  std::jthread makes([&] {  // wants it alone, so that no other reader gets it
    waiter = ::gettid();
    ::mkdir(Path("dir/new").c_str(), 0700);
  });
  const auto sleeps = [&] {
    const std::string stat =
        testkit::TempDir::Read("/proc/self/task/" + std::to_string(waiter) + "/stat");
    return stat.find(") D ") != std::string::npos;
  };
  for (int waited = 0; stuck && waited < kPatience && !sleeps(); waited += 10)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  std::atomic<bool> announced = false;
  std::jthread announcer([&] {
    const SnapshotPtr next = Tree({entry_, unseen});
    snapshots_.Publish(next);
    Changes changes;
    changes.gone = {gone};
    changes.files = {{inode, "dir/a", true},
                     {next->FindPath("dir/unseen")->inode, "dir/unseen", true}};
    changes.directories = {next->FindPath("dir")->inode};
    session_->Announce(changes);
    announced = true;
  });
  for (int waited = 0; waited < kPatience / 4 && !announced; waited += 10)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_TRUE(announced);
  memory.Free();
}

short Ready(int fd, int patience = 0) {
  pollfd wait{fd, POLLIN | POLLPRI, 0};
  ::poll(&wait, 1, patience);
  return wait.revents;
}

TEST_F(SessionTest, PollTellsOfANewerVersionUntilItIsOpenedAgain) {
  const UniqueFd old(::open(Path("dir/a").c_str(), O_RDONLY | O_CLOEXEC));
  EXPECT_EQ(Ready(old.get()), POLLIN);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(Ready(old.get()), POLLIN) << "as often as one likes";
  std::jthread changer([this] {
    Publish(*entry_, "second");
    Announce();
  });
  pollfd wait{old.get(), POLLPRI, 0};  // not POLLIN, which is always there
  EXPECT_EQ(::poll(&wait, 1, kPatience), 1);
  EXPECT_EQ(wait.revents, POLLPRI | POLLERR);
  changer.join();
  EXPECT_EQ(Ready(old.get()), POLLIN | POLLPRI | POLLERR) << "it stays so";
  std::array<char, 16> buffer{};
  EXPECT_EQ(::read(old.get(), buffer.data(), buffer.size()), 5) << "the version that was opened";
  const UniqueFd reopened(::open(Path("dir/a").c_str(), O_RDONLY | O_CLOEXEC));
  EXPECT_EQ(Ready(reopened.get()), POLLIN);
}

TEST_F(SessionTest, PollOfAnotherFileOrOwnerIsNotWoken) {
  const UniqueFd other(::open(Path("dir/beside").c_str(), O_RDONLY | O_CLOEXEC));
  const UniqueFd same(::open(Path("dir/a").c_str(), O_RDONLY | O_CLOEXEC));
  EXPECT_EQ(Ready(other.get()), POLLIN);
  EXPECT_EQ(Ready(same.get()), POLLIN);
  Announce(false);
  EXPECT_EQ(Ready(other.get()), POLLIN);
  EXPECT_EQ(Ready(same.get()), POLLIN);
}

TEST_F(SessionTest, PollGoesByContentWhenDeclaredOtherwise) {
  const UniqueFd old(::open(Path("dir/a").c_str(), O_RDONLY | O_CLOEXEC));
  const EntryPtr other = TextEntry("dir/a");
  snapshots_.Publish(Tree({other}));
  EXPECT_EQ(Ready(old.get()), POLLIN) << "nothing newer is known";
  Publish(*other, "first");
  EXPECT_EQ(Ready(old.get()), POLLIN) << "the same content";
  Publish(*other, "second");
  EXPECT_EQ(Ready(old.get()), POLLIN | POLLPRI | POLLERR);
}

TEST_F(SessionTest, EpollIsWokenForEachOfSeveralDescriptors) {
  const UniqueFd epoll(::epoll_create1(EPOLL_CLOEXEC));
  std::array<UniqueFd, 3> files;
  for (size_t i = 0; i < files.size(); ++i) {
    files[i] = UniqueFd(::open(Path("dir/a").c_str(), O_RDONLY | O_CLOEXEC));
    epoll_event event{};
    event.events = EPOLLPRI;
    event.data.u64 = i;
    ASSERT_EQ(::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, files[i].get(), &event), 0);
  }
  std::array<epoll_event, 3> got{};
  EXPECT_EQ(::epoll_wait(epoll.get(), got.data(), 3, 0), 0);
  files[2].reset();  // closed while it is polled
  std::jthread changer([this] {
    Publish(*entry_, "second");
    Announce();
  });
  std::set<uint64_t> told;
  while (told.size() < 2) {
    const int count = ::epoll_wait(epoll.get(), got.data(), 3, kPatience);
    ASSERT_GT(count, 0);
    for (int i = 0; i < count; ++i) told.insert(got[static_cast<size_t>(i)].data.u64);
  }
  EXPECT_EQ(told, (std::set<uint64_t>{0, 1}));
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
