#include "providers/token_json.h"

#include <gmock/gmock.h>

namespace secretfs {
namespace {

using testing::HasSubstr;
using testing::Not;

SecretBytes Secret(std::string_view text) {
  auto secret = SecretBytes::CopyOf(AsBytes(text));
  if (!secret) std::abort();
  return std::move(secret).value();
}

Result<TokenTable> Parse(std::string_view text) { return ParseTokenJson(Secret(text), "t.json"); }

std::string Text(const Token& token) { return std::string(AsText(token.value.Expose())); }

/// "t.json:1:2: what", or "none".
std::string FailureOf(std::string_view text) {
  const auto table = Parse(text);
  if (table) return "none";
  EXPECT_EQ(table.error().code, Code::kInvalid);
  EXPECT_THAT(table.error().Text() + table.error().hint, Not(HasSubstr("hunter2")));
  return table.error().Text();
}

TEST(TokenJson, ReadsBothForms) {
  const auto table = Parse(R"({
  "github.com": "ghp_1",
  "git.example:8443/org": {"kind": "gitlab-oauth", "user": "me", "token": "t2"},
  "codeberg.org": {"token": "t3"}
})");
  ASSERT_TRUE(table) << table.error().Text();
  ASSERT_EQ(table->size(), 3U);
  EXPECT_EQ((*table)[0].host, "github.com");
  EXPECT_EQ(Text((*table)[0]), "ghp_1");
  EXPECT_EQ((*table)[0].user, "");
  EXPECT_EQ((*table)[0].kind, TokenKind::kGeneric);
  EXPECT_EQ((*table)[1].host, "git.example:8443/org");
  EXPECT_EQ((*table)[1].user, "me");
  EXPECT_EQ((*table)[1].kind, TokenKind::kGitlabOauth);
  EXPECT_EQ(Text((*table)[1]), "t2");
  EXPECT_EQ(Text((*table)[2]), "t3");
}

TEST(TokenJson, ReadsAnEmptyTable) {
  const auto table = Parse(" {} \n");
  ASSERT_TRUE(table);
  EXPECT_TRUE(table->empty());
}

TEST(TokenJson, KeepsTokensThatSomeProgramCannotRead) {
  const auto table = Parse(R"({"h": "a\nb\u0000\"\u00e9"})");
  ASSERT_TRUE(table);
  EXPECT_EQ(Text(table->front()), std::string("a\nb\0\"\xc3\xa9", 7));
}

TEST(TokenJson, KnowsEveryKind) {
  for (const std::string& name : TokenKindNames()) {
    const auto table = Parse(R"({"h": {"token": "t", "kind": ")" + name + "\"}}");
    ASSERT_TRUE(table) << name;
    EXPECT_EQ(TokenKindName(table->front().kind), name);
  }
  EXPECT_EQ(TokenKindNames().size(), 9U);
}

TEST(TokenJson, SaysWhereItIsNotJson) {
  EXPECT_EQ(FailureOf(""), "t.json:1:1: the text ends too early for JSON");
  EXPECT_EQ(FailureOf("{\n  \"a\": \"hunter2\""), "t.json:2:17: the text ends too early for JSON");
  EXPECT_EQ(FailureOf("{\n  \"a\": \"hunter2\",\n}"), "t.json:3:1: this is not JSON");
  EXPECT_EQ(FailureOf("{\"a\": hunter2}"), "t.json:1:7: this is not JSON");
  EXPECT_EQ(FailureOf("{\"a\": \"x\"} hunter2"), "t.json:1:12: this is not JSON");
  EXPECT_EQ(FailureOf("{\"a\": \"x\"}{}"), "t.json:1:11: this is not JSON");
  EXPECT_EQ(FailureOf("{\"a\": \"hunter2\n\"}"), "t.json:1:15: this is not JSON");
  EXPECT_EQ(FailureOf("{\"a\": \"hunter2\xff\"}"), "t.json:1:15: this is not JSON");
  EXPECT_EQ(FailureOf("// x\n{}"), "t.json:1:1: this is not JSON");
  EXPECT_EQ(FailureOf("{\"a\": \"\\ud800hunter2\"}"), "t.json:1:14: this is not JSON");
}

TEST(TokenJson, SaysWhereATypeIsWrong) {
  EXPECT_EQ(FailureOf("[\"hunter2\"]"),
            "t.json:1:1: an array where an object of hosts is expected");
  EXPECT_EQ(FailureOf(" \"hunter2\""), "t.json:1:2: a string where an object of hosts is expected");
  EXPECT_EQ(FailureOf("12"), "t.json:1:1: a number where an object of hosts is expected");
  EXPECT_EQ(FailureOf("{\"a\": -12.5e3}"),
            "t.json:1:7: a number where a token or an object is expected");
  EXPECT_EQ(FailureOf("{\"a\": 12 }"),
            "t.json:1:7: a number where a token or an object is expected");
  EXPECT_EQ(FailureOf("{\"a\":\n null}"),
            "t.json:2:2: null where a token or an object is expected");
  EXPECT_EQ(FailureOf("{\"a\": [\"x\"]}"),
            "t.json:1:7: an array where a token or an object is expected");
  EXPECT_EQ(FailureOf("{\"a\": {\"token\": true}}"),
            "t.json:1:17: true or false where a string is expected");
  EXPECT_EQ(FailureOf("{\"a\": {\"token\": {}}}"),
            "t.json:1:17: an object where a string is expected");
}

TEST(TokenJson, RefusesWhatIsThereTwice) {
  EXPECT_EQ(FailureOf("{\"a\": \"x\",\n \"a\": \"y\"}"), "t.json:2:2: a second token for 'a'");
  EXPECT_EQ(FailureOf(R"({"a": {"user": "x", "user": "y"}})"), "t.json:1:21: a second 'user'");
  EXPECT_EQ(FailureOf(R"({"\u0061\"": "x", "a\"": "y"})"), "t.json:1:19: a second token for 'a\"'");
}

TEST(TokenJson, RefusesWhatIsEmptyOrAbsent) {
  EXPECT_EQ(FailureOf(R"({"": "x"})"), "t.json:1:2: a host is empty");
  EXPECT_EQ(FailureOf(R"({"a": ""})"), "t.json:1:7: the token is empty");
  EXPECT_EQ(FailureOf(R"({"a": {"token": ""}})"), "t.json:1:17: the token is empty");
  EXPECT_EQ(FailureOf(R"({"a": {"token": "x", "user": ""}})"), "t.json:1:30: the user is empty");
  EXPECT_EQ(FailureOf(R"({"a": {}})"), "t.json:1:8: no 'token' for 'a'");
  EXPECT_EQ(FailureOf(R"({"a": {"user": "x"}})"), "t.json:1:19: no 'token' for 'a'");
}

TEST(TokenJson, SuggestsAKey) {
  const auto table = Parse(R"({"a": {"tokn": "hunter2"}})");
  ASSERT_FALSE(table);
  EXPECT_EQ(table.error().Text(), "t.json:1:8: unknown key");
  EXPECT_EQ(table.error().hint, "did you mean 'token'? known: token, user, kind");
}

TEST(TokenJson, SuggestsAKind) {
  const auto table = Parse(R"({"a": {"kind": "gitlab-pad", "token": "hunter2"}})");
  ASSERT_FALSE(table);
  EXPECT_EQ(table.error().Text(), "t.json:1:16: unknown kind");
  EXPECT_THAT(table.error().hint, HasSubstr("did you mean 'gitlab-pat'?"));
}

TEST(TokenJson, QuotesNoTokenThatStandsInTheWrongPlace) {
  FailureOf(R"({"a": {"hunter2": "x"}})");
  FailureOf(R"({"a": {"kind": "hunter2"}})");
}

TEST(TokenJson, BoundsTheHosts) {
  std::string text = "{";
  for (int i = 0; i < 10000; ++i) text += "\"h" + std::to_string(i) + "\": \"t\", ";
  const auto over = Parse(text + "\"one-more\": \"t\"}");
  ASSERT_FALSE(over);
  EXPECT_EQ(over.error().code, Code::kTooLarge);
  text.resize(text.size() - 2);
  EXPECT_TRUE(Parse(text + "}"));
}

TEST(TokenJson, IsNotStoppedByDepth) {
  EXPECT_NE(FailureOf("{\"a\": " + std::string(100000, '[')), "none");
  EXPECT_NE(FailureOf(std::string(100000, '{')), "none");
}

TEST(TokenJson, PrintsTheShortFormWhereItCan) {
  const auto table = Parse(
      R"({"b":"t1","a":{"kind":"github","token":"t2"},"c":{"token":"t\"3\n","user":"me","kind":"generic"}})");
  ASSERT_TRUE(table);
  const auto text = PrintTokenJson(*table);
  ASSERT_TRUE(text);
  EXPECT_EQ(AsText(text->Expose()), R"({
  "b": "t1",
  "a": {
    "token": "t2",
    "kind": "github"
  },
  "c": {
    "token": "t\"3\u000a",
    "user": "me"
  }
}
)");
}

TEST(TokenJson, PrintsAnEmptyTable) { EXPECT_EQ(AsText(PrintTokenJson({})->Expose()), "{}\n"); }

TEST(TokenJson, ReadsBackWhatItPrints) {
  std::string every;
  for (int i = 0; i < 128; ++i) every += static_cast<char>(i);
  TokenTable table;
  for (const char* host : {"b", "a", "\"\\\n"}) {
    Token token;
    token.host = host;
    token.user = every;
    token.kind = TokenKind::kGitlabJob;
    token.value = Secret(every + "\xf0\x9f\x94\x91");
    table.push_back(std::move(token));
  }
  const auto text = PrintTokenJson(table);
  ASSERT_TRUE(text);
  const auto again = ParseTokenJson(*text, "t.json");
  ASSERT_TRUE(again) << again.error().Text();
  ASSERT_EQ(again->size(), table.size());
  for (size_t i = 0; i < table.size(); ++i) {
    EXPECT_EQ((*again)[i].host, table[i].host);
    EXPECT_EQ((*again)[i].user, table[i].user);
    EXPECT_EQ((*again)[i].kind, table[i].kind);
    EXPECT_EQ(Text((*again)[i]), Text(table[i]));
  }
}

TEST(TokenJson, PrintsNothingThatItCouldNotRead) {
  for (const char* value : {"", "\xff"}) {
    TokenTable table(1);
    table[0].host = "h";
    table[0].value = Secret(value);
    EXPECT_FALSE(PrintTokenJson(table));
  }
}

}  // namespace
}  // namespace secretfs
