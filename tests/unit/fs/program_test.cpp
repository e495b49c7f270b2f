#include "fs/program.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <functional>

#include "fs/proc_caller.h"
#include "tests/testkit/fake_clock.h"
#include "tests/testkit/temp_dir.h"

namespace secretfs::fs {
namespace {

namespace stdfs = std::filesystem;

/// A process that makes ready, then runs `program` until the test ends.
class Running {
 public:
  explicit Running(const std::string& program, const std::function<bool()>& make_ready = {}) {
    std::array<int, 2> ends{};
    EXPECT_EQ(pipe2(ends.data(), O_CLOEXEC), 0);
    pid_ = fork();
    if (pid_ == 0) {
      if (!make_ready || make_ready()) execl(program.c_str(), "sleep", "1000", nullptr);
      _exit(write(ends[1], "n", 1) == 1 ? 1 : 2);
    }
    close(ends[1]);
    char byte = 0;
    runs_ = read(ends[0], &byte, 1) == 0;  // exec has closed it
    close(ends[0]);
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
  ~Running() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  [[nodiscard]] bool runs() const { return runs_; }
  [[nodiscard]] pid_t pid() const { return pid_; }

 private:
  pid_t pid_ = -1;
  bool runs_ = false;
};

class ProgramTest : public testing::Test {
 protected:
  ProgramTest() {
    stdfs::copy_file("/bin/sleep", mine_);
    stdfs::copy_file("/bin/sleep", other_);
  }
  [[nodiscard]] bool Runs(const Running& process, const std::string& pattern) {
    return ProcCaller(0, 0, process.pid(), groups_).Runs(pattern);
  }
  testkit::FakeClock clock_;
  ProcGroups groups_{clock_};
  const testkit::TempDir dir_;
  const std::string mine_ = stdfs::canonical(dir_.path()).string() + "/mine";
  const std::string other_ = stdfs::canonical(dir_.path()).string() + "/other";
};

TEST_F(ProgramTest, IsTheFileThatIsRun) {
  const Running process(mine_);
  ASSERT_TRUE(process.runs());
  EXPECT_EQ(ProgramOf(process.pid()), mine_);
  EXPECT_TRUE(IsProgramOf(process.pid(), mine_));
  EXPECT_FALSE(IsProgramOf(process.pid(), other_)) << "the same bytes in another file";
  EXPECT_FALSE(IsProgramOf(process.pid(), mine_ + "-gone"));
  EXPECT_TRUE(Runs(process, mine_));
  EXPECT_TRUE(Runs(process, "/**/mine"));
  EXPECT_FALSE(Runs(process, other_));
  EXPECT_FALSE(Runs(process, "/*/mine"));
}

TEST_F(ProgramTest, ThatIsRemovedFitsNothing) {
  const Running process(mine_);
  ASSERT_TRUE(process.runs());
  stdfs::remove(mine_);
  EXPECT_FALSE(Runs(process, mine_));
  EXPECT_FALSE(Runs(process, "/**"));
  stdfs::copy_file(other_, mine_ + " (deleted)");
  EXPECT_FALSE(Runs(process, "/**"));
  stdfs::copy_file(other_, mine_);
  EXPECT_FALSE(Runs(process, mine_)) << "what replaced it is another program";
}

TEST_F(ProgramTest, OfAMountNamespaceIsNotTakenForOurs) {
  const Running impostor(mine_, [&] {
    return unshare(CLONE_NEWNS) == 0 &&
           mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
           mount(other_.c_str(), mine_.c_str(), nullptr, MS_BIND, nullptr) == 0;
  });
  if (!impostor.runs()) GTEST_SKIP() << "no mount namespace can be made here";
  EXPECT_EQ(ProgramOf(impostor.pid()), mine_) << "it says so";
  EXPECT_FALSE(Runs(impostor, mine_));
  EXPECT_FALSE(Runs(impostor, "/**"));
}

TEST_F(ProgramTest, InAMountNamespaceOfItsOwnIsStillTheSame) {
  const Running process(mine_, [&] {
    return unshare(CLONE_NEWNS) == 0 &&
           mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
  });
  if (!process.runs()) GTEST_SKIP() << "no mount namespace can be made here";
  EXPECT_TRUE(Runs(process, mine_));
}

}  // namespace
}  // namespace secretfs::fs
