#include "daemon/keeper_channel.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "base/child_process.h"
#include "base/clock.h"
#include "base/file.h"
#include "daemon/config_files.h"

namespace secretfs {
namespace {

constexpr std::chrono::seconds kPatience{30};

/// What the records are found by.
constexpr const char* kPassedOn[] = {"STATE_DIRECTORY", "HOME",
                                     "XDG_STATE_HOME",  "RUNTIME_DIRECTORY",
                                     "XDG_RUNTIME_DIR", "LD_BIND_NOW"};

/// The file that runs, whatever its path has become.
constexpr const char* kOwnProgram = "/proc/self/exe";

std::string KeeperSocket() {
  const std::string folder = RuntimeFolder();
  return folder.empty() ? "" : folder + "/keeper.sock";
}

class Stream {
 public:
  virtual ~Stream() = default;
  virtual Status Write(ByteView bytes, SteadyTime deadline) = 0;
  /// Some bytes, 0 at the end.
  virtual Result<size_t> Read(ByteSpan into, SteadyTime deadline) = 0;
};

class SocketStream final : public Stream {
 public:
  SocketStream(UniqueFd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}

  static Result<std::unique_ptr<Stream>> Connect(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof(address.sun_path)) {
      return Error{Code::kInvalid, "the path of the keeper's socket is too long", path, ""};
    }
    std::memcpy(address.sun_path, path.data(), path.size());
    UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    // A full queue of a hung keeper is EAGAIN.
    if (!fd || ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address))) {
      return SystemError(errno, "cannot reach the keeper", path);
    }
    return std::unique_ptr<Stream>(new SocketStream(std::move(fd), path));
  }

  Status Write(ByteView bytes, SteadyTime deadline) override {
    while (!bytes.empty()) {
      TRY(Await(POLLOUT, deadline));
      const ssize_t n = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n < 0 && errno != EAGAIN && errno != EINTR) {
        return SystemError(errno, "cannot write to the keeper", path_);
      }
      if (n > 0) bytes = bytes.subspan(static_cast<size_t>(n));
    }
    return Ok{};
  }
  Result<size_t> Read(ByteSpan into, SteadyTime deadline) override {
    while (true) {
      TRY(Await(POLLIN, deadline));
      const ssize_t n = ::recv(fd_.get(), into.data(), into.size(), 0);
      if (n >= 0) return static_cast<size_t>(n);
      if (errno != EAGAIN && errno != EINTR) {
        return SystemError(errno, "cannot read from the keeper", path_);
      }
    }
  }

 private:
  Status Await(short event, SteadyTime deadline) const {
    while (true) {
      const auto left =
          std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
      if (left.count() <= 0) return Error{Code::kTimeout, "the keeper does not answer", path_, ""};
      pollfd waiting{fd_.get(), event, 0};
      if (::poll(&waiting, 1, static_cast<int>(left.count())) > 0) return Ok{};
    }
  }

  const UniqueFd fd_;
  const std::string path_;
};

class ChildStream final : public Stream {
 public:
  explicit ChildStream(std::unique_ptr<ChildProcess> child) : child_(std::move(child)) {}

  static Result<std::unique_ptr<Stream>> Start(const KeeperChannelOptions& options) {
    ChildOptions child;
    child.program = options.program;
    child.arguments = options.arguments;
    for (const char* name : kPassedOn) {
      const char* value = std::getenv(name);
      if (value != nullptr) child.environment.push_back(std::string(name) + "=" + value);
    }
    return std::unique_ptr<Stream>(new ChildStream(TRY(ChildProcess::Start(child))));
  }

  Status Write(ByteView bytes, SteadyTime deadline) override {
    return child_->Write(bytes, deadline);
  }
  Result<size_t> Read(ByteSpan into, SteadyTime deadline) override {
    return child_->Read(into, deadline);
  }

 private:
  const std::unique_ptr<ChildProcess> child_;
};

Status Fill(Stream& stream, ByteSpan into, SteadyTime deadline) {
  while (!into.empty()) {
    const size_t n = TRY(stream.Read(into, deadline));
    if (n == 0) return Error{Code::kUnavailable, "the keeper ended without an answer", "", ""};
    into = into.subspan(n);
  }
  return Ok{};
}

Result<KeeperAnswer> Exchange(Stream& stream, const KeeperRequest& request, SteadyTime deadline) {
  TRY(stream.Write(KeeperFrame(request), deadline));
  TRY(stream.Write(request.content, deadline));
  std::array<std::byte, kFrameHead> head{};
  TRY(Fill(stream, head, deadline));
  Bytes frame(TRY(FrameSize(head)));
  TRY(Fill(stream, frame, deadline));
  return ParseKeeperAnswer(frame);
}

class Channel final : public KeeperChannel {
 public:
  explicit Channel(KeeperChannelOptions options) : options_(std::move(options)) {}

  Result<KeeperAnswer> Ask(const KeeperRequest& request) override {
    const SteadyTime deadline = std::chrono::steady_clock::now() + kPatience;
    // The other end of one that was used before may have gone since.
    for (bool fresh = stream_ == nullptr;; fresh = true) {
      if (!stream_) stream_ = TRY(Open());
      auto answer = Exchange(*stream_, request, deadline);
      if (answer) return answer;
      stream_.reset();
      if (fresh || answer.error().code == Code::kTimeout) return answer;
    }
  }
  void Rest() override { stream_.reset(); }

 private:
  Result<std::unique_ptr<Stream>> Open() const {
    struct stat st {};
    if (!options_.socket.empty() && ::lstat(options_.socket.c_str(), &st) == 0 &&
        S_ISSOCK(st.st_mode)) {
      return SocketStream::Connect(options_.socket);
    }
    return ChildStream::Start(options_);
  }

  const KeeperChannelOptions options_;
  std::unique_ptr<Stream> stream_;
};

}  // namespace

KeeperChannelOptions WayToKeeper(const std::string& config, const std::string& mount_point) {
  const std::string file = std::filesystem::absolute(config).string();
  return {KeeperSocket(), kOwnProgram, {"keeper", "--stdio", file, mount_point}};
}

bool HasKeeperSocket() {
  std::error_code failed;
  return !KeeperSocket().empty() && std::filesystem::exists(KeeperSocket(), failed);
}

bool MayHaveKept(const std::string& mount_point) {
  const std::string candidates[] = {KeeperSocket(), RecordOf("links", mount_point),
                                    RecordOfThisBoot("copies", mount_point)};
  return std::ranges::any_of(candidates, [](const std::string& file) {
    std::error_code failed;
    return !file.empty() && std::filesystem::exists(file, failed);
  });
}

std::unique_ptr<KeeperChannel> MakeKeeperChannel(KeeperChannelOptions options) {
  return std::make_unique<Channel>(std::move(options));
}

}  // namespace secretfs
