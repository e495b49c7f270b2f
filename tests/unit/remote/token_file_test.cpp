#include "remote/token_file.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "base/file.h"
#include "tests/testkit/temp_dir.h"

namespace secretfs::remote {
namespace {

class TokenFile : public testing::Test {
 protected:
  Result<SecretBytes> Read(const std::string& content) {
    EXPECT_TRUE(ReplaceFile(path_, AsBytes(content), 0600));
    return ReadToken(path_);
  }
  testkit::TempDir folder_;
  const std::string path_ = folder_.path() + "/token";
};

TEST_F(TokenFile, GivesTheTokenWithoutTheBlanksAroundIt) {
  const auto token = Read(" \nops_abc.DEF-_~\r\n\n");
  ASSERT_TRUE(token) << token.error().Text();
  EXPECT_EQ(AsText(token->Expose()), "ops_abc.DEF-_~");
}

TEST_F(TokenFile, ThatIsMissingOrEmptyMayStillCome) {
  const auto missing = ReadToken(path_);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, Code::kRefused);
  EXPECT_TRUE(missing.error().may_come);
  const auto empty = Read(" \n");
  ASSERT_FALSE(empty);
  EXPECT_EQ(empty.error().code, Code::kRefused);
  EXPECT_TRUE(empty.error().may_come);
}

TEST_F(TokenFile, WithSomethingElseInItIsInvalidAndNotQuoted) {
  for (const std::string content :
       {"hushhush again", "hushhush\nagain", "hush\x01hush", "h\xc3\xa4"}) {
    const auto token = Read(content);
    ASSERT_FALSE(token) << content;
    EXPECT_EQ(token.error().code, Code::kInvalid);
    EXPECT_EQ(token.error().Text().find("hush"), std::string::npos);
  }
}

}  // namespace
}  // namespace secretfs::remote
