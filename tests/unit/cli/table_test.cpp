#include "cli/table.h"

#include <gtest/gtest.h>

namespace secretfs {
namespace {

TEST(FormatTable, AlignsColumnsAndEndsLinesWithoutBlanks) {
  EXPECT_EQ(
      FormatTable({{"NAME", "STATE", "REMARKS"}, {"a-long-name", "ready"}, {"b", "failed", "why"}}),
      "NAME         STATE   REMARKS\n"
      "a-long-name  ready\n"
      "b            failed  why\n");
}

TEST(FormatTable, CountsCharactersNotBytes) {
  EXPECT_EQ(FormatTable({{"\xc3\xa4", "x"}, {"ab", "y"}}), "\xc3\xa4   x\nab  y\n");
}

TEST(FormatTable, PartsOfATableKeepTheirWidths) {
  std::vector<size_t> widths;
  EXPECT_EQ(FormatTable({{"abc", "d"}}, widths), "abc  d\n");
  EXPECT_EQ(FormatTable({{"a", "d"}}, widths), "a    d\n");
  EXPECT_EQ(FormatTable({{"abcd", "d"}}, widths), "abcd  d\n");
}

}  // namespace
}  // namespace secretfs
