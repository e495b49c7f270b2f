#include "base/core_dumps.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace secretfs {
namespace {

/// The limits on core dumps that an ordinary user ends with who began with `hard`: 1 and 1 are 11.
int LimitsAfter(rlim_t hard) {
  const pid_t copy = fork();
  if (copy == 0) {
    rlimit limit{hard, hard};
    if (setrlimit(RLIMIT_CORE, &limit) != 0) _exit(90);
    constexpr uid_t kNobody = 65534;
    if (geteuid() == 0 && setresuid(kNobody, kNobody, kNobody) != 0) _exit(91);
    if (!ForbidCoreDumps() || getrlimit(RLIMIT_CORE, &limit) != 0) _exit(92);
    _exit(static_cast<int>(10 * limit.rlim_cur + limit.rlim_max));
  }
  int status = 0;
  EXPECT_EQ(waitpid(copy, &status, 0), copy);
  return WEXITSTATUS(status);
}

TEST(ForbidCoreDumps, ForbidsThoseToAProgramToo) {
  rlimit own{};
  ASSERT_EQ(getrlimit(RLIMIT_CORE, &own), 0);
  if (own.rlim_max == 0 && geteuid() != 0) GTEST_SKIP() << "the hard limit is 0";
  EXPECT_EQ(LimitsAfter(own.rlim_max == 0 ? 1 : own.rlim_max), 11);
}

TEST(ForbidCoreDumps, MakesDoWithAHardLimitOfNone) { EXPECT_EQ(LimitsAfter(0), 0); }

}  // namespace
}  // namespace secretfs
