// The keeper: a helper that makes links and copies for the daemon, since the folders that they are
// in can be locked by others, or lie on disks that do not answer, for as long as these please. It
// does what the configuration declares, as it reads it itself, and nothing else. (secretfs(1),
// "keeper")
#pragma once

#include <functional>
#include <map>
#include <string>

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
  using Read = std::function<Result<Config>()>;
  struct Places {
    std::string mount_point;  // absolute
    std::string links_record;
    std::string copies_record;
  };
  /// `accounts` must outlive it.
  Keeper(Read read, Places places, FileAccounts& accounts)
      : read_(std::move(read)),
        places_(std::move(places)),
        accounts_(accounts),
        copies_(places_.copies_record) {}
  /// Reads the configuration when it is asked for what it does not know; while that is not valid,
  /// what it last allowed counts.
  KeeperAnswer Handle(const KeeperRequest& request);

 private:
  [[nodiscard]] bool Knows(const KeeperRequest& request) const;
  Status Learn();
  void KeepWanted(const KeeperRequest& request, KeeperAnswer& answer);
  Status WriteCopy(const KeeperRequest& request);

  const Read read_;
  const Places places_;
  FileAccounts& accounts_;
  Copies copies_;
  bool learnt_ = false;
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
