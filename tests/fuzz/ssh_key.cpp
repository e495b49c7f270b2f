// Any SSH key is parsed or refused: as PEM, and, since a fuzzer finds no base64, with the input as
// the content of each kind of PEM block. One under a passphrase is unlocked too, with little work.
#include "crypto/ssh_key.h"

#include <cstdint>
#include <cstdlib>
#include <string>

#include "crypto/base64.h"

namespace {

using namespace secretfs;

constexpr std::string_view kPassphrase = "secret";  // of the corpus

age::SshKeyHelp Help() {
  age::SshKeyHelp help;
  help.name = "f";
  help.passphrases = [](const std::string&) {
    return std::vector<SecretPtr>{
        std::make_shared<const SecretBytes>(SecretBytes::CopyOf(AsBytes(kPassphrase)).value())};
  };
  help.limits = {2, 4096};
  return help;
}

/// Stanzas that may be for the key, with its tag where its fingerprint is known.
std::vector<age::Stanza> StanzasFor(const std::string& description) {
  std::string tag = "AAAAAA";
  constexpr std::string_view kFingerprint = "SHA256:";
  constexpr size_t kFingerprintColumns = 43;
  if (const size_t at = description.find(kFingerprint); at != std::string::npos) {
    const auto digest = crypto::DecodeBase64(
        description.substr(at + kFingerprint.size(), kFingerprintColumns), crypto::Padding::kNone);
    if (!digest || digest->size() != 32) std::abort();
    tag = crypto::EncodeBase64(ByteView(*digest).first(4), crypto::Padding::kNone);
  }
  return {{"ssh-ed25519", {tag, std::string(42, 'A') + "E"}, Bytes(32)},
          {"ssh-rsa", {tag}, Bytes(256)}};
}

void TryText(std::string_view text) {
  const auto identity = age::ParseSshPrivateKey(AsBytes(text), Help());
  if (!identity) {
    if (identity.error().what.empty()) std::abort();
    return;
  }
  const std::string before = (*identity)->Describe();
  if (!before.starts_with("ssh-") && before != "SSH key f under a passphrase") std::abort();
  const auto file_key = (*identity)->Unwrap(StanzasFor(before));
  if (file_key) std::abort();  // nobody wrapped one
  if (file_key.error().what.empty()) std::abort();
  // An unlocked key is the one that the file showed.
  if (before.starts_with("ssh-") && !before.starts_with((*identity)->Describe())) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  TryText(input);
  const std::string base64 = crypto::EncodeBase64(AsBytes(input), crypto::Padding::kRequired);
  for (const std::string label :
       {"OPENSSH PRIVATE KEY", "RSA PRIVATE KEY", "PRIVATE KEY", "ENCRYPTED PRIVATE KEY"}) {
    TryText("-----BEGIN " + label + "-----\n" + base64 + "\n-----END " + label + "-----\n");
  }
  return 0;
}
