#include "fs/thread_units.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>
#include <utility>
#include <vector>

namespace secretfs::fs {
namespace {

/// A process of its own that can be moved between cgroups of the unified hierarchy.
class ThreadUnitsTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!units_.Ask(getpid())) GTEST_SKIP() << "the kernel has no PIDFD_GET_INFO";
    child_ = fork();
    ASSERT_GE(child_, 0);
    if (child_ == 0) {
      pause();
      _exit(0);
    }
    for (const std::string root : {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"}) {
      if (access((root + "/cgroup.controllers").c_str(), F_OK) == 0) root_ = root;
    }
    slice_ = root_ + "/test" + std::to_string(getpid()) + ".slice";
    if (root_.empty() || mkdir(slice_.c_str(), 0755) != 0) GTEST_SKIP() << "no cgroup can be made";
    made_.push_back(slice_);
  }

  void TearDown() override {
    if (child_ > 0) {
      kill(child_, SIGKILL);
      waitpid(child_, nullptr, 0);
    }
    for (auto folder = made_.rbegin(); folder != made_.rend(); ++folder) rmdir(folder->c_str());
  }

  void MoveTo(const std::string& unit) {
    const std::string folder = unit.empty() ? root_ : slice_ + "/" + unit;
    if (mkdir(folder.c_str(), 0755) == 0) made_.push_back(folder);
    std::ofstream(folder + "/cgroup.procs") << child_ << std::flush;
  }

  Units Look() { return units_.Of(child_, units_.Ask(child_)); }

  ThreadUnits units_;
  pid_t child_ = -1;
  std::string root_;
  std::string slice_;
  std::vector<std::string> made_;
};

TEST_F(ThreadUnitsTest, SeesAProcessThatIsMoved) {
  MoveTo("first.service");
  for (int again = 0; again < 2; ++again) EXPECT_EQ(Look().unit, "first.service");
  EXPECT_EQ(units_.known(), 1U);
  MoveTo("second.service");
  EXPECT_EQ(Look().unit, "second.service");
  MoveTo("first.service");
  EXPECT_EQ(Look().unit, "first.service");
  EXPECT_EQ(units_.known(), 2U);
}

TEST_F(ThreadUnitsTest, TheRootIsNotKept) {
  MoveTo("");
  EXPECT_EQ(Look(), UnitsOf(CgroupTextOf(child_)));
  EXPECT_EQ(units_.known(), 0U) << "systemd's own hierarchy may name another unit at any time";
}

TEST_F(ThreadUnitsTest, ACgroupOfTheSameNameIsAnotherOne) {
  MoveTo("again.service");
  const auto before = units_.Ask(child_);
  MoveTo("");
  rmdir((slice_ + "/again.service").c_str());
  MoveTo("again.service");
  const auto after = units_.Ask(child_);
  ASSERT_TRUE(before && after);
  EXPECT_NE(before->cgroup, after->cgroup);
}

TEST_F(ThreadUnitsTest, WhatIsKeptIsAskedForByNumberAlone) {
  MoveTo("kept.service");
  const auto info = units_.Ask(child_);
  EXPECT_EQ(Look().unit, "kept.service");
  MoveTo("other.service");
  EXPECT_EQ(units_.Of(child_, info).unit, "kept.service");
}

TEST_F(ThreadUnitsTest, TextOfAnotherCgroupIsNotKept) {
  MoveTo("old.service");
  const auto stale = units_.Ask(child_);
  MoveTo("new.service");
  EXPECT_EQ(units_.Of(child_, stale).unit, "new.service");
  EXPECT_EQ(units_.known(), 0U);
}

TEST_F(ThreadUnitsTest, KeepsABoundedNumberOfCgroups) {
  for (size_t n = 0; n <= ThreadUnits::kMost; ++n) {
    const std::string unit = "n" + std::to_string(n) + ".service";
    MoveTo(unit);
    ASSERT_EQ(Look().unit, unit);
    ASSERT_LE(units_.known(), ThreadUnits::kMost);
  }
  EXPECT_LT(units_.known(), ThreadUnits::kMost);
}

TEST_F(ThreadUnitsTest, WithoutTheKernelsWordReadsTheText) {
  MoveTo("old-kernel.service");
  EXPECT_EQ(units_.Of(child_, std::nullopt).unit, "old-kernel.service");
  EXPECT_EQ(units_.known(), 0U);
}

TEST_F(ThreadUnitsTest, KnowsTheProcessOfAThread) {
  EXPECT_EQ(units_.Ask(getpid())->process, getpid());
  std::thread([&] {
    const auto info = units_.Ask(gettid());
    ASSERT_TRUE(info);
    EXPECT_EQ(info->process, getpid());
  }).join();
}

TEST_F(ThreadUnitsTest, ADescriptorOfAThreadThatEndedIsNotAsked) {
  const auto before = units_.Ask(child_);
  ASSERT_TRUE(before);
  kill(child_, SIGKILL);
  ASSERT_EQ(waitpid(child_, nullptr, 0), child_);
  const pid_t number = std::exchange(child_, -1);
  EXPECT_FALSE(units_.Ask(number));
  EXPECT_TRUE(units_.Ask(getpid())) << "which the kernel still tells of others";
}

TEST_F(ThreadUnitsTest, HoldsABoundedNumberOfDescriptors) {
  const auto open_files = [] {
    const std::filesystem::directory_iterator all("/proc/self/fd");
    return std::distance(begin(all), end(all));
  };
  const auto before = open_files();
  for (pid_t thread = 1; thread < 20'000; ++thread) units_.Ask(thread);
  EXPECT_LE(open_files(), before + static_cast<long>(ThreadUnits::kDescriptors));
}

TEST_F(ThreadUnitsTest, GivesItsDescriptorsUpWhenThereAreNoMore) {
  ASSERT_TRUE(units_.Ask(getpid()));
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit few{128, before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &few), 0);
  std::vector<UniqueFd> all;
  for (int fd = dup(STDERR_FILENO); fd >= 0; fd = dup(STDERR_FILENO)) {
    all.emplace_back(fd);
  }
  EXPECT_TRUE(units_.Ask(child_));
  all.clear();
  setrlimit(RLIMIT_NOFILE, &before);
}

TEST_F(ThreadUnitsTest, AThreadThatIsNotThereDoesNotEndTheAsking) {
  EXPECT_FALSE(units_.Ask(2'000'000'000));
  EXPECT_FALSE(units_.Ask(0));
  EXPECT_TRUE(units_.Ask(getpid()));
}

}  // namespace
}  // namespace secretfs::fs
