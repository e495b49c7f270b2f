// Any identity file is parsed or refused, and an error says nothing of it but a line number.
#include "crypto/identity_file.h"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace secretfs;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto content = SecretBytes::CopyOf(AsBytes(text)).value();
  const auto identities = age::ParseIdentityFile(content, "f", {});
  if (identities) {
    if (identities->identities.empty()) std::abort();
    for (const auto& identity : identities->identities) {
      if (identity->Describe().empty()) std::abort();
    }
    return 0;
  }
  const Error& error = identities.error();
  if (error.what.empty() || !error.where.starts_with("f")) std::abort();
  // A run of bytes that are in no message of ours.
  constexpr std::string_view kMark = "QQQQ";
  if (text.find(kMark) != std::string_view::npos &&
      (error.Text() + error.hint).find(kMark) != std::string::npos) {
    std::abort();
  }
  return 0;
}
