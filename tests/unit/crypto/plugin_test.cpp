#include "crypto/plugin.h"

#include <gmock/gmock.h>

#include "crypto/base64.h"
#include "crypto/bech32.h"
#include "crypto/plugin_conversation.h"
#include "crypto/plugin_name.h"
#include "tests/unit/crypto/fake_plugin.h"
#include "tests/unit/crypto/fixtures.h"

namespace secretfs::age {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr std::string_view kFileKey = "0123456789abcdef";

std::string Base64(std::string_view text) {
  return crypto::EncodeBase64(AsBytes(text), crypto::Padding::kNone);
}

/// One stanza: `line` without the arrow, and a body of less than 48 bytes.
std::string Says(const std::string& line, std::string_view body = {}) {
  return "-> " + line + "\n" + Base64(body) + "\n";
}

std::string Upper(std::string text) {
  std::ranges::transform(text, text.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  return text;
}

std::string IdentityLine(const std::string& name) {
  return Upper(crypto::EncodeBech32("age-plugin-" + name + "-", AsBytes("seed")));
}
std::string RecipientText(const std::string& name) {
  return crypto::EncodeBech32("age1" + name, AsBytes("point"));
}

std::vector<Stanza> TwoStanzas() {
  const ByteView body = AsBytes("wrapped");
  return {{"X25519", {"share"}, Bytes(body.begin(), body.end())},
          {"stub", {"a", "b"}, Bytes(48, std::byte{0})}};
}

std::shared_ptr<FakePluginHost> Host(std::string says, size_t bytes_at_once = 4096) {
  return std::make_shared<FakePluginHost>(std::move(says), bytes_at_once);
}

Result<SecretBytes> Unwrap(const std::shared_ptr<FakePluginHost>& host) {
  const auto identity = MakePluginIdentity(Secret(IdentityLine("stub")), host);
  EXPECT_TRUE(identity) << identity.error().Text();
  return (*identity)->Unwrap(TwoStanzas());
}
std::string UnwrapVerdict(const std::shared_ptr<FakePluginHost>& host) {
  const auto key = Unwrap(host);
  if (key) return "key " + std::string(AsText(key->Expose()));
  EXPECT_EQ(key.error().code, Code::kNoMatch);
  return key.error().what;
}
std::string UnwrapVerdict(const std::string& says) { return UnwrapVerdict(Host(says)); }

Result<Wrapped> Wrap(const std::shared_ptr<FakePluginHost>& host) {
  const auto recipient = MakePluginRecipient(RecipientText("stub"), host);
  EXPECT_TRUE(recipient) << recipient.error().Text();
  return (*recipient)->Wrap(Secret(kFileKey));
}
std::string WrapVerdict(const std::string& says) {
  const auto wrapped = Wrap(Host(says));
  return wrapped ? std::to_string(wrapped->stanzas.size()) + " stanzas" : wrapped.error().what;
}

// --- Names --------------------------------------------------------------------------------------

TEST(PluginName, ComesFromIdentityAndRecipient) {
  EXPECT_EQ(*PluginNameOfIdentity(AsBytes(IdentityLine("yubikey"))), "yubikey");
  EXPECT_EQ(*PluginNameOfIdentity(AsBytes(IdentityLine("fido2-hmac"))), "fido2-hmac");
  EXPECT_EQ(*PluginNameOfRecipient(RecipientText("se.v2+x_y")), "se.v2+x_y");
}

TEST(PluginName, LeadsOutOfNoFolder) {
  for (const std::string name :
       {"../x", "a/b", "/bin/sh", "..", ".hidden", "a..b", "a b", "a\\b", "a:b", "a~"}) {
    EXPECT_FALSE(IsPluginName(name)) << name;
    if (name.find(' ') != std::string::npos) continue;  // not bech32 either
    const auto identity = MakePluginIdentity(Secret(IdentityLine(name)), Host(""));
    ASSERT_FALSE(identity) << name;
    EXPECT_EQ(identity.error().code, Code::kInvalid);
    EXPECT_EQ(identity.error().what, "a damaged plugin identity: not the name of a plugin");
    const auto recipient = MakePluginRecipient(RecipientText(name), Host(""));
    ASSERT_FALSE(recipient) << name;
    EXPECT_EQ(recipient.error().what, "a damaged plugin recipient: not the name of a plugin");
  }
  EXPECT_FALSE(IsPluginName(""));
  EXPECT_FALSE(IsPluginName("Upper"));
  EXPECT_FALSE(IsPluginName(std::string(101, 'a')));
}

TEST(PluginName, ErrorsQuoteNothing) {
  std::string line = IdentityLine("stub");
  line.back() = line.back() == 'Q' ? 'P' : 'Q';
  const auto identity = MakePluginIdentity(Secret(line), Host(""));
  ASSERT_FALSE(identity);
  EXPECT_EQ(identity.error().Text(), "a damaged plugin identity: the checksum is wrong");
  EXPECT_FALSE(PluginNameOfIdentity(AsBytes(RecipientText("stub"))));
  EXPECT_FALSE(PluginNameOfRecipient(IdentityLine("stub")));
  EXPECT_FALSE(PluginNameOfRecipient(RecipientText("")));
}

// --- identity-v1 --------------------------------------------------------------------------------

TEST(PluginIdentity, SendsTheIdentityAndEveryStanza) {
  const auto host = Host(Says("file-key 0", kFileKey) + Says("done"));
  EXPECT_EQ(UnwrapVerdict(host), "key 0123456789abcdef");
  EXPECT_THAT(host->started, ElementsAre("stub identity-v1"));
  EXPECT_EQ(host->heard, "-> add-identity " + IdentityLine("stub") +
                             "\n\n"
                             "-> recipient-stanza 0 X25519 share\nd3JhcHBlZA\n"
                             "-> recipient-stanza 0 stub a b\n" +
                             std::string(64, 'A') +
                             "\n\n"
                             "-> done\n\n"
                             "-> ok\n\n");
}

TEST(PluginIdentity, ReadsWhatComesInPieces) {
  const std::string says = Says("msg", "hello") + Says("file-key 0", kFileKey) + Says("done");
  for (const size_t bytes : {1U, 2U, 3U, 7U, 64U}) {
    EXPECT_EQ(UnwrapVerdict(Host(says, bytes)), "key 0123456789abcdef") << bytes;
  }
}

TEST(PluginIdentity, ToleratesGrease) {
  const auto host = Host(Says("grease-7f3 1 2", "noise") + Says("file-key 0", kFileKey) +
                         Says("x-grease") + Says("done"));
  EXPECT_EQ(UnwrapVerdict(host), "key 0123456789abcdef");
  EXPECT_THAT(host->heard, testing::EndsWith("-> done\n\n-> unsupported\n\n-> ok\n\n"
                                             "-> unsupported\n\n"));
}

TEST(PluginIdentity, NoFileKeyIsNoMatch) {
  EXPECT_EQ(UnwrapVerdict(Says("done")), "age-plugin-stub: opens none of the file's stanzas");
}

TEST(PluginIdentity, AMissingPluginIsNoMatch) {
  const auto host = Host("");
  host->start_error = Error{Code::kNotFound, "not in /plugins", "", "install it"};
  const auto key = Unwrap(host);
  ASSERT_FALSE(key);
  EXPECT_EQ(key.error().code, Code::kNoMatch);
  EXPECT_EQ(key.error().what, "age-plugin-stub: not in /plugins");
  EXPECT_EQ(key.error().hint, "install it");
}

TEST(PluginIdentity, ATimeoutIsNoMatch) {
  const auto host = Host(Says("msg", "touch the key"));
  host->end_error = Error{Code::kTimeout, "takes longer than it may", "", ""};
  EXPECT_EQ(UnwrapVerdict(host), "age-plugin-stub: takes longer than it may");
}

TEST(PluginIdentity, LackOfMemoryIsNotThePluginsFault) {
  const auto host = Host("");
  host->end_error = Error{Code::kResource, "no more memory", "", ""};
  const auto key = Unwrap(host);
  ASSERT_FALSE(key);
  EXPECT_EQ(key.error().code, Code::kResource);
}

TEST(PluginIdentity, GivesThePluginsErrorFitToBeShown) {
  EXPECT_EQ(UnwrapVerdict(Says("error internal", "no\x1b[2J key")),
            "age-plugin-stub: no\\x1b[2J key");
  std::string lines;
  for (int i = 0; i < 20; ++i) lines += Base64(std::string(48, 'x')) + "\n";
  const std::string verdict = UnwrapVerdict("-> error stanza 0 1\n" + lines + "\n");
  EXPECT_EQ(verdict, "age-plugin-stub: " + std::string(400, 'x') + "...");
}

TEST(PluginIdentity, AnErrorAfterAFileKeyCounts) {
  EXPECT_EQ(UnwrapVerdict(Says("file-key 0", kFileKey) + Says("error internal", "oh")),
            "age-plugin-stub: oh");
}

TEST(PluginIdentity, RefusesFileKeysThatCannotBe) {
  EXPECT_EQ(UnwrapVerdict(Says("file-key 0", "0123456789abcde") + Says("done")),
            "age-plugin-stub: sent a file key that is not 16 bytes");
  EXPECT_EQ(UnwrapVerdict(Says("file-key 0", "") + Says("done")),
            "age-plugin-stub: sent a file key that is not 16 bytes");
  EXPECT_EQ(UnwrapVerdict(Says("file-key 1", kFileKey)),
            "age-plugin-stub: sent a file key for no file of ours");
  EXPECT_EQ(UnwrapVerdict(Says("file-key", kFileKey)),
            "age-plugin-stub: sent a file key for no file of ours");
  EXPECT_EQ(UnwrapVerdict(Says("file-key 0", kFileKey) + Says("file-key 0", kFileKey)),
            "age-plugin-stub: sent two file keys");
}

TEST(PluginIdentity, RefusesWhatIsNoStanza) {
  const std::string no_stanza = "age-plugin-stub: sent what is not a stanza";
  EXPECT_EQ(UnwrapVerdict("hello\n"), no_stanza);
  EXPECT_EQ(UnwrapVerdict("-> file-key  0\n\n"), no_stanza);
  EXPECT_EQ(UnwrapVerdict("-> file-key 0 \n\n"), no_stanza);
  EXPECT_EQ(UnwrapVerdict("-> done\r\n\r\n"), no_stanza);
  EXPECT_EQ(UnwrapVerdict("->\n\n"), no_stanza);
  const std::string no_body =
      "age-plugin-stub: sent a body line that is not canonical base64 of 64 columns";
  EXPECT_EQ(UnwrapVerdict("-> file-key 0\nMDEyMzQ1Njc4OWFiY2RlZg==\n"), no_body);
  EXPECT_EQ(UnwrapVerdict("-> file-key 0\nMDEyMzQ1Njc4OWFiY2RlZh\n"), no_body);
  EXPECT_EQ(UnwrapVerdict("-> file-key 0\n" + std::string(65, 'A') + "\n"), no_body);
  EXPECT_EQ(UnwrapVerdict("-> msg\n-> done\n\n"), no_body);
}

TEST(PluginIdentity, RefusesAnEarlyEnd) {
  EXPECT_EQ(UnwrapVerdict(""), "age-plugin-stub: ended without a word");
  const std::string early = "age-plugin-stub: ended in the middle of the conversation";
  EXPECT_EQ(UnwrapVerdict(Says("file-key 0", kFileKey)), early);
  EXPECT_EQ(UnwrapVerdict("-> done"), early);
  EXPECT_EQ(UnwrapVerdict("-> done\n"), early);
}

TEST(PluginIdentity, BoundsWhatAPluginSays) {
  EXPECT_EQ(UnwrapVerdict("-> " + std::string(20'000, 'x')),
            "age-plugin-stub: sent a line that is too long");
  EXPECT_EQ(UnwrapVerdict(std::string(20'000, 'x')),
            "age-plugin-stub: sent a line that is too long");
  std::string body = "-> msg\n";
  for (int i = 0; i < 2000; ++i) body += std::string(64, 'A') + "\n";
  EXPECT_EQ(UnwrapVerdict(body), "age-plugin-stub: sent a body that is too large");
  std::string many;
  while (many.size() <= 1'050'000) many += Says("grease");
  EXPECT_EQ(UnwrapVerdict(many), "age-plugin-stub: sent too much");
}

TEST(PluginIdentity, TakesAStanzaOfAHybridRecipientsSize) {
  EXPECT_EQ(UnwrapVerdict(Says("grease " + std::string(4000, 'x')) + Says("file-key 0", kFileKey) +
                          Says("done")),
            "key 0123456789abcdef");
}

// --- Questions ----------------------------------------------------------------------------------

TEST(PluginQuestions, TellsWhatThePluginTells) {
  const auto host = Host(Says("msg", "touch\a it\n") + Says("done"));
  (void)UnwrapVerdict(host);
  EXPECT_THAT(host->told, ElementsAre("stub: touch\\x07 it"));
  EXPECT_THAT(host->heard, testing::EndsWith("-> ok\n\n"));
}

TEST(PluginQuestions, GivesTheSecretOnce) {
  const auto host = Host(Says("request-secret", "PIN?") + Says("request-secret", "wrong, PIN?") +
                         Says("file-key 0", kFileKey) + Says("done"));
  host->secret = "123456";
  EXPECT_EQ(UnwrapVerdict(host), "key 0123456789abcdef");
  EXPECT_THAT(host->prompts, ElementsAre("PIN?"));
  EXPECT_THAT(host->heard, testing::EndsWith("-> ok\nMTIzNDU2\n-> fail\n\n-> ok\n\n"));
}

TEST(PluginQuestions, FailsThoseThatNobodyCanAnswer) {
  const auto host = Host(Says("request-secret", "PIN?") + Says("request-public", "serial?") +
                         Says("confirm eWVz bm8", "sure?") + Says("done"));
  (void)UnwrapVerdict(host);
  EXPECT_THAT(host->heard, testing::EndsWith("-> done\n\n-> fail\n\n-> fail\n\n-> fail\n\n"));
}

TEST(PluginQuestions, ASecretIsNoAnswerToAPublicQuestion) {
  const auto host = Host(Says("request-public", "serial?") + Says("done"));
  host->secret = "123456";
  (void)UnwrapVerdict(host);
  EXPECT_THAT(host->prompts, IsEmpty());
}

TEST(PluginQuestions, AWrongSecretIsNotGivenOverAndOver) {
  const auto host = Host(Says("request-secret", "PIN?") + Says("error internal", "wrong PIN"));
  host->secret = "000000";
  const auto identity = MakePluginIdentity(Secret(IdentityLine("stub")), host).value();
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(identity->Unwrap(TwoStanzas()));
  EXPECT_EQ(host->prompts.size(), 2U) << "a hardware key would be blocked";
  EXPECT_EQ(host->started.size(), 10U);
}

TEST(PluginQuestions, ASecretThatGaveNoFileKeyCountsAsWrong) {
  const auto host = Host(Says("request-secret", "PIN?") + Says("done"));
  host->secret = "123456";
  const auto identity = MakePluginIdentity(Secret(IdentityLine("stub")), host).value();
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(identity->Unwrap(TwoStanzas()));
  EXPECT_EQ(host->prompts.size(), 2U) << "a plugin may keep to itself that a PIN was wrong";
}

TEST(PluginQuestions, AllIdentitiesAndRecipientsOfAPluginCountTogether) {
  const auto host = Host(Says("request-secret", "PIN?") + Says("error internal", "wrong PIN"));
  host->secret = "000000";
  for (int i = 0; i < 5; ++i) {
    EXPECT_FALSE(Unwrap(host));  // of an identity of its own
    EXPECT_FALSE(Wrap(host));
  }
  EXPECT_EQ(host->prompts.size(), 2U);
}

TEST(PluginQuestions, ARightSecretMakesUpForWrongOnes) {
  const auto host =
      Host(Says("request-secret", "PIN?") + Says("file-key 0", kFileKey) + Says("done"));
  host->secret = "123456";
  host->known.in_vain = 1;
  EXPECT_TRUE(Unwrap(host));
  EXPECT_EQ(host->known.in_vain, 0U);
}

// --- recipient-v1 -------------------------------------------------------------------------------

TEST(PluginRecipient, SendsTheRecipientAndTheFileKey) {
  const auto host = Host(Says("labels postquantum b a") + Says("grease-x") +
                         Says("recipient-stanza 0 stub one two", "body") + Says("done"));
  const auto wrapped = Wrap(host);
  ASSERT_TRUE(wrapped) << wrapped.error().Text();
  EXPECT_EQ(host->heard, "-> add-recipient " + RecipientText("stub") + "\n\n-> wrap-file-key\n" +
                             Base64(kFileKey) +
                             "\n-> extension-labels\n\n-> done\n\n"
                             "-> ok\n\n-> unsupported\n\n-> ok\n\n");
  EXPECT_THAT(host->started, ElementsAre("stub recipient-v1"));
  ASSERT_EQ(wrapped->stanzas.size(), 1U);
  EXPECT_EQ(wrapped->stanzas[0].type, "stub");
  EXPECT_THAT(wrapped->stanzas[0].args, ElementsAre("one", "two"));
  EXPECT_EQ(AsText(wrapped->stanzas[0].body), "body");
  EXPECT_THAT(wrapped->labels, ElementsAre("a", "b", "postquantum"));
}

TEST(PluginRecipient, HasItsTextAndNoOther) {
  EXPECT_EQ(MakePluginRecipient(RecipientText("stub"), Host("")).value()->Text(),
            RecipientText("stub"));
}

TEST(PluginRecipient, RefusesWhatIsWrong) {
  const std::string stanza = Says("recipient-stanza 0 stub", "body");
  EXPECT_EQ(WrapVerdict(stanza + stanza + Says("done")), "2 stanzas");
  EXPECT_EQ(WrapVerdict(Says("done")), "age-plugin-stub: sent no stanza");
  EXPECT_EQ(WrapVerdict(Says("recipient-stanza 1 stub")),
            "age-plugin-stub: sent a stanza for no file of ours");
  EXPECT_EQ(WrapVerdict(Says("recipient-stanza 0")),
            "age-plugin-stub: sent a stanza for no file of ours");
  EXPECT_EQ(WrapVerdict(Says("labels a") + Says("labels a")), "age-plugin-stub: sent labels twice");
  EXPECT_EQ(WrapVerdict(stanza + Says("error recipient 0", "bad point")),
            "age-plugin-stub: bad point");
  EXPECT_EQ(WrapVerdict(stanza), "age-plugin-stub: ended in the middle of the conversation");
  std::string many;
  for (int i = 0; i < 65; ++i) many += stanza;
  EXPECT_EQ(WrapVerdict(many), "age-plugin-stub: sent too many stanzas");
}

TEST(PluginRecipient, KeepsTheClassOfAFailure) {
  const auto host = Host("");
  host->start_error = Error{Code::kNotFound, "not in /plugins", "", ""};
  const auto wrapped = Wrap(host);
  ASSERT_FALSE(wrapped);
  EXPECT_EQ(wrapped.error().code, Code::kNotFound);
}

TEST(PluginRecipient, OfAnIdentitySendsTheIdentity) {
  const auto host = Host(Says("recipient-stanza 0 stub", "body") + Says("done"));
  const auto identity = MakePluginIdentity(Secret(IdentityLine("stub")), host).value();
  const auto recipient = identity->ToRecipient().value();
  ASSERT_TRUE(recipient->Wrap(Secret(kFileKey)));
  EXPECT_THAT(host->heard, testing::StartsWith("-> add-identity " + IdentityLine("stub") + "\n"));
  EXPECT_THAT(recipient->Text(), testing::MatchesRegex("plugin stub [A-Za-z0-9+/]{12}"));
  EXPECT_THAT(identity->Describe(), Not(HasSubstr("AGE-PLUGIN")));
}

}  // namespace
}  // namespace secretfs::age
