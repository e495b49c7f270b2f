#include "crypto/random.h"

#include <sodium.h>

#include <array>
#include <bit>

#include "crypto/init.h"

namespace secretfs::crypto {

void FillRandom(ByteSpan out) { randombytes_buf(out.data(), out.size()); }

double RandomFraction() {
  std::array<std::byte, sizeof(uint64_t)> random{};
  FillRandom(random);
  constexpr unsigned kUnused = 11;  // of 64 bits, which are more than a double has
  constexpr double kOne = 0x1p53;
  return static_cast<double>(std::bit_cast<uint64_t>(random) >> kUnused) / kOne;
}

Result<SecretBytes> RandomSecret(size_t size) {
  TRY(InitCrypto());
  return SecretBytes::Make(size, [](ByteSpan out) -> Result<size_t> {
    FillRandom(out);
    return out.size();
  });
}

}  // namespace secretfs::crypto
