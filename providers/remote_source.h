// Provider over a remote store: what the store says is had at most so often, by so many at a time,
// and not while it is useless to ask; then the answer comes from memory at once. What was had stays
// with the entries. One source that cannot be made right fails alone.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "providers/provider.h"
#include "remote/store.h"

namespace secretfs {

struct RemoteSourceOptions {
  std::string name;  // of the source in the configuration
  std::string kind;
  std::chrono::milliseconds refresh{};                           // RemoteTerms::refresh
  std::chrono::milliseconds timeout = std::chrono::seconds(30);  // of one document
  std::optional<uint64_t> requests_per_day{};
  std::string state_folder{};  // where the count of requests is kept; empty: nowhere
  std::shared_ptr<const Clock> clock;
  std::function<double()> random;            // from 0 to below 1; thread-safe
  std::function<void(const Error&)> warn{};  // from any thread; may be empty
};

/// The most documents of one source that are fetched at a time.
inline constexpr unsigned kMostInFlight = 4;

/// With an error instead of a store, each fetch fails with that.
std::unique_ptr<Provider> MakeRemoteSource(Result<remote::RemoteStorePtr> store,
                                           RemoteSourceOptions options);

}  // namespace secretfs
