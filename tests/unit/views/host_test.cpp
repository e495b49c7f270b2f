#include "views/host.h"

#include <gtest/gtest.h>

namespace secretfs {
namespace {

TEST(Host, TakesNamePortAndPathApart) {
  const auto host = ParseHost("git.example.com:8443/owner/repo");
  ASSERT_TRUE(host);
  EXPECT_EQ(host->name, "git.example.com");
  EXPECT_EQ(host->port, "8443");
  EXPECT_EQ(host->path, "owner/repo");
  EXPECT_EQ(host->Authority(), "git.example.com:8443");
  EXPECT_EQ(host->Text(), "git.example.com:8443/owner/repo");
}

TEST(Host, KeepsAnIpv6AddressInItsBrackets) {
  const auto host = ParseHost("[2001:db8::1]:443");
  ASSERT_TRUE(host);
  EXPECT_EQ(host->name, "[2001:db8::1]");
  EXPECT_EQ(host->port, "443");
  EXPECT_EQ(ParseHost("[::1]")->name, "[::1]");
}

TEST(Host, ForgetsOneSlashAtTheEnd) {
  EXPECT_EQ(ParseHost("github.com/")->Text(), "github.com");
  EXPECT_EQ(ParseHost("github.com/org/")->Text(), "github.com/org");
}

class HostOfAnotherForm : public testing::TestWithParam<const char*> {};
TEST_P(HostOfAnotherForm, IsRefused) { EXPECT_FALSE(ParseHost(GetParam())) << GetParam(); }
INSTANTIATE_TEST_SUITE_P(All, HostOfAnotherForm,
                         testing::Values("", "https://github.com", "user@github.com",
                                         "github.com:", "github.com:0", "github.com:65536",
                                         "github.com:123456", "github.com:8a", "a b", "a=b", "a#b",
                                         "a\nb", "a\tb", "/org", "a//b", "a/b//c", "a//", "a/b//",
                                         "a/?q", "a/b c", "a/%41",
                                         "b\xc3\xbc"
                                         "cher.example",
                                         "::1", "[::1", "[]", "[g::1]", "[::1]x", "a/b\"c", "a\\b",
                                         "a:1:2", "~a"));

TEST(Host, LowersAsciiOnly) { EXPECT_EQ(LowerCase("GitHub.COM\xc3\x84"), "github.com\xc3\x84"); }

}  // namespace
}  // namespace secretfs
