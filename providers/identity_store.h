// IdentityStore: the age identities of the configuration. A file that is missing or cannot be read
// is a problem to tell, never a reason to stop, and is tried again at each use; a file that changed
// is read again. What is under a passphrase is unlocked once, when it is first needed. Thread-safe.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/file.h"
#include "core/config.h"
#include "crypto/identity_file.h"

namespace secretfs {

class IdentityStore {
 public:
  /// `credentials_directory` is where systemd put the credentials; empty when it gave none.
  /// `plugins` may be null.
  IdentityStore(const std::vector<IdentityConfig>& configs,
                const std::string& credentials_directory, age::PluginHostPtr plugins);

  struct Current {
    std::vector<age::IdentityPtr> identities;  // in the configuration's order
    std::vector<Error> problems;               // of files and lines that gave none
  };
  Current Get();

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
};

}  // namespace secretfs
