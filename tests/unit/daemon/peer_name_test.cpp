#include "daemon/peer_name.h"

#include <gtest/gtest.h>

namespace secretfs {
namespace {

std::optional<PeerName> Parse(std::string_view rest) {
  return ParsePeerName(std::string(1, '\0') + std::string(rest));
}

TEST(PeerName, IsUnitAndId) {
  EXPECT_EQ(Parse("9f0a/unit/nginx.service/tls.key"), (PeerName{"nginx.service", "tls.key"}));
  EXPECT_EQ(Parse("1/unit/microvm@web-1.service/a b"), (PeerName{"microvm@web-1.service", "a b"}));
  EXPECT_EQ(Parse("1/unit/dev-\\x2da.service/x"), (PeerName{"dev-\\x2da.service", "x"}));
}

TEST(PeerName, IsRefusedInEveryOtherForm) {
  for (const char* wrong :
       {"", "/", "1", "1/unit", "1/unit/", "1/unit/a.service", "1/unit/a.service/",
        "/unit/a.service/x", "g/unit/a.service/x", "1/Unit/a.service/x", "1/unit//x",
        "1/unit/a.service/x/y", "1/unit/a.service/..", "1/unit/a.service/.", "1/unit/a.service/a:b",
        "1/unit/a.service/a\nb", "1/unit/a service/x", "1/unit/a\x7f.service/x",
        "1/unit/a.service/\x7f"}) {
    EXPECT_EQ(Parse(wrong), std::nullopt) << wrong;
  }
  EXPECT_EQ(ParsePeerName("1/unit/a.service/x"), std::nullopt) << "a path, not an abstract name";
  EXPECT_EQ(ParsePeerName(""), std::nullopt) << "not bound";
  EXPECT_EQ(Parse(std::string_view("1/unit/a.service/x\0", 19)), std::nullopt) << "with a NUL";
  EXPECT_EQ(Parse("1/unit/a.service/" + std::string(200, 'x')), std::nullopt) << "over a sun_path";
}

}  // namespace
}  // namespace secretfs
