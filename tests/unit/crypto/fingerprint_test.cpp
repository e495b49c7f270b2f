#include "crypto/fingerprint.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace secretfs::crypto {
namespace {

FingerprintBytes Of(std::string_view key, std::string_view text,
                    FingerprintOf kind = FingerprintOf::kValue) {
  return MakeFingerprint(AsBytes(key), kind, AsBytes(text));
}

const std::string kKey(32, 'k');
const std::string kOther(32, 'o');

TEST(Fingerprint, IsTheSameForTheSame) {
  EXPECT_EQ(Of(kKey, "value"), Of(kKey, "value"));
  EXPECT_EQ(Of(kKey, ""), Of(kKey, ""));
}

TEST(Fingerprint, DiffersByKeyAndKindAndBytes) {
  const std::string large(100'000, 'x');
  const std::set<FingerprintBytes> all{
      Of(kKey, "value"), Of(kKey, "value2"),
      Of(kKey, ""),      Of(kOther, "value"),
      Of(kKey, large),   Of(kKey, "x"),
      Of(kOther, large), Of(kKey, "value", FingerprintOf::kSource)};
  EXPECT_EQ(all.size(), 8U);
}

}  // namespace
}  // namespace secretfs::crypto
