#include "providers/tokens.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <filesystem>

#include "tests/testkit/temp_dir.h"

namespace secretfs {
namespace {

using testing::HasSubstr;
using testing::Not;

class TokensProvider : public testing::Test {
 protected:
  void Write(std::string_view text) { std::ofstream(path_, std::ios::binary) << text; }
  /// The whole table, or one host's token out of it.
  Result<Value> Fetch(const std::string& host) {
    auto table = provider_->Fetch({provider_->DocumentOf(host)}, SteadyTime::max(), {});
    return table && !host.empty() ? provider_->Select(*table, host) : std::move(table);
  }

  const testkit::TempDir folder_;
  const std::string path_ = folder_ / "tokens.json";
  const std::unique_ptr<Provider> provider_ = MakeTokensProvider(path_);
};

TEST_F(TokensProvider, GivesTheTable) {
  Write(R"({"b": "t1", "a": {"token": "t2", "user": "me"}})");
  const auto value = Fetch("");
  ASSERT_TRUE(value) << value.error().Text();
  ASSERT_EQ(value->tokens.size(), 2U);
  EXPECT_EQ(value->tokens[1].user, "me");
  EXPECT_TRUE(value->bytes.empty());
}

TEST_F(TokensProvider, GivesOneToken) {
  Write(R"({"b": "t1", "a": "t2"})");
  const auto value = Fetch("a");
  ASSERT_TRUE(value);
  EXPECT_EQ(AsText(value->bytes.Expose()), "t2");
  EXPECT_TRUE(value->tokens.empty());
}

TEST_F(TokensProvider, TheFileMayComeAndAHostThatIsNotInItMayNot) {
  EXPECT_TRUE(Fetch("a").error().may_come);
  Write(R"({"b": "t1"})");
  EXPECT_FALSE(Fetch("a").error().may_come);
  Write("{");
  EXPECT_FALSE(Fetch("a").error().may_come);
}

TEST_F(TokensProvider, SuggestsAHost) {
  Write(R"({"github.com": "hunter2"})");
  const auto value = Fetch("githb.com");
  ASSERT_FALSE(value);
  EXPECT_EQ(value.error().code, Code::kNotFound);
  EXPECT_EQ(value.error().Text(), path_ + ": no token for 'githb.com'");
  EXPECT_EQ(value.error().hint, "did you mean 'github.com'? hosts: github.com");
}

TEST_F(TokensProvider, IsAsOldAsTheFile) {
  Write("{}");
  const timespec times[2] = {{0, UTIME_OMIT}, {1000000000, 5}};
  ASSERT_EQ(::utimensat(AT_FDCWD, path_.c_str(), times, 0), 0);
  EXPECT_EQ(Fetch("")->modified, WallTime(std::chrono::nanoseconds(1000000000000000005)));
}

TEST_F(TokensProvider, ReadsTheFileAnewEachTime) {
  Write(R"({"a": "old"})");
  ASSERT_TRUE(Fetch("a"));
  Write(R"({"a": "new"})");
  EXPECT_EQ(AsText(Fetch("a")->bytes.Expose()), "new");
}

TEST_F(TokensProvider, SaysWhatIsWrongWithTheFile) {
  EXPECT_EQ(Fetch("").error().code, Code::kNotFound);
  Write(R"({"a": "hunter2)");
  const auto cut = Fetch("");
  ASSERT_FALSE(cut);
  EXPECT_EQ(cut.error().Text(), path_ + ":1:15: the text ends too early for JSON");
  Write("{\"a\": \"" + std::string(1 << 20, 'x') + "\"}");
  EXPECT_EQ(Fetch("").error().code, Code::kTooLarge);
  std::filesystem::remove(path_);
  std::filesystem::create_directory(path_);
  EXPECT_EQ(Fetch("").error().code, Code::kInvalid);
}

}  // namespace
}  // namespace secretfs
