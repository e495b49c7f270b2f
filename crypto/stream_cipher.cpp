#include "crypto/stream_cipher.h"

#include <atomic>

namespace secretfs::age {

StreamNonce StreamNonceOf(uint64_t counter, ChunkFlag flag) {
  StreamNonce nonce{};
  nonce.back() = static_cast<unsigned char>(flag);
  for (size_t i = 0; i < sizeof counter; ++i) {
    nonce[nonce.size() - 2 - i] = static_cast<unsigned char>(counter >> 8 * i);
  }
  return nonce;
}

/// Fetching takes longer than decrypting a small file, so it is done once; a failure, for want of
/// memory, is not kept.
const EVP_CIPHER* ChaCha20Poly1305() {
  static std::atomic<EVP_CIPHER*> shared = nullptr;
  if (EVP_CIPHER* cipher = shared.load()) return cipher;
  EVP_CIPHER* fetched = EVP_CIPHER_fetch(nullptr, "ChaCha20-Poly1305", nullptr);
  EVP_CIPHER* first = nullptr;
  if (shared.compare_exchange_strong(first, fetched)) return fetched;
  EVP_CIPHER_free(fetched);  // another thread was faster
  return first;
}

}  // namespace secretfs::age
