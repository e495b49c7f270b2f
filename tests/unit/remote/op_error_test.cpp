#include "remote/op_error.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace secretfs::remote {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kTime = "[ERROR] 2023/06/26 11:55:32 ";

Error Of(std::string_view words) { return OpError(std::string(kTime) + std::string(words), "op"); }

TEST(OpError, HasTheClassOfWhatOpSays) {
  for (const auto& [words, code] : std::vector<std::pair<std::string_view, Code>>{
           {"(429) Too Many Requests: You've reached the rate limit.", Code::kLimited},
           {"rate limit exceeded", Code::kLimited},
           {"(401) Unauthorized: You aren't authorized to perform this action.", Code::kRefused},
           {"failed to DecodeSACredentials: invalid", Code::kRefused},
           {"(403) Forbidden: You don't have permission.", Code::kPermission},
           {R"("infra" isn't a vault in this account. Specify the vault.)", Code::kNotFound},
           {R"("db" isn't an item in the "infra" vault.)", Code::kNotFound},
           {R"("pw" isn't a field in the "db" item.)", Code::kNotFound},
           {R"(More than one item matches "db". Try again with the ID.)", Code::kInvalid},
           {"dial tcp: lookup my.1password.com: no such host", Code::kUnavailable},
           {"request timeout", Code::kUnavailable},
           {"words of tomorrow", Code::kUnavailable}}) {
    EXPECT_EQ(Of(words).code, code) << words;
  }
}

TEST(OpError, SaysWhatOpSaidWithoutItsClock) {
  EXPECT_EQ(Of("\"db\" isn't an item").what, "op: \"db\" isn't an item");
  EXPECT_EQ(OpError("no mark", "op").what, "op: no mark");
  EXPECT_EQ(OpError("[ERROR] short", "op").what, "op: short");
  EXPECT_EQ(OpError("", "op").what, "op failed without a word");
  EXPECT_EQ(OpError("some warning\n" + std::string(kTime) + "the cause\nmore words", "op").what,
            "op: the cause");
  EXPECT_LE(Of(std::string(9000, 'x')).what.size(), 204U);
}

TEST(OpError, TellsHowLongToStayAway) {
  using std::chrono::seconds;
  for (const auto& [words, pause] : std::vector<std::pair<std::string_view, seconds>>{
           {"(429) Too Many Requests: Please retry in 58 minutes.", std::chrono::minutes(58)},
           {"(429) retry in 1 hour", std::chrono::hours(1)},
           {"(429) retry in 30 seconds", seconds(30)},
           {"(429) retry in 99999999999999999 hours", std::chrono::hours(24)},
           {"(429) retry in 400 hours", std::chrono::hours(24)},
           {"(429) retry in a while", seconds(0)},
           {"(429) retry in -5 minutes", seconds(0)},
           {"(500) retry in 5 minutes", seconds(0)}}) {
    EXPECT_EQ(Of(words).retry_after, pause) << words;
  }
}

TEST(OpError, QuotesNoToken) {
  EXPECT_THAT(Of("bad token ops_eyJzaWdu").Text(), Not(HasSubstr("eyJ")));
}

}  // namespace
}  // namespace secretfs::remote
