#include "daemon/keeper.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <vector>

#include "base/file.h"
#include "base/text.h"
#include "daemon/config_files.h"
#include "daemon/copy_terms.h"
#include "daemon/links.h"

namespace secretfs {
namespace {

/// As its unit passes it, which hides the folder that it is in.
std::string LinksBefore() {
  const char* const folder = std::getenv("CREDENTIALS_DIRECTORY");
  return folder == nullptr ? "" : std::string(folder) + "/links";
}

constexpr int kIdle = 30'000;        // milliseconds
constexpr timeval kPatience{30, 0};  // for the rest of a message

Error NotDeclared(const char* what, const Kept& kept) {
  return {Code::kPermission,
          std::string("is not declared as a ") + what + " of " + Quote(kept.name), kept.path,
          "does the keeper read the same configuration?"};
}

/// False at the end of what is sent.
Result<bool> Fill(int fd, ByteSpan into) {
  for (size_t done = 0; done < into.size();) {
    const ssize_t n = ::read(fd, into.data() + done, into.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return SystemError(errno, "cannot read from the daemon", "");
    if (n == 0) return false;
    done += static_cast<size_t>(n);
  }
  return true;
}

/// One request and its answer; false when there was none.
Result<bool> HandleOne(Keeper& keeper, int input, int output) {
  std::array<std::byte, kFrameHead> head{};
  if (!TRY(Fill(input, head))) return false;
  const size_t size = TRY(FrameSize(head));
  bool whole = true;
  // Perhaps with a secret in it.
  const SecretBytes frame = TRY(SecretBytes::Make(size, [&](ByteSpan out) -> Result<size_t> {
    whole = TRY(Fill(input, out.first(size)));
    return size;
  }));
  if (!whole) return false;
  const auto request = ParseKeeperRequest(frame.Expose());
  KeeperAnswer answer;
  if (request) {
    answer = keeper.Handle(*request);
  } else {
    answer.problems.push_back(request.error());
  }
  TRY(WriteAll(output, KeeperFrame(answer), ""));
  return true;
}

/// Connections of the daemon: one, and while it is started anew perhaps two.
class Server {
 public:
  Server(Keeper& keeper, Log& log, int listener)
      : keeper_(keeper), log_(log), listener_(listener) {}

  Status Run() {
    while (true) {
      std::vector<pollfd> waiting{{listener_, POLLIN, 0}};
      for (const UniqueFd& connection : connections_) {
        waiting.push_back({connection.get(), POLLIN, 0});
      }
      const int ready = ::poll(waiting.data(), waiting.size(), connections_.empty() ? kIdle : -1);
      if (ready == 0) return Ok{};
      if (ready < 0 && errno != EINTR) return SystemError(errno, "cannot wait for requests", "");
      if (ready < 0) continue;
      for (size_t i = connections_.size(); i > 0; --i) {
        if (waiting[i].revents != 0) Serve(i - 1);
      }
      if (waiting[0].revents != 0) Accept();
    }
  }

 private:
  void Accept() {
    UniqueFd connection(::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC));
    if (!connection) return;
    for (const int option : {SO_RCVTIMEO, SO_SNDTIMEO}) {
      ::setsockopt(connection.get(), SOL_SOCKET, option, &kPatience, sizeof(kPatience));
    }
    connections_.push_back(std::move(connection));
  }
  void Serve(size_t i) {
    const int fd = connections_[i].get();
    const auto more = HandleOne(keeper_, fd, fd);
    if (more && *more) return;
    if (!more) log_.Warning("request_refused", {{"reason", more.error().Text()}});
    connections_.erase(connections_.begin() + static_cast<ptrdiff_t>(i));
  }

  Keeper& keeper_;
  Log& log_;
  const int listener_;
  std::vector<UniqueFd> connections_;
};

}  // namespace

Keeper::Stamps Keeper::Look() const {
  Stamps stamps;
  for (const std::string& file : source_.files()) {
    auto stamp = StampOf(file);
    stamps.push_back(stamp ? std::optional(*stamp) : std::nullopt);
  }
  return stamps;
}

bool Keeper::IsToLearn(const KeeperRequest& request) const {
  return !learnt_ || request.kind == KeeperRequest::Kind::kWanted || Look() != read_at_;
}

Status Keeper::Learn() {
  read_at_ = Look();  // before, so that a change meanwhile is seen
  const Config config = TRY(source_.read());
  links_.clear();
  copies_declared_.clear();
  const auto add = [this](const auto& declared) {
    for (const std::string& path : declared.consumers.links) {
      links_.emplace(Kept{declared.name, path}, declared.access);
    }
    for (const std::string& path : declared.consumers.copies) {
      copies_declared_.emplace(Kept{declared.name, path}, declared.access);
    }
  };
  for (const SecretConfig& secret : config.secrets) add(secret);
  for (const ViewConfig& view : config.views) add(view);
  AskNssForNames(config, accounts_);
  learnt_ = true;
  return Ok{};
}

KeeperAnswer Keeper::Handle(const KeeperRequest& request) {
  KeeperAnswer answer;
  if (IsToLearn(request)) {
    const Status learnt = Learn();
    const bool is_news = !learnt_ || request.kind == KeeperRequest::Kind::kWanted;
    if (!learnt && is_news) answer.problems.push_back(learnt.error());
  }
  if (!learnt_) return answer;  // what it kept before stays
  std::error_code failed;       // who writes the records says what comes of it
  for (const std::string& record : {places_.links_record, places_.copies_record}) {
    std::filesystem::create_directories(std::filesystem::path(record).parent_path(), failed);
  }
  if (request.kind == KeeperRequest::Kind::kWanted) {
    KeepWanted(request, answer);
  } else if (const Status written = WriteCopy(request); !written) {
    answer.problems.push_back(written.error());
  }
  return answer;
}

void Keeper::KeepWanted(const KeeperRequest& request, KeeperAnswer& answer) {
  std::map<std::string, std::string> links;
  for (const Kept& link : request.links) {
    if (links_.contains(link)) {
      links[link.path] = places_.mount_point + "/" + link.name;
    } else {
      answer.problems.push_back(NotDeclared("link", link));
    }
  }
  accounts_.LookAgain();
  std::map<Kept, CopyTerms> copies;
  for (const Kept& copy : request.copies) {
    const auto declared = copies_declared_.find(copy);
    if (declared != copies_declared_.end()) copies[copy] = CopyTermsOf(declared->second, accounts_);
  }
  for (Error& problem : SyncLinks(links, places_.links_record, places_.links_before)) {
    answer.problems.push_back(std::move(problem));
  }
  answer.missing = copies_.Keep(copies, answer.problems);
}

Status Keeper::WriteCopy(const KeeperRequest& request) {
  const Kept& kept = request.copies.front();
  const auto declared = copies_declared_.find(kept);
  if (declared == copies_declared_.end()) return NotDeclared("copy", kept);
  if (kept.path.starts_with(std::string(kPlainFolder) + "/")) TRY(MountPlainFolder());
  accounts_.LookAgain();  // the daemon asks anew when it has seen a change
  const CopyTerms terms = CopyTermsOf(declared->second, accounts_);
  return copies_.Write({kept, terms, request.content});
}

Status RunKeeper(const KeeperOptions& options, Log& log) {
  ::umask(022);  // of folders that are made on the way
  const SystemClock clock;
  FileAccounts accounts(clock, "/etc/passwd", "/etc/group");
  const Keeper::Source source{
      [&options] { return ReadConfig(options.config, DefaultsForThisUser(options.mount_point)); },
      [&options] { return ConfigPaths(options.config); }};
  Keeper keeper(source,
                {options.mount_point, RecordOf("links", options.mount_point),
                 RecordOfThisBoot("copies", options.mount_point), LinksBefore()},
                accounts);
  const int socket = SD_LISTEN_FDS_START;
  if (sd_listen_fds(1) == 1 && sd_is_socket(socket, AF_UNIX, SOCK_STREAM, 1) > 0) {
    return Server(keeper, log, socket).Run();
  }
  if (options.input < 0) {
    return Error{Code::kInvalid, "the keeper needs its socket, and is started by systemd", "",
                 "systemctl enable --now secretfs-keeper.socket"};
  }
  while (TRY(HandleOne(keeper, options.input, options.output))) {
  }
  return Ok{};
}

}  // namespace secretfs
