#include "daemon/supervision.h"

#include <algorithm>
#include <csignal>
#include <utility>

namespace secretfs {
namespace {

constexpr int64_t kFirstDelay = 10;
constexpr int64_t kMostDelay = 1000;        // of one that cannot start
constexpr int64_t kMostDelayOfReady = 100;  // of one that served
constexpr int64_t kLongLife = 1000;         // who lived so long is replaced at once
constexpr int64_t kLate = 1500;             // so late a tick means that we did not run

}  // namespace

std::string Supervision::End::Text() const {
  return signal != 0 ? "signal " + std::to_string(signal) : "exit code " + std::to_string(code);
}

void Supervision::Begin(int64_t now, bool begun) {
  last_tick_ = served_ = now;
  begun_ = begun;
  StartServer(now);
}

void Supervision::Resume(int64_t now, pid_t server, pid_t next) {
  last_tick_ = served_ = now;
  begun_ = proven_ = true;
  current_ = {.id = server, .started = now, .told = now, .ready = true};
  next_ = {.id = next, .started = now};
  log_.Info("supervisor_upgraded", {});
  HandOver(now);
}

void Supervision::StartServer(int64_t now) {
  start_at_ = 0;
  const pid_t id = hands_.Start(Program::kOurs);
  if (id == 0) {
    StartLater(now, false);
  } else {
    Go({.id = id, .started = now}, now);
  }
}

void Supervision::Go(Server next, int64_t now) {
  current_ = next;
  current_.told = now;
  next_ = {};
  phase_ = Phase::kServing;
  hands_.Send(current_.id, 'g');
}

void Supervision::StartLater(int64_t now, bool was_ready) {
  delay_ = std::clamp(delay_ * 2, kFirstDelay, was_ready ? kMostDelayOfReady : kMostDelay);
  start_at_ = now + delay_;
}

void Supervision::Heard(pid_t server, char message, int64_t now) {
  if (server == next_.id && message == 'p' && phase_ == Phase::kPreparing) {
    hands_.Become(current_.id, next_.id);
    return HandOver(now);
  }
  if (server != current_.id) return;
  if (message == 'x') current_.lost = true;
  if (message == 'b') current_.beat = now;
  if (message == 'r') {
    current_.ready = begun_ = proven_ = true;
    hands_.TellReady();
  }
  if (message == 'r' || message == 'h') {
    served_ = now;
    hands_.TellAlive();
  }
}

void Supervision::HandOver(int64_t now) {
  phase_ = Phase::kLeaving;
  current_.told = now;
  hands_.Send(current_.id, 'l');
}

void Supervision::Ended(pid_t server, const End& end, int64_t now) {
  if (server == 0) return;
  if (server == next_.id) {
    next_ = {};
    if (phase_ == Phase::kPreparing) NextFailed(end.Text());
  } else if (server == current_.id) {
    CurrentEnded(end, now);
  }
}

void Supervision::NextFailed(const std::string& reason) {
  log_.Error("upgrade_failed",
             {{"reason", "the new program did not start: " + reason + "; the old one serves on"}});
  phase_ = Phase::kServing;
  hands_.Signal(current_.id, SIGHUP);  // says what is wrong if it is the configuration
}

void Supervision::CurrentEnded(const End& end, int64_t now) {
  const Server ended = std::exchange(current_, {});
  if (ended.ready) served_ = now;
  if (phase_ == Phase::kEnding) return Finish(final_code_);
  if (ended.lost) return GiveUp(now, 0);
  const bool left = phase_ == Phase::kLeaving;
  if (next_.id != 0) {
    if (!left) log_.Warning("server_ended", {{"how", end.Text()}});
    return Go(next_, now);
  }
  phase_ = Phase::kServing;
  if (!begun_ && end.signal == 0 && end.code != 0) {
    if (!stored_) hands_.Unmount();
    return Finish(end.code);
  }
  log_.Warning("server_ended", {{"how", end.Text()}});
  final_code_ = end.code;
  if (ended.ready && now - ended.started >= kLongLife) {
    delay_ = 0;
    StartServer(now);
  } else {
    StartLater(now, ended.ready);
  }
}

void Supervision::GiveUp(int64_t now, int code) {
  if (next_.id != 0) Kill(next_, now);
  next_ = {};
  phase_ = Phase::kServing;
  if (stored_) {
    hands_.ForgetStored();
    return Finish(code);
  }
  if (!hands_.IsMounted()) return Finish(0);
  log_.Warning("mounted_afresh",
               {{"reason", "the connection cannot be served any more; what is open is lost"}});
  if (!hands_.MountAfresh()) return Finish(code == 0 ? 1 : code);
  begun_ = false;
  served_ = now;
  StartServer(now);
}

void Supervision::Hangup(int64_t now) {
  if (phase_ != Phase::kServing || current_.id == 0) return;  // whoever comes reads all anew
  if (!hands_.ProgramChanged()) return hands_.Signal(current_.id, SIGHUP);
  next_ = {.id = hands_.Start(Program::kNewest), .started = now};
  if (next_.id == 0) return NextFailed("it cannot be run");
  phase_ = Phase::kPreparing;
}

void Supervision::Terminate(int64_t now) {
  if (phase_ == Phase::kEnding) return;
  hands_.TellStopping();
  if (!stored_) {
    hands_.Unmount();
    return BeginEnd('e', now);
  }
  BeginEnd(hands_.IsMounted() ? 'l' : 'e', now);
}

void Supervision::Unmounted(int64_t now) {
  if (phase_ == Phase::kEnding) return;
  log_.Info("unmounted", {{"reason", "the mount was taken away"}});
  if (stored_) hands_.ForgetStored();
  BeginEnd('e', now);
}

void Supervision::BeginEnd(char message, int64_t now) {
  phase_ = Phase::kEnding;
  final_code_ = 0;
  start_at_ = 0;
  if (next_.id != 0) Kill(next_, now);
  if (current_.id == 0) return Finish(0);
  current_.told = now + (message == 'e' ? kEndingTime - kLeaving : 0);
  hands_.Send(current_.id, message);
}

void Supervision::Finish(int code) {
  phase_ = Phase::kEnding;
  exit_code_ = code;
}

void Supervision::Kill(Server& server, int64_t now) {
  hands_.Signal(server.id, SIGKILL);
  if (server.killed == 0) server.killed = now;
}

bool Supervision::IsGone(const Server& server, int64_t now) {
  if (server.id == 0) return false;
  return (server.killed != 0 && now - server.killed >= kDying) || hands_.IsDying(server.id);
}

void Supervision::KillIfHung(int64_t now, int64_t last_beat) {
  const int64_t since = std::max(current_.told, held_up_);
  const bool beats = last_beat > current_.told || current_.beat != 0;
  const int64_t silence = now - std::max({since, last_beat, current_.beat});
  if (silence < (beats ? kBeat : kStarting)) return;
  log_.Error("server_hangs", {{"silence_ms", silence}});
  ++hung_;
  Kill(current_, now);
}

void Supervision::Tick(int64_t now, int64_t last_beat) {
  if (exit_code_) return;
  if (now - last_tick_ > kLate) held_up_ = now;
  last_tick_ = now;
  // The system tells the end of a process only when all of it is gone.
  if (IsGone(current_, now)) Ended(current_.id, {.code = 0, .signal = SIGKILL}, now);
  if (IsGone(next_, now)) Ended(next_.id, {.code = 0, .signal = SIGKILL}, now);
  if (exit_code_) return;
  if (current_.id == 0 && start_at_ != 0 && now >= start_at_) StartServer(now);
  if (current_.id != 0 && current_.killed == 0) {
    const bool serves = phase_ == Phase::kServing || phase_ == Phase::kPreparing;
    if (serves) KillIfHung(now, last_beat);
    if (!serves && now - std::max(current_.told, held_up_) >= kLeaving) Kill(current_, now);
  }
  if (next_.id != 0 && next_.killed == 0 && phase_ == Phase::kPreparing &&
      now - next_.started >= kPreparing) {
    Kill(next_, now);
  }
  if (phase_ == Phase::kEnding || current_.ready) return;
  if (!proven_ && !begun_) return;
  // Who takes requests is not nobody, even if none of his own came through.
  if (current_.id != 0 && current_.killed == 0 && last_beat > current_.told) served_ = now;
  if (now - std::max(served_, held_up_) >= kNobody) {
    log_.Error("nobody_serves", {{"reason", "no server could be started; readers are let go"}});
    if (current_.id != 0) Kill(current_, now);
    current_ = {};
    GiveUp(now, final_code_);
  } else {
    hands_.TellAlive();
  }
}

int64_t Supervision::next_tick(int64_t now) const {
  const int64_t usual = last_tick_ + kTick;
  return std::max(now, start_at_ == 0 ? usual : std::min(usual, start_at_));
}

}  // namespace secretfs
