// Whatever a plugin says, the conversation ends: with a file key of 16 bytes,
// with stanzas that can be printed and read back, or with a reason. The bytes
// are the plugin's output; the first one chooses how many come at once.
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "crypto/bech32.h"
#include "crypto/plugin.h"

namespace {
using namespace secretfs;

class Host final : public age::PluginHost {
 public:
  Host(ByteView says, size_t bytes_at_once) : says_(says), bytes_at_once_(bytes_at_once) {}
  Result<std::unique_ptr<age::PluginChannel>> Start(const std::string& /*name*/,
                                                    std::string_view /*state_machine*/) override {
    return std::unique_ptr<age::PluginChannel>(std::make_unique<Channel>(says_, bytes_at_once_));
  }
  age::PluginSecret* SecretOf(const std::string& /*name*/) override { return &secret_; }
  Result<SecretBytes> Secret(const std::string& /*name*/, std::string_view /*prompt*/) override {
    return SecretBytes::CopyOf(AsBytes("123456"));
  }
  void Tell(const std::string& /*name*/, std::string_view text) override {
    for (const char c : text) {
      if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) std::abort();
    }
  }

 private:
  class Channel final : public age::PluginChannel {
   public:
    Channel(ByteView says, size_t bytes_at_once) : rest_(says), bytes_at_once_(bytes_at_once) {}
    Status Write(ByteView /*bytes*/) override { return Ok{}; }
    Result<size_t> Read(ByteSpan into) override {
      const size_t n = std::min({into.size(), rest_.size(), bytes_at_once_});
      if (n > 0) std::memcpy(into.data(), rest_.data(), n);
      rest_ = rest_.subspan(n);
      return n;
    }

   private:
    ByteView rest_;
    size_t bytes_at_once_;
  };
  ByteView says_;
  size_t bytes_at_once_;
  age::PluginSecret secret_;
};

SecretBytes Copy(std::string_view text) { return SecretBytes::CopyOf(AsBytes(text)).value(); }

void CheckIdentity(const age::PluginHostPtr& host) {
  std::string line = crypto::EncodeBech32("age-plugin-stub-", AsBytes("seed"));
  for (char& c : line) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  const auto key = age::MakePluginIdentity(Copy(line), host).value()->Unwrap({});
  if (key ? key->size() != age::kFileKeyBytes : key.error().code != Code::kNoMatch) std::abort();
}

void CheckRecipient(const age::PluginHostPtr& host) {
  const std::string text = crypto::EncodeBech32("age1stub", AsBytes("point"));
  const auto wrapped = age::MakePluginRecipient(text, host).value()->Wrap(Copy("0123456789abcdef"));
  if (!wrapped) return;
  if (wrapped->stanzas.empty()) std::abort();
  for (const age::Stanza& stanza : wrapped->stanzas) {
    std::string printed;
    age::PrintStanza(stanza, printed);
    age::LineCursor lines(printed);
    const auto again = age::ParseStanza(lines);
    if (!again || again->body != stanza.body || again->args != stanza.args) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const ByteView says(reinterpret_cast<const std::byte*>(data) + 1, size - 1);
  const auto host = std::make_shared<Host>(says, size_t{data[0]} + 1);
  CheckIdentity(host);
  CheckRecipient(host);
  return 0;
}
