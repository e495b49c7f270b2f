// IdentityStore: the age identities of the configuration. A file that is missing or cannot be read
// is a problem to tell, never a reason to stop, and is tried again at each use; a file that changed
// is read again. What is under a passphrase is unlocked once, when it is first needed. Thread-safe.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/file.h"
#include "core/config.h"
#include "crypto/identity_file.h"

namespace secretfs {

class IdentityStore {
 public:
  /// `credentials_directory` is where systemd put the credentials; empty when it gave none.
  /// `plugins` may be null. `warn` gets each text of Warn() once, from any thread; may be empty.
  IdentityStore(const std::vector<IdentityConfig>& configs,
                const std::string& credentials_directory, age::PluginHostPtr plugins,
                std::function<void(const Error&)> warn = {});

  struct Current {
    std::vector<age::IdentityPtr> identities;  // in the configuration's order
    std::vector<Error> problems;               // of files and lines that gave none
  };
  Current Get();
  /// What is wrong with identities although another one opened the file.
  void Warn(std::span<const Error> warnings);

 private:
  struct Source {
    std::mutex mutex;  // guards what follows; held while the file is read, by whoever comes first
    std::string path;
    age::IdentityHelp help;
    std::optional<Error> lasting_problem;  // nothing to try again
    std::optional<FileStamp> stamp;        // of what was parsed
    std::vector<age::IdentityPtr> identities;
    std::vector<Error> problems;
  };
  static void Refresh(Source& source);

  std::vector<std::unique_ptr<Source>> sources_;
  const std::function<void(const Error&)> warn_;
  std::mutex mutex_;
  std::set<std::string> warned_;  // guarded by it
};

}  // namespace secretfs
