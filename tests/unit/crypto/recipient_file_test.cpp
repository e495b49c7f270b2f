#include "crypto/recipient_file.h"

#include "crypto/bech32.h"
#include "tests/unit/crypto/fixtures.h"

namespace secretfs::age {
namespace {

constexpr std::string_view kKey = "age1d4d00u949ske2s8fpw9xaa0flqmagkdpzrtj9dq0csnftk3lfq9sjtk585";

Result<std::vector<RecipientPtr>> Parse(std::string_view content) {
  return ParseRecipientFile(AsBytes(content), "team", nullptr);
}

TEST(RecipientFile, ReadsOneALine) {
  const std::string ssh = Fixture("ssh_ed25519.pub");
  const auto parsed =
      Parse("# the team\r\n\n" + std::string(kKey) + "\r\n" + ssh + std::string(kKey));
  ASSERT_TRUE(parsed) << parsed.error().Text();
  ASSERT_EQ(parsed->size(), 3U);
  EXPECT_EQ((*parsed)[0]->Text(), kKey);
  EXPECT_TRUE(ssh.starts_with((*parsed)[1]->Text()));
  EXPECT_EQ((*parsed)[2]->Text(), kKey);
}

TEST(RecipientFile, OneBadLineIsFatal) {
  const auto parsed = Parse(std::string(kKey) + "\n\n" + std::string(kKey.substr(0, 50)) + "\n");
  ASSERT_EQ(FailureOf(parsed), Code::kInvalid);
  EXPECT_EQ(parsed.error().where, "team:3");
  EXPECT_EQ(parsed.error().what, "a damaged recipient: the checksum is wrong");
}

TEST(RecipientFile, WithoutRecipientsIsAnError) {
  for (const char* content : {"", "\n", "# age1\n"}) {
    const auto parsed = Parse(content);
    ASSERT_EQ(FailureOf(parsed), Code::kInvalid);
    EXPECT_EQ(parsed.error().where, "team");
  }
}

TEST(RecipientFile, HasALimit) {
  const Bytes content(kMaxRecipientFileBytes + 1, std::byte{'\n'});
  EXPECT_EQ(FailureOf(ParseRecipientFile(content, "team", nullptr)), Code::kTooLarge);
}

TEST(ParseRecipient, TellsASecretKeyAndNeverQuotesIt) {
  const std::string identity = Fixture("x25519.txt");
  const std::string secret = identity.substr(identity.find("AGE-SECRET"), 74);
  std::string lower = secret;
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  for (const std::string& text :
       {secret, lower, secret.substr(0, 40), std::string("AGE-PLUGIN-YUBIKEY-1QQQQ"),
        std::string("-----BEGIN OPENSSH PRIVATE KEY-----"), identity}) {
    const auto parsed = Parse(text);
    ASSERT_EQ(FailureOf(parsed), Code::kInvalid) << text;
    EXPECT_EQ(parsed.error().what, "a secret key, where a recipient (public key) is needed");
    EXPECT_NE(parsed.error().hint.find("secretfs keygen -y"), std::string::npos);
    EXPECT_EQ((parsed.error().Text() + parsed.error().hint).find("1PRDUAF3"), std::string::npos);
  }
}

TEST(ParseRecipient, SaysWhatIsWrong) {
  const auto what = [](std::string_view text) {
    return ParseRecipient(text, nullptr).error().what;
  };
  EXPECT_EQ(what(""), "not a recipient");
  EXPECT_EQ(what("alice"), "not a recipient");
  EXPECT_EQ(what(" " + std::string(kKey)), "not a recipient");
  EXPECT_EQ(what(std::string(kKey) + " "),
            "a damaged recipient: a character that bech32 does not allow");
  EXPECT_EQ(what("AGE1D4D00U949SKE2S8FPW9XAA0FLQMAGKDPZRTJ9DQ0CSNFTK3LFQ9SJTK585"),
            "a recipient in upper case");
  EXPECT_EQ(what("from=\"10.0.0.1\" ssh-ed25519 AAAA"),
            "there is something before the SSH public key");
}

TEST(ParseRecipient, OfAPluginNeedsPlugins) {
  for (const char* prefix : {"age1yubikey", "age1tag", "age1tagpq"}) {
    const auto parsed = ParseRecipient(crypto::EncodeBech32(prefix, Bytes(8)), nullptr);
    EXPECT_EQ(FailureOf(parsed), Code::kUnsupported) << prefix;
  }
}

TEST(ParseRecipient, RefusesAKeyOfAnotherSize) {
  // "age" with 31 and 33 bytes of zeros, and a hybrid one of 32.
  for (const auto& [prefix, size] : {std::pair{"age", 31}, {"age", 33}, {"age1pq", 32}}) {
    const std::string text = crypto::EncodeBech32(prefix, Bytes(static_cast<size_t>(size)));
    EXPECT_FALSE(ParseRecipient(text, nullptr)) << text;
  }
}

}  // namespace
}  // namespace secretfs::age
