#include "providers/plain_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "tests/testkit/temp_dir.h"

namespace secretfs {
namespace {

TEST(PlainFile, GivesTheContentAndTheFilesTime) {
  const testkit::TempDir folder;
  const std::string file = folder.path() + "/secret";
  ASSERT_TRUE(ReplaceFile(file, AsBytes(std::string_view("a\0b\n", 4)), 0600));
  const auto value = MakePlainFileProvider()->Fetch(file, {}, {});
  ASSERT_TRUE(value);
  EXPECT_EQ(AsText(value->bytes.Expose()), std::string_view("a\0b\n", 4));
  EXPECT_EQ(value->modified, StampOf(file)->modified);
}

TEST(PlainFile, RefusesWhatIsNoFileOrTooLarge) {
  const testkit::TempDir folder;
  const auto provider = MakePlainFileProvider();
  EXPECT_EQ(provider->Fetch(folder.path(), {}, {}).error().code, Code::kInvalid);
  EXPECT_EQ(provider->Fetch(folder.path() + "/none", {}, {}).error().code, Code::kNotFound);
  const std::string large = folder.path() + "/large";
  ASSERT_TRUE(ReplaceFile(large, {}, 0600));
  ASSERT_EQ(truncate(large.c_str(), static_cast<off_t>(kMaxValueBytes)), 0);
  EXPECT_EQ(provider->Fetch(large, {}, {})->bytes.size(), kMaxValueBytes);
  ASSERT_EQ(truncate(large.c_str(), static_cast<off_t>(kMaxValueBytes) + 1), 0);
  EXPECT_EQ(provider->Fetch(large, {}, {}).error().code, Code::kTooLarge);
}

}  // namespace
}  // namespace secretfs
