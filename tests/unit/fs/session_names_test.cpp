#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include <cerrno>

#include "tests/unit/fs/session_fixture.h"

namespace secretfs::fs {
namespace {

using testkit::TextEntry;

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

}  // namespace
}  // namespace secretfs::fs
