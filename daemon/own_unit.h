// What systemd knows of the unit that this process belongs to, asked over its private socket: for
// ExecStartPre= and ExecStopPost=, which it tells too little. Never for what serves requests.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"

struct sd_bus;

namespace secretfs {

class OwnUnit {
 public:
  /// Each answer is waited for at most five seconds. Errors: kNotFound when this process is in no
  /// unit; kUnavailable when systemd cannot be reached.
  static Result<OwnUnit> Ask(const std::string& socket = "/run/systemd/private");
  /// How many descriptors it keeps for the unit. Errors: kUnavailable.
  [[nodiscard]] Result<uint32_t> StoredDescriptors() const;
  /// What is being done with the unit: "stop", "restart", "start"; "" when nothing is, as when it
  /// is started again by itself. Errors: kUnavailable.
  [[nodiscard]] Result<std::string> Job() const;

 private:
  struct Close {
    void operator()(sd_bus* bus) const noexcept;
  };
  std::unique_ptr<sd_bus, Close> bus_;
  std::string path_;  // of the unit's object
};

}  // namespace secretfs
