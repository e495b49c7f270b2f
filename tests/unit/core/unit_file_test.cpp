#include "core/unit_file.h"

#include <gtest/gtest.h>

namespace secretfs {
namespace {

using All = std::vector<UnitAssignment>;

TEST(UnitFile, GivesAssignmentsWithTheirLines) {
  EXPECT_EQ(ParseUnitFile("\xEF\xBB\xBF# said\n[Unit]\nDescription = a b \n\n[Service]\r\n"
                          "  ExecStart=/bin/x --a=b\r\nEmpty=\n"),
            (All{{"Unit", "Description", "a b", 3},
                 {"Service", "ExecStart", "/bin/x --a=b", 6},
                 {"Service", "Empty", "", 7}}));
}

TEST(UnitFile, JoinsLinesThatGoOnPastComments) {
  EXPECT_EQ(
      ParseUnitFile("[S]\nA=one \\\n# not this\\\n; nor this\n   two\\\n three\nB=x\\\\\nC=y"),
      (All{{"S", "A", "one  two three", 2}, {"S", "B", "x\\\\", 7}, {"S", "C", "y", 8}}));
  EXPECT_EQ(ParseUnitFile("[S]\nA=goes on\\"), (All{{"S", "A", "goes on", 2}}));
  EXPECT_EQ(ParseUnitFile("[S]\nA=\\\n/x"), (All{{"S", "A", "/x", 2}}));
}

TEST(UnitFile, LeavesOutWhatSystemdDoes) {
  EXPECT_EQ(
      ParseUnitFile("A=before a section\n[S]\nno equals\n=no key\nB=1\n[broken\nC=2\n[T]\nD=3"),
      (All{{"S", "B", "1", 5}, {"T", "D", "3", 9}}));
  EXPECT_EQ(ParseUnitFile(""), All{});
}

}  // namespace
}  // namespace secretfs
