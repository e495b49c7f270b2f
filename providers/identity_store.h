// IdentityStore: the age identities of the configuration. A file that is missing or cannot be read
// is a problem to tell, never a reason to stop, and is tried again at each use; a file that changed
// is read again. Thread-safe.
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/file.h"
#include "core/config.h"
#include "crypto/identity.h"

namespace secretfs {

class IdentityStore {
 public:
  /// `credentials_directory` is where systemd put the credentials; empty when it gave none.
  IdentityStore(const std::vector<IdentityConfig>& configs,
                const std::string& credentials_directory);

  struct Current {
    std::vector<age::IdentityPtr> identities;  // in the configuration's order
    std::vector<Error> problems;               // one for each file that gave none
  };
  Current Get();

 private:
  struct Source {
    std::string path;
    std::optional<Error> lasting_problem;  // nothing to try again
    std::optional<FileStamp> stamp;        // of what was parsed
    std::vector<age::IdentityPtr> identities;
    std::optional<Error> problem;
  };
  static void Refresh(Source& source);

  std::mutex mutex_;
  std::vector<Source> sources_;
};

}  // namespace secretfs
