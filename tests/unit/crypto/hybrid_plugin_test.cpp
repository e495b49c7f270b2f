#include "crypto/hybrid_plugin.h"

#include <gmock/gmock.h>

#include "crypto/base64.h"
#include "crypto/bech32.h"
#include "crypto/hybrid.h"
#include "crypto/recipient_file.h"
#include "tests/unit/crypto/fake_plugin.h"
#include "tests/unit/crypto/fixtures.h"

namespace secretfs::age {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::string_view kSays =
    "-> file-key 0\nMDEyMzQ1Njc4OWFiY2RlZg\n-> done\n\n";  // 0123456789abcdef

Stanza HybridStanza(size_t enc_size = 1120) {
  const Bytes enc(enc_size, std::byte{5});
  return {"mlkem768x25519",
          {crypto::EncodeBase64(enc, crypto::Padding::kNone)},
          Bytes(32, std::byte{7})};
}

std::shared_ptr<FakePluginHost> Host() {
  return std::make_shared<FakePluginHost>(std::string(kSays));
}
IdentityPtr Make(const std::shared_ptr<FakePluginHost>& host) {
  return MakeHybridIdentityWithPlugin(Secret(std::string(32, 's')), host).value();
}

TEST(HybridWithPlugin, HandsItsStanzasToThePlugin) {
  const auto host = Host();
  const std::vector<Stanza> stanzas{{"X25519", {"share"}, {}}, HybridStanza()};
  const auto key = Make(host)->Unwrap(stanzas);
  ASSERT_TRUE(key) << key.error().Text();
  EXPECT_EQ(ToText(*key), "0123456789abcdef");
  EXPECT_EQ(Make(host)->cost(), Cost::kPlugin);
  EXPECT_THAT(host->started, ElementsAre("pq identity-v1"));
  EXPECT_THAT(host->heard, testing::StartsWith("-> add-identity AGE-PLUGIN-PQ-1"));
  EXPECT_THAT(host->heard, HasSubstr("\n-> recipient-stanza 0 mlkem768x25519 BQUF"));
}

TEST(HybridWithPlugin, DoesNotStartThePluginForOtherFiles) {
  const auto host = Host();
  const std::vector<Stanza> stanzas{{"X25519", {"share"}, {}}};
  EXPECT_EQ(FailureOf(Make(host)->Unwrap(stanzas)), Code::kNoMatch);
  EXPECT_THAT(host->started, IsEmpty());
}

TEST(HybridWithPlugin, RefusesMalformedStanzasByItself) {
  const auto host = Host();
  const std::vector<Stanza> stanzas{HybridStanza(1119)};
  EXPECT_EQ(FailureOf(Make(host)->Unwrap(stanzas)), Code::kHeader);
  EXPECT_THAT(host->started, IsEmpty());
}

TEST(HybridWithPlugin, SaysWhatIsMissing) {
  const auto host = Host();
  host->start_error = Error{Code::kNotFound, "not in /plugins", "", ""};
  const std::vector<Stanza> stanzas{HybridStanza()};
  const auto key = Make(host)->Unwrap(stanzas);
  ASSERT_EQ(FailureOf(key), Code::kNoMatch);
  EXPECT_EQ(key.error().what, "age-plugin-pq: not in /plugins");
}

TEST(HybridWithPlugin, IsUsedWhereTheBuildHasNoXWing) {
  const std::string seed(32, 's');
  const auto line = crypto::EncodeSecretBech32("AGE-SECRET-KEY-PQ-", AsBytes(seed)).value();
  const auto parsed = ParseIdentityFile(line, "keys.txt", {{}, Host()}).value();
  ASSERT_EQ(parsed.identities.size(), 1U);
  const bool through_plugin =
      parsed.identities[0]->Describe().find("through plugin pq") != std::string::npos;
  EXPECT_EQ(through_plugin, !HybridSupported());
}

}  // namespace
}  // namespace secretfs::age
