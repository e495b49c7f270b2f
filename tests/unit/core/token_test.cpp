#include "core/token.h"

#include <gtest/gtest.h>

namespace secretfs {
namespace {

TokenTable TableOf(const std::vector<std::string>& hosts) {
  TokenTable table;
  for (const std::string& host : hosts) {
    table.push_back(Token{host, "", TokenKind::kGeneric, SecretBytes{}});
  }
  return table;
}

TEST(NameForPeople, IsTheHost) {
  const std::vector<std::string> hosts{"github.com", "git.lan:3000", "gitlab.com/group/sub_group",
                                       "localhost",  "forge",        "[::1]:8080"};
  const TokenTable table = TableOf(hosts);
  for (size_t i = 0; i < hosts.size(); ++i) EXPECT_EQ(NameForPeople(table, i), hosts[i]);
}

TEST(NameForPeople, NeverShowsWhatMayBeAToken) {
  const std::vector<std::string> slips{"ghp_0123456789abcdefghij0123456789abcdef",
                                       "glpat-0123456789",
                                       "0123456789abcdef0123456789abcdef",
                                       "https://bob:ghp_x@github.com",
                                       "bob:secret@github.com",
                                       "glpat+SWAPPED/SECRET=",
                                       std::string(300, 'a') + ".example"};
  const TokenTable table = TableOf(slips);
  for (size_t i = 0; i < slips.size(); ++i) {
    EXPECT_EQ(NameForPeople(table, i), "entry " + std::to_string(i + 1));
  }
}

}  // namespace
}  // namespace secretfs
