#include "crypto/random.h"

#include <sodium.h>

#include "crypto/init.h"

namespace secretfs::crypto {

void FillRandom(ByteSpan out) { randombytes_buf(out.data(), out.size()); }

Result<SecretBytes> RandomSecret(size_t size) {
  TRY(InitCrypto());
  return SecretBytes::Make(size, [](ByteSpan out) -> Result<size_t> {
    FillRandom(out);
    return out.size();
  });
}

}  // namespace secretfs::crypto
