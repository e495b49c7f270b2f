#include "daemon/daemon.h"

#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <thread>

#include "base/child_groups.h"
#include "base/file.h"
#include "crypto/init.h"
#include "daemon/accounts.h"
#include "daemon/alive_lock.h"
#include "daemon/audit_log.h"
#include "daemon/config_files.h"
#include "daemon/copies.h"
#include "daemon/credential_service.h"
#include "daemon/ending.h"
#include "daemon/harden.h"
#include "daemon/health.h"
#include "daemon/identity_report.h"
#include "daemon/keeping.h"
#include "daemon/metrics.h"
#include "daemon/own_file.h"
#include "daemon/path_watcher.h"
#include "daemon/privileges.h"
#include "daemon/reopen_log.h"
#include "daemon/server_sandbox.h"
#include "daemon/signals.h"
#include "daemon/status.h"
#include "daemon/toucher.h"
#include "daemon/unit_actions.h"
#include "daemon/upkeep.h"
#include "daemon/worker_loader.h"
#include "fs/mount.h"
#include "fs/ops.h"
#include "fs/proc_caller.h"
#include "fs/program.h"
#include "fs/session.h"

namespace secretfs {
namespace {

constexpr std::chrono::seconds kCopiesPatience{5};  // of the first start, for copies to be there
constexpr int kCopiesLooks = 10;

constexpr const char* kPasswdFile = "/etc/passwd";
constexpr const char* kGroupFile = "/etc/group";

class Daemon {
 public:
  Daemon(const DaemonOptions& options, Log& log, UniqueFd signals, std::optional<Takeover> takeover)
      : options_(options),
        log_(log),
        signals_(std::move(signals)),
        takeover_(std::move(takeover)),
        accounts_(clock_, kPasswdFile, kGroupFile) {
    if (takeover_) supervisor_.emplace(std::move(takeover_->control));
  }

  Status Run(const Config& config, Assembly assembly) {
    // Before there are threads, which it would not hold for. Who mounts has to unmount as well,
    // which Landlock forbids; a user's needs the setuid helper, too.
    if (takeover_) {
      sandbox_ = ServerSandbox::Enter(config, options_.mount_point, takeover_->root.get(), log_);
      preparing_.emplace(supervisor_->fd());
    } else if (::geteuid() == 0) {
      (void)ForbidNewPrivileges();
    }
    identities_ = assembly.identities;
    identities_->Use(assembly.identity_configs, assembly.plugins);
    AskNssForNames(config, accounts_);
    audit_ = TRY(AuditLog::Open(config.audit, clock_, log_));
    own_files_ = {
        OwnFile("status.json", options_.defaults, clock_,
                [this] { return StatusJson(Facts(), snapshots_->Load()->files()); }),
        OwnFile("metrics", options_.defaults, clock_,
                [this] { return MetricsText(Facts(), snapshots_->Load()->files()); }),
    };
    if (supervisor_) own_files_.push_back(TRY(HealthFile(clock_)));
    std::vector<File> files = assembly.files;
    files.insert(files.end(), own_files_.begin(), own_files_.end());
    snapshots_ = std::make_unique<SnapshotCell>(Snapshot::Build(files, started_));
    loader_ = std::make_unique<WorkerLoader>(
        clock_, log_, std::clamp(std::thread::hardware_concurrency(), 2U, 4U),
        [this](const EntryPtr& entry) {
          upkeep_->Tried(entry);
          keeping_->Tried(entry);
        });
    ops_ = std::make_unique<fs::Ops>(
        fs::Ops::Services{*snapshots_, *loader_, accounts_, *audit_, clock_,
                          *options_.defaults.owner.number, *options_.defaults.group.number,
                          [this](const fs::ReopenFailure& failure) { reopen_log_.Note(failure); }});
    upkeep_ = std::make_unique<Upkeep>(
        UpkeepServices(),
        Upkeep::Start{std::move(assembly), own_files_, {kPasswdFile, kGroupFile}});
    StartWatcher();
    if (!TRY(TakeMount())) return Ok{};
    alive_ = TakeAliveLock(mount_.path, log_);
    PrepareForCopies(config, log_);
    has_copies_ = HasCopies(config);
    StartKeeping();
    credentials_.emplace(CredentialServices());
    if (const Status sockets = credentials_->Serve(config.credentials); !sockets) {
      log_.Error("credentials_not_served", {{"reason", sockets.error().Text()}});
    }
    return Serve(config.secrets.size() + config.views.size());
  }

 private:
  Upkeep::Services UpkeepServices() {
    return {
        .snapshots = *snapshots_,
        .loader = *loader_,
        .accounts = accounts_,
        .clock = clock_,
        .log = log_,
        .read = [this] { return ReadConfig(options_.config_file, options_.defaults); },
        .config_files = [this] { return ConfigPaths(options_.config_file); },
        .configure = [this](const Config& config) { return Configure(config); },
        .watch = [this](std::vector<std::string> paths) { Watch(std::move(paths)); },
        .announce = [this](const Changes& changes) { session_->Announce(changes); },
        .ask = [this](const ChangeTracker::Due& due) { actions_->Ask(due.what, due.name); },
        .keep =
            [this](const std::vector<File>& files) {
              accounts_.LookAgain();  // they may be why this is called
              keeping_->Keep(files);
              CheckForActor(files, log_);
            },
    };
  }

  void StartWatcher() {
    auto watcher = PathWatcher::Start([this](const auto& paths) { upkeep_->Changed(paths); });
    if (watcher) {
      watcher_ = *std::move(watcher);
    } else {
      LogUnwatched(watcher.error());
    }
  }

  void Watch(std::vector<std::string> paths) {
    if (!watcher_) return;
    watcher_->Watch(std::move(paths));
    for (const Error& problem : watcher_->Problems()) LogUnwatched(problem);
  }

  void StartKeeping() {
    const auto want = [this](const EntryPtr& entry) {
      loader_->Want(entry, clock_.Steady(), Loader::Patience::kNone, [](const auto&) {});
    };
    keeping_ = std::make_unique<Keeping>(
        MakeKeeperChannel(WayToKeeper(options_.config_file, mount_.path)),
        Keeping::Services{accounts_, log_, want,
                          [path = mount_.path] { return MayHaveKept(path); }});
  }

  void LogUnwatched(const Error& problem) {
    log_.Warning("not_watched", {{"reason", problem.Text()}, {"hint", problem.hint}});
  }

  /// What a reloaded configuration says of the daemon itself.
  Status Configure(const Config& config) {
    if (sandbox_) TRY(sandbox_->Fits(config));
    AskNssForNames(config, accounts_);
    const std::vector<CredentialSocket> before = credentials_->sockets();
    TRY(credentials_->Serve(config.credentials));
    PrepareForCopies(config, log_);
    const Status audited = audit_->Reconfigure(config.audit);
    if (!audited)
      (void)credentials_->Listen(before);  // or what is served and what is on record would differ
    return audited;
  }

  CredentialServer::Services CredentialServices() {
    return {*snapshots_,
            *loader_,
            accounts_,
            *audit_,
            clock_,
            log_,
            [this](uid_t uid, gid_t gid, pid_t pid) -> std::unique_ptr<Caller> {
              return std::make_unique<fs::ProcCaller>(uid, gid, pid, groups_);
            }};
  }

  /// False when there is nothing to serve after all.
  Result<bool> TakeMount() {
    if (!takeover_) {
      mount_ = TRY(fs::MountAt(options_.mount_point));
      return true;
    }
    // Before it says that it is prepared, or who serves would leave in vain.
    state_ = TRY(supervisor_->Told(fs::State::Open(takeover_->state.get())));
    const Going going = AwaitGo(*supervisor_, signals_.get());
    if (!going.go) return false;
    reload_ = going.reload;
    loader_->MarkWith(state_->key());
    NoteGap(*state_);
    mount_ = TRY(fs::AdoptMount(options_.mount_point, std::move(takeover_->device),
                                std::move(takeover_->root)));
    return true;
  }

  Status Serve(size_t declared) {
    auto session = fs::Session::Create(mount_, *ops_, groups_, state_.get(),
                                       takeover_ ? takeover_->recovery : fs::Recovery{});
    if (!session) {
      if (supervisor_) (void)supervisor_->Told(Status(session.error()));
      if (!takeover_) Unmount();
      return std::move(session).error();
    }
    session_ = *std::move(session);
    Status result = Ok{};
    preparing_.reset();  // from now on the state has the beats
    std::jthread receiver([&] {
      pthread_setname_np(pthread_self(), "fuse");
      result = session_->Serve();
      eventfd_write(receiver_ended_.get(), 1);
    });
    std::optional<Toucher> toucher;
    if (mount_.root) toucher.emplace(*session_);
    std::optional<Health> health;
    std::optional<std::jthread> announcer;
    if (supervisor_) {
      health.emplace(mount_, [this, declared] { SayHealthy(declared); });
    } else {
      announcer.emplace([&] { AnnounceReady(declared); });
    }
    upkeep_->Run();
    if (reload_) upkeep_->Reload();
    const Ending ending = AwaitEnd({signals_.get(), receiver_ended_.get(),
                                    supervisor_ ? &*supervisor_ : nullptr, log_,
                                    [this] {
                                      if (alive_) alive_->Beat();
                                      reopen_log_.Tell(log_);
                                    },
                                    [this] { upkeep_->Reload(); }});
    stopping_ = true;
    if (!supervisor_) sd_notify(0, "STOPPING=1");
    // Before nobody answers them any more.
    const bool healthy = !health || health->Stop();
    const bool kept_up = upkeep_->Stop();
    const bool keeper_ended = keeping_->Stop();
    const bool touched = !toucher || toucher->Stop();
    if (kept_up) watcher_.reset();  // which the other one uses while it reloads
    if (kept_up) credentials_->Stop();
    if (ending == Ending::kUnmount) Unmount();
    if (ending == Ending::kLeave) {
      session_->Leave();
    } else {
      session_->Stop();
    }
    receiver.join();
    const bool lost = result || MeansLost(result.error());
    if (ending == Ending::kGone && supervisor_ && lost) supervisor_->Say('x');
    const bool ended = loader_->Stop(
        EndChildren);  // answers whoever still waits, while the session can carry the answers
    if (touched) {
      toucher.reset();
      session_.reset();
    }
    mount_.device.reset();  // fails whatever the kernel still waits for
    reopen_log_.Tell(log_);
    log_.Info(ending == Ending::kLeave ? "left" : "stopped", {{"mount", mount_.path}});
    if (!ended || !kept_up || !healthy || !touched || !keeper_ended) {
      log_.Warning("source_stuck",
                   {{"reason", "a source or the keeper does not answer; ending without it"}});
      ::_exit(result ? 0 : 1);
    }
    return result;
  }

  void Unmount() {
    const Status unmounted = fs::Unmount(mount_.path);
    if (!unmounted) log_.Error("unmount_failed", {{"reason", unmounted.error().Text()}});
  }

  /// On the health thread: what is served was read through the mount.
  void SayHealthy(size_t declared) {
    if (ready_) return supervisor_->Say('h');
    const bool waits = has_copies_ && !keeping_->AwaitCopies(kCopiesPatience / kCopiesLooks);
    if (waits && ++copies_looks_ < kCopiesLooks) return supervisor_->Say('h');
    ready_ = true;
    supervisor_->Say('r');
    session_->AnnounceAll(*snapshots_->Load());
    TellReady(declared);
  }

  /// Ready is when a first request was answered through the mount; on a thread that may wait for
  /// it.
  void AnnounceReady(size_t declared) {
    struct stat st {};
    const bool answered = ::stat(mount_.path.c_str(), &st) == 0;
    if (stopping_) return;
    if (!answered) {
      log_.Error("mount_not_answering", {{"mount", mount_.path}});
      return;
    }
    if (has_copies_) keeping_->AwaitCopies(kCopiesPatience);  // units that need them come after us
    sd_notify(0, "READY=1");
    TellReady(declared);
  }

  void TellReady(size_t declared) {
    log_.Info("ready", {{"mount", mount_.path}, {"secrets", declared}});
    if (!groups_.trusted()) {
      log_.Warning("foreign_proc",
                   {{"reason", "/proc shows other processes: supplementary groups cannot be told"},
                    {"hint", "mount a /proc of this pid namespace"}});
    }
    if (!mount_.shared) {
      log_.Info("private_mount",
                {{"reason", "only this user can look in: /etc/fuse.conf has no user_allow_other"}});
    }
    if (mount_.covered) log_.Warning("mount_point_not_empty", {{"mount", mount_.path}});
    WarnOfMissingPrivileges(snapshots_->Load()->files(), audit_->Wants(true),
                            !mount_.shared || fs::SeesProgramsOfOthers(), log_);
    if (!LockAllMemory()) log_.Debug("memory_not_all_locked", {});
    ReportIdentities(identities_, *loader_, clock_, log_);
  }

  StatusFacts Facts() {
    StatusFacts facts;
    facts.version = options_.version;
    facts.started = started_;
    facts.pid = ::getpid();
    facts.now = clock_.Wall();
    facts.steady_now = clock_.Steady();
    facts.reloads = upkeep_->reloads();
    facts.audit_dropped = audit_->dropped();
    facts.waiting_readers = loader_->waiting();
    if (state_) facts.survival = SurvivalOf(*state_, ::getppid());
    facts.identity_problems = identities_->Get().problems;
    facts.copies = keeping_->copies();
    facts.accounts = &accounts_;
    return facts;
  }

  const DaemonOptions& options_;
  Log& log_;
  ReopenLog reopen_log_;
  const UniqueFd signals_;
  std::optional<Takeover> takeover_;
  std::optional<SupervisorLink> supervisor_;
  std::optional<Preparing> preparing_;  // until Serve()
  bool reload_ = false;                 // was wanted while we waited
  const UniqueFd receiver_ended_{::eventfd(0, EFD_CLOEXEC)};
  const SystemClock clock_;
  const WallTime started_ = clock_.Wall();
  std::optional<ServerSandbox> sandbox_;
  FileAccounts accounts_;
  fs::ProcGroups groups_{clock_};
  std::optional<AliveLock> alive_;
  bool has_copies_ = false;  // from the start
  int copies_looks_ = 0;     // of the health thread
  std::atomic<bool> stopping_{false};
  bool ready_ = false;  // of the health thread
  std::shared_ptr<IdentityStore> identities_;
  std::unique_ptr<AuditLog> audit_;
  std::unique_ptr<SnapshotCell> snapshots_;
  std::unique_ptr<Keeping> keeping_;
  std::unique_ptr<WorkerLoader> loader_;
  std::unique_ptr<fs::Ops> ops_;
  std::vector<File> own_files_;
  const std::unique_ptr<UnitActions> actions_ = UnitActions::Make(ActorSocket(), log_);
  std::unique_ptr<Upkeep> upkeep_;
  std::unique_ptr<PathWatcher> watcher_;
  std::optional<CredentialService> credentials_;
  std::unique_ptr<fs::State> state_;
  fs::Mount mount_;
  std::unique_ptr<fs::Session> session_;
};

}  // namespace

Status RunDaemon(const DaemonOptions& options, const Config& config, Assembly assembly, Log& log,
                 std::optional<Takeover> takeover) {
  TRY(CheckLockableMemory());
  UniqueFd signals = TRY(BlockSignals());
  AllowManyDescriptors();
  return Daemon(options, log, std::move(signals), std::move(takeover))
      .Run(config, std::move(assembly));
}

}  // namespace secretfs
