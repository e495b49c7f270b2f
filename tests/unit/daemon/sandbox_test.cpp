#include "daemon/sandbox.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <functional>
#include <thread>

#include "base/unique_fd.h"
#include "tests/testkit/temp_dir.h"

namespace secretfs {
namespace {

/// The errno of opening a file like this, or 0.
int Opening(const std::string& path, int flags) {
  const int fd = open(path.c_str(), flags | O_CLOEXEC, 0600);
  if (fd < 0) return errno;
  close(fd);
  return 0;
}

int ErrnoOf(int result) { return result == 0 ? 0 : errno; }

/// What a program that this process starts ends with.
int Running(const std::string& program) {
  const pid_t child = fork();
  if (child == 0) {
    execl(program.c_str(), program.c_str(), nullptr);
    _exit(errno);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WEXITSTATUS(status);
}

class SandboxTest : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* folder : {"/open", "/open/inner", "/closed", "/programs"}) {
      std::filesystem::create_directories(here() + folder);
    }
    for (const char* file : {"/open/file", "/closed/file", "/single"})
      std::ofstream(here() + file) << "x";
    for (const char* folder : {"/programs", "/closed", "/open"}) {
      std::filesystem::copy_file("/bin/true", here() + folder + "/program");
    }
  }
  [[nodiscard]] std::string here() const { return dir_.path(); }
  [[nodiscard]] SandboxPlaces Places() const {
    SandboxPlaces places;
    places.writable = {here() + "/open", here() + "/single", here() + "/not-there"};
    places.programs = SystemPrograms();
    places.programs.push_back(here() + "/programs");
    return places;
  }

  /// Runs `body`, which gives an errno, in a copy of this process that is in a sandbox.
  int Inside(const std::function<int()>& body) { return Inside(Places(), body); }
  int Inside(SandboxPlaces places, const std::function<int()>& body) {
    const pid_t copy = fork();
    if (copy == 0) {
      const auto sandbox = Sandbox::Enter(std::move(places));
      if (!sandbox) _exit(200);
      _exit(sandbox->version() == 0 ? 201 : body());
    }
    int status = 0;
    EXPECT_EQ(waitpid(copy, &status, 0), copy);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 202;
  }
  bool HasLandlock() {
    return Inside([] { return 0; }) == 0;
  }

  testkit::TempDir dir_;
};

#define NEED_LANDLOCK() \
  if (!HasLandlock()) GTEST_SKIP() << "the kernel has no Landlock"

TEST_F(SandboxTest, ReadsEverywhere) {
  NEED_LANDLOCK();
  EXPECT_EQ(Inside([&] { return Opening(here() + "/closed/file", O_RDONLY); }), 0);
  EXPECT_EQ(Inside([&] { return Opening(here() + "/closed", O_RDONLY | O_DIRECTORY); }), 0);
  EXPECT_EQ(Inside([] { return Opening("/proc/self/status", O_RDONLY); }), 0);
}

TEST_F(SandboxTest, WritesNowhereElse) {
  NEED_LANDLOCK();
  const std::string closed = here() + "/closed/";
  EXPECT_EQ(Inside([&] { return Opening(closed + "file", O_WRONLY); }), EACCES);
  EXPECT_EQ(Inside([&] { return Opening(closed + "new", O_WRONLY | O_CREAT); }), EACCES);
  EXPECT_EQ(Inside([&] { return ErrnoOf(mkdir((closed + "new").c_str(), 0700)); }), EACCES);
  EXPECT_EQ(Inside([&] { return ErrnoOf(symlink("x", (closed + "new").c_str())); }), EACCES);
  EXPECT_EQ(Inside([&] { return ErrnoOf(unlink((closed + "file").c_str())); }), EACCES);
  EXPECT_EQ(Inside([&] {
              return ErrnoOf(rename((closed + "file").c_str(), (closed + "other").c_str()));
            }),
            EACCES);
  EXPECT_EQ(Inside([&] { return Opening("/proc/self/oom_score_adj", O_WRONLY); }), EACCES);
  EXPECT_TRUE(std::filesystem::exists(closed + "file"));
}

TEST_F(SandboxTest, WritesWhereItMay) {
  NEED_LANDLOCK();
  const std::string open = here() + "/open/";
  EXPECT_EQ(Inside([&] { return Opening(open + "file", O_WRONLY | O_APPEND); }), 0);
  EXPECT_EQ(Inside([&] { return Opening(open + "new", O_WRONLY | O_CREAT); }), 0);
  EXPECT_EQ(Inside([&] { return ErrnoOf(rename((open + "new").c_str(), (open + "1").c_str())); }),
            0);
  EXPECT_EQ(
      Inside([&] { return ErrnoOf(rename((open + "1").c_str(), (open + "inner/1").c_str())); }), 0);
  EXPECT_EQ(Inside([&] { return ErrnoOf(unlink((open + "inner/1").c_str())); }), 0);
  EXPECT_EQ(Inside([&] { return Opening(here() + "/single", O_WRONLY); }), 0);
  EXPECT_EQ(Inside([] { return Opening("/dev/null", O_WRONLY); }), 0);
}

TEST_F(SandboxTest, MakesNoDevicesEvenThere) {
  NEED_LANDLOCK();
  EXPECT_EQ(Inside([&] { return ErrnoOf(mkfifo((here() + "/open/fifo").c_str(), 0600)); }), EACCES);
}

TEST_F(SandboxTest, RunsProgramsOfItsFoldersAlone) {
  NEED_LANDLOCK();
  EXPECT_EQ(Inside([&] { return Running(here() + "/programs/program"); }), 0);
  EXPECT_EQ(Inside([&] { return Running(here() + "/closed/program"); }), EACCES);
  EXPECT_EQ(Inside([&] { return Running(here() + "/open/program"); }), EACCES);
  SandboxPlaces none = Places();
  none.programs.clear();
  EXPECT_EQ(Inside(none, [&] { return Running(here() + "/programs/program"); }), EACCES);
}

TEST_F(SandboxTest, HoldsForThreadsAndPrograms) {
  NEED_LANDLOCK();
  EXPECT_EQ(Inside([&] {
              int error = 0;
              std::thread([&] { error = Opening(here() + "/closed/file", O_WRONLY); }).join();
              return error;
            }),
            EACCES);
}

TEST_F(SandboxTest, MayOpenExistingFilesOfTheTouchedFolder) {
  NEED_LANDLOCK();
  SandboxPlaces places = Places();
  const UniqueFd closed(open((here() + "/closed").c_str(), O_PATH | O_CLOEXEC));
  places.touched = closed.get();
  EXPECT_EQ(Inside(places, [&] { return Opening(here() + "/closed/file", O_WRONLY); }), 0);
  EXPECT_EQ(Inside(places, [&] { return ErrnoOf(unlink((here() + "/closed/file").c_str())); }),
            EACCES);
}

TEST_F(SandboxTest, MountsNothing) {
  NEED_LANDLOCK();
  if (getuid() != 0) GTEST_SKIP() << "only root could";
  EXPECT_EQ(Inside([&] { return ErrnoOf(mount("x", here().c_str(), "tmpfs", 0, nullptr)); }),
            EPERM);
}

TEST_F(SandboxTest, NobodyGainsPrivileges) {
  NEED_LANDLOCK();
  EXPECT_EQ(Inside([] { return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0); }), 1);
}

TEST_F(SandboxTest, WhatComesLaterIsHeldAgainstTheStart) {
  NEED_LANDLOCK();
  const std::string link = here() + "/link";
  std::filesystem::create_symlink(here() + "/open", link);
  EXPECT_EQ(
      Inside([&] {
        const auto sandbox = Sandbox::Enter(Places());
        const auto may = [&](const std::string& path) -> bool {
          return static_cast<bool>(sandbox->MayWrite(path));
        };
        if (!may(here() + "/open/audit.jsonl") || !may(here() + "/single")) return 1;
        if (!may(link + "/audit.jsonl") || !may(here() + "/open")) return 2;
        if (may(here() + "/opened/audit.jsonl") || may(here() + "/open/../closed/x")) return 3;
        if (!sandbox->MayRunFrom(here() + "/programs")) return 4;
        if (sandbox->MayRunFrom(here() + "/closed")) return 5;
        const Error error = sandbox->MayWrite("/elsewhere/audit.jsonl").error();
        return error.Text() ==
                           "/elsewhere/audit.jsonl: is outside of what this process may write" &&
                       error.hint.starts_with("start secretfs anew")
                   ? 0
                   : 6;
      }),
      0);
}

}  // namespace
}  // namespace secretfs
