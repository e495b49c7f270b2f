// Any SSH key is parsed or refused: as PEM, and, since a fuzzer finds no base64, with the input as
// the content of each kind of PEM block.
#include "crypto/ssh_key.h"

#include <cstdint>
#include <cstdlib>
#include <string>

#include "crypto/base64.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace secretfs;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto try_text = [](std::string_view text) {
    const auto identity = age::ParseSshPrivateKey(AsBytes(text), {});
    if (identity && !(*identity)->Describe().starts_with("ssh-")) std::abort();
    if (!identity && identity.error().what.empty()) std::abort();
  };
  try_text(input);
  const std::string base64 = crypto::EncodeBase64(AsBytes(input), crypto::Padding::kRequired);
  for (const std::string label : {"OPENSSH PRIVATE KEY", "RSA PRIVATE KEY", "PRIVATE KEY"}) {
    try_text("-----BEGIN " + label + "-----\n" + base64 + "\n-----END " + label + "-----\n");
  }
  return 0;
}
