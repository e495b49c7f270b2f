#include "remote/op_reference.h"

#include <gtest/gtest.h>

#include <string>

namespace secretfs::remote {
namespace {

TEST(OpReference, HasThreeOrFourParts) {
  const auto three = ParseOpReference("op://My vault/item.x-1/field_2 ");
  ASSERT_TRUE(three) << three.error().Text();
  EXPECT_EQ(three->vault, "My vault");
  EXPECT_EQ(three->item, "item.x-1");
  EXPECT_EQ(three->section, "");
  EXPECT_EQ(three->field, "field_2 ");
  EXPECT_EQ(three->attribute, "");
  EXPECT_FALSE(three->openssh);
  EXPECT_EQ(OpFieldName(*three), "field_2 ");
  const auto four = ParseOpReference("op://v/i/s/f");
  ASSERT_TRUE(four);
  EXPECT_EQ(four->section, "s");
  EXPECT_EQ(four->field, "f");
  EXPECT_EQ(OpFieldName(*four), "s/f");
}

TEST(OpReference, TakesAnyCharacterAsPercentAndTwoDigits) {
  const auto ref = ParseOpReference("op://v%2fx/100%25/%C3%a9%F0%9F%94%91/a%20b");
  ASSERT_TRUE(ref) << ref.error().Text();
  EXPECT_EQ(ref->vault, "v/x");
  EXPECT_EQ(ref->item, "100%");
  EXPECT_EQ(ref->section, "\xc3\xa9\xf0\x9f\x94\x91");
  EXPECT_EQ(ref->field, "a b");
}

TEST(OpReference, RejectsWhatTheOfficialParserRejects) {
  for (const char* text : {"",
                           "op://",
                           "op://v",
                           "op://v/i",
                           "op://v/i/s/f/x",
                           "OP://v/i/f",
                           " op://v/i/f",
                           "op:// v/i/f",
                           "op://v/i/f?",
                           "op://v/i/f?attribute",
                           "op://v/i/f?attribute=",
                           "op://v/i/f?attribute=OTP",
                           "op://v/i/f?Attribute=otp",
                           "op://v/i/f?attribute=pem",
                           "op://v/i/f?ssh-format=pem",
                           "op://v/i/f?x=otp",
                           "op://v/i/f?attribute=otp&attribute=otp",
                           "op://v/i/f?attribute=otp?attribute=otp",
                           "op://v/i/f+",
                           "op://v/i/f@",
                           "op://v/i/a:b",
                           "op://v/i/f#",
                           "op://v/i/f&",
                           "op://v/i/f=",
                           "op://v/i/(f)",
                           "op://v/i/'f'",
                           "op://v/i/\"f",
                           "op://v/i/a,b",
                           "op://v/i/*",
                           "op://v/i/a\tb",
                           "op://v/i/f\n",
                           "op://v/i/\xc3\xa9",
                           "v/i/f",
                           "op:/v/i/f"}) {
    const auto ref = ParseOpReference(text);
    ASSERT_FALSE(ref) << text;
    EXPECT_EQ(ref.error().code, Code::kInvalid);
  }
}

TEST(OpReference, RejectsEmptyPartsAndBrokenEscapes) {
  for (const char* text : {"op://v//f", "op:///i/f", "op://v/i/", "op://v/i//f", "op://v/i/s/",
                           "op://v/i/f%", "op://v/i/f%2", "op://v/i/f%2g", "op://v/i/f%00",
                           "op://v/i/f%0a", "op://v/i/f%7f", "op://v/%20i/f"}) {
    const auto ref = ParseOpReference(text);
    ASSERT_FALSE(ref) << text;
    EXPECT_FALSE(ref.error().hint.empty()) << text;
  }
  EXPECT_FALSE(ParseOpReference("op://v/i/" + std::string(1100, 'f')));
}

TEST(OpReference, HasOneQuery) {
  for (const char* name :
       {"type", "value", "id", "purpose", "otp", "title", "content", "size", "name"}) {
    const auto ref = ParseOpReference("op://v/i/f?attribute=" + std::string(name));
    ASSERT_TRUE(ref) << name;
    EXPECT_EQ(ref->attribute, name);
    EXPECT_EQ(IsOneTimePassword(*ref), std::string(name) == "otp");
  }
  EXPECT_EQ(ParseOpReference("op://v/i/f?attribute=totp")->attribute, "otp");
  EXPECT_TRUE(ParseOpReference("op://v/i/f?ssh-format=openssh")->openssh);
  EXPECT_EQ(ParseOpReference("op://v/i/f?attribute=vlaue").error().hint.substr(0, 22),
            "did you mean 'value'? ");
}

TEST(OpReference, NamesItsItemAsADocument) {
  const auto ref = ParseOpReference("op://a%2Fb/c d%25/f");
  ASSERT_TRUE(ref);
  const std::string document = OpDocument(*ref);
  EXPECT_EQ(document, "a%2Fb/c%20d%25");
  const auto name = ParseOpDocument(document);
  ASSERT_TRUE(name);
  EXPECT_EQ(name->vault, "a/b");
  EXPECT_EQ(name->item, "c d%");
  EXPECT_FALSE(ParseOpDocument("a"));
  EXPECT_FALSE(ParseOpDocument("a/b/c"));
  EXPECT_FALSE(ParseOpDocument("/b"));
}

TEST(OpReference, KnowsWhatLooksLikeAnId) {
  EXPECT_TRUE(LooksLikeOpId("abcdefghijklmnopqrstuvwx12"));
  EXPECT_FALSE(LooksLikeOpId("abcdefghijklmnopqrstuvwx1"));
  EXPECT_FALSE(LooksLikeOpId("Abcdefghijklmnopqrstuvwx12"));
  EXPECT_TRUE(EqualsIgnoringCase("aB1\xc3\xa9", "Ab1\xc3\xa9"));
  EXPECT_FALSE(EqualsIgnoringCase("a", "ab"));
}

}  // namespace
}  // namespace secretfs::remote
