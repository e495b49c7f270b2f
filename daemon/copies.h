// Copies: plain files outside of the mount with a secret's content, for what cannot read the mount
// (secretfs.yaml(5), "copies"). They lie in memory that is never swapped. Each is replaced in one
// step, and only by what differs; nothing is replaced or removed but a copy of ours.
#pragma once

#include <sys/types.h>

#include <set>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/log.h"
#include "base/result.h"
#include "core/config.h"

namespace secretfs {

/// Below it, the program mounts by itself what copies need.
constexpr const char* kPlainFolder = "/run/secretfs/plain";

/// Whether it declares copies, below `folder`.
[[nodiscard]] bool HasCopies(const Config& config, const std::string& folder = "");

/// Makes that folder a ramfs, if it is none. Needs CAP_SYS_ADMIN. Errors: of the system.
Status MountPlainFolder();
/// The same if copies are declared below it and we are root; what goes wrong is logged. For who may
/// mount, as the keeper may not under its unit.
void PrepareForCopies(const Config& config, Log& log);

struct Copy {
  std::string path;
  ByteView content;
  uid_t owner = 0;
  gid_t group = 0;
  mode_t mode = 0;
};

/// Used by one thread, and by one process for one record.
class Copies {
 public:
  /// `record`: the file that lists ours.
  explicit Copies(std::string record) : record_(std::move(record)) {}

  /// Removes copies that are not in `wanted`. Errors of single ones go to `problems`. Gives those
  /// of `wanted` that are not there.
  std::vector<std::string> Keep(const std::set<std::string>& wanted, std::vector<Error>& problems);
  /// Errors: kInvalid when the folder could be swapped out, or something else is there.
  Status Write(const Copy& copy);

 private:
  Status Learn();
  Status WriteRecord() const;

  const std::string record_;
  std::set<std::string> ours_;
  bool learnt_ = false;
};

}  // namespace secretfs
