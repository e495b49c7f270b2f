// The store behind `onepassword` without `connect`: 1Password by a service account, through its
// command-line tool `op`. An item is one request, whatever number of its fields is wanted; or, with
// `batch`, all secrets are one run of `op inject`, as long as none of them spoils it.
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "remote/store.h"

namespace secretfs::remote {

struct OpOptions {
  std::string program{};   // of `op`, absolute; empty: where it is usually installed
  std::string token_file;  // absolute
  std::string folder;      // absolute, for what `op` writes
  bool batch = false;
  std::shared_ptr<const Clock> clock;
};

/// Starts nothing. Errors: kInvalid.
Result<RemoteStorePtr> MakeOpStore(OpOptions options);

}  // namespace secretfs::remote
