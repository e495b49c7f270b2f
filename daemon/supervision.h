// Supervision: what to do about a server that comes up, hangs, dies, is replaced or has lost its
// connection. Decides alone; what it decides is done by Hands, so that it can be tested without a
// process. Time is handed in: milliseconds of CLOCK_BOOTTIME, as in fs/state.h.
//
// One byte is a message. From the server: `b` it lives, while it prepares; `p` prepared, `r` ready,
// `h` healthy, `x` cannot take this connection over. To it: `g` go, `l` leave, `e` end.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

#include "base/log.h"

namespace secretfs {

class Supervision {
 public:
  enum class Program { kOurs, kNewest };

  class Hands {
   public:
    virtual ~Hands() = default;
    /// A new server, not told to go yet, of the program that we are or of the one that is to run
    /// now; 0 when it cannot be started, which is logged.
    virtual pid_t Start(Program program) = 0;
    virtual void Send(pid_t server, char message) = 0;
    virtual void Signal(pid_t server, int number) = 0;
    /// It is dead, but a thread of it waits for an answer through the mount, which only a successor
    /// can give.
    virtual bool IsDying(pid_t server) = 0;
    /// The program that is to run is another file than the one that runs.
    virtual bool ProgramChanged() = 0;
    /// This process becomes the new program, and goes on with Resume(). Returns when it cannot, or
    /// need not.
    virtual void Become(pid_t server, pid_t next) = 0;
    virtual bool IsMounted() = 0;
    /// A new connection in place of the old one; false when there can be none, which is logged.
    virtual bool MountAfresh() = 0;
    virtual void Unmount() = 0;
    /// Who keeps the descriptors is not to keep them any more.
    virtual void ForgetStored() = 0;
    virtual void TellReady() = 0;
    virtual void TellAlive() = 0;
    virtual void TellStopping() = 0;
  };

  /// How a server ended: a signal, or else a code.
  struct End {
    int code = 0;
    int signal = 0;
    [[nodiscard]] std::string Text() const;
  };

  /// `stored`: somebody else keeps the descriptors as well, and starts us anew; so who waits is
  /// left to our successor when we are told to end, and a dead connection is theirs to replace.
  Supervision(Hands& hands, Log& log, bool stored) : hands_(hands), log_(log), stored_(stored) {}

  /// `begun`: the connection was served before.
  void Begin(int64_t now, bool begun);
  /// Instead, in the program that the old one became: `next` is prepared.
  void Resume(int64_t now, pid_t server, pid_t next);

  void Heard(pid_t server, char message, int64_t now);
  void Ended(pid_t server, const End& end, int64_t now);
  void Hangup(int64_t now);     // SIGHUP
  void Terminate(int64_t now);  // SIGTERM
  void Unmounted(int64_t now);  // by somebody else
  /// To be called at least every kTick; `last_beat` is the serving one's.
  void Tick(int64_t now, int64_t last_beat);

  /// When Tick() is due.
  [[nodiscard]] int64_t next_tick(int64_t now) const;
  /// Set at the end: with which exit code.
  [[nodiscard]] std::optional<int> exit_code() const { return exit_code_; }
  /// Servers that were ended since they did not beat, all in all.
  [[nodiscard]] uint64_t hung() const { return hung_; }

  static constexpr int64_t kTick = 250;
  static constexpr int64_t kBeat = 3000;          // a server beats within this time
  static constexpr int64_t kStarting = 10'000;    // until its first beat, as its program is loaded
  static constexpr int64_t kPreparing = 30'000;   // of an upgrade, while the old one serves
  static constexpr int64_t kLeaving = 2000;       // until who was told to leave has left
  static constexpr int64_t kEndingTime = 10'000;  // the same for `e`
  static constexpr int64_t kDying = 200;          // after SIGKILL
  static constexpr int64_t kNobody = 15'000;      // that readers wait while nothing serves them

 private:
  struct Server {
    pid_t id = 0;  // 0: none
    int64_t started = 0;
    int64_t told = 0;  // to go, or to leave or end
    int64_t beat = 0;  // when it last said that it lives
    int64_t killed = 0;
    bool ready = false;
    bool lost = false;  // its connection
  };
  enum class Phase { kServing, kPreparing, kLeaving, kEnding };

  void StartServer(int64_t now);
  void Go(Server next, int64_t now);
  void HandOver(int64_t now);
  void StartLater(int64_t now, bool was_ready);
  void CurrentEnded(const End& end, int64_t now);
  void NextFailed(const std::string& reason);
  void GiveUp(int64_t now, int code);
  void BeginEnd(char message, int64_t now);
  void Finish(int code);
  void Kill(Server& server, int64_t now);
  void KillIfHung(int64_t now, int64_t last_beat);
  [[nodiscard]] bool IsGone(const Server& server, int64_t now);

  Hands& hands_;
  Log& log_;
  const bool stored_;
  Phase phase_ = Phase::kServing;
  Server current_;
  Server next_;
  int64_t start_at_ = 0;  // without a server
  int64_t delay_ = 0;     // of the newest start
  int64_t last_tick_ = 0;
  uint64_t hung_ = 0;
  int64_t held_up_ = 0;  // when we were last stopped ourselves
  int64_t served_ = 0;   // when somebody last served
  bool begun_ = false;   // somebody served this connection
  bool proven_ = false;  // a server of ours became ready
  int final_code_ = 0;
  std::optional<int> exit_code_;
};

}  // namespace secretfs
