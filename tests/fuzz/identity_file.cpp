// Any identity file is parsed or refused, and an error says nothing of it but a line number. One
// under a passphrase is unlocked too, with little work.
#include "crypto/identity_file.h"

#include <cstdint>
#include <cstdlib>

namespace {

using namespace secretfs;

constexpr std::string_view kPassphrase = "correct horse";  // of the corpus
constexpr int kMaxWorkFactor = 2;

age::IdentityHelp Help() {
  age::IdentityHelp help;
  help.passphrases = [](const std::string&) {
    return std::vector<SecretPtr>{
        std::make_shared<const SecretBytes>(SecretBytes::CopyOf(AsBytes(kPassphrase)).value())};
  };
  help.max_work_factor = kMaxWorkFactor;
  help.ssh_limits = {2, 4096};
  return help;
}

/// A run of bytes that are in no message of ours.
void CheckSilent(std::string_view text, const std::string& message) {
  constexpr std::string_view kMark = "QQQQ";
  if (text.find(kMark) != std::string_view::npos && message.find(kMark) != std::string::npos) {
    std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto content = SecretBytes::CopyOf(AsBytes(text)).value();
  const auto identities = age::ParseIdentityFile(content, "f", Help());
  if (!identities) {
    const Error& error = identities.error();
    if (error.what.empty() || !error.where.starts_with("f")) std::abort();
    CheckSilent(text, error.Text() + error.hint);
    return 0;
  }
  if (identities->identities.empty()) std::abort();
  const age::Stanza stanza{"X25519", {std::string(42, 'A') + "E"}, Bytes(32)};
  for (const auto& identity : identities->identities) {
    const auto file_key = identity->Unwrap({&stanza, 1});
    if (file_key || file_key.error().what.empty()) std::abort();
    CheckSilent(text, file_key.error().what + file_key.error().hint);
    if (identity->Describe().empty()) std::abort();
  }
  return 0;
}
