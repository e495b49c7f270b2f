#include "daemon/harden.h"

#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string>

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

/// The words of CheckLockableMemory() where this much may be locked, and no capability helps.
std::string WordsWith(rlim_t most) {
  std::array<int, 2> ends{};
  if (pipe(ends.data()) != 0) return "no pipe";
  const pid_t copy = fork();
  if (copy == 0) {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct none[2]{};
    const rlimit limit{most, most};
    if (setrlimit(RLIMIT_MEMLOCK, &limit) != 0 || syscall(SYS_capset, &header, none) != 0) _exit(1);
    const Status status = CheckLockableMemory();
    const std::string words =
        status ? "enough" : status.error().Text() + "; " + status.error().hint;
    _exit(write(ends[1], words.data(), words.size()) < 0 ? 1 : 0);
  }
  close(ends[1]);
  std::array<char, 512> words{};
  const ssize_t size = read(ends[0], words.data(), words.size());
  close(ends[0]);
  waitpid(copy, nullptr, 0);
  return {words.data(), static_cast<size_t>(std::max<ssize_t>(size, 0))};
}

TEST(CheckLockableMemory, SaysHowToMendALimitThatIsTooLow) {
  EXPECT_EQ(WordsWith(65536),
            "only 64 KiB of memory may be locked, and to keep secrets out of swap takes 2048 at "
            "least; raise the limit: LimitMEMLOCK= in the unit, or `ulimit -l`");
  EXPECT_EQ(WordsWith(0).substr(0, 10), "only 0 KiB");
}

TEST(CheckLockableMemory, IsContentWithALimitThatIsFiniteButEnough) {
  rlimit own{};
  ASSERT_EQ(getrlimit(RLIMIT_MEMLOCK, &own), 0);
  constexpr rlim_t kEnough = rlim_t{8} << 20U;
  if (own.rlim_max < kEnough) GTEST_SKIP() << "the hard limit is too low";
  EXPECT_EQ(WordsWith(kEnough), "enough");
}

}  // namespace
}  // namespace secretfs
