// Copies: plain files outside of the mount with a secret's content, for what cannot read the mount
// (secretfs.yaml(5), "copies"). They lie in memory that is never swapped. Each is replaced in one
// step, and only by what differs; nothing is replaced or removed but the very file that we made.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/log.h"
#include "base/result.h"
#include "core/config.h"
#include "core/keeper_message.h"
#include "daemon/copies_record.h"
#include "daemon/copy_terms.h"

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
  Kept kept;
  CopyTerms terms;
  ByteView content;
};

/// Used by one thread, and by one process for one record.
class Copies {
 public:
  /// `record`: the file that lists ours.
  explicit Copies(std::string record) : record_(std::move(record)) {}

  /// Removes copies that are not in `wanted`, and those of another secret; the others get their
  /// terms at once, less access before more. Errors of single ones go to `problems`. Gives those of
  /// `wanted` that are not there.
  std::vector<std::string> Keep(const std::map<Kept, CopyTerms>& wanted,
                                std::vector<Error>& problems);
  /// Errors: kInvalid when the folder could be swapped out, or something else is there.
  Status Write(const Copy& copy);

 private:
  Status Learn();
  Status Put(int folder, const Copy& copy, bool replace);

  const std::string record_;
  OwnCopies ours_;
  bool learnt_ = false;
};

}  // namespace secretfs
