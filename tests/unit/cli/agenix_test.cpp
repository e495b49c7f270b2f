#include "cli/agenix.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/rules.h"

namespace secretfs {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kExample = R"({
  "web/db.age": {"publicKeys": ["age1alice", "ssh-ed25519 AAAA root@web"]},
  "web/tls.age": {"publicKeys": ["ssh-ed25519 AAAA root@web", "age1alice"]},
  "armored.age": {"publicKeys": ["age1alice", "ssh-ed25519 AAAA root@web"], "armor": true},
  "odd [1]*.age": {"publicKeys": ["age1alice"], "armor": false, "other": 1}
})";

std::string Complaint(std::string_view json) {
  const auto files = ParseAgenix(json, "secrets.nix");
  return files ? "parsed" : files.error().Text();
}

Rules RulesOf(std::string_view json) {
  const std::string text = AgenixRules(ParseAgenix(json, "secrets.nix").value(), "secrets.nix");
  auto rules = LoadRules({"rules", "/repo", text});
  EXPECT_TRUE(rules) << (rules ? "" : rules.error().Text()) << "\n" << text;
  return *std::move(rules);
}

std::vector<std::string> RecipientsFor(const Rules& rules, std::string_view path) {
  std::vector<std::string> texts;
  const FileRule* rule = rules.Find(path);
  if (rule == nullptr) return texts;
  for (const RecipientSource& source : rule->recipients) texts.push_back(source.text);
  return texts;
}

TEST(AgenixRules, AreWordForWordAsShown) {
  EXPECT_EQ(AgenixRules(ParseAgenix(kExample, "secrets.nix").value(), "secrets.nix"),
            R"(# From agenix's secrets.nix, by `secretfs import agenix`. It is meant to stand beside
# that file, as secretfs.rules.yaml. Nix does not tell the names that keys had there.
recipients:
  key1: "age1alice"
  root@web: "ssh-ed25519 AAAA root@web"
  group1: [key1, root@web]
rules:
  - files:
      - "armored.age"
    recipients: group1
    armor: true
  - files:
      - "odd \\[1\\]\\*.age"
    recipients: [key1]
    armor: false
  - files:
      - "web/db.age"
      - "web/tls.age"
    recipients: group1
)");
}

TEST(AgenixRules, GiveEveryFileItsKeys) {
  const Rules rules = RulesOf(kExample);
  const auto both = ElementsAre("age1alice", "ssh-ed25519 AAAA root@web");
  EXPECT_THAT(RecipientsFor(rules, "web/db.age"), both);
  EXPECT_THAT(RecipientsFor(rules, "web/tls.age"), both);
  EXPECT_THAT(RecipientsFor(rules, "armored.age"), both);
  EXPECT_THAT(RecipientsFor(rules, "odd [1]*.age"), ElementsAre("age1alice"));
  EXPECT_EQ(rules.Find("odd 1x.age"), nullptr);
  EXPECT_EQ(rules.Find("armored.age")->armored, true);
  EXPECT_EQ(rules.Find("web/db.age")->armored, std::nullopt);
}

TEST(AgenixRules, NamesAreNeverTakenTwiceOrForSomethingElse) {
  const Rules rules = RulesOf(R"({"a": {"publicKeys": [
    "ssh-ed25519 AAAA me", "ssh-ed25519 BBBB me", "ssh-ed25519 CCCC true", "ssh-rsa DDDD 1 \"x\"",
    "ssh-rsa EEEE age1x", "ssh-rsa FFFF key1", "ssh-rsa GGGG a b: [c]", "age1x"]},
    "b": {"publicKeys": ["age1x", "ssh-rsa HHHH group1"]}, "c": {"publicKeys": ["age1x", "ssh-rsa HHHH group1"]}})");
  EXPECT_EQ(RecipientsFor(rules, "a").size(), 8U);
  EXPECT_THAT(RecipientsFor(rules, "b"), ElementsAre("age1x", "ssh-rsa HHHH group1"));
}

TEST(AgenixRules, OfNothingAreEmpty) {
  const Rules rules = RulesOf("{}");
  EXPECT_TRUE(rules.rules.empty());
}

TEST(AgenixSecrets, AreNamedAfterTheirFiles) {
  const auto files = ParseAgenix(kExample, "secrets.nix").value();
  const AgenixConfig config = AgenixSecrets(files, "/repo", "secrets.nix");
  EXPECT_THAT(config.text, HasSubstr("  \"web/db\": {age: \"/repo/web/db.age\"}\n"));
  EXPECT_TRUE(config.left_out.empty());
}

TEST(AgenixSecrets, LeaveOutWhatCannotBeAName) {
  const auto files =
      ParseAgenix(R"({"x": {"publicKeys": ["age1a"]}, "x.age": {"publicKeys": ["age1a"]},
                      ".hidden.age": {"publicKeys": ["age1a"]}})",
                  "secrets.nix")
          .value();
  const AgenixConfig config = AgenixSecrets(files, "/repo", "secrets.nix");
  EXPECT_THAT(config.left_out, ElementsAre(".hidden.age", "x.age"));
  EXPECT_THAT(config.text, Not(HasSubstr("hidden")));
}

TEST(ParseAgenix, SaysWhatIsWrongAndQuotesNoKey) {
  const auto of = [](const std::string& entry) { return Complaint("{\"a.age\": " + entry + "}"); };
  EXPECT_EQ(Complaint("["), "secrets.nix: does not give an attribute set of files");
  EXPECT_EQ(Complaint("[]"), "secrets.nix: does not give an attribute set of files");
  EXPECT_EQ(of("1"), "secrets.nix: 'a.age' is no attribute set");
  EXPECT_EQ(of("{}"), "secrets.nix: 'a.age' has no list 'publicKeys'");
  EXPECT_EQ(of(R"({"publicKeys": "age1x"})"), "secrets.nix: 'a.age' has no list 'publicKeys'");
  EXPECT_EQ(of(R"({"publicKeys": []})"),
            "secrets.nix: 'a.age' has no public key, so that nobody could open it");
  EXPECT_EQ(of(R"({"publicKeys": [1]})"), "secrets.nix: 'a.age' has a public key that is no text");
  EXPECT_EQ(of(R"({"publicKeys": ["AGE-SECRET-KEY-1"]})"),
            "secrets.nix: 'a.age' has a public key that is neither age1... nor ssh-...");
  EXPECT_EQ(of(R"({"publicKeys": ["age1x\nage1y"]})"),
            "secrets.nix: 'a.age' has a public key of several lines");
  EXPECT_EQ(of(R"({"publicKeys": ["age1x"], "armor": "yes"})"),
            "secrets.nix: 'a.age' has an 'armor' that is not true or false");
  EXPECT_EQ(Complaint(R"({"../x": {"publicKeys": ["age1x"]}})"),
            "secrets.nix: '../x' is not the path of a file below");
  EXPECT_EQ(Complaint(R"({"/x": {"publicKeys": ["age1x"]}})"),
            "secrets.nix: '/x' is not the path of a file below");
}

}  // namespace
}  // namespace secretfs
