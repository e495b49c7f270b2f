#include "crypto/plugin_turn.h"

namespace secretfs::age {
namespace {

constexpr unsigned kMostInVain = 2;

}  // namespace

PluginTurn::PluginTurn(PluginHost& host, const std::string& name) : secret_(host.SecretOf(name)) {
  if (secret_ == nullptr) return;
  lock_ = std::unique_lock(secret_->turn);
  blocked_ = secret_->in_vain >= kMostInVain;
  if (blocked_) lock_.unlock();  // nothing more to learn
}

bool PluginTurn::MayGive() const noexcept { return !gave_ && !blocked_; }

void PluginTurn::Giving() noexcept {
  gave_ = true;
  if (secret_ != nullptr) ++secret_->in_vain;
}

void PluginTurn::Succeeded() noexcept {
  if (gave_ && secret_ != nullptr) secret_->in_vain = 0;
}

}  // namespace secretfs::age
