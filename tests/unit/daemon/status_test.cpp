#include "daemon/status.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "daemon/time_text.h"
#include "tests/testkit/entries.h"

namespace secretfs {
namespace {

using Json = nlohmann::json;

TEST(StatusJson, TellsStateReasonAndVersionAndNoValue) {
  const auto idle = testkit::TextEntry("idle");
  const auto ready = testkit::TextEntry("ready");
  ready->Publish(testkit::MakeTestValue("hunter2"), {}, {});
  ready->Publish(testkit::MakeTestValue("hunter3"), {}, WallTime(std::chrono::seconds(1)));
  const auto stale = testkit::TextEntry("stale");
  stale->Publish(testkit::MakeTestValue("hunter4"), {}, {});
  stale->Fail({Code::kNotFound, "gone", "/f", ""}, {});
  const auto failed = testkit::TextEntry("failed");
  failed->Fail({Code::kNoMatch, "no identity", "/g", "add one"}, {});
  const std::string text = StatusJson({.version = "1.2", .audit_dropped = 3},
                                      {{idle, {}}, {ready, {}}, {stale, {}}, {failed, {}}});
  EXPECT_EQ(text.find("hunter"), std::string::npos);
  const Json status = Json::parse(text);
  EXPECT_EQ(status["secretfs"], "1.2");
  EXPECT_EQ(status["audit_dropped"], 3);
  ASSERT_EQ(status["secrets"].size(), 4U);
  EXPECT_EQ(status["secrets"][0],
            (Json{{"name", "idle"}, {"origin", "test"}, {"state", "pending"}}));
  EXPECT_EQ(status["secrets"][1]["version"], 2);
  EXPECT_EQ(status["secrets"][1]["size"], 7);
  EXPECT_EQ(status["secrets"][1]["changed"], "1970-01-01T00:00:01.000Z");
  EXPECT_EQ(status["secrets"][2]["state"], "stale");
  EXPECT_EQ(status["secrets"][2]["reason"], "/f: gone");
  EXPECT_EQ(status["secrets"][3]["state"], "failed");
  EXPECT_EQ(status["secrets"][3]["hint"], "add one");
}

TEST(StatusJson, TellsTheSizeOfWhatIsNotInMemory) {
  const auto large = testkit::TextEntry("large");
  large->Publish(
      testkit::ValueWithContent(std::make_shared<testkit::TextContent>(std::string(12345, 'x'))),
      {}, {});
  EXPECT_EQ(Json::parse(FilesJson({{large, {}}}))[0]["size"], 12345);
}

TEST(StatusJson, SurvivesNamesThatAreNotUtf8) {
  const std::string text = StatusJson({}, {{testkit::TextEntry("a\xff"), {}}});
  EXPECT_EQ(Json::parse(text)["secrets"].size(), 1U);
}

TEST(TimeText, IsRfc3339InUtcWithMilliseconds) {
  EXPECT_EQ(TimeText(WallTime(std::chrono::milliseconds(1'000'000'000'007))),
            "2001-09-09T01:46:40.007Z");
  EXPECT_EQ(TimeText(WallTime(std::chrono::milliseconds(-1))), "1969-12-31T23:59:59.999Z");
}

}  // namespace
}  // namespace secretfs
