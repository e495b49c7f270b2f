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

}  // namespace
}  // namespace secretfs
