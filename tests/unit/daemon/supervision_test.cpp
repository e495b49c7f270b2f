#include "daemon/supervision.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <vector>

#include "tests/testkit/recording_log.h"

namespace secretfs {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// Servers are 1, 2, 3 and so on; what is done is written down.
class FakeHands final : public Supervision::Hands {
 public:
  pid_t Start(Supervision::Program program) override {
    if (!can_start) return 0;
    done.push_back(program == Supervision::Program::kOurs ? "start" : "start newest");
    return ++servers;
  }
  void Send(pid_t server, char message) override { Note(std::string(1, message), server); }
  void Signal(pid_t server, int number) override {
    Note(number == SIGKILL ? "kill" : "hangup", server);
  }
  bool IsDying(pid_t server) override { return server == dying; }
  bool ProgramChanged() override { return changed; }
  void Become(pid_t server, pid_t next) override {
    done.push_back("become " + std::to_string(server) + " " + std::to_string(next));
  }
  bool IsMounted() override { return mounted; }
  bool MountAfresh() override {
    done.emplace_back("mount");
    return can_mount;
  }
  void Unmount() override { done.emplace_back("unmount"); }
  void ForgetStored() override { done.emplace_back("forget"); }
  void TellReady() override { ++ready; }
  void TellAlive() override { ++alive; }
  void TellStopping() override {}

  std::vector<std::string> Done() { return std::exchange(done, {}); }

  bool can_start = true;
  bool changed = false;
  bool mounted = true;
  bool can_mount = true;
  pid_t dying = -1;
  pid_t servers = 0;
  int ready = 0;
  int alive = 0;
  std::vector<std::string> done;

 private:
  void Note(const std::string& what, pid_t server) {
    done.push_back(what + " " + std::to_string(server));
  }
};

class SupervisionTest : public testing::Test {
 protected:
  /// Lets time pass, in ticks; the server that serves beats meanwhile if it `beats`.
  void Pass(int64_t milliseconds, bool beats = true) {
    const int64_t end = now_ + milliseconds;
    while (now_ < end) {
      now_ = std::min(end, std::max(now_ + 1, supervision_->next_tick(now_)));
      if (beats) beat_ = now_;
      supervision_->Tick(now_, beat_);
    }
  }
  void Begin(bool stored = false, bool begun = false) {
    supervision_.emplace(hands_, log_, stored);
    supervision_->Begin(now_, begun);
  }
  /// One server, 1, that serves, and what was done for it forgotten.
  void Serve(bool stored = false) {
    Begin(stored);
    supervision_->Heard(1, 'p', now_);
    supervision_->Heard(1, 'r', now_);
    Pass(5000);
    hands_.Done();
  }
  void Die(pid_t server, int signal = SIGKILL) {
    supervision_->Ended(server, {.code = 0, .signal = signal}, now_);
  }
  void Exit(pid_t server, int code = 0) {
    supervision_->Ended(server, {.code = code, .signal = 0}, now_);
  }

  FakeHands hands_;
  testkit::RecordingLog log_;
  std::optional<Supervision> supervision_;
  int64_t now_ = 1'000'000;
  int64_t beat_ = 0;
};

TEST_F(SupervisionTest, StartsAServerAndTellsItToGo) {
  Begin();
  EXPECT_THAT(hands_.Done(), ElementsAre("start", "g 1"));
  EXPECT_EQ(hands_.ready, 0);
  supervision_->Heard(1, 'r', now_);
  EXPECT_EQ(hands_.ready, 1);
  EXPECT_FALSE(supervision_->exit_code());
}

TEST_F(SupervisionTest, ReplacesAServerThatDiesAtOnce) {
  Serve();
  Die(1);
  EXPECT_THAT(hands_.Done(), ElementsAre("start", "g 2"));
}

TEST_F(SupervisionTest, WaitsLongerEachTimeForOneThatCannotStart) {
  Serve();
  Die(1);
  std::vector<int64_t> waited;
  for (pid_t server = 2; server < 11; ++server) {
    hands_.Done();
    Exit(server, 1);
    const int64_t died = now_;
    while (hands_.Done().empty()) Pass(1);
    waited.push_back(now_ - died);
  }
  EXPECT_THAT(waited, ElementsAre(10, 20, 40, 80, 160, 320, 640, 1000, 1000));
}

TEST_F(SupervisionTest, WaitsLittleForOneThatServedShortly) {
  Serve();
  Die(1);
  for (pid_t server = 2; server < 10; ++server) {
    hands_.Done();
    supervision_->Heard(server, 'r', now_);
    Die(server);
    Pass(101);
    EXPECT_THAT(hands_.Done(), ElementsAre("start", "g " + std::to_string(server + 1)));
  }
}

TEST_F(SupervisionTest, EndsWithTheCodeOfAFirstStartThatFails) {
  Begin();
  hands_.Done();
  Exit(1, 3);
  EXPECT_EQ(supervision_->exit_code(), 3);
  EXPECT_THAT(hands_.Done(), ElementsAre("unmount"));
}

TEST_F(SupervisionTest, TriesOnWhenAFirstStartIsKilledOrReadersAreWaiting) {
  Begin();
  Die(1);
  EXPECT_FALSE(supervision_->exit_code());
  Begin(false, true);
  Exit(2, 3);
  EXPECT_FALSE(supervision_->exit_code());
}

TEST_F(SupervisionTest, KillsAServerThatDoesNotBeat) {
  Serve();
  Pass(Supervision::kBeat - 500, false);
  EXPECT_THAT(hands_.Done(), IsEmpty());
  Pass(1000, false);
  EXPECT_THAT(hands_.Done(), testing::Contains("kill 1"));
}

TEST_F(SupervisionTest, DoesNotWaitForTheEndOfOneThatHangsInItsOwnMount) {
  Serve();
  Pass(Supervision::kBeat, false);
  hands_.Done();
  Pass(1000, false);
  EXPECT_THAT(hands_.Done(), ElementsAre("start", "g 2"));
  Die(1);  // at last
  EXPECT_THAT(hands_.Done(), IsEmpty());
}

TEST_F(SupervisionTest, ReplacesOneThatIsDyingAndCannotEnd) {
  Serve();
  hands_.dying = 1;
  Pass(Supervision::kTick);
  EXPECT_THAT(hands_.Done(), ElementsAre("start", "g 2"));
}

TEST_F(SupervisionTest, KillsNobodyForATimeInWhichItDidNotRunItself) {
  Serve();
  now_ += 60'000;
  supervision_->Tick(now_, beat_);
  Pass(Supervision::kBeat - 500, false);
  EXPECT_THAT(hands_.Done(), IsEmpty());
  Pass(1000, false);
  EXPECT_THAT(hands_.Done(), testing::Contains("kill 1"));
}

TEST_F(SupervisionTest, GivesANewServerTimeUntilItsFirstBeat) {
  Serve();
  Die(1);
  hands_.Done();
  Pass(Supervision::kStarting - 500, false);
  EXPECT_THAT(hands_.Done(), IsEmpty());
  Pass(1000, false);
  EXPECT_THAT(hands_.Done(), testing::Contains("kill 2"));
}

TEST_F(SupervisionTest, GivesOneThatBeganNoMoreTimeThanOneThatServes) {
  Serve();
  Die(1);
  hands_.Done();
  supervision_->Heard(2, 'b', now_);
  Pass(Supervision::kBeat - 500, false);
  EXPECT_THAT(hands_.Done(), IsEmpty());
  supervision_->Heard(2, 'b', now_);
  Pass(Supervision::kBeat - 500, false);
  EXPECT_THAT(hands_.Done(), IsEmpty());
  Pass(1000, false);
  EXPECT_THAT(hands_.Done(), testing::Contains("kill 2"));
}

TEST_F(SupervisionTest, KeepsAConnectionWhoseServerBeatsThoughItIsNeverReady) {
  Serve();
  Die(1);
  hands_.Done();
  Pass(3 * Supervision::kNobody);
  EXPECT_THAT(hands_.Done(), IsEmpty());
  EXPECT_EQ(log_.Count("event=nobody_serves"), 0);
}

TEST_F(SupervisionTest, LetsReadersGoWhenServersPrepareForEver) {
  Serve();
  Die(1);
  hands_.Done();
  for (int64_t passed = 0; passed < Supervision::kNobody + 1000; passed += 1000) {
    supervision_->Heard(2, 'b', now_);
    Pass(1000, false);
  }
  EXPECT_THAT(hands_.Done(), testing::IsSupersetOf({"kill 2", "mount"}));
}

TEST_F(SupervisionTest, ForwardsAHangupWhenTheProgramIsTheSame) {
  Serve();
  supervision_->Hangup(now_);
  EXPECT_THAT(hands_.Done(), ElementsAre("hangup 1"));
}

TEST_F(SupervisionTest, HandsOverToANewProgramOnceItIsPrepared) {
  Serve();
  hands_.changed = true;
  supervision_->Hangup(now_);
  EXPECT_THAT(hands_.Done(), ElementsAre("start newest"));
  Pass(1000);
  EXPECT_THAT(hands_.Done(), IsEmpty());
  supervision_->Heard(2, 'p', now_);
  EXPECT_THAT(hands_.Done(), ElementsAre("become 1 2", "l 1"));
  Exit(1);
  EXPECT_THAT(hands_.Done(), ElementsAre("g 2"));
  Pass(5000);
  EXPECT_THAT(hands_.Done(), IsEmpty());
}

TEST_F(SupervisionTest, GoesOnWithAHandOverInTheNewProgram) {
  supervision_.emplace(hands_, log_, false);
  supervision_->Resume(now_, 1, 2);
  EXPECT_THAT(hands_.Done(), ElementsAre("l 1"));
  Exit(1);
  EXPECT_THAT(hands_.Done(), ElementsAre("g 2"));
}

TEST_F(SupervisionTest, KillsOneThatDoesNotLeave) {
  Serve();
  hands_.changed = true;
  supervision_->Hangup(now_);
  supervision_->Heard(2, 'p', now_);
  hands_.Done();
  Pass(Supervision::kLeaving + 1000);
  EXPECT_THAT(hands_.Done(), ElementsAre("kill 1", "g 2"));
}

TEST_F(SupervisionTest, KeepsTheOldServerWhenTheNewProgramFails) {
  Serve();
  hands_.changed = true;
  supervision_->Hangup(now_);
  Exit(2, 127);
  EXPECT_THAT(hands_.Done(), ElementsAre("start newest", "hangup 1"));
  Pass(5000);
  EXPECT_THAT(hands_.Done(), IsEmpty());
  EXPECT_EQ(log_.Count("event=upgrade_failed"), 1);
  Die(1);
  EXPECT_THAT(hands_.Done(), ElementsAre("start", "g 3"));
}

TEST_F(SupervisionTest, KeepsTheOldServerWhenTheNewProgramHangs) {
  Serve();
  hands_.changed = true;
  supervision_->Hangup(now_);
  hands_.Done();
  Pass(Supervision::kPreparing + 1000);
  EXPECT_THAT(hands_.Done(), ElementsAre("kill 2", "hangup 1"));
}

TEST_F(SupervisionTest, GoesOnWithWhoIsBeingPreparedWhenTheOldServerDies) {
  Serve();
  hands_.changed = true;
  supervision_->Hangup(now_);
  hands_.Done();
  Die(1);
  EXPECT_THAT(hands_.Done(), ElementsAre("g 2"));
}

TEST_F(SupervisionTest, MountsAfreshWhenAConnectionCannotBeTakenOver) {
  Serve();
  supervision_->Heard(1, 'x', now_);
  Exit(1);
  EXPECT_THAT(hands_.Done(), ElementsAre("mount", "start", "g 2"));
}

TEST_F(SupervisionTest, LeavesAFreshMountToWhoKeepsTheDescriptors) {
  Serve(true);
  supervision_->Heard(1, 'x', now_);
  Exit(1);
  EXPECT_THAT(hands_.Done(), ElementsAre("forget"));
  EXPECT_EQ(supervision_->exit_code(), 0);
}

TEST_F(SupervisionTest, EndsWhenTheMountIsTakenAway) {
  Serve();
  supervision_->Unmounted(now_);
  EXPECT_THAT(hands_.Done(), ElementsAre("e 1"));
  Exit(1);
  EXPECT_EQ(supervision_->exit_code(), 0);
}

TEST_F(SupervisionTest, EndsWhenTheConnectionOfAMountThatIsGoneIsDead) {
  Serve();
  hands_.mounted = false;
  supervision_->Heard(1, 'x', now_);
  Exit(1);
  EXPECT_THAT(hands_.Done(), IsEmpty());
  EXPECT_EQ(supervision_->exit_code(), 0);
}

TEST_F(SupervisionTest, UnmountsBeforeItEndsWhenNobodyGoesOn) {
  Serve();
  supervision_->Terminate(now_);
  EXPECT_THAT(hands_.Done(), ElementsAre("unmount", "e 1"));
  EXPECT_FALSE(supervision_->exit_code());
  Exit(1);
  EXPECT_EQ(supervision_->exit_code(), 0);
}

TEST_F(SupervisionTest, LeavesTheMountToItsSuccessor) {
  Serve(true);
  supervision_->Terminate(now_);
  EXPECT_THAT(hands_.Done(), ElementsAre("l 1"));
  Exit(1);
  EXPECT_EQ(supervision_->exit_code(), 0);
}

TEST_F(SupervisionTest, EndsReadersWhenTheMountWasTakenAwayBeforeIt) {
  Serve(true);
  hands_.mounted = false;
  supervision_->Terminate(now_);
  EXPECT_THAT(hands_.Done(), ElementsAre("e 1"));
}

TEST_F(SupervisionTest, EndsEvenIfAServerDoesNot) {
  Serve();
  supervision_->Terminate(now_);
  hands_.Done();
  Pass(Supervision::kEndingTime + 1000, false);
  EXPECT_THAT(hands_.Done(), ElementsAre("kill 1"));
  EXPECT_EQ(supervision_->exit_code(), 0);
}

TEST_F(SupervisionTest, LetsReadersGoWhenNoServerCanBeStarted) {
  Serve();
  hands_.can_start = false;
  Die(1);
  Pass(Supervision::kNobody - 1000);
  EXPECT_THAT(hands_.Done(), IsEmpty());
  hands_.can_mount = false;
  Pass(2000);
  EXPECT_THAT(hands_.Done(), ElementsAre("mount"));
  EXPECT_EQ(supervision_->exit_code(), 1);
}

TEST_F(SupervisionTest, IsAliveForItsManagerWhileItStartsServers) {
  Serve();
  hands_.alive = 0;
  Pass(5000);
  EXPECT_EQ(hands_.alive, 0);  // nobody said that he is healthy
  supervision_->Heard(1, 'h', now_);
  EXPECT_EQ(hands_.alive, 1);
  Die(1);
  Pass(1000);
  EXPECT_GT(hands_.alive, 1);
}

}  // namespace
}  // namespace secretfs
