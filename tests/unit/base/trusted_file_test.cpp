#include "base/trusted_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "tests/testkit/temp_dir.h"

namespace secretfs {
namespace {

using testing::HasSubstr;
using testkit::TempDir;

Code CodeOf(const Status& status) {
  EXPECT_FALSE(status);
  return status ? Code::kInvalid : status.error().code;
}

TEST(TrustedFile, TakesAProgramOfOurOwn) {
  const TempDir dir;
  const std::string program = dir.Write("program", "");
  EXPECT_TRUE(CheckProgram(program));
  EXPECT_TRUE(CheckProgram("/bin/sh"));  // a link in a folder that is one, as usual
}

TEST(TrustedFile, RefusesWhatOthersMayWriteTo) {
  const TempDir dir;
  const std::string program = dir.Write("program", "");
  for (const mode_t mode : {0720U, 0702U}) {
    ASSERT_EQ(::chmod(program.c_str(), mode), 0);
    const Status status = CheckProgram(program);
    EXPECT_EQ(CodeOf(status), Code::kPermission);
    EXPECT_THAT(status.error().what, HasSubstr(program));
  }
}

TEST(TrustedFile, RefusesWhatLiesInAFolderThatOthersMayWriteTo) {
  const TempDir dir;
  ASSERT_TRUE(std::filesystem::create_directories(dir / "open/inner"));
  const std::string program = dir.Write("open/inner/program", "");
  ASSERT_EQ(::chmod((dir / "open").c_str(), 0777), 0);
  EXPECT_EQ(CodeOf(CheckProgram(program)), Code::kPermission);
  std::filesystem::create_symlink(program, dir / "link");
  EXPECT_EQ(CodeOf(CheckProgram(dir / "link")), Code::kPermission);
  ASSERT_EQ(::chmod((dir / "open").c_str(), 01777), 0);
  EXPECT_TRUE(CheckProgram(program));
}

TEST(TrustedFile, RefusesWhatBelongsToSomebodyElse) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give files away";
  const TempDir dir;
  const std::string program = dir.Write("program", "");
  ASSERT_EQ(::chown(program.c_str(), 1, 1), 0);
  EXPECT_EQ(CodeOf(CheckProgram(program)), Code::kPermission);
}

TEST(TrustedFile, RefusesWhatIsNoProgram) {
  const TempDir dir;
  EXPECT_EQ(CodeOf(CheckProgram(dir.path())), Code::kInvalid);
  EXPECT_EQ(CodeOf(CheckProgram("relative")), Code::kInvalid);
  EXPECT_EQ(CodeOf(CheckProgram(dir / "absent")), Code::kNotFound);
}

}  // namespace
}  // namespace secretfs
