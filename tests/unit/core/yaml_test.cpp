// The bounds of the parser: a text of a few lines must not cost gigabytes or minutes.
#include "core/yaml.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <functional>

#include "tests/unit/core/config_fixture.h"

namespace secretfs {
namespace {

using testing::HasSubstr;

Result<YamlNode> Parse(std::string_view text) { return ParseYaml(text, "f"); }
std::string Repeat(std::string_view part, size_t times) {
  std::string out;
  for (size_t i = 0; i < times; ++i) out += part;
  return out;
}
size_t Depth(const YamlNode& node) {
  size_t deepest = 0;
  for (const YamlNode& item : node.items) deepest = std::max(deepest, Depth(item));
  return deepest + 1;
}
size_t Size(const YamlNode& node) {
  size_t size = node.text.size() + 1;
  for (const YamlNode& item : node.items) size += Size(item);
  return size;
}
/// What the process ever had resident, in KiB.
long PeakKb() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

TEST(Yaml, RemembersWhereThingsStandAndHowTheyWereWritten) {
  const auto root = Parse("a: plain\n\"b\":\n  - 'single'\n  - \"double\"\n  - |\n    block\n");
  ASSERT_TRUE(root);
  ASSERT_EQ(root->items.size(), 4U);
  EXPECT_EQ(root->kind, YamlNode::Kind::kMap);
  const auto& list = root->items[3];
  EXPECT_TRUE(root->items[0].plain);
  EXPECT_TRUE(root->items[1].plain);
  EXPECT_FALSE(root->items[2].plain);
  for (const YamlNode& item : list.items) EXPECT_FALSE(item.plain) << item.text;
  EXPECT_EQ(root->items[1].line, 1U);
  EXPECT_EQ(root->items[1].column, 4U);
  EXPECT_EQ(list.items[1].line, 4U);
  EXPECT_EQ(list.items[1].column, 5U);
  EXPECT_EQ(list.items[2].text, "block\n");
}

TEST(Yaml, ColumnsCountCharacters) {
  const auto root = Parse("{\"\xc3\xa4\xc3\xb6\": x}");
  ASSERT_TRUE(root);
  EXPECT_EQ(root->items[1].column, 8U);
}

TEST(Yaml, AliasesAreCopies) {
  const auto root = Parse("[&a [x, y], *a, &a z, *a]");
  ASSERT_TRUE(root);
  EXPECT_EQ(root->items[1].items[1].text, "y");
  EXPECT_EQ(root->items[3].text, "z") << "an anchor may be used again";
}

TEST(Yaml, AnAnchorCannotHoldItself) {
  EXPECT_EQ(Parse("&a [*a]").error().what, "alias of an anchor that is not defined");
  EXPECT_EQ(Parse("a: &a {b: *a}").error().what, "alias of an anchor that is not defined");
}

TEST(Yaml, DepthIsBounded) {
  const auto nested = [](size_t depth) { return Repeat("[", depth) + Repeat("]", depth); };
  EXPECT_TRUE(Parse(nested(33)));
  const auto deep = Parse(nested(34));
  ASSERT_FALSE(deep);
  EXPECT_EQ(deep.error().code, Code::kTooLarge);
  EXPECT_EQ(deep.error().Text(), "f:1:34: nested too deeply");
}

TEST(Yaml, DepthIsBoundedForMillionsToo) {
  for (const char* part : {"[", "{a: ", "- ", "? ", "{? ", "[&a "}) {
    const auto deep = Parse(Repeat(part, size_t{1} << 20U));
    ASSERT_FALSE(deep) << part;
  }
}

TEST(Yaml, AliasesDoNotGoDeeperThanTheLimit) {
  std::string text = "- &a0 x\n";
  for (int i = 1; i <= 200; ++i) {
    text += "- &a" + std::to_string(i) + " " + Repeat("[", 20) + "*a" + std::to_string(i - 1) +
            Repeat("]", 20) + "\n";
  }
  const auto root = Parse(text);
  ASSERT_FALSE(root) << "depth " << Depth(*root);
  EXPECT_EQ(root.error().what, "nested too deeply");
  EXPECT_EQ(root.error().where.substr(0, 4), "f:3:") << "the second nesting is too deep already";
}

TEST(Yaml, ABillionLaughsAreRefused) {
  std::string text = "a: &a [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n";
  for (char c = 'b'; c <= 'i'; ++c) {
    const std::string before = std::string(" *") + static_cast<char>(c - 1);
    text += std::string(1, c) + ": &" + c + " [" + Repeat(before + ",", 8) + before + "]\n";
  }
  const auto root = Parse(text);
  ASSERT_FALSE(root);
  EXPECT_EQ(root.error().code, Code::kTooLarge);
  EXPECT_EQ(root.error().what, "too many values");
}

TEST(Yaml, AMillionAliasesOfALongTextAreRefused) {
  const long before = PeakKb();
  const std::string text = "[&a " + std::string(1'000'000, 'x') + Repeat(", *a", 900'000) + "]";
  const auto root = Parse(text);
  ASSERT_FALSE(root) << Size(*root);
  EXPECT_EQ(root.error().code, Code::kTooLarge);
  EXPECT_LT(PeakKb() - before, 400'000);
}

TEST(Yaml, NestedAnchorsDoNotMultiplyMemory) {
  // Each of thirty anchors would keep a copy of all that is inside it.
  const long before = PeakKb();
  std::string text;
  for (int i = 0; i < 30; ++i) text += "[&a" + std::to_string(i) + " ";
  const auto root = Parse(text + "[" + Repeat("x,", 900'000) + "]" + Repeat("]", 30));
  ASSERT_FALSE(root);
  EXPECT_EQ(root.error().code, Code::kTooLarge);
  EXPECT_LT(PeakKb() - before, 800'000);
}

TEST(Yaml, HonestAliasesAreCheap) {
  std::string text = "base: &base {owner: alice, group: staff}\nall:\n";
  for (int i = 0; i < 10'000; ++i) text += "  - *base\n";
  const auto root = Parse(text);
  ASSERT_TRUE(root) << root.error().Text();
  EXPECT_EQ(root->items[3].items.size(), 10'000U);
}

TEST(Yaml, SizeIsBounded) {
  const std::string limit(size_t{8} << 20U, ' ');
  EXPECT_TRUE(Parse(limit));
  const auto larger = Parse(limit + " ");
  ASSERT_FALSE(larger);
  EXPECT_EQ(larger.error().code, Code::kTooLarge);
  EXPECT_EQ(larger.error().Text(), "f: larger than 8 MiB");
}

TEST(Yaml, CountOfValuesIsBounded) {
  const auto many = ParseYaml("[a, a, a, a]", "f", {.bytes = 100, .nodes = 4, .depth = 4});
  ASSERT_FALSE(many);
  EXPECT_EQ(many.error().Text(), "f:1:11: too many values");
  EXPECT_TRUE(ParseYaml("[a, a, a]", "f", {.bytes = 100, .nodes = 4, .depth = 4}));
}

TEST(Yaml, MegabytesOfNoiseAreRefusedOrReadButNotStuckIn) {
  // Each of these is as large as a text may be; a quadratic step would take hours.
  for (const std::string_view part :
       {"a\n", "a: ", "\"",      "'",     "a: {",      "- a\n",    "#",     "!x ",
        "&a ", "*a ", "%",       "\n",    "\r",        "|\n ",     ">\n\n", ": ",
        ", ",  "{",   "}",       "? a\n", "a: a\n ",   "\xc3\xa4", "[a,",   "! ",
        "\\",  "`",   "--- a\n", "... ",  "&aaaaaaaa", "\"\\\n"}) {
    const auto root = Parse(Repeat(part, (size_t{2} << 20U) / part.size()));
    if (root) {
      EXPECT_LE(Depth(*root), 34U) << part;
    }
  }
}

TEST(Yaml, DirectivesAreFewOrRefused) {
  std::string text;
  for (int i = 0; i < 200'000; ++i) text += "%TAG !" + std::to_string(i) + "! x\n";
  const auto root = Parse(text + "--- a\n");
  EXPECT_FALSE(root);
}

TEST(Yaml, TheLoadersTextsTogetherAreBoundedOneByOne) {
  const std::string noise(size_t{10} << 20U, 'x');
  EXPECT_THAT(test::Complaint(noise), HasSubstr("larger than 8 MiB"));
}

}  // namespace
}  // namespace secretfs
