// The keeper: a helper that makes links and copies for the daemon, since the folders that they are
// in can be locked by others, or lie on disks that do not answer, for as long as these please. It
// does what the configuration declares, as it reads it itself, and nothing else. (secretfs(1),
// "keeper")
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/log.h"
#include "base/result.h"
#include "core/config.h"
#include "core/keeper_message.h"
#include "daemon/accounts.h"
#include "daemon/copies.h"

namespace secretfs {

/// What is allowed and done, without the connection. Used by one thread.
class Keeper {
 public:
  struct Source {
    std::function<Result<Config>()> read;
    std::function<std::vector<std::string>()> files;  // when one changes, what is read may
  };
  struct Places {
    std::string mount_point;  // absolute
    std::string links_record;
    std::string copies_record;
    std::string links_before{};  // the record of an older version, or ""
  };
  /// `accounts` must outlive it.
  Keeper(Source source, Places places, FileAccounts& accounts)
      : source_(std::move(source)),
        places_(std::move(places)),
        accounts_(accounts),
        copies_(places_.copies_record) {}
  /// Reads the configuration anew each time that it is told what is wanted, and for a copy when its
  /// files changed, so that who may read no longer does not read the next content. While it is not
  /// valid, what it last allowed counts.
  KeeperAnswer Handle(const KeeperRequest& request);

 private:
  using Stamps = std::vector<std::optional<FileStamp>>;
  [[nodiscard]] Stamps Look() const;
  [[nodiscard]] bool IsToLearn(const KeeperRequest& request) const;
  Status Learn();
  void KeepWanted(const KeeperRequest& request, KeeperAnswer& answer);
  Status WriteCopy(const KeeperRequest& request);

  const Source source_;
  const Places places_;
  FileAccounts& accounts_;
  Copies copies_;
  bool learnt_ = false;
  Stamps read_at_;                // of the configuration's files before it was read last
  std::map<Kept, Access> links_;  // that are declared
  std::map<Kept, Access> copies_declared_;
};

struct KeeperOptions {
  std::string config;
  std::string mount_point;
  int input = -1;  // where requests come from and answers go to,
  int output = -1;
};

/// Serves the stream socket that systemd passed, until nothing has come for half a minute; without
/// one, the descriptors in `options` until their end. Errors: kInvalid when there is neither; kIo.
Status RunKeeper(const KeeperOptions& options, Log& log);

}  // namespace secretfs
