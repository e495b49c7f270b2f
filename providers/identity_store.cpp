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

IdentityStore::SourcePtr IdentityStore::MakeSource(const IdentityConfig& config,
                                                   const age::PluginHostPtr& plugins) const {
  auto source = std::make_shared<Source>();
  source->config = config;
  source->help.plugins = plugins;
  auto path = PathOf(config.file, credentials_directory_);
  if (path) {
    source->files.push_back(*std::move(path));
  } else {
    source->lasting_problem = std::move(path).error();
  }
  if (config.passphrase) {
    source->help.passphrases = AskFile(*config.passphrase, credentials_directory_);
    auto passphrase = PathOf(*config.passphrase, credentials_directory_);
    if (passphrase) source->files.push_back(*std::move(passphrase));
  }
  return source;
}

void IdentityStore::Use(const std::vector<IdentityConfig>& configs,
                        const age::PluginHostPtr& plugins) {
  std::vector<SourcePtr> next;
  const std::vector<SourcePtr> old = Sources();
  for (const IdentityConfig& config : configs) {
    const auto same = std::ranges::find_if(old, [&](const SourcePtr& source) {
      return source->config == config && source->help.plugins == plugins;
    });
    next.push_back(same == old.end() ? MakeSource(config, plugins) : *same);
  }
  const std::lock_guard lock(mutex_);
  sources_.swap(next);
}

std::vector<IdentityStore::SourcePtr> IdentityStore::Sources() const {
  const std::lock_guard lock(mutex_);
  return sources_;
}

std::vector<std::string> IdentityStore::Files() const {
  std::vector<std::string> files;
  for (const SourcePtr& source : Sources()) {
    files.insert(files.end(), source->files.begin(), source->files.end());
  }
  return files;
}

IdentityStore::Current IdentityStore::Get() {
  Current current;
  for (const SourcePtr& source : Sources()) {
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

namespace {

/// systemd takes no SetCredential= without content.
bool IsBlank(ByteView text) {
  return std::ranges::all_of(text, [](std::byte b) {
    return b == std::byte{' '} || b == std::byte{'\n'} || b == std::byte{'\r'};
  });
}

}  // namespace

void IdentityStore::Refresh(Source& source) {
  const std::string& path = source.files.front();
  std::optional<FileStamp> stamp;
  const auto read = [&]() -> Result<age::ParsedIdentities> {
    const UniqueFd fd = TRY(OpenSource(path));
    stamp = TRY(StampOf(fd.get(), path));
    const SecretBytes content = TRY(ReadAllSecret(fd.get(), age::kMaxIdentityFileBytes, path));
    // As a unit has it whose SetCredential= stands in for a file that is not there.
    if (IsBlank(content.Expose()) && !source.config.file.credential.empty()) {
      return Error{Code::kNotFound, "the credential is empty: there is no identity", path,
                   "write one to the file that LoadCredential= of the unit names"};
    }
    return age::ParseIdentityFile(content, path, source.help);
  };
  const auto now = StampOf(path);
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
