// The way to the keeper: a socket of systemd's, where there is one, else a process that is started
// here. Both are asked in the same way.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "core/keeper_message.h"

namespace secretfs {

class KeeperChannel {
 public:
  virtual ~KeeperChannel() = default;
  /// Waits for the answer, or half a minute; connects when it is needed. Errors: kUnavailable,
  /// kTimeout.
  virtual Result<KeeperAnswer> Ask(const KeeperRequest& request) = 0;
  /// Nothing is asked for a while: what is connected or was started is let go.
  virtual void Rest() = 0;
};

struct KeeperChannelOptions {
  std::string socket;   // used if it is there
  std::string program;  // absolute; else this is run
  std::vector<std::string> arguments;
};

/// keeper.sock in the runtime directory, if there is one; else this program.
KeeperChannelOptions WayToKeeper(const std::string& config, const std::string& mount_point);

/// Whether there is that socket; else the keeper is our child.
bool HasKeeperSocket();

/// Whether a keeper may have made something for this mount before, or would know.
bool MayHaveKept(const std::string& mount_point);

/// Used by one thread, and destroyed on it.
std::unique_ptr<KeeperChannel> MakeKeeperChannel(KeeperChannelOptions options);

}  // namespace secretfs
