#include "daemon/harden.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace secretfs {
namespace {

/// Runs `body`, which changes limits of the process, in a copy of it; what it returns.
template <class Body>
int InACopy(const Body& body) {
  const pid_t copy = fork();
  if (copy == 0) _exit(body());
  int status = 0;
  EXPECT_EQ(waitpid(copy, &status, 0), copy);
  EXPECT_TRUE(WIFEXITED(status));
  return WEXITSTATUS(status);
}

/// The soft limit on descriptors, having been `limit` before.
rlim_t DescriptorsAfter(rlimit limit) {
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  AllowManyDescriptors();
  return getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : 0;
}

TEST(AllowManyDescriptors, RaisesTheSoftLimitToTheHardOne) {
  EXPECT_EQ(InACopy([] { return DescriptorsAfter({100, 200}) == 200 ? 0 : 1; }), 0);
}

TEST(AllowManyDescriptors, RaisesItNoFurtherThanIsOfUse) {
  rlimit own{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &own), 0);
  if (own.rlim_max < 70000) GTEST_SKIP() << "the hard limit is too low";
  EXPECT_EQ(InACopy([] { return DescriptorsAfter({100, 70000}) == 65536 ? 0 : 1; }), 0);
  EXPECT_EQ(InACopy([] { return DescriptorsAfter({70000, 70000}) == 70000 ? 0 : 1; }), 0);
}

}  // namespace
}  // namespace secretfs
