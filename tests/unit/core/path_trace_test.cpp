#include "core/path_trace.h"

#include <gtest/gtest.h>

namespace secretfs {
namespace {

class PathTraceTest : public testing::Test {
 protected:
  std::string Into(std::string_view path, PathTrace::How how = {}) const {
    return trace_.Into(path, how).value_or("-");
  }
  std::string Pattern(std::string_view path) const { return Into(path, {true, true}); }

  std::map<std::string, std::string> real_{{"/var/run", "../run"},
                                           {"/round", "/round"},
                                           {"/etc/far", "/var/run/secrets/x/../y"},
                                           {"/etc/alias", "app"}};
  const PathTrace trace_{"/run/secrets",
                         {{"/etc/app/key", "/run/secrets/app/key"}},
                         [this](const std::string& path) -> std::optional<std::string> {
                           EXPECT_FALSE((path + "/").starts_with("/run/secrets/")) << path;
                           const auto at = real_.find(path);
                           if (at == real_.end()) return std::nullopt;
                           return at->second;
                         }};
};

TEST_F(PathTraceTest, KnowsTheFolderAndWhatIsBelow) {
  EXPECT_EQ(Into("/run/secrets"), "");
  EXPECT_EQ(Into("//run/./secrets/"), "");
  EXPECT_EQ(Into("/run/secrets/db/password"), "db/password");
  EXPECT_EQ(Into("/run/secretsx/y"), "-");
  EXPECT_EQ(Into("/run"), "-");
  EXPECT_EQ(Into("/"), "-");
  EXPECT_EQ(Into("run/secrets/x"), "-");
  EXPECT_EQ(Into(""), "-");
}

TEST_F(PathTraceTest, FollowsSymlinksWithoutAskingTheFolder) {
  EXPECT_EQ(Into("/var/run/secrets/x"), "x");
  EXPECT_EQ(Into("/etc/app/key"), "app/key");
  EXPECT_EQ(Into("/etc/alias/key"), "app/key");
  EXPECT_EQ(Into("/etc/app/key", {false, false}), "-");
  EXPECT_EQ(Into("/var/run/secrets", {false, false}), "");
  EXPECT_EQ(Into("/round/x"), "-");
  EXPECT_EQ(Into("/etc/far/z"), "x/../y/z");
}

TEST_F(PathTraceTest, PatternsMeetTheFolderAndLinks) {
  EXPECT_EQ(Pattern("/run/secrets/*.env"), "*.env");
  EXPECT_EQ(Pattern("/run/*/x"), "x");
  EXPECT_EQ(Pattern("/*/s?crets"), "");
  EXPECT_EQ(Pattern("/run/{a,secrets}/x"), "x");
  EXPECT_EQ(Pattern("/run/t*/x"), "-");
  EXPECT_EQ(Pattern("/etc/app/*"), "app/key");
  EXPECT_EQ(Pattern("/etc/app/*.env"), "-");
  EXPECT_EQ(Into("/run/*/x"), "-");
}

TEST_F(PathTraceTest, WhatIsUnknownCountsOnlyBelowTheFolder) {
  EXPECT_EQ(Into("/run/secrets/\x01.env"), "\x01.env");
  EXPECT_EQ(Into("/run/\x01/x"), "-");
}

}  // namespace
}  // namespace secretfs
