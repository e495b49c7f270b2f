#include "remote/secret_json.h"

#include <gtest/gtest.h>

#include <string>

#include "base/secret_heap.h"
#include "tests/testkit/lockable_memory.h"

namespace secretfs::remote {
namespace {

Result<SecretJson> Parse(std::string_view text) { return ParseSecretJson(AsBytes(text), "store"); }

TEST(SecretJson, GivesMembersByNameAndType) {
  const auto json = Parse(R"({"a":"x\u00e4","o":{"n":1},"l":[1,2],"null":null})");
  ASSERT_TRUE(json) << json.error().Text();
  EXPECT_EQ(*TextAt(*json, "a"), "x\u00e4");
  EXPECT_EQ(TextOr(*json, "a"), "x\u00e4");
  EXPECT_EQ((*ListAt(*json, "l"))->size(), 2U);
  EXPECT_NE(FindMember(**ObjectAt(*json, "o"), "n"), nullptr);
}

TEST(SecretJson, NamesTheMemberThatIsMissingOrOfAnotherType) {
  const auto json = Parse(R"({"a":1,"null":null})");
  ASSERT_TRUE(json);
  for (const char* name : {"a", "b", "null"}) {
    const auto text = TextAt(*json, name);
    ASSERT_FALSE(text);
    EXPECT_EQ(text.error().code, Code::kIo);
    EXPECT_NE(text.error().what.find("'" + std::string(name) + "'"), std::string::npos);
    EXPECT_FALSE(ListAt(*json, name));
    EXPECT_FALSE(ObjectAt(*json, name));
    EXPECT_EQ(TextOr(*json, name), "");
  }
  EXPECT_EQ(FindMember(*FindMember(*json, "a"), "x"), nullptr);
}

TEST(SecretJson, ReportsTheOffsetAndNeverTheText) {
  const auto json = Parse(R"({"hush": "hushhush)");
  ASSERT_FALSE(json);
  EXPECT_EQ(json.error().code, Code::kIo);
  EXPECT_EQ(json.error().where, "store");
  EXPECT_EQ(json.error().Text().find("hush"), std::string::npos);
  EXPECT_NE(json.error().what.find("byte 18"), std::string::npos) << json.error().what;
  EXPECT_NE(Parse("nope").error().what.find("byte 1"), std::string::npos);
  EXPECT_NE(Parse("").error().what.find("byte 0"), std::string::npos);
  EXPECT_FALSE(Parse("\"\xff\""));
  EXPECT_FALSE(Parse("{} {}"));
}

TEST(SecretJson, IsBoundInDepthAndSize) {
  EXPECT_TRUE(Parse(std::string(kMaxJsonDepth, '[') + std::string(kMaxJsonDepth, ']')));
  const auto deep = Parse(std::string(kMaxJsonDepth + 1, '['));
  ASSERT_FALSE(deep);
  EXPECT_NE(deep.error().what.find("deeply"), std::string::npos);
  const auto large = Parse(std::string(kMaxJsonBytes + 1, ' '));
  ASSERT_FALSE(large);
  EXPECT_EQ(large.error().code, Code::kTooLarge);
}

TEST(SecretJson, LivesInSecretMemoryAndLeavesNoneBehind) {
  const auto before = secret_heap::GetStats().blocks;
  {
    const auto json = Parse(R"({"name":"short","other":["a text that is longer than most"]})");
    ASSERT_TRUE(json);
    EXPECT_GE(secret_heap::GetStats().blocks, before + 6);
  }
  EXPECT_EQ(secret_heap::GetStats().blocks, before);
}

TEST(SecretJson, WithoutLockableMemoryIsAnError) {
  std::string text = "[";
  for (int i = 0; i < 20000; ++i) text += "\"a text that is longer than most are\",";
  text += "0]";
  testkit::WithoutLockableMemory([&] {
    const auto json = Parse(text);
    ASSERT_FALSE(json);
    EXPECT_EQ(json.error().code, Code::kResource);
  });
}

TEST(SecretJson, TextOfAValueIsItsJsonUnlessItIsAText) {
  const auto json = Parse(R"([ "a\nb", 12, true, {"a": [1, null]}, 1.5 ])");
  ASSERT_TRUE(json);
  const char* const expected[] = {"a\nb", "12", "true", R"({"a":[1,null]})", "1.5"};
  for (size_t i = 0; i < json->size(); ++i) {
    EXPECT_EQ(AsText(JsonText((*json)[i])->Expose()), expected[i]);
  }
}

}  // namespace
}  // namespace secretfs::remote
