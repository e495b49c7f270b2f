#include "fs/touch.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/unique_fd.h"
#include "tests/testkit/temp_dir.h"

namespace secretfs::fs {
namespace {

TEST(Touch, LeavesAFileAloneThatDidNotAnswerAsOurs) {
  const testkit::TempDir folder;
  const std::string path = folder.Write("file", "precious");
  const auto before = std::filesystem::last_write_time(path);
  Touching touching;
  TouchingThread self(touching);
  const UniqueFd root(::open(folder.path().c_str(), O_PATH | O_CLOEXEC));
  self.Touch(root.get(), {4711, "file", true});
  EXPECT_EQ(testkit::TempDir::Read(path), "precious");
  EXPECT_EQ(std::filesystem::last_write_time(path), before);
}

TEST(Touch, IsByOneThreadAboutOneFile) {
  Touching touching;
  EXPECT_FALSE(touching.IsBy(0)) << "the pid of callers who cannot be seen";
  {
    const TouchingThread self(touching);
    touching.inode = 7;
    EXPECT_TRUE(touching.IsBy(::gettid()));
    EXPECT_TRUE(touching.IsBy(::gettid(), 7));
    EXPECT_FALSE(touching.IsBy(::gettid(), 8));
    EXPECT_FALSE(touching.IsBy(::gettid() + 1, 7));
  }
  EXPECT_FALSE(touching.IsBy(::gettid()));
  EXPECT_FALSE(touching.IsBy(0, 0));
}

}  // namespace
}  // namespace secretfs::fs
