#include "providers/identity_store.h"

#include "base/text.h"
#include "crypto/identity_file.h"

namespace secretfs {
IdentityStore::IdentityStore(const std::vector<IdentityConfig>& configs,
                             const std::string& credentials_directory) {
  for (const IdentityConfig& config : configs) {
    Source source;
    source.path = config.path;
    if (!config.credential.empty() && credentials_directory.empty()) {
      source.lasting_problem = Error{
          Code::kNotFound,
          "systemd gave no credentials, so not " + Quote(config.credential) + " either",
          config.place.Text(), "add LoadCredential=" + config.credential + ":PATH to the unit"};
    } else if (!config.credential.empty()) {
      source.path = credentials_directory + "/" + config.credential;
    }
    sources_.push_back(std::move(source));
  }
}

/// Files are read outside the lock: one on a disk that hangs must not hold up those who have what
/// they need.
IdentityStore::Current IdentityStore::Get() {
  std::vector<Source> sources;
  {
    const std::lock_guard lock(mutex_);
    sources = sources_;
  }
  Current current;
  for (Source& source : sources) {
    if (!source.lasting_problem) Refresh(source);
    const auto& problem = source.lasting_problem ? source.lasting_problem : source.problem;
    if (problem) current.problems.push_back(*problem);
    current.identities.insert(current.identities.end(), source.identities.begin(),
                              source.identities.end());
  }
  const std::lock_guard lock(mutex_);
  sources_ = std::move(sources);
  return current;
}

void IdentityStore::Refresh(Source& source) {
  const auto read = [&source]() -> Result<age::ParsedIdentities> {
    const UniqueFd fd = TRY(OpenRegular(source.path));
    source.stamp = TRY(StampOf(fd.get(), source.path));
    const SecretBytes content =
        TRY(ReadAllSecret(fd.get(), age::kMaxIdentityFileBytes, source.path));
    return age::ParseIdentityFile(content, source.path, {});
  };
  const auto now = StampOf(source.path);
  if (now && source.stamp == *now) return;
  auto identities = read();
  source.problem.reset();
  if (identities) {
    source.identities = std::move(identities->identities);
    return;
  }
  // What an unmounted disk held a moment ago still opens files; a file that is there and wrong does
  // not.
  if (identities.error().code != Code::kNotFound) source.identities.clear();
  if (source.identities.empty()) source.problem = std::move(identities).error();
}

}  // namespace secretfs
