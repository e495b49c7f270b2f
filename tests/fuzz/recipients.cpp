// Any file of recipients is parsed or refused; what was parsed is printed and parsed as the same;
// an error says nothing of the file but a line number.
#include <cstdint>
#include <cstdlib>

#include "crypto/recipient_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace secretfs;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto recipients = age::ParseRecipientFile(AsBytes(text), "f", nullptr);
  if (recipients) {
    if (recipients->empty()) std::abort();
    for (const auto& recipient : *recipients) {
      const auto again = age::ParseRecipient(recipient->Text(), nullptr);
      if (!again || (*again)->Text() != recipient->Text()) std::abort();
    }
    return 0;
  }
  const Error& error = recipients.error();
  if (error.what.empty() || !error.where.starts_with("f")) std::abort();
  // A run of bytes that are in no message of ours.
  constexpr std::string_view kMark = "QQQQ";
  if (text.find(kMark) != std::string_view::npos &&
      (error.Text() + error.hint).find(kMark) != std::string::npos) {
    std::abort();
  }
  return 0;
}
