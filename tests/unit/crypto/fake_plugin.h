// A plugin host for tests: what its plugin writes is given beforehand, what it hears is kept.
#pragma once

#include <algorithm>
#include <cstring>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "crypto/plugin.h"

namespace secretfs::age {

class FakePluginHost final : public PluginHost {
 public:
  explicit FakePluginHost(std::string says, size_t bytes_at_once = 4096)
      : says_(std::move(says)), bytes_at_once_(bytes_at_once) {}

  Result<std::unique_ptr<PluginChannel>> Start(const std::string& name,
                                               std::string_view state_machine) override {
    started.push_back(name + " " + std::string(state_machine));
    if (start_error) return *start_error;
    return std::unique_ptr<PluginChannel>(std::make_unique<Channel>(*this));
  }
  PluginSecret* SecretOf(const std::string& /*name*/) override { return secret ? &known : nullptr; }
  Result<SecretBytes> Secret(const std::string& /*name*/, std::string_view prompt) override {
    prompts.emplace_back(prompt);
    if (!secret) return Error{Code::kNotFound, "nothing is configured", "", ""};
    return SecretBytes::CopyOf(AsBytes(*secret));
  }
  void Tell(const std::string& name, std::string_view text) override {
    told.push_back(name + ": " + std::string(text));
  }

  std::optional<Error> start_error;
  std::optional<Error> end_error;  // instead of the end of what it says
  std::optional<std::string> secret;
  PluginSecret known;
  std::vector<std::string> started;
  std::vector<std::string> prompts;
  std::vector<std::string> told;
  std::string heard;  // of all conversations

 private:
  class Channel final : public PluginChannel {
   public:
    explicit Channel(FakePluginHost& host) : host_(host) {}
    Status Write(ByteView bytes) override {
      host_.heard += AsText(bytes);
      return Ok{};
    }
    Result<size_t> Read(ByteSpan into) override {
      const std::string_view rest = std::string_view(host_.says_).substr(taken_);
      if (rest.empty() && host_.end_error) return *host_.end_error;
      const size_t n = std::min({into.size(), rest.size(), host_.bytes_at_once_});
      std::memcpy(into.data(), rest.data(), n);
      taken_ += n;
      return n;
    }

   private:
    FakePluginHost& host_;
    size_t taken_ = 0;
  };

  std::string says_;
  size_t bytes_at_once_;
};

}  // namespace secretfs::age
