#include "core/unit_request.h"

#include <gtest/gtest.h>

#include <csignal>

namespace secretfs {
namespace {

using Action = OnChange::Action;

TEST(UnitRequest, IsReadAsItWasWritten) {
  for (const OnChange& action :
       {OnChange{Action::kRestart, "a.service"}, OnChange{Action::kReload, "app@one.service"},
        OnChange{Action::kSignal, "nginx.service", SIGHUP}}) {
    const auto parsed = ParseUnitRequest(UnitRequest(action));
    ASSERT_TRUE(parsed) << UnitRequest(action);
    EXPECT_EQ(*parsed, action);
  }
  EXPECT_EQ(UnitRequest({Action::kSignal, "nginx.service", SIGHUP}), "signal nginx.service 1");
}

TEST(UnitRequest, RefusesEverythingElse) {
  const std::string long_name(400, 'n');
  for (const std::string& text : {std::string(),
                                  std::string("restart"),
                                  std::string("restart "),
                                  std::string("start a.service"),
                                  std::string("Restart a.service"),
                                  std::string("restart  a.service"),
                                  std::string("restart a.service "),
                                  std::string("restart a.service\n"),
                                  std::string("restart a.service\0", 18),
                                  std::string("restart a.service b.service"),
                                  std::string("restart *.service"),
                                  std::string("restart ../a.service"),
                                  std::string("restart a.service 1"),
                                  std::string("signal a.service"),
                                  std::string("signal a.service 0"),
                                  std::string("signal a.service -1"),
                                  std::string("signal a.service 64"),
                                  std::string("signal a.service 01"),
                                  std::string("signal a.service HUP"),
                                  std::string("signal a.service 99999999999999999999"),
                                  "restart " + long_name + ".service"}) {
    EXPECT_FALSE(ParseUnitRequest(text)) << text;
  }
}

}  // namespace
}  // namespace secretfs
