#include "crypto/identity_file.h"

#include "tests/unit/crypto/fixtures.h"

namespace secretfs::age {
namespace {

// From the published test vectors.
constexpr std::string_view kKey =
    "AGE-SECRET-KEY-1EGTZVFFV20835NWYV6270LXYVK2VKNX2MMDKWYKLMGR48UAWX40Q2P2LM0";

Result<std::vector<IdentityPtr>> Parse(const std::string& text) {
  auto parsed = ParseIdentityFile(Secret(text), "keys.txt", {});
  if (!parsed) return std::move(parsed).error();
  return std::move(parsed->identities);
}

std::string Verdict(const std::string& text) {
  const auto parsed = ParseIdentityFile(Secret(text), "keys.txt", {});
  if (!parsed) return parsed.error().Text();
  std::string verdict = std::to_string(parsed->identities.size()) + " identities";
  for (const Error& problem : parsed->problems) verdict += "; " + problem.Text();
  return verdict;
}

std::string Key() { return std::string(kKey); }

TEST(IdentityFile, GivesTheKeyOfAgeKeygen) {
  const std::string text = Fixture("x25519.txt");
  const auto identities = Parse(text).value();
  ASSERT_EQ(identities.size(), 1U);
  const std::string recipient = identities[0]->Describe().substr(7);
  EXPECT_NE(text.find("# public key: " + recipient + "\n"), std::string::npos);
}

TEST(IdentityFile, TakesSeveralKeysCommentsAndCrLf) {
  EXPECT_EQ(Verdict(Key()), "1 identities");
  EXPECT_EQ(Verdict("# comment\n\n" + Key() + "\n\n#\n" + Key() + "\n"), "2 identities");
  EXPECT_EQ(Verdict("# comment\r\n\r\n" + Key() + "\r\n" + Key() + "\r\n"), "2 identities");
}

TEST(IdentityFile, TakesPostQuantumKeysBesideOthers) {
  const auto identities = Parse(Fixture("hybrid.txt") + Key() + "\n").value();
  ASSERT_EQ(identities.size(), 2U);
  EXPECT_TRUE(identities[0]->Describe().starts_with("mlkem768x25519"));
  EXPECT_TRUE(identities[1]->Describe().starts_with("X25519"));
}

TEST(IdentityFile, TakesOneSshKey) {
  EXPECT_EQ(Verdict(Fixture("ssh_ed25519")), "1 identities");
  EXPECT_EQ(Verdict(Fixture("ssh_rsa")), "1 identities");
  EXPECT_EQ(Verdict(Fixture("ssh_ed25519_encrypted")), "1 identities");
}

TEST(IdentityFile, KeepsTheGoodLinesBesideBadOnes) {
  EXPECT_EQ(Verdict("# comment\n" + Key() + "\nsome text\n" + Key() + "\n"),
            "2 identities; keys.txt:3: not an identity");
  EXPECT_EQ(Verdict(Key() + "\n" + Fixture("ssh_ed25519")),
            "1 identities; keys.txt:2: a private key in PEM form among other lines");
}

TEST(IdentityFile, NamesTheLineThatIsWrong) {
  EXPECT_EQ(Verdict("# comment\nsome text\n"), "keys.txt:2: not an identity");
  EXPECT_EQ(Verdict("\n " + Key()), "keys.txt:2: white space around the line");
  EXPECT_EQ(Verdict(Key() + "\t"), "keys.txt:1: white space around the line");
  EXPECT_EQ(Verdict(Key() + "\r\r\n"),
            "keys.txt:1: a damaged identity: a character that bech32 does not allow");
  EXPECT_EQ(Verdict("age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"),
            "keys.txt:1: a recipient (public key), not an identity");
}

TEST(IdentityFile, RejectsDamagedKeys) {
  std::string wrong = Key();
  wrong.back() = '9';
  EXPECT_EQ(Verdict(wrong), "keys.txt:1: a damaged identity: the checksum is wrong");
  EXPECT_EQ(Verdict(Key().substr(0, 40)), "keys.txt:1: a damaged identity: the checksum is wrong");
  wrong = Key();
  wrong[20] = 'q';
  EXPECT_EQ(Verdict(wrong), "keys.txt:1: a damaged identity: upper and lower case are mixed");
  std::transform(wrong.begin(), wrong.end(), wrong.begin(),
                 [](char c) { return static_cast<char>(std::tolower(c)); });
  EXPECT_EQ(Verdict(wrong), "keys.txt:1: not an identity");
}

TEST(IdentityFile, NeverQuotesTheFile) {
  const std::vector<std::string> lines{Key().substr(0, 70),
                                       Key() + " x",
                                       "hunter2-hunter2",
                                       "AGE-SECRET-KEY-1hunter2",
                                       "AGE-SECRET-KEY-PQ-1HUNTER2",
                                       "AGE-PLUGIN-HUNTER2-1QQQ",
                                       "-----BEGIN HUNTER2-----"};
  for (const std::string& line : lines) {
    const auto identities = Parse(line);
    ASSERT_FALSE(identities) << line;
    const std::string all = identities.error().Text() + identities.error().hint;
    EXPECT_EQ(all.find("hunter2"), std::string::npos) << all;
    EXPECT_EQ(all.find("HUNTER2"), std::string::npos) << all;
    EXPECT_EQ(all.find(kKey.substr(20, 10)), std::string::npos) << all;
  }
}

TEST(IdentityFile, SaysWhatItCannotUse) {
  EXPECT_EQ(Verdict("\nAGE-PLUGIN-YUBIKEY-1Q6KDSQVZX7WCZ6G0XQQ"),
            "keys.txt:2: an identity of an age plugin, and no folder of plugins is given");
  EXPECT_NE(Parse("AGE-PLUGIN-YUBIKEY-1Q6KDSQVZX7WCZ6G0XQQ").error().hint, "");
}

TEST(IdentityFile, RejectsAFileWithoutIdentities) {
  EXPECT_EQ(Verdict(""), "keys.txt: there is no identity in the file");
  EXPECT_EQ(Verdict("# nothing\n\n"), "keys.txt: there is no identity in the file");
}

TEST(IdentityFile, LimitsTheSize) {
  EXPECT_EQ(FailureOf(Parse(std::string((16U << 20U) + 1, '\n'))), Code::kTooLarge);
}

}  // namespace
}  // namespace secretfs::age
