#include "core/name.h"

#include <gtest/gtest.h>

namespace secretfs {
namespace {

TEST(Name, MayHoldAnyByteAPathMay) {
  for (const std::string_view name :
       {"a", "db/password", "a/b/c/d", "with space", "a\nb", "\xff\xfe", "a..", "a/.b", "a/..b",
        "machinesX", "a/machines", "-", "~", "\x1b[31m"}) {
    EXPECT_EQ(NameProblem(name), std::nullopt) << name;
  }
  EXPECT_EQ(NameProblem(std::string(255, 'x')), std::nullopt);
}

TEST(Name, SaysWhatIsWrong) {
  const auto problem = [](std::string_view name) { return NameProblem(name).value_or("nothing"); };
  EXPECT_EQ(problem(""), "is empty");
  for (const char* name : {"/a", "a//b", "/", "//", "a//"}) {
    EXPECT_EQ(problem(name), "has an empty component") << name;
  }
  EXPECT_EQ(problem("a/"), "ends in /");
  EXPECT_EQ(problem("a/b/"), "ends in /");
  for (const char* name : {"..", "../a", "a/..", "a/../b"}) {
    EXPECT_EQ(problem(name), "has a component ..") << name;
  }
  for (const char* name : {".", "./a", "a/.", "a/./b"}) {
    EXPECT_EQ(problem(name), "has a component .") << name;
  }
  EXPECT_EQ(problem(std::string_view("a\0b", 3)), "has a NUL byte");
  EXPECT_EQ(problem("a/" + std::string(256, 'x')), "has a component of more than 255 bytes");
  std::string deep(4096, 'x');
  for (size_t i = 100; i < deep.size(); i += 100) deep[i] = '/';
  EXPECT_EQ(problem(deep), "is longer than a path may be");
  EXPECT_EQ(problem(deep.substr(0, 4095)), "nothing");
}

TEST(Name, TheTopLevelReservesSome) {
  const auto problem = [](std::string_view name) { return NameProblem(name).value_or("nothing"); };
  for (const char* name : {".secretfs", ".credstore/x", "..."}) {
    EXPECT_EQ(problem(name), "begins with a dot, which is reserved at the top level") << name;
    EXPECT_TRUE(IsEntryName(name)) << "only the top level of a configuration reserves it";
  }
  for (const char* name : {"machines", "machines/vm/key"}) {
    EXPECT_EQ(problem(name), "begins with 'machines', which is reserved") << name;
    EXPECT_TRUE(IsEntryName(name));
  }
}

TEST(Name, IsEntryNameRefusesWhatIsNoPath) {
  for (const std::string_view name : {std::string_view(""), std::string_view("a//b"),
                                      std::string_view("../x"), std::string_view("a\0", 2)}) {
    EXPECT_FALSE(IsEntryName(name));
  }
}

TEST(Name, AsACredentialHasDotsForSlashes) {
  EXPECT_EQ(CredentialName("db/prod/password"), "db.prod.password");
  EXPECT_EQ(CredentialName("plain name"), "plain name");
  EXPECT_EQ(CredentialName("a/" + std::string(253, 'x')), "a." + std::string(253, 'x'));
}

TEST(Name, AsACredentialIsOneThatSystemdTakes) {
  for (const std::string& name :
       {std::string("a:b"), std::string("a\tb"), std::string("a\x7f"), std::string("\xc3\xa4"),
        std::string(".secretfs/status"), std::string(), "a/" + std::string(254, 'x')}) {
    EXPECT_EQ(CredentialName(name), "") << name;
  }
}

}  // namespace
}  // namespace secretfs
