#include "core/glob.h"

#include <gtest/gtest.h>

namespace secretfs {
namespace {

TEST(Glob, StarStaysWithinAFolder) {
  EXPECT_TRUE(GlobMatches("*.age", "a.age"));
  EXPECT_TRUE(GlobMatches("*.age", ".age"));
  EXPECT_TRUE(GlobMatches("*.age", ".hidden.age"));
  EXPECT_FALSE(GlobMatches("*.age", "a/b.age"));
  EXPECT_FALSE(GlobMatches("*.age", "a.age.bak"));
  EXPECT_TRUE(GlobMatches("hosts/*/db.age", "hosts/web/db.age"));
  EXPECT_FALSE(GlobMatches("hosts/*/db.age", "hosts/db.age"));
  EXPECT_FALSE(GlobMatches("hosts/*/db.age", "hosts/a/b/db.age"));
  EXPECT_FALSE(GlobMatches("*", "a/b"));
}

TEST(Glob, ManyStarsFindTheirPlaces) {
  EXPECT_TRUE(GlobMatches("*a*b*", "xaxxbx"));
  EXPECT_TRUE(GlobMatches("a*b*c", "abbc"));
  EXPECT_FALSE(GlobMatches("a*b*c", "abbcx"));
  EXPECT_TRUE(GlobMatches("a*", "a"));
  EXPECT_TRUE(GlobMatches("*aab", "aaaab"));
}

TEST(Glob, QuestionMarkIsOneCharacter) {
  EXPECT_TRUE(GlobMatches("a?c", "abc"));
  EXPECT_TRUE(GlobMatches("a?c", "a\u00e9c"));
  EXPECT_FALSE(GlobMatches("a?c", "ac"));
  EXPECT_FALSE(GlobMatches("a?c", "a/c"));
  EXPECT_FALSE(GlobMatches("a?", "a"));
}

TEST(Glob, TwoStarsAreAnyNumberOfFolders) {
  EXPECT_TRUE(GlobMatches("**/x.age", "x.age"));
  EXPECT_TRUE(GlobMatches("**/x.age", "a/x.age"));
  EXPECT_TRUE(GlobMatches("**/x.age", "a/b/x.age"));
  EXPECT_FALSE(GlobMatches("**/x.age", "a/yx.age"));
  EXPECT_TRUE(GlobMatches("a/**/b", "a/b"));
  EXPECT_TRUE(GlobMatches("a/**/b", "a/x/y/b"));
  EXPECT_FALSE(GlobMatches("a/**/b", "a/x/y/c"));
  EXPECT_TRUE(GlobMatches("**/a/**/b", "a/x/a/y/b"));
  EXPECT_FALSE(GlobMatches("**/a/**/b", "b/x/y/b"));
}

TEST(Glob, TwoStarsAtTheEndAreAllThatIsBelow) {
  EXPECT_TRUE(GlobMatches("a/**", "a/b"));
  EXPECT_TRUE(GlobMatches("a/**", "a/b/c"));
  EXPECT_FALSE(GlobMatches("a/**", "a"));
  EXPECT_FALSE(GlobMatches("a/**", "ab/c"));
  EXPECT_TRUE(GlobMatches("**", "a/b"));
}

TEST(Glob, BackslashTakesTheMeaning) {
  EXPECT_TRUE(GlobMatches("a\\*", "a*"));
  EXPECT_FALSE(GlobMatches("a\\*", "ab"));
  EXPECT_TRUE(GlobMatches("a\\[1\\]", "a[1]"));
  EXPECT_TRUE(GlobMatches("a\\\\b", "a\\b"));
}

TEST(Glob, ThePatternForAPathFitsItAlone) {
  for (const std::string path : {"a.age", "a*b?.age", "x/[1]/{y}\\z", "**"}) {
    EXPECT_FALSE(GlobProblem(GlobFor(path))) << path;
    EXPECT_TRUE(GlobMatches(GlobFor(path), path)) << path;
  }
  EXPECT_FALSE(GlobMatches(GlobFor("a*"), "ab"));
}

TEST(Glob, TakesNoLongTime) {  // for ever, if every star were tried at every place
  const std::string stars = "*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b";
  EXPECT_FALSE(GlobMatches(stars, std::string(2000, 'a')));
  std::string folders;
  std::string path;
  for (int i = 0; i < 30; ++i) folders += "**/a/";
  for (int i = 0; i < 1000; ++i) path += "a/";
  EXPECT_FALSE(GlobMatches(folders + "b", path + "a"));
}

TEST(Glob, SaysWhatIsNoPattern) {
  EXPECT_EQ(GlobProblem("hosts/**/*.age"), std::nullopt);
  EXPECT_EQ(GlobProblem(""), "has an empty part");
  EXPECT_EQ(GlobProblem("a//b"), "has an empty part");
  EXPECT_EQ(GlobProblem("a/"), "has an empty part");
  EXPECT_EQ(GlobProblem("/a"), "begins with a slash");
  EXPECT_EQ(GlobProblem("../a"), "has '.' or '..' as a part");
  EXPECT_EQ(GlobProblem("./a"), "has '.' or '..' as a part");
  EXPECT_EQ(GlobProblem("**.age"), "has '**' beside other characters");
  EXPECT_EQ(GlobProblem("a**"), "has '**' beside other characters");
  EXPECT_EQ(GlobProblem("{a,b}"), "has a bracket or brace, which mean nothing here");
  EXPECT_EQ(GlobProblem("a\\/b"), "ends a part with a backslash");
  EXPECT_EQ(GlobProblem(std::string_view("a\0b", 3)), "has a NUL byte");
}

}  // namespace
}  // namespace secretfs
