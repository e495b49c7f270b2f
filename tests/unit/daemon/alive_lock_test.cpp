#include "daemon/alive_lock.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <optional>

#include "tests/testkit/temp_dir.h"

namespace secretfs {
namespace {

std::optional<AliveLock> Take(const std::string& file) {
  auto taken = AliveLock::Take(file);
  EXPECT_TRUE(taken) << taken.error().Text();
  if (!taken) return std::nullopt;
  return *std::move(taken);
}

class AliveLockTest : public testing::Test {
 protected:
  const testkit::TempDir folder_;
  const std::string file_ = folder_ / "alive";
  AliveWatch watch_{file_};
};

TEST_F(AliveLockTest, IsHeldUntilTheLastOneGoes) {
  EXPECT_FALSE(watch_.Look().held);
  auto first = Take(file_);
  EXPECT_TRUE(watch_.Look().held);
  auto second = Take(file_);
  first.reset();
  EXPECT_TRUE(watch_.Look().held);
  second.reset();
  EXPECT_FALSE(watch_.Look().held);
  first = Take(file_);
  EXPECT_TRUE(watch_.Look().held);
}

TEST_F(AliveLockTest, IsKeptByWhoInheritsTheDescriptor) {
  auto lock = Take(file_);
  const UniqueFd inherited(::dup(lock->fd()));
  lock.reset();
  EXPECT_TRUE(watch_.Look().held);
}

TEST_F(AliveLockTest, TellsWhetherItWasBeaten) {
  auto lock = Take(file_);
  EXPECT_TRUE(watch_.Look().beaten);
  EXPECT_FALSE(watch_.Look().beaten);
  ::usleep(20'000);  // the clock of the file system
  lock->Beat();
  EXPECT_TRUE(watch_.Look().beaten);
  EXPECT_FALSE(watch_.Look().beaten);
}

TEST_F(AliveLockTest, FollowsAFileThatIsMadeAnew) {
  auto old = Take(file_);
  EXPECT_TRUE(watch_.Look().held);
  std::filesystem::remove(file_);
  EXPECT_FALSE(watch_.Look().held);
  auto next = Take(file_);
  old.reset();
  const auto seen = watch_.Look();
  EXPECT_TRUE(seen.held && seen.beaten);
}

TEST_F(AliveLockTest, IsNotForOthers) {
  const auto lock = Take(file_);
  struct stat st {};
  ASSERT_EQ(::stat(file_.c_str(), &st), 0);
  EXPECT_EQ(st.st_mode & 0777U, 0600U);
  std::filesystem::create_symlink(file_, folder_ / "link");
  EXPECT_FALSE(AliveLock::Take(folder_ / "link"));
}

TEST_F(AliveLockTest, FailsWhereSomebodyHasItAlone) {
  { const auto make = Take(file_); }
  const UniqueFd other(::open(file_.c_str(), O_RDONLY | O_CLOEXEC));
  ASSERT_EQ(::flock(other.get(), LOCK_EX), 0);
  const auto taken = AliveLock::Take(file_);
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code, Code::kUnavailable);
}

TEST_F(AliveLockTest, IsNamedAfterTheMount) {
  EXPECT_EQ(AliveFile("/run/secretfs", "/run/secrets"), "/run/secretfs/alive-run-secrets");
}

}  // namespace
}  // namespace secretfs
