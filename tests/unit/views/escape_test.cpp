#include "views/escape.h"

#include "tests/unit/views/view_testing.h"

namespace secretfs {
namespace {

std::string With(void (*append)(SecretBuilder&, ByteView), std::string_view text) {
  SecretBuilder out;
  append(out, AsBytes(text));
  const auto bytes = out.Finish();
  return bytes ? std::string(AsText(bytes->Expose())) : "failed";
}

TEST(Escape, PercentEncodesAllButUnreserved) {
  std::string every;
  for (int i = 0; i < 256; ++i) every += static_cast<char>(i);
  const std::string encoded = With(&AppendPercentEncoded, every);
  size_t bare = 0;
  for (size_t i = 0; i < encoded.size(); i += encoded[i] == '%' ? 3 : 1) {
    if (encoded[i] != '%') ++bare;
  }
  EXPECT_EQ(bare, 66U);  // RFC 3986: letters, digits and -._~
  EXPECT_EQ(With(&AppendPercentEncoded, "Az09-._~ /:@%\xff\n"), "Az09-._~%20%2F%3A%40%25%FF%0A");
}

TEST(Escape, Base64FollowsRfc4648Vectors) {
  EXPECT_EQ(With(&AppendBase64, ""), "");
  EXPECT_EQ(With(&AppendBase64, "f"), "Zg==");
  EXPECT_EQ(With(&AppendBase64, "fo"), "Zm8=");
  EXPECT_EQ(With(&AppendBase64, "foo"), "Zm9v");
  EXPECT_EQ(With(&AppendBase64, "foob"), "Zm9vYg==");
  EXPECT_EQ(With(&AppendBase64, "fooba"), "Zm9vYmE=");
  EXPECT_EQ(With(&AppendBase64, "foobar"), "Zm9vYmFy");
  EXPECT_EQ(With(&AppendBase64, "\xff\xef\xbe"), "/+++");
  EXPECT_EQ(With(&AppendBase64, std::string(120, '\0')), std::string(160, 'A'));
}

TEST(Escape, JsonKeepsUtf8AndEscapesTheRest) {
  EXPECT_EQ(With(&AppendJsonString, ""), R"("")");
  EXPECT_EQ(With(&AppendJsonString, "a\"b\\c/\n\r\t\b\x1f\x7f\xc3\xa9"),
            "\"a\\\"b\\\\c/\\n\\r\\t\\u0008\\u001f\\u007f\xc3\xa9\"");
  EXPECT_EQ(With(&AppendJsonString, std::string_view("\0", 1)), R"("\u0000")");
}

TEST(Escape, KnowsWellFormedUtf8) {
  for (const char* good : {"", "a", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf",
                           "\xee\x80\x80", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"}) {
    EXPECT_TRUE(IsUtf8(AsBytes(good)));
  }
  for (const char* bad :
       {"\x80", "\xc0\x80", "\xc1\xbf", "\xc2", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xe1\x80",
        "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "a\xc2z"}) {
    EXPECT_FALSE(IsUtf8(AsBytes(bad)));
  }
}

TEST(Escape, ShellWordKeepsEverythingInSingleQuotes) {
  EXPECT_EQ(With(&AppendShellWord, ""), "''");
  EXPECT_EQ(With(&AppendShellWord, "it's $HOME `x` \"y\" \\\n"), "'it'\\''s $HOME `x` \"y\" \\\n'");
}

TEST(Escape, NetrcWordIsBareWhereItCanBe) {
  EXPECT_EQ(With(&AppendNetrcWord, "ghp_abc#x=y'z"), "ghp_abc#x=y'z");
  EXPECT_EQ(With(&AppendNetrcWord, "#x"), "\"#x\"");
  EXPECT_EQ(With(&AppendNetrcWord, "a b"), "\"a b\"");
  EXPECT_EQ(With(&AppendNetrcWord, "a\"b\\"), "\"a\\\"b\\\\\"");
}

TEST(Escape, TrimsWhiteSpaceAtBothEndsOnly) {
  EXPECT_EQ(AsText(Trimmed(AsBytes(" \t\r\n\v\fa b\n\n"))), "a b");
  EXPECT_EQ(AsText(Trimmed(AsBytes(" \n"))), "");
  EXPECT_EQ(AsText(Trimmed(AsBytes("\xc2\xa0"))), "\xc2\xa0");
}

}  // namespace
}  // namespace secretfs
