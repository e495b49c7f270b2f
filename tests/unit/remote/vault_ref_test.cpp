#include "remote/vault_ref.h"

#include <gtest/gtest.h>

namespace secretfs::remote {
namespace {

std::string Parsed(std::string_view text) {
  const auto ref = ParseVaultReference(text);
  if (!ref) return ref.error().what;
  return ref->path + " | " + ref->field;
}

TEST(VaultReference, IsAPathAndAField) {
  EXPECT_EQ(Parsed("app/db#password"), "app/db | password");
  EXPECT_EQ(Parsed("app"), "app | ");
  EXPECT_EQ(Parsed("a b/ü#x/y#z"), "a b/ü | x/y#z");
}

TEST(VaultReference, HasNoEmptyParts) {
  EXPECT_EQ(Parsed(""), "the path of '' is empty");
  EXPECT_EQ(Parsed("#f"), "the path of '#f' is empty");
  EXPECT_EQ(Parsed("app#"), "the field of 'app#' is empty");
  for (const char* path : {"/a", "a/", "a//b", "a/../b", ".#f"}) {
    EXPECT_EQ(Parsed(path), "the path of '" + std::string(path) +
                                "' has an empty part, '.' or '..' in it, or ends in /");
  }
  EXPECT_EQ(Parsed("a\nb"), "the path of 'a\\x0ab' has a control character");
}

TEST(VaultUrlPath, EscapesEachPart) {
  EXPECT_EQ(VaultUrlPath("kv/team a", "data", "app/d?b%/ü"),
            "/v1/kv/team%20a/data/app/d%3Fb%25/%C3%BC");
}

}  // namespace
}  // namespace secretfs::remote
