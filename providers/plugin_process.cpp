#include "providers/plugin_process.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <utility>

#include "base/child_process.h"
#include "base/file.h"
#include "base/text.h"
#include "base/trusted_file.h"
#include "crypto/plugin_name.h"

namespace secretfs {
namespace {

constexpr auto kTimeToEnd = std::chrono::seconds(1);  // after the conversation
constexpr std::chrono::milliseconds kLongestRest = std::chrono::minutes(1);  // of a slow plugin
constexpr size_t kMostWords = 200;  // bytes of a last line in an error

SteadyTime In(std::chrono::milliseconds time) { return std::chrono::steady_clock::now() + time; }

Error NotIn(const std::string& folder) {
  return {Code::kNotFound, "not in " + folder, "", "install it there"};
}

/// The program's path, if it may be run. Links are followed, as NixOS needs.
Result<std::string> FindPlugin(const std::string& folder, const std::string& name) {
  if (!age::IsPluginName(name) || !folder.starts_with('/')) return NotIn(Quote(folder));
  struct stat st {};
  if (::stat(folder.c_str(), &st) != 0) {
    return errno == ENOENT ? NotIn(folder) : SystemError(errno, "cannot look into", folder);
  }
  TRY(CheckOnlyOursMayWrite(st, folder));
  std::error_code failed;
  const auto real = std::filesystem::canonical(folder, failed);
  if (failed) return SystemError(failed.value(), "cannot look into", folder);
  TRY(CheckFoldersAbove(folder));  // with the links on the way
  TRY(CheckFoldersAbove(real));
  std::string program = folder + "/age-plugin-" + name;
  if (::stat(program.c_str(), &st) != 0) {
    return errno == ENOENT ? NotIn(folder) : SystemError(errno, "cannot look at", program);
  }
  if (!S_ISREG(st.st_mode)) return Error{Code::kInvalid, program + " is no program", "", ""};
  TRY(CheckOnlyOursMayWrite(st, program));
  return program;
}

class Channel final : public age::PluginChannel {
 public:
  explicit Channel(std::chrono::milliseconds timeout) : timeout_(timeout), deadline_(In(timeout)) {}
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;
  /// One that did what it should is waited for; the others are killed by the
  /// process's end.
  ~Channel() override {
    if (process_) (void)process_->Wait(std::min(deadline_, In(kTimeToEnd)));
  }

  Status Start(ChildOptions options, const std::function<void(std::string_view)>& said) {
    options.said = [this, said](std::string_view line) {
      last_line_ = Printable(line);
      if (said) said(last_line_);
    };
    process_ = TRY(ChildProcess::Start(options));
    return Ok{};
  }

  Status Write(ByteView bytes) override {
    Status written = process_->Write(bytes, deadline_);
    // What it said before it stopped reading tells more than that it did.
    if (!written && written.error().code == Code::kUnavailable) return Early("stopped reading");
    return written ? std::move(written) : Explained(std::move(written).error());
  }

  Result<size_t> Read(ByteSpan into) override {
    auto count = process_->Read(into, deadline_);
    if (!count) return Explained(std::move(count).error());
    if (*count == 0 && !came_) return Early("ended without a word");
    came_ = true;
    return count;
  }

 private:
  Error Explained(Error error) const {
    if (error.code != Code::kTimeout) return error;
    using Seconds = std::chrono::duration<double>;
    std::string seconds = std::to_string(std::chrono::duration_cast<Seconds>(timeout_).count());
    seconds.resize(seconds.find('.') + 2);
    return {Code::kTimeout, "was not done after " + seconds + " s, and was stopped", "", ""};
  }

  /// "ended without a word (exit code 1): its last line"
  Error Early(std::string what) {
    const auto end = process_->Wait(std::min(deadline_, In(kTimeToEnd)));
    process_.reset();
    if (end && !end->Well()) what += " (" + end->Text() + ")";
    if (!last_line_.empty()) what += ": " + last_line_.substr(0, kMostWords);
    return {Code::kUnavailable, std::move(what), "", ""};
  }

  std::chrono::milliseconds timeout_;
  SteadyTime deadline_;
  std::string last_line_;
  bool came_ = false;
  std::unique_ptr<ChildProcess> process_;  // last: it tells lines until it goes
};

class PluginProcessHost final : public age::PluginHost {
 public:
  explicit PluginProcessHost(PluginProcessOptions options) : options_(std::move(options)) {}

  Result<std::unique_ptr<age::PluginChannel>> Start(const std::string& name,
                                                    std::string_view state_machine) override {
    ChildOptions child;
    child.program = TRY(FindPlugin(options_.folder, name));
    child.arguments = {"--age-plugin=" + std::string(state_machine)};
    child.environment = options_.environment;
    auto channel = std::make_unique<Channel>(options_.timeout);
    TRY(channel->Start(std::move(child), [this, name](std::string_view line) { Say(name, line); }));
    return std::unique_ptr<age::PluginChannel>(std::move(channel));
  }

  age::PluginSecret* SecretOf(const std::string& name) override {
    if (!options_.other_secrets && !options_.secrets.contains(name)) return nullptr;
    const std::lock_guard lock(mutex_);
    return &known_[name];
  }

  Result<SecretBytes> Secret(const std::string& name, std::string_view prompt) override {
    const auto own = options_.secrets.find(name);
    const auto& ask = own == options_.secrets.end() ? options_.other_secrets : own->second;
    if (!ask) {
      Say(name, "asked for a secret, and none is configured: " + std::string(prompt));
      return Error{Code::kNotFound, "no secret is configured for the plugin", "",
                   "set plugins.secrets." + name};
    }
    auto secrets = ask("age-plugin-" + name);
    if (!secrets) {
      Say(name, "asked for its secret: " + secrets.error().Text());
      return std::move(secrets).error();
    }
    if (secrets->empty()) return Error{Code::kNotFound, "there is no secret", "", ""};
    return SecretBytes::CopyOf(secrets->front()->Expose());
  }

  void WasTooSlow(const Asker& identity, const Error& error) override {
    const std::lock_guard lock(mutex_);
    const auto now = std::chrono::steady_clock::now();
    std::erase_if(slow_, [now](const auto& slow) { return slow.second.until <= now; });
    Slow& slow = slow_[identity];
    slow = {now + std::min(kLongestRest, 2 * options_.timeout), error};
    slow.error.hint = "a plugin that was too slow is not asked again for a while";
  }

  Status MayAsk(const Asker& identity) override {
    const std::lock_guard lock(mutex_);
    const auto slow = slow_.find(identity);
    if (slow == slow_.end() || slow->second.until <= std::chrono::steady_clock::now()) return Ok{};
    return slow->second.error;
  }

  void Tell(const std::string& name, std::string_view text) override { Say(name, text); }

 private:
  struct Slow {
    SteadyTime until;
    Error error;
  };

  void Say(const std::string& name, std::string_view text) const {
    if (options_.said) options_.said(name, text);
  }

  const PluginProcessOptions options_;
  std::mutex mutex_;
  std::map<Asker, Slow, std::owner_less<Asker>> slow_;  // guarded by it
  std::map<std::string, age::PluginSecret> known_;      // by the plugin's name; guarded by it too
};

}  // namespace

age::PluginHostPtr MakePluginProcessHost(PluginProcessOptions options) {
  return std::make_shared<PluginProcessHost>(std::move(options));
}

}  // namespace secretfs
