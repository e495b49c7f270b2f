#include "base/file.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <filesystem>
#include <thread>

#include "base/secret_heap.h"
#include "tests/testkit/temp_dir.h"

namespace secretfs {
namespace {

using testing::ElementsAre;
using testkit::TempDir;

struct stat StatOf(const std::string& path) {
  struct stat st {};
  EXPECT_EQ(::lstat(path.c_str(), &st), 0) << path;
  return st;
}
mode_t ModeOf(const std::string& path) { return StatOf(path).st_mode & 07777U; }
std::string Shown(const SecretBytes& secret) { return std::string(AsText(secret.Expose())); }

// --- Reading ----------------------------------------------------------------------------------

TEST(ReadFile, GivesTheWholeContent) {
  const TempDir dir;
  for (const size_t size : {0, 1, 4095, 4096, 4097, 100'000}) {
    const std::string content(size, 'x');
    const std::string path = dir.Write("file", content);
    EXPECT_EQ(AsText(*ReadFile(path, 200'000)), content);
    EXPECT_EQ(Shown(*ReadSecretFile(path, 200'000)), content);
  }
}

TEST(ReadFile, LimitIsInclusive) {
  const TempDir dir;
  for (const size_t limit : {0, 1, 10, 5000}) {
    const std::string fits = dir.Write("fits", std::string(limit, 'x'));
    EXPECT_EQ(ReadFile(fits, limit)->size(), limit);
    EXPECT_EQ(ReadSecretFile(fits, limit)->size(), limit);
    const std::string larger = dir.Write("larger", std::string(limit + 1, 'x'));
    for (const Error& error :
         {ReadFile(larger, limit).error(), ReadSecretFile(larger, limit).error()}) {
      EXPECT_EQ(error.code, Code::kTooLarge);
      EXPECT_EQ(error.where, larger);
      EXPECT_EQ(error.what, "larger than " + std::to_string(limit) + " bytes");
    }
  }
}

TEST(ReadFile, NoLimitAtAllEnds) {
  const TempDir dir;
  const std::string path = dir.Write("file", "content");
  EXPECT_EQ(AsText(*ReadFile(path, SIZE_MAX)), "content");
  EXPECT_EQ(Shown(*ReadSecretFile(path, SIZE_MAX)), "content");
}

TEST(ReadFile, AHugeSparseFileIsRefusedWithoutBuyingItsSize) {
  const TempDir dir;
  const std::string path = dir.Write("sparse", "");
  ASSERT_EQ(::truncate(path.c_str(), off_t{1} << 40U), 0);
  EXPECT_EQ(ReadFile(path, 100'000).error().code, Code::kTooLarge);
  const size_t before = secret_heap::GetStats().locked_bytes;
  EXPECT_EQ(ReadSecretFile(path, 100'000).error().code, Code::kTooLarge);
  EXPECT_LE(secret_heap::GetStats().locked_bytes, before + 65536);
}

TEST(ReadFile, ReadsFilesThatDoNotKnowTheirSize) {
  const auto whole = ReadFile("/proc/self/status", 100'000);  // says 0 bytes
  ASSERT_TRUE(whole);
  EXPECT_TRUE(AsText(*whole).starts_with("Name:"));
  EXPECT_GT(ReadSecretFile("/proc/self/status", 100'000)->size(), 500U);
}

TEST(ReadFile, FollowsSymlinks) {
  const TempDir dir;
  std::filesystem::create_symlink(dir.Write("file", "content"), dir / "link");
  EXPECT_EQ(AsText(*ReadFile(dir / "link", 100)), "content");
}

TEST(ReadFile, SaysWhatIsWrong) {
  const TempDir dir;
  const auto missing = ReadFile(dir / "missing", 100).error();
  EXPECT_EQ(missing.code, Code::kNotFound);
  EXPECT_EQ(missing.Text(), dir / "missing" + ": cannot open: no such file or directory");
  const auto below_file = ReadFile(dir.Write("file", "") + "/x", 100).error();
  EXPECT_EQ(below_file.code, Code::kNotFound);
  const auto directory = ReadFile(dir.path(), 100).error();
  EXPECT_EQ(directory.code, Code::kInvalid);
  EXPECT_EQ(directory.what, "is a directory, not a file");
  std::filesystem::create_symlink("loop", dir / "loop");
  EXPECT_EQ(ReadFile(dir / "loop", 100).error().code, Code::kIo);
}

TEST(ReadFile, DoesNotHangOnAFifoOrReadADevice) {
  const TempDir dir;
  ASSERT_EQ(::mkfifo((dir / "fifo").c_str(), 0600), 0);
  for (const std::string& path : {dir / "fifo", std::string("/dev/zero")}) {
    const auto error = ReadSecretFile(path, 100).error();
    EXPECT_EQ(error.code, Code::kInvalid) << path;
    EXPECT_EQ(error.what, "is not a regular file");
  }
}

TEST(ReadFile, AFileThatWeMayNotReadIsAPermissionError) {
  const TempDir dir;
  const std::string path = dir.Write("file", "content");
  ASSERT_EQ(::chmod(path.c_str(), 0), 0);
  ASSERT_EQ(::chmod(dir.path().c_str(), 0755), 0);
  GTEST_FLAG_SET(death_test_style, "fast");  // the file must be the one made here
  EXPECT_EXIT(
      {
        if (::geteuid() == 0 && ::setuid(65534) != 0) _exit(90);
        const auto read = ReadFile(path, 100);
        _exit(!read && read.error().code == Code::kPermission ? 0 : 1);
      },
      testing::ExitedWithCode(0), "");
}

TEST(OpenRegular, DescriptorIsNotInherited) {
  const TempDir dir;
  const auto fd = OpenRegular(dir.Write("file", ""));
  ASSERT_TRUE(fd);
  EXPECT_EQ(::fcntl(fd->get(), F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
}

struct Pipe {
  Pipe() {
    int ends[2] = {-1, -1};
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    read.reset(ends[0]);
    write.reset(ends[1]);
  }
  UniqueFd read;
  UniqueFd write;
};

TEST(ReadAll, CollectsAPipeToItsEnd) {
  for (const size_t size : {0, 1, 4096, 100'000}) {
    for (const bool secret : {false, true}) {
      Pipe pipe;
      std::jthread writer([&] {
        const std::string content(size, 'p');
        for (size_t done = 0; done < size; done += 1000) {
          (void)WriteAll(pipe.write.get(), AsBytes(std::string_view(content).substr(done, 1000)),
                         "pipe");
        }
        pipe.write.reset();
      });
      if (secret) {
        EXPECT_EQ(Shown(*ReadAllSecret(pipe.read.get(), 200'000, "pipe")), std::string(size, 'p'));
      } else {
        EXPECT_EQ(AsText(*ReadAll(pipe.read.get(), 200'000, "pipe")), std::string(size, 'p'));
      }
    }
  }
}

TEST(ReadAll, StopsAtTheLimitOfAnEndlessPipe) {
  const UniqueFd zero(::open("/dev/zero", O_RDONLY | O_CLOEXEC));
  EXPECT_EQ(ReadAll(zero.get(), 50'000, "zero").error().code, Code::kTooLarge);
  EXPECT_EQ(ReadAllSecret(zero.get(), 50'000, "zero").error().code, Code::kTooLarge);
}

TEST(ReadAll, BadDescriptorIsAnErrorWithItsName) {
  const auto error = ReadAll(-1, 100, "standard input").error();
  EXPECT_EQ(error.code, Code::kIo);
  EXPECT_EQ(error.Text(), "standard input: cannot read: bad file descriptor");
}

TEST(ReadSecretFile, LeavesOneBlockAndNoMore) {
  const TempDir dir;
  const std::string path = dir.Write("file", std::string(30'000, 'x'));
  const size_t before = secret_heap::GetStats().blocks;
  const auto secret = ReadSecretFile(path, 100'000);
  EXPECT_EQ(secret_heap::GetStats().blocks, before + 1);
}

TEST(StampOf, ChangesWithTheFileAndNotWithoutIt) {
  const TempDir dir;
  const std::string path = dir.Write("file", "one");
  const auto first = *StampOf(path);
  EXPECT_EQ(first, *StampOf(path));
  const auto fd = OpenRegular(path);
  EXPECT_EQ(first, *StampOf(fd->get(), path));
  const std::string longer = dir.Write("file", "longer");
  EXPECT_NE(first, *StampOf(longer));
  const auto in_place = *StampOf(path);
  ASSERT_TRUE(ReplaceFile(path, AsBytes("REPLCD"), 0600));
  EXPECT_NE(in_place.inode, StampOf(path)->inode);
  const timespec times[2] = {{0, UTIME_OMIT}, {1'000'000, 5000}};
  ASSERT_EQ(::utimensat(AT_FDCWD, path.c_str(), times, 0), 0);
  EXPECT_EQ(StampOf(path)->modified,
            WallTime(std::chrono::seconds(1'000'000) + std::chrono::microseconds(5)));
  EXPECT_EQ(StampOf(dir / "missing").error().code, Code::kNotFound);
  EXPECT_FALSE(StampOf(-1, "x"));
}

TEST(SystemError, ClassifiesErrno) {
  EXPECT_EQ(SystemError(ENOENT, "x", "p").code, Code::kNotFound);
  EXPECT_EQ(SystemError(ENOTDIR, "x", "p").code, Code::kNotFound);
  EXPECT_EQ(SystemError(EACCES, "x", "p").code, Code::kPermission);
  EXPECT_EQ(SystemError(EPERM, "x", "p").code, Code::kPermission);
  for (const int used_up : {EMFILE, ENFILE, ENOMEM, EAGAIN}) {
    EXPECT_EQ(SystemError(used_up, "x", "p").code, Code::kResource);
    EXPECT_TRUE(SystemError(used_up, "x", "p").may_come) << "others may give it back";
  }
  EXPECT_FALSE(SystemError(EIO, "x", "p").may_come);
  EXPECT_EQ(SystemError(EIO, "cannot read", "/p").Text(), "/p: cannot read: input/output error");
}

// --- Writing ----------------------------------------------------------------------------------

TEST(WriteAll, FailsOnAClosedPipeAndSaysWhere) {
  Pipe pipe;
  pipe.read.reset();
  const auto old = ::signal(SIGPIPE, SIG_IGN);
  const auto written = WriteAll(pipe.write.get(), AsBytes("x"), "the pipe");
  ::signal(SIGPIPE, old);
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().Text(), "the pipe: cannot write: broken pipe");
}

TEST(ReplaceFile, MakesANewFileWithTheModeWhateverTheUmask) {
  const TempDir dir;
  const mode_t old = ::umask(0077);
  for (const mode_t mode : {0600U, 0644U, 0400U}) {
    const std::string path = dir / std::to_string(mode);
    EXPECT_TRUE(ReplaceFile(path, AsBytes("content"), mode));
    EXPECT_EQ(ModeOf(path), mode);
    EXPECT_EQ(TempDir::Read(path), "content");
  }
  ::umask(old);
  EXPECT_EQ(dir.Names().size(), 3U) << "something was left over";
}

TEST(ReplaceFile, KeepsOwnerAndModeOfTheOldFile) {
  const TempDir dir;
  const std::string path = dir.Write("file", "old");
  const bool root = ::geteuid() == 0;
  if (root) {
    ASSERT_EQ(::chown(path.c_str(), 1234, 2345), 0);
  }
  ASSERT_EQ(::chmod(path.c_str(), 0640), 0);
  const auto before = StatOf(path);
  ASSERT_TRUE(ReplaceFile(path, AsBytes("new"), 0600));
  const auto after = StatOf(path);
  EXPECT_EQ(after.st_mode, before.st_mode);
  EXPECT_EQ(after.st_uid, before.st_uid);
  EXPECT_EQ(after.st_gid, before.st_gid);
  EXPECT_EQ(TempDir::Read(path), "new");
  EXPECT_THAT(dir.Names(), ElementsAre("file"));
}

TEST(ReplaceFile, OpenReadersKeepTheOldVersion) {
  const TempDir dir;
  const std::string path = dir.Write("file", "old");
  const auto fd = OpenRegular(path);
  ASSERT_TRUE(ReplaceFile(path, AsBytes("new"), 0600));
  EXPECT_EQ(AsText(*ReadAll(fd->get(), 100, path)), "old");
}

TEST(ReplaceFile, FollowsASymlinkAndLeavesItStanding) {
  const TempDir dir;
  std::filesystem::create_directory(dir / "real");
  const std::string target = dir.Write("real/file", "old");
  std::filesystem::create_symlink("real/file", dir / "link");
  std::filesystem::create_symlink("link", dir / "link2");
  ASSERT_TRUE(ReplaceFile(dir / "link2", AsBytes("new"), 0600));
  EXPECT_TRUE(S_ISLNK(StatOf(dir / "link").st_mode));
  EXPECT_TRUE(S_ISLNK(StatOf(dir / "link2").st_mode));
  EXPECT_EQ(TempDir::Read(target), "new");
  EXPECT_THAT(dir.Names(), ElementsAre("link", "link2", "real"));
}

TEST(ReplaceFile, FollowsASymlinkToAFileThatIsNotThereYet) {
  const TempDir dir;
  std::filesystem::create_directory(dir / "real");
  std::filesystem::create_symlink("real/file", dir / "link");
  std::filesystem::create_symlink(dir / "link", dir / "link2");
  ASSERT_TRUE(ReplaceFile(dir / "link2", AsBytes("new"), 0640));
  EXPECT_TRUE(S_ISLNK(StatOf(dir / "link").st_mode)) << "the link was replaced";
  EXPECT_TRUE(S_ISLNK(StatOf(dir / "link2").st_mode)) << "the link was replaced";
  EXPECT_EQ(TempDir::Read(dir / "real/file"), "new");
  EXPECT_EQ(ModeOf(dir / "real/file"), 0640U);
}

TEST(ReplaceFile, ALoopOfSymlinksIsAnErrorAndStays) {
  const TempDir dir;
  std::filesystem::create_symlink("b", dir / "a");
  std::filesystem::create_symlink("a", dir / "b");
  const auto replaced = ReplaceFile(dir / "a", AsBytes("new"), 0600);
  ASSERT_FALSE(replaced);
  EXPECT_TRUE(S_ISLNK(StatOf(dir / "a").st_mode));
  EXPECT_THAT(dir.Names(), ElementsAre("a", "b"));
}

TEST(ReplaceFile, WorksOnARelativeName) {
  const TempDir dir;
  const auto old = std::filesystem::current_path();
  std::filesystem::current_path(dir.path());
  const auto made = ReplaceFile("file", AsBytes("1"), 0600);
  const auto replaced = ReplaceFile("file", AsBytes("2"), 0600);
  std::filesystem::current_path(old);
  EXPECT_TRUE(made);
  EXPECT_TRUE(replaced);
  EXPECT_EQ(TempDir::Read(dir / "file"), "2");
}

TEST(ReplaceFile, FailureInAMissingDirectorySaysWhere) {
  const TempDir dir;
  const auto replaced = ReplaceFile(dir / "missing/file", AsBytes("x"), 0600);
  ASSERT_FALSE(replaced);
  EXPECT_EQ(replaced.error().code, Code::kNotFound);
  EXPECT_EQ(replaced.error().where, dir / "missing/file");
}

TEST(ReplaceFile, DoesNotReplaceADirectoryAndLeavesNothingBehind) {
  const TempDir dir;
  std::filesystem::create_directory(dir / "sub");
  ASSERT_FALSE(ReplaceFile(dir / "sub", AsBytes("x"), 0600));
  EXPECT_THAT(dir.Names(), ElementsAre("sub"));
  EXPECT_TRUE(std::filesystem::is_directory(dir / "sub"));
}

TEST(ReplaceFile, AFailedWriteKeepsTheOldFileAndLeavesNothingBehind) {
  const TempDir dir;
  const std::string path = dir.Write("file", "old");
  GTEST_FLAG_SET(death_test_style, "fast");  // the file must be the one made here
  EXPECT_EXIT(
      {
        ::signal(SIGXFSZ, SIG_IGN);
        rlimit limit{};
        limit.rlim_cur = limit.rlim_max = 1000;
        if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) _exit(90);
        const auto replaced = ReplaceFile(path, AsBytes(std::string(5000, 'x')), 0600);
        _exit(!replaced && replaced.error().what.starts_with("cannot write") ? 0 : 1);
      },
      testing::ExitedWithCode(0), "");
  EXPECT_EQ(TempDir::Read(path), "old");
  EXPECT_THAT(dir.Names(), ElementsAre("file"));
}

TEST(ReplaceFile, AnotherOwnersFileIsNotTakenOver) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to make another user's file";
  const TempDir dir;
  const std::string path = dir.Write("file", "old");
  ASSERT_EQ(::chmod(dir.path().c_str(), 0777), 0);
  ASSERT_EQ(::chown(path.c_str(), 1234, 1234), 0);
  GTEST_FLAG_SET(death_test_style, "fast");  // the file must be the one made here
  EXPECT_EXIT(
      {
        if (::setgid(65534) != 0 || ::setuid(65534) != 0) _exit(90);
        const auto replaced = ReplaceFile(path, AsBytes("new"), 0600);
        _exit(!replaced && replaced.error().code == Code::kPermission ? 0 : 1);
      },
      testing::ExitedWithCode(0), "");
  EXPECT_EQ(TempDir::Read(path), "old");
  EXPECT_EQ(StatOf(path).st_uid, 1234U);
  EXPECT_THAT(dir.Names(), ElementsAre("file"));
}

TEST(ReplaceFile, ReadersNeverSeeATornFile) {
  const TempDir dir;
  const std::string path = dir.Write("file", std::string(5000, 'a'));
  std::atomic<bool> done = false;
  std::atomic<int> reads = 0;
  {
    std::vector<std::jthread> readers;
    for (int i = 0; i < 2; ++i) {
      readers.emplace_back([&] {
        while (!done) {
          const auto bytes = ReadFile(path, 100'000);
          ASSERT_TRUE(bytes) << bytes.error().Text();
          const size_t size = AsText(*bytes).front() == 'a' ? 5000 : 70'000;
          ASSERT_EQ(AsText(*bytes), std::string(size, AsText(*bytes).front()));
          ++reads;
        }
      });
    }
    for (int i = 0; (i < 60 || reads < 20) && !HasFailure(); ++i) {
      const std::string content = i % 2 == 0 ? std::string(70'000, 'b') : std::string(5000, 'a');
      ASSERT_TRUE(ReplaceFile(path, AsBytes(content), 0600));
    }
    done = true;
  }
  EXPECT_GE(reads, 20);
}

TEST(ReplaceFile, ManyWritersAtOnceLeaveOneWholeFile) {
  const TempDir dir;
  const std::string path = dir / "file";
  {
    std::vector<std::jthread> writers;
    for (const char c : {'a', 'b', 'c'}) {
      writers.emplace_back([&path, c] {
        for (int i = 0; i < 20; ++i)
          ASSERT_TRUE(ReplaceFile(path, AsBytes(std::string(10'000, c)), 0600));
      });
    }
  }
  const std::string content = TempDir::Read(path);
  EXPECT_EQ(content, std::string(10'000, content.front()));
  EXPECT_THAT(dir.Names(), ElementsAre("file"));
}

// --- UniqueFd ---------------------------------------------------------------------------------

bool IsOpen(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }

TEST(UniqueFd, ClosesOnceAndMoves) {
  Pipe pipe;
  const int number = pipe.read.get();
  {
    UniqueFd a = std::move(pipe.read);
    EXPECT_FALSE(pipe.read);  // NOLINT(bugprone-use-after-move): the promise under test
    UniqueFd b;
    EXPECT_FALSE(b);
    b = std::move(a);
    UniqueFd& same = b;
    b = std::move(same);
    EXPECT_EQ(b.get(), number);
    EXPECT_TRUE(IsOpen(number));
  }
  EXPECT_FALSE(IsOpen(number));
}

TEST(UniqueFd, AssignmentClosesTheOldAndReleaseGivesUp) {
  Pipe pipe;
  const int read_end = pipe.read.get();
  const int write_end = pipe.write.get();
  pipe.read = std::move(pipe.write);
  EXPECT_FALSE(IsOpen(read_end));
  EXPECT_EQ(pipe.read.release(), write_end);
  EXPECT_FALSE(pipe.read);
  EXPECT_TRUE(IsOpen(write_end));
  const UniqueFd zero(0);
  EXPECT_TRUE(zero) << "descriptor 0 is a descriptor";
  const_cast<UniqueFd&>(zero).release();
  UniqueFd(write_end).reset();
  EXPECT_FALSE(IsOpen(write_end));
}

TEST(ReadAt, FillsFromTheOffsetUntilTheEnd) {
  const testkit::TempDir folder;
  const UniqueFd fd = OpenRegular(folder.Write("f", "0123456789")).value();
  std::array<std::byte, 4> into{};
  EXPECT_EQ(*ReadAt(fd.get(), 3, into, "f"), 4U);
  EXPECT_EQ(AsText(into), "3456");
  EXPECT_EQ(*ReadAt(fd.get(), 8, into, "f"), 2U);
  EXPECT_EQ(AsText(into).substr(0, 2), "89");
  EXPECT_EQ(*ReadAt(fd.get(), 10, into, "f"), 0U);
  const UniqueFd folder_fd(::open(folder.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const auto failed = ReadAt(folder_fd.get(), 0, into, "name");
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().where, "name");
}

}  // namespace
}  // namespace secretfs
