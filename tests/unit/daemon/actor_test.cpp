#include "daemon/actor.h"

#include <gtest/gtest.h>

#include <csignal>
#include <vector>

#include "core/unit_request.h"
#include "tests/testkit/recording_log.h"
#include "tests/testkit/temp_dir.h"

namespace secretfs {
namespace {

using Action = OnChange::Action;

class RecordingManager final : public UnitManager {
 public:
  Status Do(const OnChange& action) override {
    done.push_back(UnitRequest(action));
    if (action.unit == "missing.service")
      return Error{Code::kNotFound, "systemd refused: no such unit", action.unit, ""};
    return Ok{};
  }
  std::vector<std::string> done;
};

class ActorTest : public testing::Test {
 protected:
  ActorTest() {
    SecretConfig secret;
    secret.consumers.on_change = {{Action::kRestart, "a.service"},
                                  {Action::kRestart, "missing.service"},
                                  {Action::kSignal, "nginx.service", SIGHUP}};
    ViewConfig view;
    view.consumers.on_change = {{Action::kReload, "v.service"}};
    config_.secrets.push_back(secret);
    config_.views.push_back(view);
  }
  void Handle(const std::vector<std::string>& requests) { actor_.Handle(requests); }

  Config config_;
  bool valid_ = true;
  RecordingManager manager_;
  testkit::RecordingLog log_;
  Actor actor_{[this]() -> Result<Config> {
                 if (!valid_)
                   return Error{Code::kInvalid, "unknown key 'x'", "config.yaml:1:1", ""};
                 return config_;
               },
               manager_, log_};
};

using Requests = std::vector<std::string>;

TEST_F(ActorTest, DoesWhatIsDeclaredInOrder) {
  Handle({"signal nginx.service 1", "restart a.service", "reload v.service"});
  EXPECT_EQ(manager_.done,
            (Requests{"signal nginx.service 1", "restart a.service", "reload v.service"}));
  EXPECT_EQ(log_.lines()[0], "info event=unit_action action=signal unit=nginx.service");
}

TEST_F(ActorTest, RefusesAndLogsEverythingElse) {
  Handle({"restart v.service", "reload a.service", "signal nginx.service 9", "signal a.service 1",
          "restart sshd.service", "", "restart a.service\nrestart b.service",
          std::string(5000, 'x')});
  EXPECT_EQ(manager_.done, Requests{});
  EXPECT_EQ(log_.lines().size(), 8U);
  EXPECT_EQ(
      log_.lines()[4],
      "warning event=request_refused request=\"'restart sshd.service'\" reason=\"no on_change "
      "declares it\"");
}

TEST_F(ActorTest, ReadsTheConfigurationAgain) {
  config_.secrets.clear();
  Handle({"restart a.service"});
  EXPECT_EQ(manager_.done, Requests{}) << "not declared any more";
  config_.views[0].consumers.on_change.push_back({Action::kRestart, "new.service"});
  Handle({"restart new.service"});
  EXPECT_EQ(manager_.done, Requests{"restart new.service"});
}

TEST_F(ActorTest, KeepsWhatWasAllowedWhileTheConfigurationIsNotValid) {
  valid_ = false;
  Handle({"restart a.service"});
  EXPECT_EQ(manager_.done, Requests{}) << "nothing is allowed before it was read once";
  valid_ = true;
  Handle({"restart a.service"});
  valid_ = false;
  Handle({"restart a.service", "restart b.service"});
  EXPECT_EQ(manager_.done, (Requests{"restart a.service", "restart a.service"}));
  EXPECT_EQ(log_.Count("event=config_invalid reason=\"config.yaml:1:1: unknown key 'x'\""), 2U);
}

TEST_F(ActorTest, GoesOnAfterAFailure) {
  Handle({"restart missing.service", "restart a.service"});
  EXPECT_EQ(manager_.done.size(), 2U);
  EXPECT_EQ(log_.lines()[0],
            "error event=unit_action_failed action=restart unit=missing.service "
            "reason=\"missing.service: systemd refused: no such unit\"");
}

TEST(SystemdManager, SaysWhenThereIsNoSystemd) {
  const testkit::TempDir folder;
  const auto manager = SystemdManager(folder / "private");
  for (int i = 0; i < 2; ++i) {
    const Status done = manager->Do({Action::kRestart, "a.service"});
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, Code::kUnavailable);
    EXPECT_EQ(done.error().Text(),
              (folder / "private") + ": cannot reach systemd: no such file or directory");
  }
}

TEST(RunActor, NeedsItsSocket) {
  RecordingManager manager;
  testkit::RecordingLog log;
  const Status served = RunActor("/nowhere", manager, log);
  ASSERT_FALSE(served);
  EXPECT_EQ(served.error().code, Code::kInvalid);
}

}  // namespace
}  // namespace secretfs
