// A conversation's right to be given the secret of a plugin's user. A hardware key blocks itself
// after three wrong PINs, and a wrong one in the configuration would be given again at every read:
// after two conversations in a row that got it in vain, no more get it from this host.
#pragma once

#include <mutex>
#include <string>

#include "crypto/plugin.h"

namespace secretfs::age {

class PluginTurn {
 public:
  /// Waits for the other conversations that may be given the same secret, so that this one knows
  /// how they ended.
  PluginTurn(PluginHost& host, const std::string& name);

  /// Whether it may be given now: once in a conversation, as a plugin that asks again did not like
  /// the answer.
  [[nodiscard]] bool MayGive() const noexcept;
  /// It is about to be given: in vain, until Succeeded.
  void Giving() noexcept;
  void Succeeded() noexcept;

 private:
  PluginSecret* secret_;  // or none
  std::unique_lock<std::mutex> lock_;
  bool blocked_ = false;
  bool gave_ = false;
};

}  // namespace secretfs::age
