// The key of a one-time password is what somebody typed into a field: it is a password of so many
// digits, or an error that does not quote it.
#include "remote/otp.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>

namespace {

using namespace secretfs;

void Check(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto otp = remote::ParseOtp({reinterpret_cast<const std::byte*>(data), size});
  if (!otp) return 0;
  Check(!otp->key.empty() && otp->period > 0);
  const auto password = remote::OtpOfTime(*otp, WallTime(std::chrono::seconds(1'234'567'890)));
  Check(password && password->size() == otp->digits);
  Check(
      std::ranges::all_of(AsText(password->Expose()), [](char c) { return c >= '0' && c <= '9'; }));
  return 0;
}
