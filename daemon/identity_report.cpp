#include "daemon/identity_report.h"

#include <utility>

namespace secretfs {

void ReportIdentities(const std::shared_ptr<IdentityStore>& identities, Loader& loader,
                      const Clock& clock, Log& log) {
  const auto report = [identities, &log](std::span<const ValuePtr>, SteadyTime,
                                         const std::stop_token&) {
    for (const Error& problem : identities->Get().problems) {
      log.Warning("identity_not_read", {{"reason", problem.Text()}, {"hint", problem.hint}});
    }
    return Result<Value>(Value{});
  };
  EntrySpec spec{"identities", "report", {}, report};
  spec.fresh = true;
  loader.Want(std::make_shared<Entry>(std::move(spec)), clock.Steady(), Loader::Patience::kNone,
              [](const auto&) {});
}

}  // namespace secretfs
