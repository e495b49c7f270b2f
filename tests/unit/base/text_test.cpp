#include "base/text.h"

#include <gtest/gtest.h>

#include <random>

namespace secretfs {
namespace {

TEST(Printable, LeavesTextAlone) {
  for (const char* text : {"", "plain", "a b",
                           "Gr\xc3\xbc\xc3\x9f"
                           "e",
                           "\xe6\x97\xa5\xe6\x9c\xac", "\xf0\x9f\x94\x91", "back\\slash",
                           "\xc2\xa0", "\xf4\x8f\xbf\xbf"}) {
    EXPECT_EQ(Printable(text), text);
  }
}

TEST(Printable, EscapesEveryControlCharacter) {
  for (int c = 0; c < 0x20; ++c) {
    const std::string shown = Printable(std::string(1, static_cast<char>(c)));
    ASSERT_EQ(shown.size(), 4U) << c;
    EXPECT_EQ(shown.substr(0, 2), "\\x");
    EXPECT_EQ(std::stoi(shown.substr(2), nullptr, 16), c);
  }
  EXPECT_EQ(Printable("\x7f"), "\\x7f");
}

TEST(Printable, DisarmsTerminalSequences) {
  EXPECT_EQ(Printable("\x1b[2J\x1b]0;owned\x07"), "\\x1b[2J\\x1b]0;owned\\x07");
  EXPECT_EQ(Printable("a\r\nb\tc\bd"), "a\\x0d\\x0ab\\x09c\\x08d");
}

TEST(Printable, EscapesC1WhichSomeTerminalsObey) {
  EXPECT_EQ(Printable("\xc2\x9b"
                      "31m"),
            "\\xc2\\x9b31m");  // CSI in one character
  EXPECT_EQ(Printable("\xc2\x80\xc2\x85"), "\\xc2\\x80\\xc2\\x85");
  EXPECT_EQ(Printable("\x9b"
                      "31m"),
            "\\x9b31m");
}

TEST(Printable, EscapesBytesThatAreNotUtf8) {
  EXPECT_EQ(Printable("\xff\xfe"), "\\xff\\xfe");
  EXPECT_EQ(Printable("\x80"), "\\x80");
  EXPECT_EQ(Printable("a\xc3"), "a\\xc3");                           // cut short
  EXPECT_EQ(Printable("\xe2\x82"), "\\xe2\\x82");                    // cut short
  EXPECT_EQ(Printable("\xc3("), "\\xc3(");                           // no continuation
  EXPECT_EQ(Printable("\xc0\x9b"), "\\xc0\\x9b");                    // overlong ESC
  EXPECT_EQ(Printable("\xe0\x80\x9b"), "\\xe0\\x80\\x9b");           // overlong ESC
  EXPECT_EQ(Printable("\xf0\x80\x80\x9b"), "\\xf0\\x80\\x80\\x9b");  // overlong ESC
  EXPECT_EQ(Printable("\xed\xa0\x80"), "\\xed\\xa0\\x80");           // surrogate
  EXPECT_EQ(Printable("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");  // beyond Unicode
  EXPECT_EQ(Printable("\xf8\x88\x80\x80\x80"), "\\xf8\\x88\\x80\\x80\\x80");
}

TEST(Printable, GoesOnAfterABadByte) {
  EXPECT_EQ(Printable("\xe2\xc3\xa4"
                      "b\xff"
                      "c"),
            "\\xe2\xc3\xa4"
            "b\\xffc");
}

TEST(Printable, EscapesWhatReordersOrBreaksALine) {
  EXPECT_EQ(Printable("\xe2\x80\xae"
                      "txt"),
            "\\xe2\\x80\\xaetxt");                          // right-to-left override
  EXPECT_EQ(Printable("\xe2\x80\xa8"), "\\xe2\\x80\\xa8");  // line separator
  EXPECT_EQ(Printable("\xe2\x81\xa6"), "\\xe2\\x81\\xa6");  // isolate
  EXPECT_EQ(Printable("\xd8\x9c"), "\\xd8\\x9c");           // Arabic letter mark
  EXPECT_EQ(Printable("\xe2\x80\x93"), "\xe2\x80\x93");     // a dash is only a dash
}

TEST(Printable, OutputOfAnyBytesIsSafeAndStable) {
  std::mt19937 random(7);
  for (int round = 0; round < 5000; ++round) {
    std::string noise(random() % 40, '\0');
    for (char& c : noise) c = static_cast<char>(random());
    const std::string shown = Printable(noise);
    for (const char c : shown) {
      ASSERT_FALSE(static_cast<unsigned char>(c) < 0x20 || c == 0x7f);
    }
    ASSERT_EQ(Printable(shown), shown) << "the output itself was not printable";
  }
}

TEST(Quote, PutsPrintableTextInQuotes) {
  EXPECT_EQ(Quote("infar"), "'infar'");
  EXPECT_EQ(Quote(""), "''");
  EXPECT_EQ(Quote("\x1b[31m"), "'\\x1b[31m'");
}

TEST(Quote, CutsAtEightyBytes) {
  EXPECT_EQ(Quote(std::string(80, 'x')), "'" + std::string(80, 'x') + "'");
  EXPECT_EQ(Quote(std::string(81, 'x')), "'" + std::string(80, 'x') + "...'");
  EXPECT_LT(Quote(std::string(1'000'000, '\x01')).size(), 400U);
}

TEST(Quote, DoesNotCutACharacterInTwo) {
  const std::string kept(79, 'x');
  EXPECT_EQ(Quote(kept + "\xc3\xa4"
                         "zz"),
            "'" + kept + "...'");
  EXPECT_EQ(Quote(std::string(78, 'x') + "\xc3\xa4"
                                         "zz"),
            "'" + std::string(78, 'x') + "\xc3\xa4...'");
  EXPECT_EQ(Quote(std::string(77, 'x') + "\xf0\x9f\x94\x91"
                                         "zz"),
            "'" + std::string(77, 'x') + "...'");
  // Bytes that are no characters are cut where the limit is.
  EXPECT_EQ(Quote(std::string(90, '\x80')).size(), 80 * 4 + 5);
}

TEST(ClosestWord, FindsASlipOfThePen) {
  const std::vector<std::string> known{"owner", "group", "mode", "readers", "source"};
  EXPECT_EQ(ClosestWord("onwer", known), "owner");
  EXPECT_EQ(ClosestWord("reader", known), "readers");
  EXPECT_EQ(ClosestWord("mod", known), "mode");
  EXPECT_EQ(ClosestWord("sorce", known), "source");
}

TEST(ClosestWord, IsSilentWhenNothingIsNear) {
  const std::vector<std::string> known{"owner", "group", "mode"};
  EXPECT_EQ(ClosestWord("kubernetes", known), std::nullopt);
  EXPECT_EQ(ClosestWord("xyz", known), std::nullopt);
  EXPECT_EQ(ClosestWord("owner", {}), std::nullopt);
}

TEST(ClosestWord, PrefersTheNearest) {
  const std::vector<std::string> known{"grid", "group", "groups"};
  EXPECT_EQ(ClosestWord("groups", known), "groups");
  EXPECT_EQ(ClosestWord("gruop", known), "group");
}

TEST(ClosestWord, SpendsNoTimeOnLongWords) {
  const std::vector<std::string> known{std::string(65, 'a'), "short"};
  EXPECT_EQ(ClosestWord(std::string(65, 'a'), known), std::nullopt);
  EXPECT_EQ(ClosestWord(std::string(64, 'a'), known), std::nullopt);
}

TEST(ClosestWord, SuggestsNothingForAnEmptyWord) {
  const std::vector<std::string> known{"a", "b"};
  EXPECT_EQ(ClosestWord("", known), std::nullopt);
}

TEST(SuggestFrom, AsksAndLists) {
  const std::vector<std::string> known{"infra", "gitops"};
  EXPECT_EQ(SuggestFrom("infar", known, "defined"), "did you mean 'infra'? defined: infra, gitops");
  EXPECT_EQ(SuggestFrom("vault", known, "defined"), "defined: infra, gitops");
  EXPECT_EQ(SuggestFrom("infar", {}, "defined"), "defined: none");
}

TEST(SuggestFrom, ListsTwentyAtMost) {
  const std::vector<std::string> known(21, "a-word");
  const std::string hint = SuggestFrom("zzz", known, "known");
  EXPECT_TRUE(hint.ends_with("a-word, ..."));
  EXPECT_EQ(std::count(hint.begin(), hint.end(), ','), 20);
  EXPECT_TRUE(SuggestFrom("zzz", std::span(known).first(20), "known").ends_with("a-word"));
}

TEST(Join, SeparatesEveryWordEvenEmptyOnes) {
  EXPECT_EQ(Join({}), "");
  EXPECT_EQ(Join(std::vector<std::string>{"a"}), "a");
  EXPECT_EQ(Join(std::vector<std::string>{"a", "b"}, "|"), "a|b");
  EXPECT_EQ(Join(std::vector<std::string>{"", "b"}), ", b");
}

}  // namespace
}  // namespace secretfs
