// ConnectIndex: which vaults and items a 1Password Connect server has, by id and by name, and their
// versions. One list of vaults and one of items for each vault are kept; whether a vault changed is
// one request, and asked once for all its items. Thread-safe.
#pragma once

#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "remote/connect_api.h"
#include "remote/op_reference.h"

namespace secretfs::remote {

class ConnectIndex {
 public:
  /// What was asked less than `fresh` ago, and for another item, counts as new.
  ConnectIndex(const ConnectApi& api, const Clock& clock, std::chrono::milliseconds fresh)
      : api_(api), clock_(clock), fresh_(fresh) {}

  struct Found {
    std::string vault;  // ids
    std::string item;
    std::string version;
  };
  /// `anew`: what was found before is not there any more, so that all is asked again. Errors:
  /// kNotFound, kInvalid when several match, with their ids; as of ConnectApi::Get. Items in the
  /// archive are not there.
  Result<Found> Find(const OpItemName& name, bool anew, Call& call);

 private:
  struct Item {
    std::string id;
    std::string title;
    std::string version;
  };
  struct Vault {
    std::string id;
    std::string name;
    std::string content_version;
    SteadyTime checked;
    std::optional<std::vector<Item>> items;  // as of a content version that is this one or newer
  };

  Status Enter(Call& call);
  void Leave();
  Result<Found> FindInTurn(const OpItemName& name, bool anew, Call& call);
  Result<Found> Resolve(const OpItemName& name, SteadyTime before, Call& call);
  Status LoadVaults(Call& call);
  Status LoadItems(Vault& vault, Call& call) const;
  Status Check(Vault& vault, Call& call) const;
  Result<Vault*> MatchVault(const std::string& name);
  Result<Found> MatchItem(const Vault& vault, const std::string& name) const;
  /// Of what was asked at `time`, for who asked last `before`.
  [[nodiscard]] bool IsFresh(SteadyTime time, SteadyTime before) const {
    return time > before && clock_.Steady() - time < fresh_;
  }

  const ConnectApi& api_;
  const Clock& clock_;
  const std::chrono::milliseconds fresh_;

  std::mutex mutex_;  // guards busy_; who set it has the rest for himself
  std::condition_variable_any freed_;
  bool busy_ = false;
  std::optional<std::vector<Vault>> vaults_;
  SteadyTime listed_{};
  std::map<std::pair<std::string, std::string>, SteadyTime> asked_;  // last, for each item
};

}  // namespace secretfs::remote
