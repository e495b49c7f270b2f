#include "providers/identity_store.h"

#include <algorithm>
#include <utility>

#include "providers/key_file.h"
#include "providers/passphrase_file.h"
#include "providers/source_file.h"

namespace secretfs {
namespace {

constexpr size_t kMostWarnings = 256;  // plugins choose their words

/// Lack of memory or descriptors, or a disk that fails: the same file may be read another time.
bool MayPass(const Error& error) {
  return error.code == Code::kResource || error.code == Code::kIo;
}

}  // namespace

IdentityStore::IdentityStore(const std::vector<IdentityConfig>& configs,
                             const std::string& credentials_directory, age::PluginHostPtr plugins,
                             std::function<void(const Error&)> warn)
    : warn_(std::move(warn)) {
  for (const IdentityConfig& config : configs) {
    auto source = std::make_unique<Source>();
    auto path = PathOf(config.file, credentials_directory);
    if (path) {
      source->path = *std::move(path);
    } else {
      source->lasting_problem = std::move(path).error();
    }
    source->help.plugins = plugins;
    if (config.passphrase) {
      source->help.passphrases = AskFile(*config.passphrase, credentials_directory);
    }
    sources_.push_back(std::move(source));
  }
}

IdentityStore::Current IdentityStore::Get() {
  Current current;
  for (const auto& source : sources_) {
    if (source->lasting_problem) {
      current.problems.push_back(*source->lasting_problem);
      continue;
    }
    const std::lock_guard lock(source->mutex);
    Refresh(*source);
    current.problems.insert(current.problems.end(), source->problems.begin(),
                            source->problems.end());
    current.identities.insert(current.identities.end(), source->identities.begin(),
                              source->identities.end());
  }
  return current;
}

void IdentityStore::Warn(std::span<const Error> warnings) {
  if (!warn_) return;
  for (const Error& warning : warnings) {
    const std::lock_guard lock(mutex_);
    if (warned_.size() < kMostWarnings && warned_.insert(warning.Text()).second) warn_(warning);
  }
}

void IdentityStore::Refresh(Source& source) {
  std::optional<FileStamp> stamp;
  const auto read = [&]() -> Result<age::ParsedIdentities> {
    const UniqueFd fd = TRY(OpenSource(source.path));
    stamp = TRY(StampOf(fd.get(), source.path));
    const SecretBytes content =
        TRY(ReadAllSecret(fd.get(), age::kMaxIdentityFileBytes, source.path));
    return age::ParseIdentityFile(content, source.path, source.help);
  };
  const auto now = StampOf(source.path);
  if (now && source.stamp == *now) return;
  auto parsed = read();
  source.problems.clear();
  if (parsed) {
    if (std::ranges::any_of(parsed->problems, MayPass)) stamp.reset();
    source.stamp = stamp;
    source.identities = std::move(parsed->identities);
    source.problems = std::move(parsed->problems);
    return;
  }
  // What an unmounted disk held a moment ago still opens files, and so does what cannot be read
  // for the moment; a file that is there and wrong does not.
  const bool passing = MayPass(parsed.error());
  if (!passing && parsed.error().code != Code::kNotFound) {
    source.identities.clear();
    source.stamp = stamp;
  }
  if (passing || source.identities.empty()) source.problems.push_back(std::move(parsed).error());
}

}  // namespace secretfs
