#include "core/rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace secretfs {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Result<Rules> Load(std::string_view text) { return LoadRules({"r.yaml", "/repo", text}); }

std::string Complaint(std::string_view text) {
  const auto loaded = Load(text);
  if (loaded) return "loaded";
  const Error& error = loaded.error();
  return error.Text() + (error.hint.empty() ? "" : " | " + error.hint);
}

/// The recipients of the first rule, files with an @.
std::vector<std::string> RecipientsOf(const Rules& rules) {
  std::vector<std::string> texts;
  for (const RecipientSource& source : rules.rules.at(0).recipients)
    texts.push_back(source.file.empty() ? source.text : "@" + source.file);
  return texts;
}

constexpr std::string_view kExample = R"(
recipients:
  alice: age1alice
  web: ssh-ed25519 AAAA root@web
  team: {file: team.txt}
  all: [alice, web, team, age1other]
rules:
  - files: "hosts/web/*.age"
    recipients: [alice, web]
    armor: true
  - files: ["**/*.age", "**/*.armored"]
    recipients: all
identities: [~/.ssh/id_ed25519, keys/me.txt, /etc/key]
)";

TEST(Rules, AreReadWithNamesFilledIn) {
  const auto rules = Load(kExample);
  ASSERT_TRUE(rules) << rules.error().Text();
  EXPECT_EQ(rules->folder, "/repo");
  ASSERT_EQ(rules->rules.size(), 2U);
  EXPECT_THAT(RecipientsOf(*rules), ElementsAre("age1alice", "ssh-ed25519 AAAA root@web"));
  EXPECT_EQ(rules->rules[0].recipients[1].place.Text(), "r.yaml:4:8");
  EXPECT_EQ(rules->rules[0].armored, true);
  EXPECT_EQ(rules->rules[1].armored, std::nullopt);
  EXPECT_THAT(rules->rules[1].globs, ElementsAre("**/*.age", "**/*.armored"));
  EXPECT_EQ(rules->rules[1].recipients.size(), 4U);
  EXPECT_EQ(rules->rules[1].recipients[2].file, "/repo/team.txt");
  EXPECT_EQ(rules->rules[1].place.Text(), "r.yaml:11:5");
  EXPECT_THAT(rules->identities, ElementsAre("~/.ssh/id_ed25519", "/repo/keys/me.txt", "/etc/key"));
}

TEST(Rules, TheFirstThatFitsIsTheOne) {
  const auto rules = Load(kExample);
  EXPECT_EQ(rules->Find("hosts/web/db.age"), rules->rules.data());
  EXPECT_EQ(rules->Find("hosts/mail/db.age"), &rules->rules[1]);
  EXPECT_EQ(rules->Find("db.armored"), &rules->rules[1]);
  EXPECT_EQ(rules->Find("db.txt"), nullptr);
}

TEST(Rules, ARecipientCountsOnce) {
  const auto rules = Load(
      "recipients: {a: [age1x, age1y], b: [a, age1x]}\n"
      "rules: [{files: x, recipients: [age1y, b, a]}]\n");
  ASSERT_TRUE(rules);
  EXPECT_THAT(RecipientsOf(*rules), ElementsAre("age1y", "age1x"));
}

TEST(Rules, ANameMayStandBeforeItsDeclaration) {
  const auto rules = Load(
      "rules: [{files: x, recipients: all}]\n"
      "recipients: {all: [alice], alice: age1x}\n");
  ASSERT_TRUE(rules);
  EXPECT_THAT(RecipientsOf(*rules), ElementsAre("age1x"));
}

TEST(Rules, MayBeFew) {
  const auto rules = Load("rules: []\n");
  ASSERT_TRUE(rules);
  EXPECT_THAT(rules->identities, IsEmpty());
  EXPECT_EQ(rules->Find("x"), nullptr);
}

struct Case {
  const char* fact;
  std::string text;
  std::string complaint;
};
void PrintTo(const Case& c, std::ostream* out) { *out << c.fact; }

class RulesError : public testing::TestWithParam<Case> {};

TEST_P(RulesError, SaysWhatWhereAndHow) {
  EXPECT_EQ(Complaint(GetParam().text), GetParam().complaint) << GetParam().text;
}

std::string Rule(const std::string& keys) { return "rules:\n  - {" + keys + "}\n"; }
std::string Names(const std::string& names) { return "recipients:\n  " + names + "\nrules: []\n"; }

const std::string kPattern =
    " | as in \"hosts/*.age\" or \"**/*.age\", below the folder of the rules file; give a list for "
    "alternatives, and a backslash before what is meant as it stands";
const std::string kRecipient =
    " | a recipient is age1... or an SSH public key; a name is declared in 'recipients'";
const std::string kRule = " | as in rules: [{files: \"*.age\", recipients: [alice]}]";
const std::string kNameForm =
    " | a name has up to 63 letters, digits and any of _ . @ -, and does not begin as a key does";

INSTANTIATE_TEST_SUITE_P(
    All, RulesError,
    testing::Values(
        Case{"UnknownSection", "rule: []\n",
             "r.yaml:1:1: unknown key 'rule' | did you mean 'rules'? known: recipients, rules, "
             "identities"},
        Case{"DuplicateSection", "rules: []\nrules: []\n",
             "r.yaml:2:1: 'rules' stands here twice | first at r.yaml:1:1"},
        Case{"DuplicateName", Names("a: age1x\n  a: age1y"),
             "r.yaml:3:3: 'a' stands here twice | first at r.yaml:2:3"},
        Case{"NotAMapping", "- x\n",
             "r.yaml:1:1: the rules file must be a mapping of keys to values"},
        Case{"NoRules", "recipients: {}\n", "r.yaml:1:1: 'rules' is missing" + kRule},
        Case{"RulesNoList", "rules: {files: x}\n", "r.yaml:1:8: 'rules' must be a list" + kRule},
        Case{"RuleNoMapping", "rules: [x]\n",
             "r.yaml:1:9: a rule must be a mapping of keys to values"},
        Case{"UnknownKeyOfARule", Rule("files: x, recipient: age1x"),
             "r.yaml:2:16: unknown key 'recipient' | did you mean 'recipients'? known: files, "
             "recipients, armor"},
        Case{"NoFiles", Rule("recipients: age1x"), "r.yaml:2:5: the rule has no 'files'" + kRule},
        Case{"EmptyFiles", Rule("files: [], recipients: age1x"), "r.yaml:2:13: 'files' is empty"},
        Case{"FilesOfFiles", Rule("files: [[x]], recipients: age1x"),
             "r.yaml:2:14: a pattern must be plain text"},
        Case{"FilesNoText", Rule("files: {x: y}, recipients: age1x"),
             "r.yaml:2:13: 'files' must be plain text"},
        Case{"BadPattern", Rule("files: /x, recipients: age1x"),
             "r.yaml:2:13: pattern '/x' begins with a slash" + kPattern},
        Case{"NoRecipients", Rule("files: x"), "r.yaml:2:5: the rule has no 'recipients'" + kRule},
        Case{"EmptyRecipients", Rule("files: x, recipients: []"),
             "r.yaml:2:28: 'recipients' is empty | what is encrypted to nobody, nobody can open"},
        Case{"NullRecipients", "rules:\n  - files: x\n    recipients:\n",
             "r.yaml:3:16: 'recipients' is empty" + kRecipient},
        Case{"ListInAList", Rule("files: x, recipients: [[age1x]]"),
             "r.yaml:2:29: a list of recipients stands in another"},
        Case{"BadArmor", Rule("files: x, recipients: age1x, armor: yes"),
             "r.yaml:2:42: 'armor' must be true or false"},
        Case{"QuotedArmor", Rule("files: x, recipients: age1x, armor: \"true\""),
             "r.yaml:2:42: 'armor' must be true or false"},
        Case{"UnknownName", "recipients: {alice: age1x}\nrules: [{files: x, recipients: alcie}]\n",
             "r.yaml:2:32: unknown recipient 'alcie' | did you mean 'alice'? declared: alice"},
        Case{"UnknownNameInAGroup", Names("all: [bob]"),
             "r.yaml:2:9: unknown recipient 'bob' | declared: all"},
        Case{"EmptyGroup", Names("all: []"),
             "r.yaml:2:8: 'all' is empty | what is encrypted to nobody, nobody can open"},
        Case{"UnknownKeyOfAFile", Names("all: {path: x}"),
             "r.yaml:2:9: unknown key 'path' | known: file"},
        Case{"FileWithoutPath", Names("all: {}"), "r.yaml:2:8: 'file' is missing"},
        Case{"NamesLeadInACircle", Names("a: b\n  b: [c]\n  c: [age1x, a]"),
             "r.yaml:4:14: 'a' leads back to itself"},
        Case{"ANameThatLooksLikeAKey", Names("age1x: age1x"),
             "r.yaml:2:3: is not a name for recipients" + kNameForm},
        Case{"ANameWithABlank", Names("a b: age1x"),
             "r.yaml:2:3: is not a name for recipients" + kNameForm},
        Case{"ASecretKeyIsNotQuoted", Names("me: AGE-SECRET-KEY-1QQQQ"),
             "r.yaml:2:7: is neither a recipient nor a name" + kRecipient},
        Case{"ALongWordIsNotQuoted", Names("me: " + std::string(64, 'Q')),
             "r.yaml:2:7: is neither a recipient nor a name" + kRecipient},
        Case{"IdentitiesNoList", "rules: []\nidentities: x\n",
             "r.yaml:2:13: 'identities' must be a list of files | as in identities: "
             "[~/.ssh/id_ed25519]"},
        Case{"EmptyIdentity", "rules: []\nidentities: [\"\"]\n",
             "r.yaml:2:14: an identity is empty"}),
    [](const auto& test) { return std::string(test.param.fact); });

TEST(Rules, NamesCannotMultiplyASmallText) {
  std::string text = "recipients:\n  a0: [";
  for (int i = 0; i < 900; ++i) text += "age1x" + std::to_string(i) + ",";
  text += "]\n";
  for (int i = 1; i < 500; ++i) text += "  a" + std::to_string(i) + ": a0\n";
  EXPECT_THAT(Complaint(text + "rules: []\n"),
              testing::HasSubstr("too many recipients once names are filled in"));
}

TEST(Rules, NamesLeadNotTooDeeply) {
  std::string text = "recipients:\n  z: age1x\n";
  for (int i = 0; i < 100'000; ++i)
    text += "  a" + std::to_string(i) + ": a" + std::to_string(i + 1) + "\n";
  EXPECT_THAT(Complaint(text + "rules: []\n"),
              testing::HasSubstr("names lead to names too deeply"));
}

}  // namespace
}  // namespace secretfs
