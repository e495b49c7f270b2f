#include "fs/mount_table.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include "fs/mount.h"

namespace secretfs::fs {
namespace {

/// No file can be opened while it lives.
class NoDescriptors {
 public:
  NoDescriptors() {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const rlimit none{0, before_.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &none);
  }
  NoDescriptors(const NoDescriptors&) = delete;
  NoDescriptors& operator=(const NoDescriptors&) = delete;
  ~NoDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

TEST(MountTable, FindsWhatIsMounted) {
  const auto proc = FindMount("/proc");
  ASSERT_TRUE(proc && *proc);
  EXPECT_FALSE((*proc)->ours);
  const auto nothing = FindMount("/nowhere at all");
  ASSERT_TRUE(nothing);
  EXPECT_FALSE(*nothing);
  const auto other = IsMountedAt("/proc", (*proc)->device);
  ASSERT_TRUE(other);
  EXPECT_FALSE(*other) << "it is no secretfs";
}

TEST(MountTable, SaysThatItCannotBeRead) {
  const NoDescriptors self;
  const auto found = FindMount("/proc");
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, Code::kResource);
  const auto mounted = IsMountedAt("/proc", "0:1");
  ASSERT_FALSE(mounted);
  EXPECT_EQ(mounted.error().code, Code::kResource);
  EXPECT_FALSE(UnmountAll("/proc")) << "not done";
}

}  // namespace
}  // namespace secretfs::fs
