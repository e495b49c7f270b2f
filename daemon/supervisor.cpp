#include "daemon/supervisor.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <vector>

#include "base/file.h"
#include "base/heir.h"
#include "daemon/alive_lock.h"
#include "daemon/config_files.h"
#include "daemon/control.h"
#include "daemon/harden.h"
#include "daemon/legacy.h"
#include "daemon/notify.h"
#include "daemon/reaper.h"
#include "daemon/signals.h"
#include "daemon/stored_descriptors.h"
#include "daemon/supervision.h"
#include "daemon/takeover.h"
#include "fs/mount.h"
#include "fs/mount_table.h"
#include "fs/state.h"

namespace secretfs {
namespace {

constexpr const char* kOwnProgram = "/proc/self/exe";
constexpr int64_t kEndingSoon = 50;  // milliseconds from the last words of a server to its end

class Supervisor final : public Supervision::Hands {
 public:
  Supervisor(const SuperviseOptions& options, Log& log, UniqueFd signals)
      : options_(options),
        log_(log),
        signals_(std::move(signals)),
        supervision_(*this, log, options.stored) {}

  Result<int> Run() {
    TRY(Prepare());
    const bool usable = state_ != nullptr;
    if (!usable && !GiveUp()) return 1;
    const int64_t now = fs::State::Now();
    if (options_.legacy && usable) {
      supervision_.Resume(now, options_.legacy->server, options_.legacy->next);
    } else {
      supervision_.Begin(now, state_->begun());
    }
    while (!supervision_.exit_code()) Turn();
    // Nobody goes on with it; the copy of the mount keeps its number from being another's.
    if (!options_.stored && mount_.root) (void)fs::AbortConnection(device_number_);
    return *supervision_.exit_code();
  }

  // Hands
  pid_t Start(Supervision::Program program) override {
    auto started = StartServer(program);
    if (!started) {
      log_.Error("server_not_started", {{"reason", started.error().Text()}});
      return 0;
    }
    return *started;
  }
  void Send(pid_t server, char message) override {
    if (const Peer* peer = Find(server)) SendControl(peer->control.get(), message);
  }
  void Signal(pid_t server, int number) override {
    if (Find(server) != nullptr) ::kill(server, number);
  }
  bool IsDying(pid_t server) override;
  bool ProgramChanged() override {
    const auto newest = StampOf(options_.program);
    return newest && *newest != running_;
  }
  void Become(pid_t server, pid_t next) override;
  /// What cannot be known is as it was, as a mount that is taken to be gone is given up.
  bool IsMounted() override {
    const auto mounted = fs::IsMountedAt(mount_.path, device_number_);
    return !mounted || *mounted;
  }
  bool MountAfresh() override;
  void Unmount() override {
    const Status done = fs::Unmount(mount_.path);
    if (!done) log_.Error("unmount_failed", {{"reason", done.error().Text()}});
  }
  void ForgetStored() override { secretfs::ForgetStored(manager_); }
  void TellReady() override { manager_.Tell("READY=1"); }
  void TellAlive() override { manager_.Mention("WATCHDOG=1"); }
  void TellStopping() override { manager_.Tell("STOPPING=1"); }

 private:
  /// A server that has not been reaped.
  struct Peer {
    pid_t id = 0;
    UniqueFd control;
    int64_t closed = 0;  // when that was closed: it is ending
  };

  Status Prepare();
  Status TakeLegacy(const SuperviseOptions::Legacy& legacy);
  Status Mount();
  Status Adopt(UniqueFd device, UniqueFd root);
  Status SetState(UniqueFd fd);
  Status AdoptState(UniqueFd fd);
  Status FindDevice();
  bool GiveUp();
  void LetReadersGo();
  Result<pid_t> StartServer(Supervision::Program program);
  Peer* Find(pid_t id);
  void Turn();
  void Obey();
  void Listen(Peer& peer);
  void NoteEnds();
  void NoteEndsOfOthers();
  [[nodiscard]] std::vector<pid_t> Ids() const;

  const SuperviseOptions& options_;
  Log& log_;
  const UniqueFd signals_;
  const UniqueFd mountinfo_{::open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC)};
  Notifier manager_;
  std::optional<int> oom_score_;  // of servers
  FileStamp running_;             // the program that we are
  fs::Mount mount_;
  std::string device_number_;
  UniqueFd state_fd_;
  std::unique_ptr<fs::State> state_;
  std::optional<AliveLock> alive_;
  std::vector<Peer> peers_;
  std::vector<pid_t> others_;  // children that we know nothing of: of the program before us
  std::optional<Reaper> reaper_;
  Supervision supervision_;
};

Status Supervisor::Prepare() {
  // Of the file itself, which may have another name by now, or none.
  const UniqueFd own(::open(kOwnProgram, O_RDONLY | O_CLOEXEC));
  if (!own) return SystemError(errno, "cannot find", kOwnProgram);
  running_ = TRY(StampOf(own.get(), kOwnProgram));
  if (options_.legacy) {
    TRY(TakeLegacy(*options_.legacy));
  } else if (options_.stored) {
    ConnectionDescriptors stored = TRY(TakeStored());
    TRY(Adopt(std::move(stored.device), std::move(stored.root)));
    TRY(AdoptState(std::move(stored.state)));
  } else {
    TRY(Mount());
  }
  reaper_ = TRY(Reaper::Start());
  const std::optional<int> usual = OutliveServers();
  // Or it is what the program before us made it.
  oom_score_ = options_.legacy ? options_.legacy->oom_score : usual;
  others_ = OtherChildren(Ids());
  NoteEndsOfOthers();
  alive_ = TakeAliveLock(mount_.path, log_);
  if (!LockAllMemory()) log_.Debug("memory_not_all_locked", {});
  return Ok{};
}

Status Supervisor::TakeLegacy(const SuperviseOptions::Legacy& legacy) {
  for (const int fd :
       {legacy.device, legacy.state, legacy.root, legacy.control, legacy.next_control}) {
    if (fd >= 0) ::fcntl(fd, F_SETFD, FD_CLOEXEC);
  }
  peers_.push_back({legacy.server, UniqueFd(legacy.control)});
  peers_.push_back({legacy.next, UniqueFd(legacy.next_control)});
  TRY(Adopt(UniqueFd(legacy.device), UniqueFd(legacy.root)));
  return AdoptState(UniqueFd(legacy.state));
}

Status Supervisor::Adopt(UniqueFd device, UniqueFd root) {
  mount_ = TRY(fs::AdoptMount(options_.mount_point, std::move(device), std::move(root)));
  return FindDevice();
}

Status Supervisor::SetState(UniqueFd fd) {
  state_ = TRY(fs::State::Open(fd.get()));
  state_fd_ = std::move(fd);
  return Ok{};
}

/// None is there when nobody of this program can use it.
Status Supervisor::AdoptState(UniqueFd fd) {
  const Status set = SetState(std::move(fd));
  if (set || !MeansLost(set.error())) return set;
  log_.Error("state_not_usable", {{"reason", set.error().Text()}});
  return Ok{};
}

/// Of a connection that cannot be gone on with: false when it is for somebody else to mount afresh.
bool Supervisor::GiveUp() {
  for (const Peer& peer : peers_) ::kill(peer.id, SIGKILL);
  if (!options_.stored) return MountAfresh();
  ForgetStored();
  return false;
}

Status Supervisor::Mount() {
  mount_ = TRY(fs::MountAt(options_.mount_point));
  if (mount_.id != 0) mount_.root = TRY(fs::WritableCopy(mount_));
  if (mount_.covered) log_.Warning("mount_point_not_empty", {{"mount", mount_.path}});
  TRY(SetState(TRY(fs::State::Make())));
  return FindDevice();
}

Status Supervisor::FindDevice() {
  const auto line = TRY(fs::FindMount(mount_.path));
  if (!line || !line->ours) {
    return Error{Code::kNotFound, "something else is mounted here now", mount_.path, ""};
  }
  device_number_ = line->device;
  return Ok{};
}

bool Supervisor::MountAfresh() {
  LetReadersGo();
  // What is held keeps the old connection alive, and its readers waiting.
  mount_ = {};
  state_.reset();
  const Status mounted = Mount();
  if (!mounted) {
    log_.Error("not_mounted", {{"reason", mounted.error().Text()}, {"hint", mounted.error().hint}});
  }
  return mounted.has_value();
}

/// At the end of a connection; a server of it that is still dying must not keep them.
void Supervisor::LetReadersGo() {
  (void)fs::AbortConnection(device_number_);
  const auto top = fs::FindMount(mount_.path);
  if (!top || !*top || (*top)->device != device_number_) return;
  const Status done = fs::Abandon(mount_.path);
  if (!done) log_.Error("unmount_failed", {{"reason", done.error().Text()}});
}

Result<pid_t> Supervisor::StartServer(Supervision::Program program) {
  ControlSocket control = TRY(MakeControlSocket());
  HeirOptions heir;
  const auto newest = StampOf(options_.program);
  const bool same = newest && *newest == running_;
  const bool wants_newest = program == Supervision::Program::kNewest;
  heir.program = same || wants_newest ? options_.program : kOwnProgram;
  heir.arguments = {"server", options_.config, "--mount-point", mount_.path};
  if (mount_.root) heir.arguments.emplace_back("--root");
  heir.arguments.insert(heir.arguments.end(), options_.server_options.begin(),
                        options_.server_options.end());
  heir.descriptors = {mount_.device.get(), state_fd_.get(), control.theirs.get(),
                      mount_.root.get()};
  if (oom_score_) heir.oom_score = std::to_string(*oom_score_);
  const pid_t id = TRY(StartHeir(heir));
  peers_.push_back({id, std::move(control.ours)});
  return id;
}

Supervisor::Peer* Supervisor::Find(pid_t id) {
  const auto found = std::ranges::find(peers_, id, &Peer::id);
  return found == peers_.end() ? nullptr : &*found;
}

/// It has closed all, or the leader of its threads is a zombie, but the whole cannot be reaped.
bool Supervisor::IsDying(pid_t server) {
  const Peer* const peer = Find(server);
  if (peer == nullptr) return false;
  siginfo_t info{};
  const auto id = static_cast<id_t>(server);
  if (::waitid(P_PID, id, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid != 0)
    return false;
  if (peer->closed != 0 && fs::State::Now() - peer->closed >= kEndingSoon) return true;
  const auto stat = ReadFile("/proc/" + std::to_string(server) + "/stat", 4096);
  if (!stat) return false;
  const std::string_view text = AsText(*stat);
  const size_t name_end = text.rfind(") ");
  return name_end != std::string_view::npos && text.substr(name_end + 2).starts_with('Z');
}

void Supervisor::Become(pid_t server, pid_t next) {
  const Peer* const old = Find(server);
  const Peer* const prepared = Find(next);
  const auto newest = StampOf(options_.program);
  if (old == nullptr || prepared == nullptr || !newest || *newest == running_) return;
  const std::vector<int> keep{mount_.device.get(), state_fd_.get(), old->control.get(),
                              prepared->control.get()};
  const std::string legacy = LegacyText({.device = mount_.device.get(),
                                         .state = state_fd_.get(),
                                         .root = mount_.root.get(),
                                         .server = server,
                                         .control = old->control.get(),
                                         .next = next,
                                         .next_control = prepared->control.get(),
                                         .oom_score = oom_score_});
  std::vector<std::string> arguments{"supervise", options_.config,  mount_.path,
                                     "--program", options_.program, "--legacy=" + legacy};
  if (options_.stored) arguments.emplace_back("--stored");
  arguments.insert(arguments.end(), options_.server_options.begin(), options_.server_options.end());
  std::vector<int> all = keep;
  if (mount_.root) all.push_back(mount_.root.get());
  const Error failed = BecomeHeir(options_.program, arguments, all);
  log_.Error("supervisor_not_upgraded", {{"reason", failed.Text()}});
  running_ = *newest;  // or it would be tried at each reload
}

void Supervisor::Turn() {
  const int64_t now = fs::State::Now();
  std::vector<pollfd> waits{{signals_.get(), POLLIN, 0}, {mountinfo_.get(), POLLPRI, 0}};
  for (const Peer& peer : peers_) waits.push_back({peer.control.get(), POLLIN, 0});
  const bool ending = std::ranges::any_of(peers_, &Peer::closed);
  const int64_t usual = supervision_.next_tick(now) - now;
  const int64_t until = ending ? std::min(usual, kEndingSoon) : usual;
  const int ready = ::poll(waits.data(), waits.size(), static_cast<int>(until));
  const int64_t later = fs::State::Now();
  if (ready > 0) {
    for (size_t i = 2; i < waits.size(); ++i) {
      if (waits[i].revents != 0) Listen(peers_[i - 2]);
    }
    if ((waits[0].revents & POLLIN) != 0) Obey();
    if (!supervision_.exit_code() && waits[1].revents != 0 && !IsMounted()) {
      supervision_.Unmounted(later);
    }
  }
  manager_.Flush();
  if (ending || later >= supervision_.next_tick(now)) {
    const uint64_t before = supervision_.hung();
    supervision_.Tick(later, state_->last_beat());
    state_->counters().stalls += supervision_.hung() - before;
  }
}

void Supervisor::Obey() {
  const int64_t now = fs::State::Now();
  switch (NextOrder(signals_.get())) {
    case Order::kNone:
      break;
    case Order::kReload:
      return supervision_.Hangup(now);
    case Order::kEnd:
      return supervision_.Terminate(now);
    case Order::kChild:
      return NoteEnds();
  }
}

void Supervisor::Listen(Peer& peer) {
  const pid_t id = peer.id;
  char message = 0;
  Heard heard = Heard::kEnd;
  while ((heard = ReceiveControl(peer.control.get(), message)) == Heard::kMessage) {
    supervision_.Heard(id, message, fs::State::Now());
  }
  if (heard == Heard::kEnd && peer.control) {
    peer.control.reset();
    peer.closed = fs::State::Now();
  }
}

/// What a server said last is heard before its end. It is replaced before it is reaped.
void Supervisor::NoteEnds() {
  for (const pid_t id : Ids()) {
    siginfo_t info{};
    const int result = ::waitid(P_PID, static_cast<id_t>(id), &info, WEXITED | WNOHANG | WNOWAIT);
    if (result != 0 || info.si_pid == 0) continue;
    Listen(*Find(id));
    std::erase_if(peers_, [id](const Peer& peer) { return peer.id == id; });
    Supervision::End end;
    (info.si_code == CLD_EXITED ? end.code : end.signal) = info.si_status;
    supervision_.Ended(id, end, fs::State::Now());
    if (!supervision_.exit_code()) reaper_->Take(id);
  }
  NoteEndsOfOthers();
}

void Supervisor::NoteEndsOfOthers() {
  std::erase_if(others_, [this](pid_t id) {
    siginfo_t info{};
    const int result = ::waitid(P_PID, static_cast<id_t>(id), &info, WEXITED | WNOHANG | WNOWAIT);
    if (result == 0 && info.si_pid == 0) return false;
    if (result == 0) reaper_->Take(id);
    return true;
  });
}

std::vector<pid_t> Supervisor::Ids() const {
  std::vector<pid_t> ids;
  for (const Peer& peer : peers_) ids.push_back(peer.id);
  return ids;
}

}  // namespace

Result<int> RunSupervisor(const SuperviseOptions& options, Log& log) {
  return Supervisor(options, log, TRY(BlockSignals(true))).Run();
}

}  // namespace secretfs
